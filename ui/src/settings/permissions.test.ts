import { describe, expect, it } from "vitest";
import { explained, givable, permissionWords } from "./permissions";

const ROLES = [
  { id: "viewer", permissions: ["report.view"] },
  { id: "editor", permissions: ["report.view", "container.stop"] },
  { id: "admin", permissions: ["report.view", "container.stop", "token.manage", "new.thing"] },
];

describe("roles", () => {
  it("are explained by what they may beyond the one before", () => {
    expect(explained(ROLES)).toEqual([
      { id: "viewer", more: "", may: ["look at the map"] },
      { id: "editor", more: "viewer", may: ["stop containers"] },
      { id: "admin", more: "editor", may: ["make, rotate and revoke probe tokens", "new.thing"] },
    ]);
  });

  it("are given up to one's own", () => {
    expect(givable(ROLES, "editor").map((role) => role.id)).toEqual(["viewer", "editor"]);
    expect(givable(ROLES, "unknown")).toEqual([]);
  });

  it("name a permission that has no words", () => {
    expect(permissionWords("new.thing")).toBe("new.thing");
  });
});
