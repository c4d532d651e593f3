import form from "../../parts/form.module.css";
import { permissionWords } from "../permissions";

interface Props {
  /** What the caller may. */
  offered: readonly string[];
  /** What the token may; null: all that the caller may at the time. */
  chosen: readonly string[] | null;
  onChange: (chosen: readonly string[] | null) => void;
}

/** What of the caller's permissions a token has. */
export function Narrowed({ offered, chosen, onChange }: Props) {
  return (
    <fieldset className={form.choices}>
      <legend>It may</legend>
      <label>
        <input type="radio" name="narrow" checked={chosen === null} onChange={() => onChange(null)} />
        all that you may, as far as your role allows at the time
      </label>
      <label>
        <input type="radio" name="narrow" checked={chosen !== null} onChange={() => onChange([])} />
        only what is chosen here
      </label>
      {chosen && <Permissions offered={offered} chosen={chosen} onChange={onChange} />}
    </fieldset>
  );
}

function Permissions({ offered, chosen, onChange }: Props & { chosen: readonly string[] }) {
  const toggle = (permission: string) => {
    const rest = chosen.filter((one) => one !== permission);
    onChange(rest.length < chosen.length ? rest : [...chosen, permission]);
  };
  return offered.map((permission) => (
    <label key={permission} className={form.inner}>
      <input type="checkbox" checked={chosen.includes(permission)} onChange={() => toggle(permission)} />
      <span>
        {permissionWords(permission)} <code className={form.quiet}>{permission}</code>
      </span>
    </label>
  ));
}
