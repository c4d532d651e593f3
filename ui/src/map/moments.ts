// The arithmetic of the timeline. Moments are milliseconds since 1970; a route names them in RFC 3339, and now by nothing.

export interface Range {
  oldest: number;
  newest: number;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Distances that marks of a timeline may have. */
const DISTANCES = [SECOND, 5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR];
const MARKS = 6;

/** A moment as a route names it, in whole seconds. */
export function named(moment: number): string {
  return new Date(Math.round(moment / SECOND) * SECOND).toISOString().replace(".000Z", "Z");
}

/** The moment that a route names; now where it names none, NaN where what it names is no moment. */
export function momentOf(at: string, now: number): number {
  return at === "" ? now : Date.parse(at);
}

/** The nearest moment that there is. */
export function within(moment: number, { oldest, newest }: Range): number {
  return Math.min(Math.max(moment, oldest), newest);
}

/** A moment so much later, or earlier, as a route names it: nothing where it is now again. */
export function moved(at: string, by: number, range: Range): string {
  const moment = momentOf(at, range.newest);
  const to = within((Number.isNaN(moment) ? range.newest : moment) + by, range);
  return to >= range.newest ? "" : named(Math.ceil(to / SECOND) * SECOND);
}

/** A moment as `<input type="datetime-local">` has it. */
export function local(moment: number): string {
  const date = new Date(moment);
  return new Date(moment - date.getTimezoneOffset() * MINUTE).toISOString().slice(0, 19);
}

/** The moments to mark in a range: round ones, by local time, a few. */
export function marks({ oldest, newest }: Range): number[] {
  const distance = DISTANCES.find((one) => (newest - oldest) / one <= MARKS) ?? (newest - oldest) / MARKS;
  const offset = new Date(newest).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((oldest - offset) / distance) * distance + offset;
  const found: number[] = [];
  for (let moment = first; moment <= newest; moment += distance) {
    found.push(moment);
  }
  return found;
}
