import type { ViewNode } from "../api/types";

/** Whether two nodes are the same but for their measurements. */
export function sameNode(one: ViewNode, other: ViewNode): boolean {
  return same({ ...one, metrics: null }, { ...other, metrics: null });
}

/** Whether two JSON values are the same. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) {
    return true;
  }
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return false;
  }
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => same(at(one, name), at(other, name)));
}

function at(value: object, name: string): unknown {
  return (value as Record<string, unknown>)[name];
}
