// What the audit's events say, in words.
import type { AuditEvent } from "../../api/types";

/** Past and infinitive of what was done, and on what. */
type Deed = readonly [did: string, to: string, what: (event: AuditEvent) => string];

const DEEDS: Readonly<Record<string, Deed>> = {
  "user:user:create": ["signed up", "sign up", () => ""],
  "user:session:begin": ["signed in", "sign in", () => ""],
  "user:session:end": ["signed out", "sign out", () => ""],
  "admin:user:approve": ["approved", "approve", () => "a person"],
  "admin:user:set_administrator": ["changed", "change", administrator],
  "admin:user:disable": ["disabled", "disable", () => "a person"],
  "admin:user:enable": ["enabled", "enable", () => "a person again"],
  "admin:impersonation:begin": ["began", "begin", () => "to act as a person"],
  "admin:impersonation:end": ["ended", "end", () => "acting as a person"],
  "admin:organization:set_limits": ["changed", "change", () => "the organization's limits"],
  "admin:organization:set_refusal": ["changed", "change", () => "what the organization is refused"],
  "organization:organization:create": ["made", "make", organization],
  "organization:organization:update": ["renamed", "rename", renamed],
  "organization:organization:delete": ["deleted", "delete", () => "the organization"],
  "organization:organization:purge": ["erased", "erase", () => "what the deleted organization had"],
  "organization:member:update": ["changed", "change", role],
  "organization:member:remove": ["removed", "remove", (event) => fact(event, "email") || "a member"],
  "organization:member:leave": ["left", "leave", () => "the organization"],
  "organization:member:invite": ["invited", "invite", invited],
  "organization:invitation:create": ["invited", "invite", invited],
  "organization:invitation:update": ["invited", "invite", (event) => `${invited(event)} once more`],
  "organization:invitation:revoke": ["took back", "take back", invitation],
  "organization:invitation:accept": ["accepted", "accept", invitation],
  "organization:invitation:decline": ["declined", "decline", invitation],
  "organization:token:create": ["made", "make", token],
  "organization:token:rotate": ["rotated", "rotate", token],
  "organization:token:revoke": ["revoked", "revoke", token],
};

/** Who did what, as a sentence without a full stop; what is not known here is said by its name. */
export function told(event: AuditEvent): string {
  const [did, to, what] = DEEDS[event.action] ?? unknown(event.action);
  const deed = event.refused ? `tried to ${to}` : did;
  return [who(event), deed, what(event)].filter(Boolean).join(" ").trimEnd();
}

/** Why it was refused and how often again, for an event that was; empty otherwise. */
export function refusedWords(event: AuditEvent): string {
  if (!event.refused) {
    return "";
  }
  const reason = after(event, "reason").replaceAll("_", " ").toLowerCase();
  const again = Number(after(event, "repeated")) || 0;
  return [`Refused${reason && `: ${reason}`}`, again ? `${again} more times` : ""].filter(Boolean).join(", ");
}

/** Who it was: an address where there is one. */
function who(event: AuditEvent): string {
  const name =
    event.actorEmail || (NAMES[event.actor] ?? (event.credential.startsWith("probe:") ? "A probe" : event.actor));
  return event.impersonator ? `An administrator acting as ${name}` : name;
}

const NAMES: Readonly<Record<string, string>> = {
  operator: "The operator",
  public: "Somebody unknown",
  many: "Many",
  "": "Somebody",
};

/** `rpc:SERVICE:METHOD` was denied before it began; other services say `control:container:restart`. */
function unknown(action: string): Deed {
  const [source = "", subject = "", verb = ""] = action.split(":");
  if (source === "rpc") {
    return ["called", "call", () => `${subject}.${verb}`];
  }
  return ["used", "use", (event) => `${verb || action} on ${nodeOf(event) || `${subject || source} ${event.subject}`}`];
}

/** What a node's id says it is, the way people know it: `container 3f1b9c0d2e4a`; empty where it says nothing. */
function nodeOf({ action, subject }: AuditEvent): string {
  const [, id, kind] = (action.startsWith("control:node:") && /^(.+);<(\w+)>$/.exec(subject)) || [];
  return id && kind ? `${kind.replaceAll("_", " ")} ${id.replace(/^([0-9a-f]{12})[0-9a-f]{52}$/, "$1")}` : "";
}

function administrator({ after: facts }: AuditEvent): string {
  return `who administers the deployment${typeof facts?.admin === "boolean" ? `: ${facts.admin ? "one more" : "one less"}` : ""}`;
}

function organization(event: AuditEvent): string {
  const name = fact(event, "name");
  return name ? `the organization “${name}”` : "an organization";
}

function renamed(event: AuditEvent): string {
  const name = after(event, "name");
  return name ? `the organization to “${name}”` : "the organization";
}

function role(event: AuditEvent): string {
  const email = fact(event, "email");
  return email ? `the role of ${email} from ${text(event.before?.role)} to ${after(event, "role")}` : "a role";
}

function invited(event: AuditEvent): string {
  const email = fact(event, "email");
  return email ? `${email} as ${fact(event, "role")}` : "somebody";
}

function invitation(event: AuditEvent): string {
  const email = fact(event, "email");
  return email && email !== event.actorEmail ? `the invitation of ${email}` : "an invitation";
}

function token(event: AuditEvent): string {
  const kind = fact(event, "kind");
  const name = fact(event, "name");
  return `${kind === "probe" ? "the probe token" : kind === "api" ? "the API token" : "a token"} ${name && `“${name}”`}`;
}

/** What an event says of something: after the change where that is said, else before. */
function fact(event: AuditEvent, name: string): string {
  return after(event, name) || text(event.before?.[name]);
}

function after(event: AuditEvent, name: string): string {
  return text(event.after?.[name]);
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
