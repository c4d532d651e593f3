import { describe, expect, it } from "vitest";
import { limitsOf, limitsWords, typed } from "./limits";

describe("an organization's limits", () => {
  it("are sent whole, without those that were emptied", () => {
    expect(limitsOf({ probes: "0", reportsPerSecond: "" })).toEqual({ probes: 0 });
    expect(limitsOf({ probes: " ", reportsPerSecond: "100" })).toEqual({ reportsPerSecond: 100 });
  });

  it("come back as they were typed", () => {
    expect(typed({ probes: 0 })).toEqual({ probes: "0", reportsPerSecond: "" });
  });

  it("are said in words where there are any", () => {
    expect(limitsWords({ probes: 1, reportsPerSecond: 100 })).toBe("1 probe at most, 100 reports a second");
    expect(limitsWords({})).toBe("");
  });
});
