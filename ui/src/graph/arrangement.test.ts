import { expect, test } from "vitest";
import type { ViewNode } from "../api/types";
import { Arrangement, type Layouter, type Memory } from "./arrangement";
import { arrange } from "./layout/arrange";
import { CLEAR_X, CLEAR_Y, type Point } from "./layout/geometry";
import type { Task } from "./layout/task";
import { Mirror } from "./mirror";
import { node } from "./testing";

class Asked implements Layouter {
  tasks: Task[] = [];
  ask(task: Task): void {
    this.tasks.push(task);
  }
  end(): void {}
}

/** A map whose layouts are made at once. */
function map(memory: Memory = { places: new Map() }) {
  const mirror = new Mirror();
  const asked = new Asked();
  const arrangement = new Arrangement(mirror.graph, () => "", memory, asked);
  const change = (add: ViewNode[], remove: string[] = [], update: ViewNode[] = []) => {
    const before = asked.tasks.length;
    arrangement.follow(mirror.apply({ add, update, remove, metrics: new Set() }, new Map()));
    const task = asked.tasks[before];
    const layout = task && [...arrange(task)].findLast((each) => each !== null);
    if (layout) {
      for (const [id, place] of arrangement.answered(layout)) {
        arrangement.place(id, place);
      }
    }
  };
  const places = () =>
    new Map<string, Point>(mirror.graph.mapNodes((id, { x, y }) => [id, { x, y: -y }] as [string, Point]));
  return { change, places, asked, memory, mirror };
}

const chain = (length: number) =>
  Array.from({ length }, (_, at) => node(`n${at}`, at + 1 < length ? [`n${at + 1}`] : []));

test("everything is laid out when it is first seen", () => {
  const { change, places, asked } = map();
  change(chain(20));
  expect(asked.tasks).toHaveLength(1);
  expect(new Set([...places().values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(20);
});

test("who is there stays when a few come, go and change", () => {
  const { change, places, asked } = map();
  change(chain(40));
  const before = places();
  change([node("x", ["n3"]), node("y"), node("z", ["n3", "n4"])], ["n39", "n20"], [node("n5", ["n30"])]);
  expect(asked.tasks).toHaveLength(1);
  for (const [id, place] of places()) {
    if (before.has(id)) {
      expect([id, place]).toEqual([id, before.get(id)]);
    }
  }
});

test("who comes stands near its neighbours, on nobody", () => {
  const { change, places } = map();
  change(chain(40));
  change([node("x", ["n3"]), node("y", ["n3"]), node("z", ["n3"])]);
  const all = places();
  const [at, x] = [all.get("n3"), all.get("x")];
  expect(Math.hypot((x?.x ?? 0) - (at?.x ?? 0), (x?.y ?? 0) - (at?.y ?? 0))).toBeLessThan(400);
  const list = [...all.values()];
  const close = list.filter((one) =>
    list.some(
      (two) => one !== two && Math.abs(one.x - two.x) < CLEAR_X * 0.99 && Math.abs(one.y - two.y) < CLEAR_Y * 0.99,
    ),
  );
  expect(close).toEqual([]);
});

test("when much changed all is laid out anew", () => {
  const { change, asked } = map();
  change(chain(40));
  change(Array.from({ length: 13 }, (_, at) => node(`new${at}`)));
  expect(asked.tasks).toHaveLength(1);
  change(Array.from({ length: 13 }, (_, at) => node(`newer${at}`)));
  expect(asked.tasks).toHaveLength(2);
});

test("many that only come and go again do not add up", () => {
  const { change, asked } = map();
  change(chain(40));
  for (let round = 0; round < 30; round++) {
    change([node(`guest${round}`, ["n1"])], round ? [`guest${round - 1}`] : []);
  }
  expect(asked.tasks).toHaveLength(1);
});

test("who comes back stands where it stood", () => {
  const { change, places } = map();
  change(chain(40));
  const before = places().get("n39");
  change([], ["n39"]);
  change([node("n39")]);
  expect(places().get("n39")).toEqual(before);
});

test("a map that one comes back to is as it was, without being laid out", () => {
  const first = map();
  first.change(chain(40));
  const again = map(first.memory);
  again.change(chain(40));
  expect(again.asked.tasks).toHaveLength(0);
  expect(again.places()).toEqual(first.places());
});
