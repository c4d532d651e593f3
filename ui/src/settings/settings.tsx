import { Page } from "../parts/page";

export default function Settings(_: { org: string; section: string }) {
  return (
    <Page name="settings" title="Settings">
      <h1>Settings</h1>
    </Page>
  );
}
