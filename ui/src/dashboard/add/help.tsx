import { Notice } from "../../parts/notice";
import styles from "./add.module.css";
import { targetOf } from "./commands";

/** What to look at when no report arrives, the likeliest first. */
export function Help() {
  const { url } = targetOf(location);
  return (
    <Notice kind="warn" title="Nothing yet: what to look at on that machine">
      <ul className={styles.help}>
        <li>
          <code>scope status</code> says whether the probe runs, whether it is connected, and if not, why. So does its
          log: <code>journalctl -u scope-probe</code>, <code>docker logs scope-probe</code>.
        </li>
        <li>
          The address: is it <code>{url}</code> in the command, and does the machine find it?
        </li>
        <li>The token: is it whole, of this organization, and not revoked?</li>
        <li>A firewall between: the machine has to reach that address and port; nothing has to reach the machine.</li>
        <li>The clock: over TLS a certificate counts by date, so a clock that is far off refuses it.</li>
        <li>
          A probe that was here before, and starts again with the state that it kept, is not new: it is on the map
          already.
        </li>
      </ul>
    </Notice>
  );
}
