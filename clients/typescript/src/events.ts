// What happens, as it happens: `GET /v1/events`, taken up where it broke off.
// Invariant: what is of a conversation is handed out once, after its receipt was checked.

import { ReceiptError, type Receipts } from "./receipts.js";
import type { components } from "./schema.js";

type Schemas = components["schemas"];
type OfConversation<Data> = Data & { receipt: string };

/** One event. `id`, given to `events()` even days later, goes on after it. */
export type WaxsealEvent = { id: string } & (
  | { event: "message" | "restored"; data: OfConversation<Schemas["Message"] | (Schemas["Placeholder"] & { conversation: string })> }
  | { event: "deleted"; data: OfConversation<Schemas["Placeholder"] & { conversation: string }> }
  | { event: "read"; data: OfConversation<{ conversation: string; person: string; seq: number }> }
  | { event: "typing"; data: OfConversation<{ conversation: string; person: string }> }
  | { event: "conversation"; data: OfConversation<Schemas["Conversation"] | { id: string; gone: true }> }
  | { event: "grant"; data: Omit<Schemas["GrantNow"], "app" | "lapses_at" | "unused"> }
  | { event: "gap"; data: { why: string; since: string | null; until: string; read_on: string } }
  | { event: "revoked"; data: { why: string } }
);

interface Following {
  url: string;
  authorized: (request: Request) => Promise<Response>;
  receipts: Receipts;
  lastEventId?: string;
  signal?: AbortSignal;
}

interface Frame {
  id: string;
  event: string;
  data: string;
}

const READS = ["message", "restored", "deleted"];
const LISTS = ["read", "typing", "conversation"];
const WAIT_MS = 2_000;
const WAIT_MS_MAX = 60_000;
const SILENCE_MS = 60_000;
const REMEMBERED_MAX = 4096;

/** Follows along until the access is over or `signal` says to stop. */
export async function* follow(following: Following): AsyncGenerator<WaxsealEvent> {
  const { url, authorized, receipts, signal } = following;
  const recent = new Set<string>();
  let { lastEventId } = following;
  let [failures, receipt] = [0, ""];
  while (!signal?.aborted) {
    const headers = { accept: "text/event-stream", ...(lastEventId && { "last-event-id": lastEventId }) };
    let expired = false;
    const lost = new AbortController();
    const stop = () => lost.abort();
    signal?.addEventListener("abort", stop);
    try {
      const answer = await authorized(new Request(`${url}/v1/events`, { headers, signal: lost.signal }));
      if (!answer.ok || !answer.body) {
        if (answer.status !== 429 && answer.status < 500) throw new StreamRefused(answer.status, await answer.text());
      } else {
        failures = 0;
        for await (const { id, event, data } of frames(answer.body, lost)) {
          expired = event === "expired";
          if (expired) break;
          const told = JSON.parse(data) as { receipt?: string; conversation?: string; id?: string };
          const inConversation = READS.includes(event) || LISTS.includes(event);
          if (inConversation && told.receipt !== receipt) {
            if (!told.receipt) throw new ReceiptError("there is none");
            // What was told together shares a receipt, which says `read` if one of it is a message.
            const about = { conversation: event === "conversation" ? (told.id ?? "") : (told.conversation ?? "") };
            await receipts.checkTold(told.receipt, about.conversation, READS.includes(event));
            receipt = told.receipt;
          }
          if (inConversation && id.includes("-con_")) {
            if (recent.has(id)) continue;
            recent.add(id);
            for (const oldest of recent) {
              if (recent.size <= REMEMBERED_MAX) break;
              recent.delete(oldest);
            }
          }
          if (id) lastEventId = id;
          yield { id, event, data: told } as unknown as WaxsealEvent;
          if (event === "revoked") return;
        }
      }
    } catch (error) {
      // `fetch` says TypeError for a connection that was lost, and AbortError for one that was given up: take it up again.
      const isLost = error instanceof TypeError || (error instanceof Error && error.name === "AbortError");
      if (!isLost) throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      lost.abort();
    }
    if (!expired && !signal?.aborted) {
      const longest = Math.min(WAIT_MS * 2 ** Math.min(failures, 5), WAIT_MS_MAX);
      failures += 1;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * longest));
    }
  }
}

/** The server does not let this app follow along. */
export class StreamRefused extends Error {
  override name = "StreamRefused";
  constructor(readonly status: number, problem: string) {
    super(`the stream was refused (${status}): ${problem}`);
  }
}

/** Takes a stream apart (WHATWG HTML 9.2.6). One that says nothing for a minute is given up. */
async function* frames(body: ReadableStream<Uint8Array>, lost: AbortController): AsyncGenerator<Frame> {
  const decoder = new TextDecoder();
  let [rest, id, event, data] = ["", "", "", [] as string[]];
  let silence = setTimeout(() => lost.abort(), SILENCE_MS);
  const reader = body.getReader();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(silence);
      silence = setTimeout(() => lost.abort(), SILENCE_MS);
      const lines = (rest + decoder.decode(piece.value, { stream: true })).split(/\r\n|\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) yield { id, event, data: data.join("\n") };
          [event, data] = ["", []];
          continue;
        }
        const at = line.indexOf(":");
        const field = at < 0 ? line : line.slice(0, at);
        const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
        if (field === "id") id = value;
        else if (field === "event") event = value;
        else if (field === "data") data.push(value);
      }
    }
  } finally {
    clearTimeout(silence);
    await reader.cancel().catch(() => undefined);
  }
}
