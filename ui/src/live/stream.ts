import { createParser } from "eventsource-parser";
import { CallError, GARBLED, refusal, send } from "../api/call";
import type { Feed } from "./feed";

/** Why a stream is over. */
export type End =
  /** The connection is gone. */
  | { kind: "lost" }
  | { kind: "refused"; error: CallError }
  /** The service said that nothing more comes, and why. */
  | { kind: "ended"; reason: string; message: string };

/** Who is told what comes. */
interface Reader {
  opened(): void;
  /** A `reset`, an `update` or a `failure`. */
  event(name: string, data: string, id: string): void;
}

/** Follows a feed from a cursor on until the stream is over; nothing heard for `quiet` milliseconds is a lost one. */
export async function follow(
  feed: Feed,
  cursor: string,
  reader: Reader,
  quiet: number,
  stop: AbortSignal,
): Promise<End> {
  const connection = new AbortController();
  const abort = () => connection.abort();
  let silence = setTimeout(abort, quiet);
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(abort, quiet);
  };
  stop.addEventListener("abort", abort);
  try {
    return await read(feed, cursor, reader, heard, connection.signal);
  } finally {
    clearTimeout(silence);
    stop.removeEventListener("abort", abort);
    abort();
  }
}

async function read(
  { org, topology, options }: Feed,
  cursor: string,
  reader: Reader,
  heard: () => void,
  signal: AbortSignal,
): Promise<End> {
  const headers = cursor ? { "last-event-id": cursor } : {};
  let answer: Response;
  try {
    answer = await send("GET /api/watch/topology/{topology}", {
      org,
      path: { topology },
      query: options,
      headers,
      signal,
    });
  } catch (error) {
    return signal.aborted ? { kind: "lost" } : { kind: "refused", error: error as CallError };
  }
  if (!answer.ok) {
    return { kind: "refused", error: await refusal(answer) };
  }
  if (!answer.body || !answer.headers.get("content-type")?.startsWith("text/event-stream")) {
    return { kind: "refused", error: new CallError(0, GARBLED) };
  }
  reader.opened();
  return events(answer.body, reader, heard);
}

async function events(body: ReadableStream<Uint8Array>, reader: Reader, heard: () => void): Promise<End> {
  const ends: End[] = [];
  const parser = createParser({
    onEvent: ({ event = "", data, id = "" }) => {
      if (event === "end") {
        ends.push({ kind: "ended", ...(JSON.parse(data) as { reason: string; message: string }) });
      } else if (event === "reset" || event === "update" || event === "failure") {
        reader.event(event, data, id);
      }
    },
  });
  const text = new TextDecoder();
  const chunks = body.getReader();
  try {
    while (ends.length === 0) {
      const { done, value } = await chunks.read();
      if (done) {
        break;
      }
      heard();
      parser.feed(text.decode(value, { stream: true }));
    }
  } catch {
    // Broken off, by the other end or by us.
  }
  return ends[0] ?? { kind: "lost" };
}
