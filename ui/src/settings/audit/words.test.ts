import { describe, expect, it } from "vitest";
import type { AuditEvent } from "../../api/types";
import { refusedWords, told } from "./words";

function event(action: string, said: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: "1",
    time: "2026-01-31T12:00:00Z",
    action,
    refused: false,
    actor: "a1",
    actorEmail: "ann@example.org",
    credential: "session:1",
    impersonator: "",
    address: "",
    organization: "acme",
    subject: "s1",
    ...said,
  };
}

describe("an event in words", () => {
  it("says who, what, and how it was and is", () => {
    const change = {
      before: { email: "bob@example.org", role: "viewer" },
      after: { email: "bob@example.org", role: "editor" },
    };
    expect(told(event("organization:member:update", change))).toBe(
      "ann@example.org changed the role of bob@example.org from viewer to editor",
    );
    expect(told(event("organization:token:create", { after: { kind: "probe", name: "office" } }))).toBe(
      "ann@example.org made the probe token “office”",
    );
    expect(told(event("organization:invitation:accept", { before: { email: "ann@example.org" } }))).toBe(
      "ann@example.org accepted an invitation",
    );
  });

  it("says who acted as whom, and who is no person", () => {
    expect(told(event("user:session:begin", { impersonator: "b2" }))).toBe(
      "An administrator acting as ann@example.org signed in",
    );
    const operator = { actor: "operator", actorEmail: "" };
    expect(told(event("admin:user:approve", operator))).toBe("The operator approved a person");
    expect(
      told(event("control:container:stop", { actor: "p", actorEmail: "", credential: "probe:p", subject: "web" })),
    ).toBe("A probe used stop on container web");
  });

  it("calls nodes as people know them", () => {
    const used = (subject: string) => told(event("control:node:host_exec", { subject }));
    expect(used("db-1;<host>")).toBe("ann@example.org used host_exec on host db-1");
    expect(used(`${"0123456789ab".repeat(5)}cdef;<container>`)).toMatch(/ on container 0123456789ab$/);
    expect(used("shop;<stateful_set>")).toMatch(/ on stateful set shop$/);
    expect(used("db-1;4711")).toMatch(/ on node db-1;4711$/);
  });

  it("says what was refused, why, and how often again", () => {
    const leave = event("organization:member:leave", {
      refused: true,
      after: { reason: "LAST_ADMINISTRATOR", repeated: 3 },
    });
    expect(told(leave)).toBe("ann@example.org tried to leave the organization");
    expect(refusedWords(leave)).toBe("Refused: last administrator, 3 more times");
    const denied = event("rpc:OrganizationService:Invite", { refused: true, after: { reason: "PERMISSION_DENIED" } });
    expect(told(denied)).toBe("ann@example.org tried to call OrganizationService.Invite");
    expect(refusedWords(event("user:session:end"))).toBe("");
  });

  it("has words for what says nothing of what it was done on, and for what is not known", () => {
    expect(told(event("organization:member:update", { refused: true }))).toBe("ann@example.org tried to change a role");
    expect(told(event("odd"))).toBe("ann@example.org used odd on odd s1");
  });
});
