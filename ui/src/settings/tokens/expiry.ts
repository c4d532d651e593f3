// How long a token is to work, and how long its old secret beside a new one.

const DAY = 86_400;

/** Choices of a token's life in days; 0 is for ever, which probes alone have. */
export const LIVES: Readonly<Record<"api" | "probe", readonly number[]>> = {
  api: [7, 30, 90, 365],
  probe: [0, 30, 90, 365],
};

/** The usual choice: as the service has it where none is made. */
export const USUAL: Readonly<Record<"api" | "probe", number>> = { api: 90, probe: 0 };

export function lifeWords(days: number): string {
  return days === 0 ? "Never" : days === 365 ? "In a year" : `In ${days} days`;
}

/** When a life of so many days ends, RFC 3339; undefined: never. `now` in milliseconds. */
export function endOf(days: number, now: number): string | undefined {
  return days === 0 ? undefined : new Date(now + days * DAY * 1000).toISOString();
}

/** For how long the old secret of a rotated token goes on working, in seconds. */
export const OVERLAPS: readonly { seconds: number; words: string }[] = [
  { seconds: 0, words: "Not at all: what uses it stops now" },
  { seconds: DAY, words: "For a day" },
  { seconds: 7 * DAY, words: "For 7 days" },
];

export const USUAL_OVERLAP = DAY;
