// What tests of live views are made with: a service that says what a test wants, and numbers at random.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ViewNode } from "../api/types";
import { type ChangeEvent, changeOf } from "./event";

/** A node with only what matters to a test. */
export function nodeOf(id: string, facts: Partial<ViewNode> = {}): ViewNode {
  const look = { label: id, labelMinor: "", rank: "", shape: "circle", tag: "" };
  const lists = { metadata: [], parents: [], metrics: [], tables: [], adjacency: [] };
  return { id, ...look, ...lists, stack: false, pseudo: false, quiet: false, ...facts };
}

/** A change with only what matters to a test. */
export function change(parts: Partial<ChangeEvent>): ChangeEvent {
  return { ...changeOf({}), ...parts };
}

/** Numbers from 0 to below 1 that are the same in every run. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

/** A request that waits for what a test answers. */
export class Request {
  readonly #answer: ServerResponse;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];

  constructor(request: IncomingMessage, answer: ServerResponse) {
    this.path = request.url ?? "";
    this.headers = request.headers;
    this.#answer = answer;
  }

  /** Whether the other end has left. */
  get left(): boolean {
    return this.#answer.closed;
  }

  open(): void {
    this.#answer.writeHead(200, { "content-type": "text/event-stream" });
    this.#answer.flushHeaders();
  }

  event(name: string, data: unknown, id = ""): void {
    this.#answer.write(`event: ${name}\n${id && `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
  }

  answer(body: unknown): void {
    this.#answer.writeHead(200, { "content-type": "application/json" });
    this.#answer.end(JSON.stringify(body));
  }

  alive(): void {
    this.#answer.write(":\n\n");
  }

  refuse(status: number, message: string, headers: Record<string, string> = {}): void {
    this.#answer.writeHead(status, { "content-type": "application/json", ...headers });
    this.#answer.end(JSON.stringify({ code: 0, message, details: [] }));
  }

  /** Ends the connection in the middle of everything. */
  breakOff(): void {
    this.#answer.destroy();
  }
}

/** A service whose answers a test gives, at the address of the pages. */
export class Service {
  readonly requests: Request[] = [];
  readonly #server = createServer((request, answer) => this.requests.push(new Request(request, answer)));
  readonly #fetch = globalThis.fetch;

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const { port } = this.#server.address() as AddressInfo;
    // A page, where the test has one, is of that service: its calls are not to another origin.
    (globalThis as unknown as { happyDOM?: { setURL(url: string): void } }).happyDOM?.setURL(
      `http://127.0.0.1:${port}/`,
    );
    globalThis.fetch = (path, init) => this.#fetch(new URL(String(path), `http://127.0.0.1:${port}`), init);
  }

  stop(): void {
    globalThis.fetch = this.#fetch;
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
