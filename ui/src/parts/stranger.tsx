import { href } from "../routes";
import { ButtonLink } from "./button";
import { Notice } from "./notice";

/** What somebody hears who does not belong to an organization, on each of its pages. */
export function Stranger({ org }: { org: string }) {
  return (
    <Notice kind="warn" title={`You do not belong to ${org}`}>
      <p>
        It may be misspelt or gone, or you are signed in with another address. One of its administrators can invite you.
      </p>
      <ButtonLink href={href({ page: "dashboard" })}>To your organizations</ButtonLink>
    </Notice>
  );
}
