import { Page } from "../parts/page";

export default function Login(_: { token: string }) {
  return (
    <Page name="login" title="Login">
      <h1>Login</h1>
    </Page>
  );
}
