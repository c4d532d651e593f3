import { describe, expect, it } from "vitest";
import { NO_FILTERS, queryOf } from "./filters";

describe("filters of an audit", () => {
  it("ask for nothing where nothing is filled in", () => {
    expect(queryOf({ ...NO_FILTERS, actor: "  " })).toEqual({});
  });

  it("say local times with their zone, and leave out what is no time", () => {
    const query = queryOf({
      ...NO_FILTERS,
      actor: " ann@example.org ",
      action: "organization:token:",
      after: "2026-01-31T12:00",
      before: "soon",
    });
    expect(query).toEqual({
      actor: "ann@example.org",
      action: "organization:token:",
      after: new Date(2026, 0, 31, 12, 0).toISOString(),
    });
  });
});
