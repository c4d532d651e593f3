import { COLORS } from "./color";

/** Red, green and blue, 0 to 1. */
export type Color = [number, number, number];

/** The tokens of the pages as the map needs them. */
export interface Theme {
  /** Of nodes by the number of their colour; the last is that of pseudo nodes. */
  palette: Color[];
  page: Color;
  surface: Color;
  accent: Color;
  match: Color;
  edge: Color;
  /** As CSS, for labels. */
  text: string;
  quiet: string;
  behind: string;
  font: string;
  /** Whether lines have to be stronger than usual. */
  strong: boolean;
}

/** Reads the tokens as they are for an element now. */
export function readTheme(element: HTMLElement): Theme {
  const probe = document.createElement("span");
  probe.hidden = true;
  element.append(probe);
  const css = (token: string) => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const color = (token: string) => rgb(css(token));
  const theme: Theme = {
    palette: [...Array.from({ length: COLORS }, (_, number) => color(`--node-${number + 1}`)), color("--node-pseudo")],
    page: color("--page"),
    surface: color("--surface"),
    accent: color("--accent"),
    match: color("--match"),
    edge: color("--edge"),
    text: css("--text"),
    quiet: css("--text-quiet"),
    behind: css("--page"),
    font: getComputedStyle(element).fontFamily,
    strong: document.documentElement.dataset.contrast === "more" || matchMedia("(forced-colors: active)").matches,
  };
  probe.remove();
  return theme;
}

/** A computed colour, in whatever way the browser writes it, by letting it paint a pixel. */
function rgb(css: string): Color {
  const context = pixel();
  if (!context) {
    return [0.5, 0.5, 0.5];
  }
  context.fillStyle = css;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red / 255, green / 255, blue / 255];
}

let painted: CanvasRenderingContext2D | null = null;

function pixel(): CanvasRenderingContext2D | null {
  if (!painted) {
    const canvas = document.createElement("canvas");
    canvas.width = 1;
    canvas.height = 1;
    painted = canvas.getContext("2d", { willReadFrequently: true });
  }
  return painted;
}
