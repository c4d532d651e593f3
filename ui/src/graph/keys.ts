import type { Scene } from "./scene";

const CLOSER = 1.4;

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** What a key does on the map; answers whether it does anything. */
export function press(scene: Scene, { key, shiftKey }: { key: string; shiftKey: boolean }): boolean {
  const step = STEPS[key];
  if (step) {
    if (shiftKey) {
      scene.walk(...step);
    } else {
      scene.pan(...step);
    }
    return true;
  }
  const act = { "+": () => scene.zoom(CLOSER), "=": () => scene.zoom(CLOSER), "-": () => scene.zoom(1 / CLOSER) }[key];
  if (act) {
    act();
    return true;
  }
  if (key === "0") {
    scene.fit();
    return true;
  }
  return key === "Enter" && scene.open();
}
