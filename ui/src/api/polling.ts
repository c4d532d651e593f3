import { CallError } from "./call";

/** How long until what could not be read is asked for again, in milliseconds. */
const AGAIN = 10_000;

/** Whether asking again may help: nobody answered, or who did could not just now. */
export function temporary(error: unknown): error is CallError {
  return error instanceof CallError && (error.status === 0 || error.status === 429 || error.status >= 502);
}

interface Read {
  state: { error: Error | null };
}

/** A `refetchInterval` of so many milliseconds, or what the service asked for where that is longer. */
export function every(interval: number): (read: Read) => number {
  return ({ state: { error } }) => Math.max(interval, temporary(error) ? error.after : 0);
}

/** The `refetchInterval` of what is read once: until it was. */
export function untilRead(read: Read): number | false {
  return temporary(read.state.error) && every(AGAIN)(read);
}
