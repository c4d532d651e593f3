import { useState } from "react";
import type { Action } from "../api/action";
import type { NodeControl } from "../api/types";
import { Confirm } from "../parts/confirm";
import { Field } from "../parts/field";

type Told = Readonly<Record<string, string>>;

interface Props {
  control: NodeControl;
  /** What it is called. */
  name: string;
  /** What it is done to is called. */
  node: string;
  action: Pick<Action<never>, "busy" | "problem">;
  onConfirm: (told: Told) => void;
  onClose: () => void;
}

/** Asks once more before a control is used, where it wishes so, and what it shall be told. */
export function Ask({ control, name, node, action, onConfirm, onClose }: Props) {
  const [told, setTold] = useState<Told>(() => defaults(control));
  return (
    <Confirm
      title={`${name}: ${node}`}
      label={name}
      danger={control.confirmation !== ""}
      action={action}
      onConfirm={() => onConfirm(told)}
      onClose={onClose}
    >
      {control.confirmation && <p>{control.confirmation}</p>}
      {control.arguments.map((one) => (
        <Argument
          key={one.name}
          argument={one}
          value={told[one.name] ?? ""}
          onChange={(value) => setTold({ ...told, [one.name]: value })}
        />
      ))}
    </Confirm>
  );
}

function defaults({ arguments: all }: NodeControl): Told {
  return Object.fromEntries(all.map((one) => [one.name, one.defaultValue || (one.choices[0] ?? "")]));
}

interface ArgumentProps {
  argument: NodeControl["arguments"][number];
  value: string;
  onChange: (value: string) => void;
}

function Argument({ argument: { name, label, choices }, value, onChange }: ArgumentProps) {
  return (
    <Field label={label || name}>
      {(field) =>
        choices.length > 0 ? (
          <select {...field} value={value} onChange={(event) => onChange(event.target.value)}>
            {choices.map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </select>
        ) : (
          <input {...field} value={value} onChange={(event) => onChange(event.target.value)} />
        )
      }
    </Field>
  );
}
