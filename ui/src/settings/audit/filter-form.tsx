import { type FormEvent, useState } from "react";
import { Button } from "../../parts/button";
import { Field } from "../../parts/field";
import form from "../../parts/form.module.css";
import { type Filters, KINDS, NO_FILTERS } from "./filters";

interface Props {
  /** What was wrong with the ones that were asked for last, by field. */
  errors: Readonly<Record<string, string>>;
  onFilter: (filters: Filters) => void;
  /** Whether one organization may be asked for. */
  organizations?: boolean;
}

/** Asks which events are wanted. */
export function FilterForm({ errors, onFilter, organizations = false }: Props) {
  const [filters, setFilters] = useState(NO_FILTERS);
  const set = (name: keyof Filters) => (event: { target: { value: string } }) =>
    setFilters({ ...filters, [name]: event.target.value });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onFilter(filters);
  };
  const clear = () => {
    setFilters(NO_FILTERS);
    onFilter(NO_FILTERS);
  };
  return (
    <form className={form.form} onSubmit={submit} aria-label="Which events" noValidate>
      <div className={form.row}>
        <Field label="What">
          {(input) => (
            <select {...input} value={filters.action} onChange={set("action")}>
              {KINDS.map(({ action, words }) => (
                <option key={action} value={action}>
                  {words}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="By whom" error={errors.actor}>
          {(input) => (
            <input
              {...input}
              value={filters.actor}
              maxLength={254}
              placeholder="address or id"
              onChange={set("actor")}
            />
          )}
        </Field>
        <Field label="On whom or what" error={errors.subject}>
          {(input) => (
            <input
              {...input}
              value={filters.subject}
              maxLength={254}
              placeholder="address or id"
              onChange={set("subject")}
            />
          )}
        </Field>
        {organizations && (
          <Field label="Organization" error={errors.organization}>
            {(input) => (
              <input
                {...input}
                value={filters.organization}
                maxLength={63}
                placeholder="id"
                onChange={set("organization")}
              />
            )}
          </Field>
        )}
      </div>
      <div className={form.row}>
        <Field label="From" error={errors.after}>
          {(input) => <input {...input} type="datetime-local" value={filters.after} onChange={set("after")} />}
        </Field>
        <Field label="Until" error={errors.before}>
          {(input) => <input {...input} type="datetime-local" value={filters.before} onChange={set("before")} />}
        </Field>
        <div className={form.buttons}>
          <Button type="submit">Show</Button>
          <Button look="plain" onClick={clear}>
            Clear
          </Button>
        </div>
      </div>
    </form>
  );
}
