const REDUCED = "(prefers-reduced-motion: reduce)";

/** One movement at a time, from 0 to 1 over some frames; at once where people wish no movement. */
export class Motion {
  #frame = 0;

  /** Whether people wish no movement. */
  get reduced(): boolean {
    return matchMedia(REDUCED).matches;
  }

  /** Whether the last step is still to come. */
  get going(): boolean {
    return this.#frame !== 0;
  }

  /** Calls `step` with how far it has come, in every frame until it is 1. What is under way stops where it is. */
  start(milliseconds: number, step: (part: number) => void): void {
    this.stop();
    if (this.reduced || milliseconds <= 0) {
      step(1);
      return;
    }
    const began = performance.now();
    const onward = (now: number) => {
      const part = Math.min(1, Math.max(0, (now - began) / milliseconds));
      this.#frame = part < 1 ? requestAnimationFrame(onward) : 0;
      step(part < 1 ? 1 - (1 - part) ** 3 : 1);
    };
    this.#frame = requestAnimationFrame(onward);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }
}
