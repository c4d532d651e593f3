import { Button } from "../../parts/button";
import { Copy } from "../../parts/copy";
import form from "../../parts/form.module.css";
import { Notice } from "../../parts/notice";

/** A secret that was just made, and is not shown again. */
export function Secret({
  secret,
  words,
  onClose,
}: {
  secret: string;
  words?: string | undefined;
  onClose: () => void;
}) {
  return (
    <div className={form.form}>
      <Copy text={secret} label="The token" />
      <Notice kind="warn" title="This is shown only now">
        <p>Copy it to where it is used. Whoever has it can use it; if it is lost, rotate or revoke the token.</p>
        {words && <p>{words}</p>}
      </Notice>
      <div className={form.buttons}>
        <Button look="main" onClick={onClose}>
          I have copied it
        </Button>
      </div>
    </div>
  );
}
