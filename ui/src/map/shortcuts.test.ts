import { renderHook } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { actionOf, letKeysWork, titled, useShortcuts } from "./shortcuts";

function press(key: string, target: Element | null = document.body, more: Partial<KeyboardEvent> = {}) {
  return actionOf({ key, target, ctrlKey: false, metaKey: false, altKey: false, defaultPrevented: false, ...more });
}

function made(html: string): Element | null {
  document.body.innerHTML = html;
  return document.body.querySelector("[data-here]");
}

test("keys ask for what they stand for", () => {
  expect(["/", "g", "t", "?", " ", "p", ">", "Escape", "x"].map((key) => press(key))).toEqual([
    "search",
    "graph",
    "table",
    "help",
    "pause",
    "pause",
    "nextMetric",
    "close",
    null,
  ]);
});

test("nothing while one types, or with other keys", () => {
  for (const html of [
    "<input data-here>",
    "<textarea data-here></textarea>",
    "<select data-here></select>",
    "<dialog><p data-here></dialog>",
  ]) {
    expect(press("g", made(html))).toBeNull();
  }
  expect(press("g", document.body, { ctrlKey: true })).toBeNull();
  expect(press("g", document.body, { defaultPrevented: true })).toBeNull();
});

test("letters mean something on buttons, but space presses them", () => {
  const button = made("<button data-here>b</button>");
  expect([press("g", button), press(" ", button), press("p", button)]).toEqual(["graph", null, "pause"]);
  expect(press("g", made('<input type="checkbox" data-here>'))).toBe("graph");
});

test("titles name the key", () => expect(titled("pause", "Pause")).toBe("Pause (p or Space)"));

test("who switches single keys off keeps Esc", async () => {
  const handlers = { table: vi.fn(), close: vi.fn() };
  renderHook(() => useShortcuts(handlers));
  letKeysWork(false);
  await userEvent.keyboard("t{Escape}");
  expect(handlers.table).not.toHaveBeenCalled();
  expect(handlers.close).toHaveBeenCalledOnce();
  letKeysWork(true);
  await userEvent.keyboard("t");
  expect(handlers.table).toHaveBeenCalledOnce();
});
