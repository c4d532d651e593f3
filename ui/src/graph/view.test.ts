import { expect, test } from "vitest";
import { around, CLOSEST, FARTHEST, fromCamera, toCamera, zoomed } from "./camera";
import { hit, nearest, next } from "./hits";
import { cut } from "./texts";

const size = { width: 1000, height: 600 };
const target = (id: string, x: number, y: number, hidden = false) => ({ id, at: { x, y, hidden } });

test("Sigma's camera and ours say the same", () => {
  const look = { x: 120, y: -45, scale: 0.7 };
  const again = fromCamera(toCamera(look, size), size);
  expect(again.x).toBeCloseTo(look.x);
  expect(again.y).toBeCloseTo(look.y);
  expect(again.scale).toBeCloseTo(look.scale);
});

test("all of a graph fits into the view", () => {
  const { x, scale } = around({ left: 0, right: 8000, top: 0, bottom: 100 }, size);
  expect(x).toBe(4000);
  expect(scale * 8000).toBeLessThan(size.width);
  expect(scale * 8000).toBeGreaterThan(size.width * 0.8);
});

test("what lies over a view covers nothing of a graph that fits into it", () => {
  const { x, scale } = around({ left: 0, right: 8000, top: 0, bottom: 100 }, size, 400);
  const onScreen = (place: number) => (place - x) * scale + size.width / 2;
  expect(onScreen(0)).toBeGreaterThan(0);
  expect(onScreen(8000)).toBeLessThan(size.width - 400);
  expect(onScreen(8000) - onScreen(0)).toBeGreaterThan((size.width - 400) * 0.8);
});

test("a single node is not blown up", () => {
  expect(around({ left: 5, right: 5, top: 5, bottom: 5 }, size).scale).toBeLessThan(1.2);
});

test("what is under the pointer stays there while one zooms", () => {
  const at = { x: 250, y: 100 };
  const before = { x: 10, y: 20, scale: 1 };
  const after = zoomed(before, 2, at, size);
  const under = (look: typeof before) => [
    (at.x - size.width / 2) / look.scale + look.x,
    (at.y - size.height / 2) / look.scale + look.y,
  ];
  expect(under(after)).toEqual(under(before));
  expect(after.scale).toBe(2);
});

test("one zooms so far and no farther", () => {
  expect(zoomed({ x: 0, y: 0, scale: 1 }, 1e9, { x: 0, y: 0 }, size).scale).toBe(CLOSEST);
  expect(zoomed({ x: 0, y: 0, scale: 1 }, 1e-9, { x: 0, y: 0 }, size).scale).toBe(FARTHEST);
});

test("one points at the nearest node in reach, and at none that is not seen", () => {
  const nodes = [target("a", 0, 0), target("b", 40, 0), target("c", 21, 0, true)];
  expect(hit(nodes, 21, 0, 1)).toBe("b");
  expect(hit(nodes, 18, 0, 1)).toBe("a");
  expect(hit(nodes, 100, 0, 1)).toBeNull();
});

test("small nodes can be pointed at when one is far away", () => {
  expect(hit([target("a", 0, 0)], 200, 0, 0.02)).toBe("a");
});

test("keys go to the next node in a direction, not to one that is nearer but aside", () => {
  const nodes = [target("here", 0, 0), target("aside", 20, 60), target("right", 100, 5), target("far", 300, 0)];
  expect(next(nodes, { x: 0, y: 0 }, 1, 0)).toBe("right");
  expect(next(nodes, { x: 0, y: 0 }, -1, 0)).toBeNull();
  expect(nearest(nodes, { x: 290, y: 0 })).toBe("far");
});

test("a long text keeps its beginning and its end", () => {
  const measure = (text: string) => text.length;
  expect(cut("short", 10, measure).text).toBe("short");
  const { text, width } = cut("a-very-long-deployment-name-5d8f7", 16, measure);
  expect(width).toBeLessThanOrEqual(16);
  expect(text).toMatch(/^a-very-.+….+8f7$/);
});
