import { expect, test } from "vitest";
import { href, mapOf, parse, type Route } from "./routes";

const ROUTES: Route[] = [
  { page: "front" },
  { page: "login", token: "scope_login_a/b?c#d" },
  { page: "waiting" },
  { page: "dashboard" },
  { page: "account" },
  { page: "add-probe", org: "quiet-river-42" },
  { page: "settings", org: "o", section: "members" },
  { page: "terminal", org: "o", pipe: "ab" },
  { page: "admin", section: "organizations" },
  mapOf("o"),
  mapOf("o", "containers", {
    options: { stopped: "both", namespace: "a,b" },
    search: 'cpu > 5% name:"a & b"',
    at: "2026-01-01T00:00:00Z",
    display: "table",
    metric: "docker_cpu_total_usage",
    open: [
      { topology: "hosts", id: "a;<host>" },
      { topology: "containers", id: "in:the/net?&=#%" },
    ],
  }),
];

test.each(ROUTES.map((route) => [href(route), route] as const))(
  "%s asks for what it was made of",
  (fragment, route) => {
    expect(parse(fragment)).toEqual(route);
  },
);

test.each(["#/o", "#/o/map/a/b", "#/o/other", "#/o/probes/remove", "#/login/a/b"])("%s is no page", (fragment) => {
  expect(parse(fragment)).toEqual({ page: "unknown" });
});

test.each(["", "#", "#/"])("%j is the front page", (fragment) => {
  expect(parse(fragment)).toEqual({ page: "front" });
});

test("what is longer than any address of ours is no page", () => {
  expect(parse(`#/o/map/hosts?${"open=a:b&".repeat(100_000)}`)).toEqual({ page: "unknown" });
});

test("what an address makes up is no more than what it says", () => {
  const place = parse("#/o/map/hosts?__proto__=a&constructor=b&open=__proto__:__proto__");
  expect(place.page === "map" && Object.entries(place.options)).toEqual([
    ["__proto__", "a"],
    ["constructor", "b"],
  ]);
  expect(parse(href(place))).toEqual(place);
});

test("what cannot be decoded is taken as it is", () => {
  expect(parse("#/%zz/map/hosts?display=other&open=")).toEqual(
    mapOf("%zz", "hosts", { open: [{ topology: "", id: "" }] }),
  );
});

test("the same options make the same link, however they were chosen", () => {
  const [one, other] = [
    { stopped: "both", namespace: "a" },
    { namespace: "a", stopped: "both" },
  ];
  expect(href(mapOf("o", "pods", { options: one }))).toBe(href(mapOf("o", "pods", { options: other })));
});
