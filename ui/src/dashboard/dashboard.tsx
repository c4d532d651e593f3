import { Page } from "../parts/page";

export default function Dashboard(_: { home: boolean }) {
  return (
    <Page name="dashboard" title="Dashboard">
      <h1>Dashboard</h1>
    </Page>
  );
}
