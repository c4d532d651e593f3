// What the service measures and knows, as people read it.

const KIB = 1024;
const SIZES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const THOUSANDS = ["", "k", "M", "G", "T"];
/** Beyond this a plain number is shortened. */
const LONG = 1100;
/** From here on the next larger unit is taken: no size has more than three digits before its point. */
const FULL = 999.5;
const SPANS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** A metric's value by its format: `percent`, `filesize`, `integer`, or a plain number. */
export function measured(value: number | null | undefined, format: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return "–";
  }
  switch (format) {
    case "percent":
      return `${digits(value)}%`;
    case "filesize":
      return scaled(value, KIB, SIZES);
    case "integer":
      return Math.round(value).toLocaleString("en");
    default:
      return Math.abs(value) > LONG ? scaled(value, 1000, THOUSANDS) : digits(value);
  }
}

/** A fact's value by its type: `datetime`, `duration` (seconds), or as it is. */
export function told(value: string, dataType: string): string {
  switch (dataType) {
    case "datetime":
      return moment(value);
    case "duration":
      return duration(Number(value));
    default:
      return value;
  }
}

/** A time in seconds by its two largest units: "3 days 4 hours". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) {
    return "–";
  }
  let rest = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const [span, unit] of SPANS) {
    const count = Math.floor(rest / span);
    rest -= count * span;
    if (count > 0) {
      parts.push(`${count} ${unit}${count === 1 ? "" : "s"}`);
    }
  }
  return parts.slice(0, 2).join(" ") || "0 seconds";
}

/** A moment in local time: "2026-01-12 09:00:00"; what is none as it is. */
export function moment(time: string | number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : `${day(date)} ${clock(date)}`;
}

/** A moment as RFC 3339 writes it in milliseconds since 1970; undefined where it is none. */
export function momentOf(time: string): number | undefined {
  const since = Date.parse(time);
  return Number.isNaN(since) ? undefined : since;
}

/** The local time of the day: "09:00:00". */
export function clock(time: Date | string | number): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}

/** A count: "1,200". */
export function countText(count: number): string {
  return count.toLocaleString("en");
}

/** A count with its noun: "1 node", "12 nodes". */
export function counted(count: number, noun: string, nouns = `${noun}s`): string {
  return `${countText(count)} ${count === 1 ? noun : nouns}`;
}

function day(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let step = 0;
  let rest = value;
  while (Math.abs(rest) >= FULL && step < units.length - 1) {
    rest /= base;
    step += 1;
  }
  return `${step === 0 ? Math.round(rest) : digits(rest)} ${units[step]}`.trim();
}

/** Three digits, so that what changes all the time keeps its width; what is nothing is `0`. */
function digits(value: number): string {
  const size = Math.abs(value);
  const decimals = size >= 99.95 || size === 0 ? 0 : size >= 9.995 ? 1 : 2;
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
