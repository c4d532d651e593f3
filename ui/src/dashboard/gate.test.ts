import { expect, test } from "vitest";
import { gate } from "./gate";

test("so much work is done at once, in turn, and what fails makes room too", async () => {
  const turn = gate(2);
  const begun: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const work = (name: number) =>
    turn(() => {
      begun.push(name);
      return new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
    });
  const done = [1, 2, 3, 4].map((name) => work(name).catch((error: Error) => error.message));
  await Promise.resolve();
  expect(begun).toEqual([1, 2]);

  ends[0]?.(new Error("refused"));
  expect(await done[0]).toBe("refused");
  expect(begun).toEqual([1, 2, 3]);

  ends[1]?.();
  ends[2]?.();
  await Promise.all(done.slice(0, 3));
  expect(begun).toEqual([1, 2, 3, 4]);
  ends[3]?.();
  await done[3];
  await turn(async () => begun.push(5));
  expect(begun).toContain(5);
});
