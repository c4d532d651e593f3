import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { Suspense } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { makeClient } from "./client";
import { signedOut, useMe, useSignedOutWords } from "./session";

afterEach(cleanup);

function Page() {
  const me = useMe();
  const words = useSignedOutWords();
  return me ? <Secret email={me.email} /> : <p>nobody: {words}</p>;
}

function Secret({ email }: { email: string }) {
  const { data } = useQuery({ queryKey: ["secret"], queryFn: () => "what only members see" });
  return (
    <p>
      {email}: {data}
    </p>
  );
}

test("who is signed out is so at once wherever it shows, hears why, and leaves nothing behind", async () => {
  const answers = new Response(JSON.stringify({ email: "ann@example.org", organizations: [] }));
  vi.stubGlobal("fetch", vi.fn().mockResolvedValue(answers));
  const client = makeClient();
  render(
    <QueryClientProvider client={client}>
      <Suspense>
        <Page />
      </Suspense>
    </QueryClientProvider>,
  );
  await screen.findByText("ann@example.org: what only members see");

  act(() => signedOut(client, "your session was ended"));
  expect(await screen.findByText("nobody: your session was ended")).toBeDefined();
  expect(client.getQueryData(["secret"])).toBeUndefined();
});
