import { Page } from "../parts/page";

export default function Administration(_: { section: string }) {
  return (
    <Page name="admin" title="Administration">
      <h1>Administration</h1>
    </Page>
  );
}
