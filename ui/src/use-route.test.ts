import { expect, test } from "vitest";
import { currentRoute } from "./use-route";

test("a sign-in link's secret leaves the address and the history when it is first looked at, and is kept", () => {
  location.hash = "#/login/scope_login_secret";
  const entries = history.length;

  expect(currentRoute()).toEqual({ page: "login", token: "scope_login_secret" });
  expect(location.hash).toBe("#/login/");
  expect(history.length).toBe(entries);
  expect(currentRoute()).toEqual({ page: "login", token: "scope_login_secret" });
});
