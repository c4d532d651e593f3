import { Page } from "../parts/page";
import { href } from "../routes";

/** An address that leads nowhere. */
export default function Unknown() {
  return (
    <Page name="unknown" title="No such page">
      <h1>There is no such page</h1>
      <p>
        The address may have been cut short. <a href={href({ page: "dashboard" })}>To your organizations</a>
      </p>
    </Page>
  );
}
