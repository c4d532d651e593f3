import { Page } from "../parts/page";
import { Ask } from "./ask";
import styles from "./login.module.css";

/** What the mail to a new account leads to where an administrator approves each. */
export default function Waiting() {
  return (
    <Page name="waiting" title="Waiting for approval">
      <div className={styles.card}>
        <h1>Your account waits for approval</h1>
        <p>
          An administrator of this Scope looks at each new account. As soon as yours is approved, you get a mail with a
          link that signs you in. There is nothing else to do, and this page need not stay open.
        </p>
        <p>If it takes long, ask whoever runs this Scope, or whoever told you of it.</p>
        <h2>Approved, but there is no mail?</h2>
        <Ask />
      </div>
    </Page>
  );
}
