import type { Answered, Asked, Endpoint } from "./calls";
import type { BadRequest, Complete, ErrorInfo } from "./types";

/** A refusal, in the service's own words; or nobody answered (status 0). */
export class CallError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** UPPER_SNAKE, as `RATE_EXCEEDED`; empty where the edge itself refused. */
    readonly reason = "",
    /** What is wrong with each field of the request, by the field's name in JSON. */
    readonly fields: Readonly<Record<string, string>> = {},
    /** What else the refusal says, for programs. */
    readonly metadata: Readonly<Record<string, string>> = {},
    /** How many milliseconds to wait at least before asking again; 0 where nothing was said of that. */
    readonly after = 0,
  ) {
    super(message);
    this.name = "CallError";
  }
}

interface Sent {
  org?: string;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
  path?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  body?: unknown;
}

/** What is said where an answer is none of the service's, or was cut off. */
export const GARBLED = "What answered was not the service, or not all of it. Try again in a moment.";

const SILENT = "The service does not answer. Is this machine online, and the service running?";

/** After so many milliseconds nobody waits for an answer any more. */
const PATIENCE = 30_000;

/** Nobody is kept waiting for more seconds than this, whatever a proxy says; browsers' timers end at 24 days. */
const MOST_WAITING = 600;

/** Calls the service and answers its JSON, or throws a CallError. */
export async function call<E extends Endpoint>(endpoint: E, asked: Asked<E>): Promise<Complete<Answered<E>>> {
  return (await ask(endpoint, asked)).answer;
}

/** Calls the service as `call` does, and answers the headers too. */
export async function ask<E extends Endpoint>(
  endpoint: E,
  asked: Asked<E>,
): Promise<{ answer: Complete<Answered<E>>; headers: Headers }> {
  const late = AbortSignal.timeout(PATIENCE);
  const signal = asked.signal ? AbortSignal.any([asked.signal, late]) : late;
  try {
    const response = await send<E>(endpoint, { ...asked, signal });
    if (!response.ok) {
      throw await refusal(response);
    }
    return { answer: await response.json(), headers: response.headers };
  } catch (error) {
    if (error instanceof CallError || asked.signal?.aborted) {
      throw error;
    }
    throw new CallError(0, late.aborted ? SILENT : GARBLED);
  }
}

/** Sends a request and answers whatever came back, refusals too; throws a CallError where nothing did. */
export async function send<E extends Endpoint>(endpoint: E, asked: Asked<E>): Promise<Response> {
  const { org, headers: more, body, signal, ...where }: Sent = asked;
  const url = address(endpoint, where);
  const headers = new Headers(more);
  const request: RequestInit = { method: endpoint.split(" ", 1)[0] ?? "", headers };
  if (org) {
    headers.set("x-scope-org", org);
  }
  if (body !== undefined) {
    headers.set("content-type", "application/json");
    request.body = JSON.stringify(body);
  }
  if (signal) {
    request.signal = signal;
  }
  try {
    return await fetch(url, request);
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new CallError(0, SILENT);
  }
}

/** The address of a call for a link, which carries no headers: its organization is a parameter. */
export function linkTo<E extends Endpoint>(endpoint: E, asked: Asked<E>): string {
  const { org, path, query }: Sent = asked;
  return address(endpoint, { ...(path && { path }), query: { org, ...query } });
}

/** Parameters that are undefined or empty are left out. */
function address(endpoint: Endpoint, { path = {}, query = {} }: Pick<Sent, "path" | "query">): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") {
      parameters.set(name, String(value));
    }
  }
  const said = parameters.toString();
  const place = endpoint
    .replace(/^\S+ /, "")
    .replace(/\{(\w+)\}/g, (_whole, name: string) => segment(path[name] ?? ""));
  return said ? `${place}?${said}` : place;
}

/** A part of a path. Dots alone would lead to another path, however they are written, and nothing is called so. */
function segment(part: string): string {
  if (part === "." || part === "..") {
    throw new CallError(404, `there is nothing called ${part}`);
  }
  return encodeURIComponent(part);
}

/** What an answer refuses with: google.rpc.Status as JSON, or whatever a proxy on the way made of it. */
export async function refusal(answer: Response): Promise<CallError> {
  const { status, headers } = answer;
  const { message, details = [] } = parsed(await answer.text().catch(() => ""));
  const info = details.find((one): one is ErrorInfo & Typed => isA(one, "google.rpc.ErrorInfo"));
  const bad = details.find((one): one is BadRequest & Typed => isA(one, "google.rpc.BadRequest"));
  const fields = Object.fromEntries((bad?.fieldViolations ?? []).map((one) => [one.field, one.description]));
  return new CallError(
    status,
    message || `The service answered with status ${status}.`,
    info?.reason,
    fields,
    info?.metadata,
    Math.min(Number(headers.get("retry-after")) || 0, MOST_WAITING) * 1000,
  );
}

interface Typed {
  "@type"?: string;
}

function isA(detail: Typed, name: string): boolean {
  return detail["@type"]?.endsWith(`/${name}`) ?? false;
}

function parsed(text: string): { message?: string; details?: Typed[] } {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}
