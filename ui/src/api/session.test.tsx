import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { Suspense } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { makeClient } from "./client";
import { ME, signedOut, useMe, useSignedOutWords } from "./session";

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

function open(...answers: Response[]) {
  const service = vi.fn();
  for (const answer of answers) {
    service.mockResolvedValueOnce(answer);
  }
  vi.stubGlobal("fetch", service);
  const client = makeClient();
  render(
    <QueryClientProvider client={client}>
      <Suspense>
        <Page />
      </Suspense>
    </QueryClientProvider>,
  );
  return client;
}

function ann(): Response {
  return new Response(JSON.stringify({ email: "ann@example.org", organizations: [] }));
}

function refused(): Response {
  const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "CREDENTIAL_INVALID" };
  return new Response(JSON.stringify({ message: "sign in, or send a token", details: [info] }), { status: 401 });
}

test("who is signed out is so at once wherever it shows, hears why, and leaves nothing behind", async () => {
  const client = open(ann());
  await screen.findByText("ann@example.org: what only members see");

  act(() => signedOut(client, "your session was ended"));
  expect(await screen.findByText("nobody: your session was ended")).toBeDefined();
  expect(client.getQueryData(["secret"])).toBeUndefined();
});

test("who becomes somebody else in another window sees nothing that was shown to who they were", async () => {
  const bob = { id: "bob", email: "bob@example.org", organizations: [] };
  const client = open(ann(), Response.json(bob), Response.json({ ...bob, impersonator: "root@example.org" }));
  await screen.findByText("ann@example.org: what only members see");

  for (const whose of ["ann", "bob"]) {
    client.setQueryData(["details"], `what ${whose} saw`);
    await act(() => client.refetchQueries({ queryKey: ME }));
    expect(client.getQueryData(["details"])).toBeUndefined();
    expect(await screen.findByText("bob@example.org: what only members see")).toBeDefined();
  }
});

test("who stays who they are keeps what they were shown", async () => {
  const client = open(ann(), ann());
  await screen.findByText("ann@example.org: what only members see");
  await act(() => client.refetchQueries({ queryKey: ME }));
  expect(client.getQueryData(["secret"])).toBeDefined();
});

test("who finds out by asking hears why too, in words for people", async () => {
  const client = open(ann(), refused());
  await screen.findByText("ann@example.org: what only members see");

  await act(() => client.refetchQueries({ queryKey: ME }));
  expect(await screen.findByText(/^nobody: the session was ended/)).toBeDefined();
  expect(client.getQueryData(["secret"])).toBeUndefined();
});

test("who was never signed in was not signed out", async () => {
  open(refused());
  expect(await screen.findByText("nobody:")).toBeDefined();
});
