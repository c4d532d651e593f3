import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { makeClient } from "../api/client";
import { Timeline } from "./timeline";

afterEach(() => {
  cleanup();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

test.each(["+275760-09-13T00:00:00Z", "-271821-04-20T00:00:00Z", "yesterday"])(
  "an address that names %s as its moment breaks no page",
  async (at) => {
    vi.stubGlobal("fetch", async () => Response.json({ oldest: "2026-01-01T00:00:00Z" }));
    for (const place of ["Asia/Tokyo", "America/Lima"]) {
      vi.stubEnv("TZ", place);
      render(
        <QueryClientProvider client={makeClient()}>
          <Timeline org="o" at={at} onMove={() => {}} />
        </QueryClientProvider>,
      );
      expect(await screen.findByLabelText("Exact time")).toBeDefined();
      cleanup();
    }
  },
);
