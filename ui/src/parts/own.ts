/**
 * What a record holds under a name, undefined where it holds nothing: names come from elsewhere, and every object answers
 * to `constructor`.
 */
export function own<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
