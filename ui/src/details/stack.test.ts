import { expect, test } from "vitest";
import { closed, MOST_OPEN, opened } from "./stack";

const node = (id: string) => ({ topology: "hosts", id });

test("what is opened is on top, and there once", () => {
  expect(opened([], node("a"))).toEqual([node("a")]);
  expect(opened([node("a"), node("b")], node("a"))).toEqual([node("b"), node("a")]);
  expect(opened([node("a")], { topology: "pods", id: "a" })).toHaveLength(2);
});

test("no more than some stay open", () => {
  const many = Array.from({ length: MOST_OPEN }, (_, number) => node(String(number)));
  const open = opened(many, node("new"));
  expect(open).toHaveLength(MOST_OPEN);
  expect([open.at(0), open.at(-1)]).toEqual([node("1"), node("new")]);
});

test("one is closed", () => {
  expect(closed([node("a"), node("b"), node("c")], 1)).toEqual([node("a"), node("c")]);
});
