import { afterEach, expect, test, vi } from "vitest";
import { call, linkTo } from "./call";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Lets the service answer; answers what it is sent. */
function serve(answer: () => Response) {
  const service = vi.fn(async (_address: string, _request: RequestInit) => answer());
  vi.stubGlobal("fetch", service);
  return () => {
    const [address, { method, headers, body }] = service.mock.calls[0] ?? ["", {}];
    return { asked: `${method} ${address}`, headers: Object.fromEntries(new Headers(headers)), body };
  };
}

test("what stands in braces is filled in, whatever it has in it, and what is empty is left out", async () => {
  const sent = serve(() => new Response("{}"));
  const path = { topology: "hosts", node_id: "a/b;<host>?" };
  await call("GET /api/topology/{topology}/{node_id}", { org: "acme", path, query: { timestamp: "", system: "both" } });
  expect(sent()).toEqual({
    asked: "GET /api/topology/hosts/a%2Fb%3B%3Chost%3E%3F?system=both",
    headers: { "x-scope-org": "acme" },
    body: undefined,
  });
});

test("a body is JSON, and of no organization where none is meant", async () => {
  const sent = serve(() => new Response("{}"));
  await call("POST /api/users/signup", { body: { email: "ann@example.org" } });
  expect(sent()).toEqual({
    asked: "POST /api/users/signup",
    headers: { "content-type": "application/json" },
    body: '{"email":"ann@example.org"}',
  });
});

test("a link says which organization is meant, for it has no headers", () => {
  const query = { action: "admin:", after: undefined };
  expect(linkTo("GET /api/users/org/audit/export", { org: "acme", query })).toBe(
    "/api/users/org/audit/export?org=acme&action=admin%3A",
  );
});

test("a refusal has the service's words, its reason, and what is wrong with which field", async () => {
  const type = "type.googleapis.com/google.rpc";
  const details = [
    { "@type": `${type}.ErrorInfo`, reason: "INVALID_FIELD", metadata: { limit: "5" } },
    { "@type": `${type}.BadRequest`, fieldViolations: [{ field: "email", description: "must be an address" }] },
  ];
  const body = JSON.stringify({ message: "email: must be an address", details });
  serve(() => new Response(body, { status: 400, headers: { "retry-after": "7" } }));
  await expect(call("POST /api/users/signup", { body: { email: "ann" } })).rejects.toMatchObject({
    status: 400,
    message: "email: must be an address",
    reason: "INVALID_FIELD",
    fields: { email: "must be an address" },
    metadata: { limit: "5" },
    after: 7_000,
  });
});

test("however long one is told to wait, it is ten minutes at most", async () => {
  serve(() => new Response("", { status: 503, headers: { "retry-after": "9999999" } }));
  await expect(call("GET /api/users/lookup", {})).rejects.toMatchObject({ after: 600_000 });
});

test("what refuses without a word is told by its status", async () => {
  serve(() => new Response("<h1>Bad gateway</h1>", { status: 502 }));
  await expect(call("GET /api/users/lookup", {})).rejects.toMatchObject({
    message: "The service answered with status 502.",
    reason: "",
  });
});
