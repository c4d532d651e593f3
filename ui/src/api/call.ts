import type { BadRequest, ErrorInfo } from "./types";

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
  ) {
    super(message);
    this.name = "CallError";
  }
}

export interface CallOptions {
  /** The id of the organization that is meant. */
  org?: string;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
  query?: Readonly<Record<string, string | number | undefined>>;
  signal?: AbortSignal;
}

/** Calls the service and answers its JSON, or throws a CallError. */
export async function call<Answer>(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const answer = await send(method, path, options);
  if (!answer.ok) {
    throw refusal(answer.status, await answer.text());
  }
  return (await answer.json()) as Answer;
}

/** Sends a request and answers whatever came back, refusals too; throws a CallError where nothing did. */
export async function send(
  method: string,
  path: string,
  { org, headers: more, body, query, signal }: CallOptions,
): Promise<Response> {
  const headers = new Headers(more);
  if (org) {
    headers.set("x-scope-org", org);
  }
  if (body !== undefined) {
    headers.set("content-type", "application/json");
  }
  const request: RequestInit = { method, headers };
  if (body !== undefined) {
    request.body = JSON.stringify(body);
  }
  if (signal) {
    request.signal = signal;
  }
  try {
    return await fetch(address(path, query), request);
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new CallError(0, "The service does not answer. Is this machine online, and the service running?");
  }
}

/** A path with its parameters; those that are undefined or empty are left out. */
export function address(path: string, query: CallOptions["query"] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") {
      parameters.set(name, String(value));
    }
  }
  const said = parameters.toString();
  return said ? `${path}?${said}` : path;
}

/** What an answer refuses with: google.rpc.Status as JSON, or whatever a proxy on the way made of it. */
export function refusal(status: number, text: string): CallError {
  const { message, details = [] } = parsed(text);
  const info = details.find((one): one is ErrorInfo & Typed => isA(one, "google.rpc.ErrorInfo"));
  const bad = details.find((one): one is BadRequest & Typed => isA(one, "google.rpc.BadRequest"));
  const fields = Object.fromEntries((bad?.fieldViolations ?? []).map((one) => [one.field, one.description]));
  return new CallError(
    status,
    message || `The service answered with status ${status}.`,
    info?.reason,
    fields,
    info?.metadata,
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
