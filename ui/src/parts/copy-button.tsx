import { useState } from "react";
import { announce } from "./announce";
import { Button } from "./button";
import { copyText } from "./clipboard";

/** A button that copies what is not shown, as a link to what is. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    const words = (await copyText(text)) ? "Copied" : "Not allowed by the browser";
    setSaid(words);
    announce(`${label}: ${words}`);
  };
  return (
    <Button look="plain" onClick={copy} onBlur={() => setSaid("")}>
      {said || label}
    </Button>
  );
}
