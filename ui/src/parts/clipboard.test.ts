import { afterEach, expect, test, vi } from "vitest";
import { copyText } from "./clipboard";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("over plain HTTP, where browsers have no clipboard, it is copied the old way", async () => {
  vi.stubGlobal("navigator", { clipboard: undefined });
  const data = new DataTransfer();
  document.execCommand = () => document.dispatchEvent(new ClipboardEvent("copy", { clipboardData: data }));
  expect(await copyText("what")).toBe(true);
  expect(data.getData("text/plain")).toBe("what");
  document.execCommand = () => false;
  expect(await copyText("what")).toBe(false);
});
