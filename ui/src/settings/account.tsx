import { Page } from "../parts/page";

export default function Account() {
  return (
    <Page name="account" title="Account">
      <h1>Account</h1>
    </Page>
  );
}
