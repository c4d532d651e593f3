import { describe, expect, it } from "vitest";
import { ago } from "./ago";

const NOW = Date.parse("2026-01-31T12:00:00Z");

describe("a moment as seen from now", () => {
  it.each([
    ["2026-01-31T11:59:50Z", "just now"],
    ["2026-01-31T12:00:30Z", "within a minute"],
    ["2026-01-31T11:55:01Z", "4 minutes ago"],
    ["2026-01-31T12:00:05Z", "just now"],
    ["2026-01-31T14:00:00Z", "in 2 hours"],
    ["2026-02-01T11:59:50Z", "in 24 hours"],
    ["2026-01-30T11:00:00Z", "yesterday"],
    ["2026-02-07T12:00:00Z", "in 7 days"],
    ["2025-01-15T12:00:00Z", "2025-01-15"],
    ["nonsense", "nonsense"],
  ])("%s", (time, words) => {
    expect(ago(time, NOW)).toBe(words);
  });
});
