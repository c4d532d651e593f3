import { QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { Suspense } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeClient } from "../api/client";
import { ME } from "../api/session";
import Login from "./login";
import { waitElsewhere } from "./tabs";
import { want } from "./wanted";

const service = vi.fn<(path: string, request: RequestInit) => Promise<Response>>();
const ann = { email: "ann@example.org", organizations: [], impersonator: "" };

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

/** Opens the link's page in a browser where `me` is signed in, or nobody. */
function open(me: typeof ann | null, token = "scope_login_secret") {
  const client = makeClient();
  client.setQueryData(ME, me);
  render(
    <QueryClientProvider client={client}>
      <Suspense>
        <Login token={token} />
      </Suspense>
    </QueryClientProvider>,
  );
  return client;
}

function signIn(): void {
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
}

/** Until another tab has said where it is going. */
function heard(): Promise<void> {
  const channel = new BroadcastChannel("scope-sign-in");
  return new Promise((done) => {
    channel.onmessage = ({ data }) => {
      if (data.kind === "there") {
        channel.close();
        done();
      }
    };
  });
}

function calls(path: string): number {
  return service.mock.calls.filter(([called]) => called === path).length;
}

beforeEach(() => {
  location.hash = "#/login/";
  want("");
  service.mockReset();
  service.mockImplementation(async (path) =>
    path === "/api/users/login" ? json(200, { email: ann.email, firstLogin: false }) : json(200, ann),
  );
  vi.stubGlobal("fetch", service);
});

afterEach(cleanup);

test("a link signs in only when asked to, and then leads to where one was going", async () => {
  want("#/acme/map/containers?q=cpu");
  const client = open(null);
  expect(calls("/api/users/login")).toBe(0);

  signIn();
  await waitFor(() => expect(location.hash).toBe("#/acme/map/containers?q=cpu"));
  expect(calls("/api/users/login")).toBe(1);
  expect(client.getQueryData(ME)).toEqual(ann);
});

test("without a place to go it leads home", async () => {
  open(null);
  signIn();
  await waitFor(() => expect(location.hash).toBe("#/"));
});

test("who asked for the link in another tab gets there in this one, and that tab hears of it", async () => {
  location.hash = "#/account";
  const signedIn = vi.fn();
  const stop = waitElsewhere(signedIn);
  open(null);
  await act(heard);
  location.hash = "#/login/";
  signIn();
  await waitFor(() => expect(location.hash).toBe("#/account"));
  await waitFor(() => expect(signedIn).toHaveBeenCalled());
  stop();
});

test("a link that does not work offers another in its place, and signs nobody out", async () => {
  const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "LOGIN_LINK_INVALID" };
  service.mockResolvedValueOnce(json(401, { message: "this sign-in link does not work", details: [info] }));
  const client = open(ann);
  signIn();
  expect(await screen.findByRole("heading", { name: "This link does not sign you in" })).toBeDefined();
  expect(screen.getByText(/this sign-in link does not work/)).toBeDefined();
  expect(screen.getByLabelText("Your e-mail address")).toBeDefined();
  expect(client.getQueryData(ME)).toEqual(ann);
});

test("a page that was loaded again has no secret any more, and offers another link", () => {
  open(null, "");
  expect(screen.queryByRole("button", { name: "Sign in" })).toBeNull();
  expect(screen.getByLabelText("Your e-mail address")).toBeDefined();
});

test("who is signed in already is told as whom", () => {
  open(ann);
  expect(screen.getByText("This browser is signed in as ann@example.org")).toBeDefined();
  expect(screen.getByRole("link", { name: /ann@example.org/ }).getAttribute("href")).toBe("#/organizations");
});

test("a service that does not answer leaves the link to be tried again", async () => {
  service.mockRejectedValueOnce(new TypeError("failed"));
  open(null);
  signIn();
  expect(await screen.findByRole("alert")).toBeDefined();
  signIn();
  await waitFor(() => expect(location.hash).toBe("#/"));
});
