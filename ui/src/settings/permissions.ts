// What permissions and roles are in words.
import type { Role } from "../api/types";

/** Each permission in words that go on from "may". */
const WORDS: Readonly<Record<string, string>> = {
  "report.view": "look at the map",
  "member.view": "see who belongs to the organization",
  "token.own": "make API tokens of their own",
  "pod.logs.view": "read the logs of pods",
  "container.attach.out": "see what containers print",
  "container.pause": "pause containers",
  "container.restart": "restart containers",
  "container.stop": "stop containers",
  "pod.delete": "delete pods",
  "replicas.update": "change how many replicas run",
  "container.attach.in": "type into containers",
  "container.exec": "open a terminal in containers",
  "host.exec": "open a terminal on hosts",
  "report.sensitive.view": "see command lines and environments",
  "token.manage": "make, rotate and revoke probe tokens",
  "member.invite": "invite people",
  "member.update": "change roles",
  "member.remove": "remove members",
  "organization.update": "rename the organization",
  "organization.delete": "delete the organization",
  "audit.view": "read the audit",
};

/** What a permission lets do, going on from "may"; one that is not known here is named. */
export function permissionWords(permission: string): string {
  return WORDS[permission] ?? permission;
}

interface RoleWords {
  id: string;
  /** The role whose permissions this one has too; empty for the least. */
  more: string;
  /** What it may besides. */
  may: readonly string[];
}

/** What each role may do, said as what it may beyond the greatest role that it contains. Roles come least first. */
export function explained(roles: readonly Role[]): RoleWords[] {
  return roles.map((role, number) => {
    const less = roles
      .slice(0, number)
      .findLast((one) => one.permissions.every((each) => role.permissions.includes(each)));
    const own = role.permissions.filter((permission) => !less?.permissions.includes(permission));
    return { id: role.id, more: less?.id ?? "", may: own.map(permissionWords) };
  });
}

/** The roles that somebody with a role may give: none greater than their own. Roles come least first. */
export function givable(roles: readonly Role[], own: string): Role[] {
  return roles.slice(0, roles.findIndex((role) => role.id === own) + 1);
}
