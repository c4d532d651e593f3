import { loadNewer } from "../version";
import type { Layouter } from "./arrangement";
import type { Layout, Task } from "./layout/task";

/** A worker that lays out; of several tasks only the newest is answered. */
export function startLayouter(answer: (layout: Layout) => void): Layouter {
  const worker = new Worker(new URL("./layout/worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("error", () => void loadNewer());
  let newest = 0;
  worker.addEventListener("message", ({ data }: MessageEvent<Layout & { number: number }>) => {
    if (data.number === newest) {
      answer(data);
    }
  });
  return {
    ask: (task: Task) => worker.postMessage({ number: ++newest, task }),
    end: () => worker.terminate(),
  };
}
