// What a person chose for terminals, kept by the browser.

const READER = "scope-terminal-reader";
const HEIGHT = "scope-terminal-height";

/** Whether what terminals show is told to screen readers. */
export function readerWanted(): boolean {
  return kept(READER) === "on";
}

/** Chooses whether it is. */
export function wantReader(on: boolean): void {
  keep(READER, on ? "on" : "off");
}

/** How high the terminals are, in pixels. */
export function keptHeight(): number {
  return Number(kept(HEIGHT)) || 320;
}

/** Keeps how high they are. */
export function keepHeight(height: number): void {
  keep(HEIGHT, String(height));
}

function kept(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing begins as usual the next time.
  }
}
