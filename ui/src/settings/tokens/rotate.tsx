import { useState } from "react";
import { useAction } from "../../api/action";
import { call } from "../../api/call";
import type { Answered } from "../../api/calls";
import type { Complete, Token } from "../../api/types";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import form from "../../parts/form.module.css";
import { moment } from "../../parts/format";
import { Problem } from "../../parts/notice";
import { keys } from "../reads";
import { OVERLAPS, USUAL_OVERLAP } from "./expiry";
import { Secret } from "./secret";

interface Props {
  org: string;
  token: Token;
  onClose: () => void;
}

type Rotated = Complete<Answered<"POST /api/users/tokens/{id}/rotate">>;

/** Makes a new secret for a token, and shows it once. */
export function RotateToken({ org, token, onClose }: Props) {
  const [made, setMade] = useState<Rotated>();
  return (
    <Dialog title={`Rotate ${token.name}`} onClose={onClose}>
      {made ? (
        <Secret secret={made.token} words={oldWords(made.oldExpires)} onClose={onClose} />
      ) : (
        <RotateForm org={org} token={token} onClose={onClose} onMade={setMade} />
      )}
    </Dialog>
  );
}

function oldWords(expires: string): string {
  return Date.parse(expires) > Date.now()
    ? `The old secret works until ${moment(expires)}.`
    : "The old secret no longer works.";
}

function RotateForm({ org, token, onClose, onMade }: Props & { onMade: (made: Rotated) => void }) {
  const [overlapSeconds, setOverlap] = useState(USUAL_OVERLAP);
  const rotate = useAction(
    () => call("POST /api/users/tokens/{id}/rotate", { org, path: { id: token.id }, body: { overlapSeconds } }),
    { refresh: [keys.organization(org)], said: () => "The new secret is made and shown once", done: onMade },
  );
  return (
    <form
      className={form.form}
      onSubmit={(event) => {
        event.preventDefault();
        rotate.run();
      }}
    >
      <p>
        A new secret takes the place of the old one, with the same name and permissions. A secret that leaked is better
        revoked: what was made with it goes on otherwise.
      </p>
      <fieldset className={form.choices}>
        <legend>The old secret works on</legend>
        {OVERLAPS.map(({ seconds, words }) => (
          <label key={seconds}>
            <input
              type="radio"
              name="overlap"
              checked={overlapSeconds === seconds}
              onChange={() => setOverlap(seconds)}
            />
            {words}
          </label>
        ))}
      </fieldset>
      {rotate.problem && <Problem error={rotate.problem} />}
      <div className={form.buttons}>
        <Button type="submit" look="main" busy={rotate.busy}>
          Rotate
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  );
}
