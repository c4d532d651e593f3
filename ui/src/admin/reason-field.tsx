import { Field } from "../parts/field";

interface Props {
  value: string;
  /** Who reads it. */
  hint: string;
  error: string | undefined;
  required?: boolean;
  onChange: (reason: string) => void;
}

/** Why an administrator does what they are about to do. */
export function ReasonField({ value, hint, error, required = false, onChange }: Props) {
  return (
    <Field label="Reason" hint={hint} error={error}>
      {(input) => (
        <input
          {...input}
          value={value}
          maxLength={500}
          required={required}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
