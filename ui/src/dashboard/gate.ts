/** Answers a function that does work, at most `places` at once: what comes then waits its turn. */
export function gate(places: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = places;
  return async (work) => {
    if (free === 0) {
      await new Promise<void>((turn) => waiting.push(turn));
    } else {
      free -= 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) {
        next(); // and takes this place
      } else {
        free += 1;
      }
    }
  };
}
