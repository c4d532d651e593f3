// Moments as seen from now.
import { moment } from "./format";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** From this many days on, a date says more than a number of days. */
const FAR = 60 * DAY;
/** By how many seconds the clocks of the service and of the browser may differ without anybody taking notice. */
const CLOCKS = 15;
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** "5 minutes ago", "in 3 days", "just now"; what is far away by its date. `now` in milliseconds. */
export function ago(time: string, now: number): string {
  const seconds = (Date.parse(time) - now) / 1000;
  const away = Math.abs(seconds);
  if (Number.isNaN(away) || away >= FAR) {
    return moment(time).split(" ")[0] ?? time;
  }
  if (away < MINUTE) {
    return seconds > CLOCKS ? "within a minute" : "just now";
  }
  const [span, unit] =
    away < HOUR ? ([MINUTE, "minute"] as const) : away < DAY ? ([HOUR, "hour"] as const) : ([DAY, "day"] as const);
  return words.format(seconds > 0 ? Math.round(seconds / span) : Math.ceil(seconds / span), unit);
}
