import { FitAddon } from "@xterm/addon-fit";
import { SerializeAddon } from "@xterm/addon-serialize";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { type ITheme, Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { copyText } from "../parts/clipboard";
import { followTheme } from "../style/theme";
import { styled } from "./styled";

/** So many lines that have left the screen can be scrolled back to, and of them so many are kept by the browser. */
const SCROLLBACK = 5_000;
const KEPT = 1_000;

interface Options {
  /** Whether bytes are for a terminal; else they are text. */
  rawTty: boolean;
  readOnly: boolean;
  screenReader: boolean;
  /** What identifies the words about the keys. */
  describedBy: string;
}

interface Told {
  typed: (data: Uint8Array<ArrayBuffer>) => void;
  resized: (size: { width: number; height: number }) => void;
  /** The key was pressed by which one leaves. */
  leave: () => void;
}

/** A terminal's screen, in an element that it fills. */
export class Screen {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #serialize = new SerializeAddon();
  readonly #stop: (() => void)[] = [];

  constructor(element: HTMLElement, { rawTty, readOnly, screenReader, describedBy }: Options, told: Told) {
    const link = {
      activate: (_event: MouseEvent, address: string) => follow(address),
      hover: (_event: MouseEvent, address: string) => {
        element.title = address;
      },
      leave: () => {
        element.title = "";
      },
    };
    const terminal = new Terminal({
      convertEol: !rawTty,
      disableStdin: readOnly,
      cursorBlink: false,
      cursorInactiveStyle: readOnly ? "none" : "outline",
      fontFamily: getComputedStyle(element).fontFamily,
      fontSize: 14,
      linkHandler: link,
      minimumContrastRatio: 4.5,
      screenReaderMode: screenReader,
      scrollback: SCROLLBACK,
      theme: themeOf(element),
    });
    this.#terminal = terminal;
    terminal.loadAddon(this.#fit);
    terminal.loadAddon(this.#serialize);
    terminal.loadAddon(new WebLinksAddon(link.activate, link));
    terminal.attachCustomKeyEventHandler((event) => this.#key(event, told.leave));
    const text = new TextEncoder();
    terminal.onData((data) => told.typed(text.encode(data)));
    terminal.onBinary((data) => told.typed(Uint8Array.from(data, (one) => one.charCodeAt(0))));
    terminal.onResize(({ cols, rows }) => told.resized({ width: cols, height: rows }));
    styled(() => terminal.open(element));
    terminal.textarea?.setAttribute("aria-describedby", describedBy);
    const observer = new ResizeObserver(() => this.#fit.fit());
    observer.observe(element);
    this.#stop.push(
      () => observer.disconnect(),
      followTheme(() => {
        terminal.options.theme = themeOf(element);
      }),
    );
    this.#fit.fit();
  }

  /** How many columns and rows it has. */
  get size(): { width: number; height: number } {
    return { width: this.#terminal.cols, height: this.#terminal.rows };
  }

  /** Shows bytes, and calls back when they are shown. */
  write(data: Uint8Array | string, shown?: () => void): void {
    this.#terminal.write(data, shown);
  }

  /** How it looks, as what would be written to an empty one. */
  get content(): string {
    return this.#serialize.serialize({ scrollback: KEPT });
  }

  set screenReader(on: boolean) {
    this.#terminal.options.screenReaderMode = on;
  }

  set readOnly(on: boolean) {
    this.#terminal.options.disableStdin = on;
  }

  focus(): void {
    this.#terminal.focus();
  }

  dispose(): void {
    for (const stop of this.#stop) {
      stop();
    }
    this.#terminal.dispose();
  }

  /** Whether a key is the terminal's. To paste is left to the browser, which needs to ask nobody then. */
  #key(event: KeyboardEvent, leave: () => void): boolean {
    if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey || event.type !== "keydown") {
      return true;
    }
    switch (event.code) {
      case "KeyC":
        event.preventDefault();
        void copyText(this.#terminal.getSelection());
        return false;
      case "KeyL":
        event.preventDefault();
        leave();
        return false;
      default:
        return event.code !== "KeyV";
    }
  }
}

/** Opens an address that was printed, which may be anything. */
function follow(address: string): void {
  if (/^https?:\/\//i.test(address)) {
    window.open(address, "_blank", "noopener,noreferrer");
  }
}

/** The tokens as they are for an element now; of the other colours xterm sees to it that they can be read on them. */
function themeOf(element: HTMLElement): ITheme {
  const probe = document.createElement("span");
  probe.hidden = true;
  element.append(probe);
  const color = (token: string) => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const [background, text, accent, soft, line] = [
    "--surface",
    "--text",
    "--accent",
    "--accent-soft",
    "--line-strong",
  ].map(color) as [string, string, string, string, string];
  probe.remove();
  return {
    background,
    foreground: text,
    cursor: accent,
    cursorAccent: background,
    selectionBackground: soft,
    selectionForeground: text,
    scrollbarSliderBackground: line,
    scrollbarSliderHoverBackground: text,
    scrollbarSliderActiveBackground: text,
  };
}
