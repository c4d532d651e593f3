import { expect, test } from "vitest";
import type { Probe } from "../api/types";
import { named, stateOf } from "./state";

const NOW = Date.parse("2026-01-01T12:00:00Z");

function probe(hostname: string, { ago = 1, ...rest }: Partial<Probe> & { ago?: number } = {}): Probe {
  const lastSeen = new Date(NOW - ago * 1000).toISOString();
  return { hostname, id: `id-${hostname}`, version: "1", conflict: false, dropped: 0, lastSeen, ...rest };
}

function attention(...probes: Probe[]): string[] {
  return stateOf({ probes, now: NOW }).attention;
}

test("probes and the hosts that they run on are counted, and the newest report counts as the last", () => {
  const probes = [probe("a", { ago: 9 }), probe("b", { ago: 2 }), probe("b", { id: "other", ago: 4 })];
  expect(stateOf({ probes, now: NOW })).toEqual({
    probes: 3,
    hosts: 2,
    lastSeen: new Date(NOW - 2000).toISOString(),
    attention: [],
  });
});

test("without probes there is nothing to say", () => {
  expect(stateOf({ probes: [], now: NOW })).toEqual({ probes: 0, hosts: 0, lastSeen: "", attention: [] });
});

test("where all probes have gone the log says when they last reported, and that somebody should look at them", () => {
  const newest = new Date(NOW - 25 * 60_000).toISOString();
  const gone = stateOf({ probes: [], now: NOW, newest });
  expect(gone.lastSeen).toBe(newest);
  expect(gone.attention).toEqual(["All probes have gone. Look at them with scope status."]);
  expect(stateOf({ probes: [probe("a")], now: NOW, newest }).attention).toEqual([]);
});

test("a probe that has not reported for a while is named, by the service's clock", () => {
  expect(attention(probe("a", { ago: 14 }))).toEqual([]);
  expect(attention(probe("a", { ago: 16 }), probe("b"))).toEqual(["a has gone quiet. Look at it with scope status."]);
  expect(attention(probe("a", { ago: 16 }), probe("b", { ago: 40 }))[0]).toMatch(/^a and b have gone quiet/);
});

test("two probes under one id, and reports that were given up, are said, what is urgent first", () => {
  const said = attention(probe("a", { dropped: 3, ago: 20 }), probe("b", { conflict: true, dropped: 4 }));
  expect(said.map((words) => words.slice(0, 24))).toEqual([
    "Two probes report as id-",
    "a has gone quiet. Look a",
    "a and b gave up 7 report",
  ]);
});

test("many hosts are named in part", () => {
  const hosts = (...names: string[]) => names.map((name) => probe(name));
  expect(named(hosts("b", "a", "a"))).toBe("a and b");
  expect(named(hosts("a", "b", "c", "d"))).toBe("a, b, c and d");
  expect(named(hosts("a", "b", "c", "d", "e"))).toBe("a, b, c and 2 more");
});
