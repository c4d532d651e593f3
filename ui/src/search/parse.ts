// What people search with: words, `field:value`, `metric > value`; `-` before one turns it around. All of it must match.
import { slug } from "./fields";

interface Common {
  /** Whether what it says must not be so. */
  readonly not: boolean;
  /** As it was typed. */
  readonly text: string;
}

/** Somewhere in a node. */
interface WordTerm extends Common {
  readonly kind: "word";
  /** In lower case. */
  readonly word: string;
}

/** In a field whose name begins so. */
export interface FieldTerm extends Common {
  readonly kind: "field";
  readonly field: string;
  readonly word: string;
}

type Comparison = ">" | "<" | "=" | ">=" | "<=";

/** A measurement, or a number in a row, whose name begins so. */
export interface MetricTerm extends Common {
  readonly kind: "metric";
  readonly metric: string;
  readonly comparison: Comparison;
  readonly value: number;
  /** How far a value may be away and still equal: half of the last digit that was typed. */
  readonly tolerance: number;
}

export type Term = WordTerm | FieldTerm | MetricTerm;

/** What is searched. */
export interface Search {
  readonly text: string;
  /** All of them must match; none: nothing is searched. */
  readonly terms: readonly Term[];
  /** What of it is not understood, and what would be; empty where all is. It is left out of what is searched. */
  readonly problem: string;
}

// A comparison may have spaces in it; a value may be quoted, so that it may too, and its end may not be typed yet.
const TERM =
  /(?<not>-?)(?:(?<metric>[^\s:<>="]+)\s*(?<comparison>[<>]=?|=)\s*(?<value>[^\s<>=]*)|(?<field>[^\s:<>="]+):(?<wanted>"[^"]*"?|\S*)|(?<word>"[^"]*"?|\S+))/gu;
// Digits are read in one way only: else many of them, with something else behind, would take for ever.
const NUMBER = /^(?<digits>-?(?:\d+(?:\.\d+)?|\.\d+))(?<unit>[kmgt]?)(?:i?b)?%?$/iu;
const UNITS = ["", "k", "m", "g", "t"];

/** So many characters are looked at: nobody types more, but a link may have them. */
export const LONGEST = 500;

/** Understands what was typed, however far somebody has got with it. */
export function parseSearch(typed: string): Search {
  const text = typed.slice(0, LONGEST);
  const terms: Term[] = [];
  const problems: string[] = [];
  for (const found of text.matchAll(TERM)) {
    const { not = "", metric, comparison, value = "", field, wanted = "", word = "" } = found.groups ?? {};
    const common = { not: not !== "", text: found[0] };
    if (metric !== undefined) {
      const number = numberOf(value);
      if (number) {
        terms.push({
          ...common,
          kind: "metric",
          metric: slug(metric),
          comparison: comparison as Comparison,
          ...number,
        });
      } else {
        problems.push(misunderstood(found[0], value));
      }
    } else if (field !== undefined) {
      pushUnlessEmpty(terms, { ...common, kind: "field", field: slug(field), word: plain(wanted) });
    } else {
      pushUnlessEmpty(terms, { ...common, kind: "word", word: plain(word) });
    }
  }
  return { text, terms, problem: problems.join(" ") };
}

/** What nobody has typed yet is not searched. */
function pushUnlessEmpty(terms: Term[], term: WordTerm | FieldTerm): void {
  if (term.word !== "" && term.text !== "-") {
    terms.push(term);
  }
}

function plain(word: string): string {
  return word.replace(/^"([^"]*)"?$/u, "$1").toLowerCase();
}

function misunderstood(term: string, value: string): string {
  const what = value === "" ? `“${term.trim()}” needs a number` : `“${value}” in “${term}” is not a number`;
  return `${what}, as 80%, 1.5 or 512m.`;
}

/** A number with a unit, as `1.5g`: those of bytes count by 1,024. */
function numberOf(text: string): { value: number; tolerance: number } | null {
  const { digits = "", unit = "" } = NUMBER.exec(text)?.groups ?? {};
  if (digits === "") {
    return null;
  }
  const scale = 1024 ** UNITS.indexOf(unit.toLowerCase());
  const decimals = digits.split(".")[1]?.length ?? 0;
  return { value: Number(digits) * scale, tolerance: (scale * 10 ** -decimals) / 2 };
}
