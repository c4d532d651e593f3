// @vitest-environment node
import { expect, test } from "vitest";
import { PITCH_X } from "./geometry";
import { grid, pleasantWidth } from "./pack";

test("a picture is as wide as its widest block, however many there are", () => {
  const blocks = Array.from({ length: 200_000 }, (_, at) => grid([at]));
  expect(pleasantWidth(blocks)).toBeGreaterThan(100 * PITCH_X);
  const line = { nodes: [0, 1], places: [0, 1_000_000].map((x) => ({ x, y: 0 })) };
  expect(pleasantWidth([line])).toBeGreaterThan(1_000_000);
});
