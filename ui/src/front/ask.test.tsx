import { QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeClient } from "../api/client";
import { Ask } from "./ask";

const service = vi.fn<typeof fetch>();

beforeEach(() => {
  vi.stubGlobal("fetch", service);
  render(
    <QueryClientProvider client={makeClient()}>
      <Ask />
    </QueryClientProvider>,
  );
});

afterEach(() => {
  cleanup();
  service.mockReset();
  vi.useRealTimers();
});

function answers(status: number, body: unknown): void {
  service.mockResolvedValueOnce(new Response(JSON.stringify(body), { status }));
}

function refuses(status: number, reason: string, message: string, more: unknown[] = []): void {
  const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "scope", metadata: {} };
  answers(status, { code: 1, message, details: [info, ...more] });
}

function ask(email: string): void {
  fireEvent.change(screen.getByLabelText("Your e-mail address"), { target: { value: email } });
  fireEvent.click(screen.getByRole("button", { name: "Send me a link" }));
}

test("says to which address a mail is on its way, as the service understood it, and what if none comes", async () => {
  answers(200, { email: "ann@example.org", mailSent: true });
  ask(" Ann@Example.org ");

  expect(await screen.findByText("A mail to ann@example.org is on its way.")).toBeDefined();
  expect(service.mock.calls[0]?.[0]).toBe("/api/users/signup");
  expect(service.mock.calls[0]?.[1]?.body).toBe('{"email":"Ann@Example.org"}');
  for (const hint of [/spam/, /approves/, /make login/]) {
    expect(screen.getByText("What if none comes?").parentElement?.textContent).toMatch(hint);
  }
});

test("another mail is offered after a while, and another address at once", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  answers(200, { email: "ann@example.org", mailSent: true });
  ask("ann@example.org");
  await screen.findByText(/is on its way/);
  const another = screen.getByRole("button", { name: /Send another/ }) as HTMLButtonElement;
  expect(another.disabled).toBe(true);

  await act(() => vi.advanceTimersByTimeAsync(30_000));
  expect(another.disabled).toBe(false);
  answers(200, { email: "ann@example.org", mailSent: true });
  await act(async () => fireEvent.click(another));
  expect(service).toHaveBeenCalledTimes(2);
  expect(another.disabled).toBe(true);

  fireEvent.click(screen.getByRole("button", { name: "Another address" }));
  expect((screen.getByLabelText("Your e-mail address") as HTMLInputElement).value).toBe("ann@example.org");
});

test("what is asked too often is told when it may be again, in the service's words", async () => {
  refuses(429, "RATE_EXCEEDED", "too many mails: at most 5 per 10 minutes; try again in 4 minutes");
  ask("ann@example.org");
  expect(await screen.findByText("No further mail just now")).toBeDefined();
  expect(screen.getByText(/try again in 4 minutes/)).toBeDefined();
  expect(service).toHaveBeenCalledTimes(1);
});

test("what is wrong with the address is said beside it", async () => {
  const violation = { field: "email", description: "must be an address" };
  const bad = { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [violation] };
  refuses(400, "INVALID_FIELD", "email: must be an address", [bad]);
  ask("ann@example");
  expect(await screen.findByText("must be an address")).toBeDefined();
  expect(screen.getByLabelText("Your e-mail address").getAttribute("aria-invalid")).toBe("true");
  expect(screen.queryByRole("alert")).toBeNull();
});
