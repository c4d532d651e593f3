import type { End } from "./pipe";

const WORDS: Readonly<Record<string, string>> = {
  END_REASON_CLOSED: "somebody closed it",
  END_REASON_ORPHANED: "one end was away for too long",
  END_REASON_IDLE: "nothing happened for too long",
  END_REASON_REVOKED: "you may not use it any more",
  END_REASON_VIOLATED: "more was sent than may be",
  END_REASON_FAILED: "it failed",
  END_REASON_REPLACED: "it goes on in another window",
  END_REASON_LIMIT: "there are more than may be",
};

/** How a terminal ended. */
export function endWords({ reason, message, exitStatus }: End): string {
  if (reason === "END_REASON_EXITED") {
    return `Ended: exit status ${exitStatus}${message && `, ${message}`}`;
  }
  return `Ended: ${message || WORDS[reason] || "nobody said why"}`;
}
