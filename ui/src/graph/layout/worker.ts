// Lays out away from the page's thread. A new task replaces the one under way.
import { arrange } from "./arrange";
import type { Task } from "./task";

let newest = 0;

addEventListener("message", ({ data }: MessageEvent<{ number: number; task: Task }>) => {
  newest = data.number;
  void work(data.number, data.task);
});

async function work(number: number, task: Task): Promise<void> {
  for (const layout of arrange(task)) {
    if (layout) {
      postMessage({ number, ...layout });
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (number !== newest) {
      return;
    }
  }
}
