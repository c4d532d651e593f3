import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { Button } from "./button";
import styles from "./dialog.module.css";
import { keepFocus } from "./focus";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/** Something to read or decide before anything else; Esc closes it, and focus returns to where it was. */
export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // The browser would begin at what closes it.
    element?.querySelector<HTMLElement>("form :is(input, select, textarea)")?.focus();
    // A dialog that is taken away while it is open would not give the focus back.
    return () => {
      element?.close();
      queueMicrotask(keepFocus);
    };
  }, []);
  const closed = () => {
    if (!dialog.current?.open) {
      onClose();
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby={id} className={styles.dialog} onClose={closed}>
      <header>
        <h2 id={id}>{title}</h2>
        <Button look="plain" aria-label="Close" onClick={() => dialog.current?.close()}>
          ✕
        </Button>
      </header>
      {children}
    </dialog>
  );
}
