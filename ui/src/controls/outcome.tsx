import { CallError } from "../api/call";
import type { Invoked } from "../api/types";
import { Button } from "../parts/button";
import { Notice } from "../parts/notice";
import styles from "./controls.module.css";

/** Refusals that leave open whether it was done. */
const OPEN = new Set(["TIMEOUT", "OUTCOME_UNKNOWN"]);

interface Props {
  /** What the control is called. */
  name: string;
  busy: boolean;
  problem: Error | null;
  answer: Invoked | null;
  onForget: () => void;
}

/** What came of a control, in the words of the probe or the service, until somebody has read it. */
export function Outcome({ name, busy, problem, answer, onForget }: Props) {
  if (busy || (!problem && !answer)) {
    return null;
  }
  return (
    <div ref={seen} className={styles.outcome}>
      {problem ? (
        <Notice kind={isOpen(problem) ? "warn" : "bad"} title={titleOf(name, problem)}>
          <p>{problem.message}</p>
        </Notice>
      ) : (
        <Notice kind="good" title={name}>
          <p>{answer?.value || "Done."}</p>
        </Notice>
      )}
      <Button look="plain" aria-label={`Forget what came of ${name}`} onClick={onForget}>
        ✕
      </Button>
    </div>
  );
}

/** Many controls leave no room for what came of one. */
function seen(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: "nearest" });
}

/** Whether it may have been done in spite of what went wrong: nobody answered, or not in time. */
function isOpen(problem: Error): boolean {
  return problem instanceof CallError && (problem.status === 0 || OPEN.has(problem.reason));
}

function titleOf(name: string, problem: Error): string {
  return isOpen(problem) ? `${name}: nobody knows whether it was done` : `${name}: it was not done`;
}
