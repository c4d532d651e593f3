/** A text as it fits, and how it is to be written. */
interface Fitted {
  font: string;
  text: string;
  width: number;
}

const KEPT = 8_000;
const cache = new Map<string, Fitted>();

/** A text cut to so many pixels; measured once, as measuring costs more than writing. */
export function fitted(context: CanvasRenderingContext2D, font: string, text: string, room: number): Fitted {
  const most = Math.ceil(room / 8) * 8;
  const key = `${most} ${font} ${text}`;
  let known = cache.get(key);
  if (!known) {
    context.font = font;
    known = { font, ...cut(text, most, (shorter) => context.measureText(shorter).width) };
    if (cache.size >= KEPT) {
      cache.clear();
    }
    cache.set(key, known);
  }
  return known;
}

/** The longest beginning and end of a text that fit, with an ellipsis between: what differs is often at the end. */
export function cut(text: string, most: number, measure: (text: string) => number): { text: string; width: number } {
  const whole = measure(text);
  if (whole <= most) {
    return { text, width: whole };
  }
  const letters = [...text];
  let [short, long] = [1, letters.length];
  while (long - short > 1) {
    const middle = (short + long) >> 1;
    if (measure(shortened(letters, middle)) <= most) {
      short = middle;
    } else {
      long = middle;
    }
  }
  const found = shortened(letters, short);
  return { text: found, width: measure(found) };
}

function shortened(letters: string[], kept: number): string {
  const head = Math.ceil(kept * 0.65);
  const tail = kept - head;
  return `${letters.slice(0, head).join("")}…${tail ? letters.slice(-tail).join("") : ""}`;
}
