import { Loaded } from "../parts/loaded";
import { explained, givable } from "./permissions";
import { useRoles } from "./reads";
import styles from "./roles.module.css";

/** What each role may do. */
export function RolesExplained() {
  const roles = useRoles();
  return (
    <details className={styles.roles}>
      <summary>What each role may do</summary>
      <Loaded read={roles}>
        {(all) => (
          <dl>
            {explained(all).map(({ id, more, may }) => (
              <div key={id}>
                <dt>{id}</dt>
                <dd>
                  {more && `all that ${more} may, and `}
                  {may.join(", ")}
                </dd>
              </div>
            ))}
          </dl>
        )}
      </Loaded>
    </details>
  );
}

interface SelectProps {
  value: string;
  onChange: (role: string) => void;
  /** The role of who gives it. */
  own: string;
  disabled?: boolean;
  /** What ties it to its label. */
  input: { id: string; "aria-describedby"?: string; "aria-invalid"?: boolean } | { "aria-label": string };
}

/** A choice of the roles that the caller may give. */
export function RoleSelect({ value, onChange, own, disabled, input }: SelectProps) {
  const roles = useRoles().data ?? [];
  const offered = givable(roles, own).map((role) => role.id);
  return (
    <select {...input} value={value} disabled={disabled} onChange={(event) => onChange(event.target.value)}>
      {(offered.includes(value) ? offered : [value, ...offered]).map((role) => (
        <option key={role}>{role}</option>
      ))}
    </select>
  );
}
