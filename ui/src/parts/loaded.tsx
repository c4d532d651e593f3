import type { ReactNode } from "react";
import { Loading, Problem } from "./notice";

interface Read<Answer> {
  data: Answer | undefined;
  error: Error | null;
  refetch: () => unknown;
}

interface Props<Answer> {
  read: Read<Answer>;
  /** What is being read, where it takes a moment. */
  what?: string;
  children: (answer: Answer) => ReactNode;
}

/** What was read; until then that it is, or why it could not be. What is shown already stays. */
export function Loaded<Answer>({ read: { data, error, refetch }, what, children }: Props<Answer>) {
  return (
    <>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined ? !error && <Loading {...(what && { what })} /> : children(data)}
    </>
  );
}
