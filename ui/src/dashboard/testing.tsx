// What the tests of these pages share: a service that answers by path, and a page in a window of its own.

import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { type ReactNode, Suspense } from "react";
import { vi } from "vitest";
import { makeClient } from "../api/client";
import { ME } from "../api/session";
import type { Me, Membership, Probe } from "../api/types";
import { Announcements } from "../parts/announce";

export const NOW = "Thu, 01 Jan 2026 12:00:00 GMT";

/** What the service answers to a request, by `METHOD path organization`. */
export type Answers = (request: string, body: unknown) => { status?: number; body: unknown } | undefined;

/** Lets the service answer; what it does not know is not there. */
export function serve(answers: Answers) {
  const service = vi.fn(async (path: string, { method, headers, body }: RequestInit) => {
    const request = `${method} ${path} ${new Headers(headers).get("x-scope-org") ?? ""}`.trim();
    const found = answers(request, body ? JSON.parse(String(body)) : undefined) ?? { status: 404, body: {} };
    return new Response(JSON.stringify(found.body), { status: found.status ?? 200, headers: { date: NOW } });
  });
  vi.stubGlobal("fetch", service);
  return service;
}

/** Shows a page to somebody. */
export function show(page: ReactNode, me: Me) {
  // Everything is on the screen.
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(private readonly seen: (entries: { isIntersecting: boolean }[]) => void) {}
      observe() {
        this.seen([{ isIntersecting: true }]);
      }
      disconnect() {}
    },
  );
  const client = makeClient();
  client.setQueryData(ME, me);
  return render(
    <QueryClientProvider client={client}>
      <Suspense>{page}</Suspense>
      <Announcements />
    </QueryClientProvider>,
  );
}

export function person(...organizations: Membership[]): Me {
  return { id: "1", email: "ann@example.org", admin: false, impersonator: "", organizations };
}

export function membership(id: string, role = "admin"): Membership {
  const permissions = ["report.view", "member.view", ...(role === "admin" ? ["token.manage"] : [])];
  return { id, name: id.toUpperCase(), role, permissions };
}

export function probe(hostname: string, more: Partial<Probe> = {}): Probe {
  const lastSeen = new Date(Date.parse(NOW) - 1000).toISOString();
  return { hostname, id: `id-${hostname}`, version: "0.1.0", conflict: false, dropped: 0, lastSeen, ...more };
}

export function refused(status: number, reason: string, message: string) {
  return { status, body: { message, details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason }] } };
}
