import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { announce } from "../parts/announce";
import { keepFocus } from "../parts/focus";
import { CallError } from "./call";

interface Options<Input, Answer> {
  /** What it changes: read anew before it counts as done, so that the page never shows what is no longer so. */
  refresh?: readonly QueryKey[];
  /** The request's fields that the form has an input for: what is wrong with them is said there. */
  fields?: readonly string[];
  /** What to say when it is done, for those who do not see the page change. */
  said?: (answer: Answer, input: Input) => string;
  done?: (answer: Answer, input: Input) => void;
}

/** Something that a person does and the service may refuse. */
export interface Action<Input> {
  run: (input: Input) => void;
  /** Whether it is under way: nobody does it twice meanwhile. */
  busy: boolean;
  /** What is wrong with each input, by the request's field. */
  errors: Readonly<Record<string, string>>;
  /** Why it was refused, as far as no input says so; null where it was not. */
  problem: Error | null;
  /** Forgets how it went. */
  reset: () => void;
}

/** Something to do that changes what the service has; `work` calls it. */
export function useAction<Input = void, Answer = unknown>(
  work: (input: Input) => Promise<Answer>,
  { refresh = [], fields = [], said, done }: Options<Input, Answer> = {},
): Action<Input> {
  const client = useQueryClient();
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: work,
    onSuccess: async (answer, input) => {
      await Promise.all(refresh.map((queryKey) => client.invalidateQueries({ queryKey })));
      if (said) {
        announce(said(answer, input));
      }
      done?.(answer, input);
      // Its button may be gone by then, as that of something that was taken back.
      requestAnimationFrame(keepFocus);
    },
  });
  const run = (input: Input): void => {
    if (!isPending) {
      mutate(input);
    }
  };
  return { run, busy: isPending, reset, ...split(error, fields) };
}

/** What of a refusal is said beside inputs, and what is left to say elsewhere. */
export function split(error: Error | null, fields: readonly string[]): Pick<Action<never>, "errors" | "problem"> {
  const wrong = error instanceof CallError ? Object.keys(error.fields) : [];
  const beside = error instanceof CallError && wrong.length > 0 && wrong.every((field) => fields.includes(field));
  return { errors: beside ? error.fields : {}, problem: beside ? null : error };
}
