import { useState } from "react";
import { Copy } from "../../parts/copy";
import { Notice } from "../../parts/notice";
import styles from "./add.module.css";
import { NO_TOKEN, PROBE_IMAGE, PUSHED_IMAGE, type Target, targetOf, WAYS } from "./commands";
import { Tabs } from "./tabs";

/** The commands that start a probe, of the chosen way. */
export function Ways({ token }: { token: string }) {
  const [chosen, setChosen] = useState("python");
  const target = targetOf(location);
  const way = WAYS.find((one) => one.id === chosen);
  return (
    <Tabs label="How it is started" tabs={WAYS} chosen={chosen} onChoose={setChosen}>
      <div className={styles.ways}>
        {!token && (
          <p className={styles.quiet}>
            <code>{NO_TOKEN}</code> stands for the token.
          </p>
        )}
        <ol className={styles.steps}>
          {way?.steps(target, token || NO_TOKEN).map(({ words, code }) => (
            <li key={words}>
              <p>{words}</p>
              <Copy text={code} label={words} />
            </li>
          ))}
        </ol>
        <Notes way={chosen} target={target} />
      </div>
    </Tabs>
  );
}

function Notes({ way, target }: { way: string; target: Target }) {
  return (
    <>
      {way === "container" && (
        <p className={styles.quiet}>
          <code>{PROBE_IMAGE}</code> is the image where it was built, by <code>make images</code>. None is published: on
          other machines, whoever runs this service says what it is called.
        </p>
      )}
      {way === "kubernetes" && (
        <p className={styles.quiet}>
          <code>{PUSHED_IMAGE}</code> stands for the image of the probe: none is published, whoever runs this service
          says what it is called. For nodes whose containers are not containerd&apos;s, and for probes that only look,{" "}
          <code>docs/kubernetes.md</code> says what to change.
        </p>
      )}
      {target.loopback && (
        <Notice kind="warn" title="This machine only">
          <p>
            {target.url} reaches the service from the machine where it runs. Other machines do once it serves them over
            TLS: open this page there under that address, and the commands have it.
          </p>
        </Notice>
      )}
      {!target.loopback && !target.tls && (
        <Notice kind="warn" title="In clear">
          <p>The service is reached without TLS here: everybody on the way can read the token, and the reports.</p>
        </Notice>
      )}
      {target.tls && (
        <p className={styles.quiet}>
          Where the machine does not know who vouches for the service&apos;s certificate, <code>--ca-file FILE</code> or{" "}
          <code>SCOPE_CA_FILE</code> names the authority.
        </p>
      )}
    </>
  );
}
