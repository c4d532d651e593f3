import { useRef, useState } from "react";
import { announce } from "./announce";
import { Button } from "./button";
import { copyText } from "./clipboard";
import styles from "./copy.module.css";

/** Text to take elsewhere, as a command, with a button that copies it; where the browser may not, it selects it. */
export function Copy({ text, label }: { text: string; label: string }) {
  const box = useRef<HTMLPreElement>(null);
  const [done, setDone] = useState("");
  const copy = async () => {
    if (await copyText(text)) {
      setDone("Copied");
      announce(`${label}: copied`);
    } else {
      getSelection()?.selectAllChildren(box.current ?? document.body);
      setDone("Selected: press Ctrl C");
      announce(`${label}: selected, press Control C`);
    }
  };
  return (
    <figure className={styles.copy} aria-label={label}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <pre ref={box} tabIndex={0}>
        {text}
      </pre>
      <Button aria-label={`Copy ${label}`} onClick={copy} onBlur={() => setDone("")}>
        {done || "Copy"}
      </Button>
    </figure>
  );
}
