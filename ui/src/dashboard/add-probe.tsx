import { Page } from "../parts/page";

export default function AddProbe(_: { org: string }) {
  return (
    <Page name="add-probe" title="AddProbe">
      <h1>AddProbe</h1>
    </Page>
  );
}
