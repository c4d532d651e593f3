// What tests of pages need: a service that answers as it is told, and who is signed in.
import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { configure, render } from "@testing-library/react";
import { type ReactNode, Suspense } from "react";
import { vi } from "vitest";
import { makeClient } from "../api/client";
import { ME } from "../api/session";
import type { Me, Membership } from "../api/types";
import { Announcements } from "../parts/announce";

// A busy machine takes its time.
configure({ asyncUtilTimeout: 4_000 });

/** A call that arrived. */
interface Arrived {
  org: string | null;
  path: string;
  body: unknown;
}

type Answer = (call: Arrived) => unknown;

/** A refusal as the service says it. */
export class Refused {
  constructor(
    readonly status: number,
    readonly reason: string,
    readonly message: string,
    readonly fields: Readonly<Record<string, string>> = {},
  ) {}

  body(): unknown {
    const type = "type.googleapis.com/google.rpc";
    const fieldViolations = Object.entries(this.fields).map(([field, description]) => ({ field, description }));
    const details = [
      { "@type": `${type}.ErrorInfo`, reason: this.reason, domain: "scope", metadata: {} },
      { "@type": `${type}.BadRequest`, fieldViolations },
    ];
    return { code: 3, message: this.message, details };
  }
}

/** Answers calls by `METHOD /path`; answers the calls that arrived, newest last. */
export function serve(answers: Readonly<Record<string, Answer>>): Arrived[] {
  const arrived: Arrived[] = [];
  vi.stubGlobal("fetch", async (address: string, { method = "GET", headers, body }: RequestInit = {}) => {
    const [path = ""] = address.split("?");
    const call = {
      path: address,
      org: new Headers(headers).get("x-scope-org"),
      body: body ? JSON.parse(String(body)) : undefined,
    };
    const answer = answers[`${method} ${path}`];
    if (!answer) {
      throw new TypeError(`nothing answers ${method} ${path}`);
    }
    if (method !== "GET") {
      arrived.push(call);
    }
    const said = await answer(call);
    return said instanceof Refused
      ? new Response(JSON.stringify(said.body()), { status: said.status })
      : new Response(JSON.stringify(said));
  });
  return arrived;
}

export const ADMIN: Membership = {
  id: "acme",
  name: "Acme",
  role: "admin",
  permissions: [
    "report.view",
    "member.view",
    "token.own",
    "token.manage",
    "member.invite",
    "member.update",
    "member.remove",
    "organization.update",
    "organization.delete",
    "audit.view",
  ],
};

export const VIEWER: Membership = {
  ...ADMIN,
  role: "viewer",
  permissions: ["report.view", "member.view", "token.own"],
};

export const ROLES = {
  roles: [
    { id: "viewer", permissions: VIEWER.permissions },
    { id: "editor", permissions: [...VIEWER.permissions, "container.stop"] },
    { id: "admin", permissions: [...ADMIN.permissions, "container.stop"] },
  ],
};

export function meIn(...organizations: Membership[]): Me {
  return { id: "a1", email: "ann@example.org", admin: false, organizations, impersonator: "" };
}

/** Shows a part of the pages to somebody who is signed in. */
export function show(part: ReactNode, me: Me): QueryClient {
  const client = makeClient();
  client.setQueryData(ME, me);
  client.setQueryDefaults(ME, { staleTime: Number.POSITIVE_INFINITY });
  render(
    <QueryClientProvider client={client}>
      <Suspense fallback="waits">{part}</Suspense>
      <Announcements />
    </QueryClientProvider>,
  );
  return client;
}
