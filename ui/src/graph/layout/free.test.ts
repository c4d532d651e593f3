// @vitest-environment node
import { expect, test } from "vitest";
import { Taken } from "./free";
import { CLEAR_X, CLEAR_Y } from "./geometry";

test("thousands that wish for one place stand around it, none over another, before anybody loses patience", () => {
  const taken = new Taken();
  const places = Array.from({ length: 6_000 }, (_, at) => taken.nearest({ x: (at % 7) * 3, y: (at % 5) * 3 }));
  const spots = places.map(({ x, y }) => `${Math.round(x / CLEAR_X)} ${Math.round(y / CLEAR_Y)}`);
  expect(new Set(spots).size).toBe(places.length);
  expect(Math.max(...places.map(({ x, y }) => Math.hypot(x / CLEAR_X, y / CLEAR_Y)))).toBeLessThan(60);
});

test("where all around is taken one stands where one wished to, and finds out quickly", () => {
  const taken = new Taken();
  const wish = { x: 10, y: 10 };
  const places = Array.from({ length: 12_000 }, () => taken.nearest(wish));
  expect(places.at(-1)).toBe(wish);
});
