import { beforeEach, expect, test, vi } from "vitest";
import { want, wanted } from "./wanted";

beforeEach(() => want(""));

test("a page that was wanted before signing in is remembered, with all that is looked at there", () => {
  want("#/acme/map/containers?q=cpu&open=hosts%3Aa");
  expect(wanted()).toBe("#/acme/map/containers?q=cpu&open=hosts%3Aa");
});

test.each(["", "#/", "#/organizations", "#/waiting", "#/nowhere/at/all", "#/login/scope_login_secret"])(
  "%j is not remembered, and makes what was forgotten",
  (fragment) => {
    want("#/account");
    want(fragment);
    expect(wanted()).toBe("");
  },
);

test("a browser that keeps nothing for pages remembers until the page is loaded again", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("refused");
  });
  want("#/acme/settings/members");
  expect(wanted()).toBe("#/acme/settings/members");
});
