import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { beginningOf, isWeb, Value } from "./value";

afterEach(cleanup);

test.each([
  ["259200", "duration", "3 days"],
  ["a while", "duration", "a while"],
  ["1001", "number", "1001"],
  ["10.0.0.1", "ip", "10.0.0.1"],
  ["<b>bold</b>", "", "<b>bold</b>"],
  ["yesterday", "datetime", "yesterday"],
])("%s as %s reads %s", (text, dataType, words) => {
  render(<Value text={text} dataType={dataType} />);
  expect(document.body.textContent).toBe(words);
});

test("a moment says when exactly", () => {
  render(<Value text="2020-01-12T09:00:00Z" dataType="datetime" />);
  expect(document.querySelector("time")?.dateTime).toBe("2020-01-12T09:00:00Z");
});

test("only addresses of the web are links, and they lead away without telling from where", () => {
  const addresses = ["https://shop.example/x", "http://10.0.0.1:9100", "javascript:alert(1)", "data:text/html,x", "x"];
  expect(addresses.map(isWeb)).toEqual([true, true, false, false, false]);
  render(<Value text="https://shop.example/x" dataType="link" />);
  expect(screen.getByRole("link").getAttribute("rel")).toContain("noreferrer");
  cleanup();
  render(<Value text="javascript:alert(1)" dataType="link" />);
  expect(screen.queryByRole("link")).toBeNull();
});

test("what is long is clipped, and all of it is a press away", async () => {
  render(<Value text="0123456789abcdef" truncate={12} />);
  expect(document.body.textContent).toContain("0123456789ab…");
  await userEvent.click(screen.getByRole("button", { name: /Show all/ }));
  expect(document.body.textContent).toContain("0123456789abcdef");
});

test("what people see as one character is not cut in two", () => {
  expect(beginningOf("👩🏽‍🚀👩🏽‍🚀👩🏽‍🚀", 2)).toBe("👩🏽‍🚀👩🏽‍🚀");
  expect(beginningOf("👩🏽‍🚀👩🏽‍🚀", 2)).toBe("👩🏽‍🚀👩🏽‍🚀");
  expect(beginningOf("abc", 2)).toBe("ab");
});
