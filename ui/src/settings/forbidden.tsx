import { Notice } from "../parts/notice";
import { permissionWords } from "./permissions";
import { useMembers, useRoles } from "./reads";

/** Says which permission a section takes, which roles have it, and who can give one. */
export function Forbidden({ org, permission }: { org: string; permission: string }) {
  const members = useMembers(org).data?.flatMap((page) => page.members) ?? [];
  const roles = useRoles().data?.filter((role) => role.permissions.includes(permission)) ?? [];
  const administrators = members.filter((member) => member.role === "admin").map((member) => member.email);
  return (
    <Notice title="Your role does not allow this">
      <p>
        It takes the permission to {permissionWords(permission)} (<code>{permission}</code>)
        {roles.length > 0 && `, which the role ${roles.map((role) => role.id).join(" or ")} has`}.
      </p>
      <p>
        An administrator of the organization can give you that role
        {administrators.length > 0 && `: ${administrators.slice(0, SHOWN).join(", ")}`}.
      </p>
    </Notice>
  );
}

/** How many administrators are named at most: any of them will do. */
const SHOWN = 5;
