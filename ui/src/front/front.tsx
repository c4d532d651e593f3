import { Page } from "../parts/page";

export default function Front() {
  return (
    <Page name="front" title="Front">
      <h1>Front</h1>
    </Page>
  );
}
