import { useAction } from "../../api/action";
import { call } from "../../api/call";
import type { Token } from "../../api/types";
import { Confirm } from "../../parts/confirm";
import { keys } from "../reads";

interface Props {
  org: string;
  token: Token;
  onClose: () => void;
}

/** Revokes a token, once that is confirmed. */
export function RevokeToken({ org, token, onClose }: Props) {
  const revoke = useAction(() => call("DELETE /api/users/tokens/{id}", { org, path: { id: token.id } }), {
    refresh: [keys.organization(org)],
    said: () => `The token ${token.name} is revoked`,
    done: onClose,
  });
  return (
    <Confirm
      title={`Revoke ${token.name}?`}
      label="Revoke"
      danger
      action={revoke}
      onConfirm={() => revoke.run()}
      onClose={onClose}
    >
      <p>
        {token.kind === "probe"
          ? "Probes that use it are refused within seconds, until they are given another."
          : "What uses it is refused within seconds, and so are the API tokens that were made with it."}{" "}
        Secrets that it took the place of stop too.
      </p>
    </Confirm>
  );
}
