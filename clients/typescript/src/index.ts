// The client of Waxseal: openapi-fetch over the types of docs/openapi.json, with every token bound to a key where there is one,
// nonces taken care of, and receipts checked.
// Invariant: an answer that touched messages is handed out only after its receipt was checked.

import createClient, { type Client } from "openapi-fetch";
import { type WaxsealEvent, follow } from "./events.js";
import { proof } from "./proof.js";
import { type About, ReceiptError, Receipts } from "./receipts.js";
import type { components, paths } from "./schema.js";

export { type WaxsealEvent } from "./events.js";
export { proof } from "./proof.js";
export { ReceiptError } from "./receipts.js";
export type { paths } from "./schema.js";

/** The shapes of the API by name: `Schemas["Message"]`. */
export type Schemas = components["schemas"];

/** What a client is made with. */
export interface Options {
  /** The public URL of the server: the issuer identifier. */
  url: string;
  /** Asked for a good access token before each request. `refused` is one that opened nothing: refresh it. */
  token: (refused?: string) => string | Promise<string>;
  /** The key that the tokens are bound to (P-256). Without it they are sent as `Bearer`. */
  key?: CryptoKeyPair;
  /** The app: a receipt for another one is an error. */
  clientId: string;
  /** The grant: a receipt of another one is an error. It came with the tokens as `grant_id`. */
  grantId?: string;
  /** The key of the log (`name+id+base64`), from an earlier `logKey()` or an auditor. Without it the published one is taken. */
  logKey?: string;
  /** Another `fetch`. */
  fetch?: typeof fetch;
}

/** The API (see openapi-fetch: `GET`, `POST`, `DELETE` with typed paths, bodies and answers), events, and the key of the log. */
export type Waxseal = Client<paths> & {
  /** What happens, as it happens; taken up again where it broke off. Ends after `revoked`. */
  events(lastEventId?: string, signal?: AbortSignal): AsyncGenerator<WaxsealEvent>;
  /** The key of the log that receipts are checked with. Keep it, and give it as `logKey` next time. */
  logKey(): Promise<string>;
};

const AGAIN_MAX = 4;
const ACTIONS: Record<string, string> = { GET: "read", POST: "send", DELETE: "delete" };

/** A client of the server at `options.url`. */
export function connect(options: Options): Waxseal {
  const url = options.url.replace(/\/$/, "");
  const send = options.fetch ?? fetch;
  const receipts = new Receipts({ ...options, url, fetch: send });
  let nonce: string | undefined;

  /** Sends a request with the token; again, if only a nonce or a fresh token was missing. */
  async function authorized(request: Request): Promise<Response> {
    let refused: string | undefined;
    for (let again = 0; ; again += 1) {
      const token = await options.token(refused);
      const asked = new Request(request.clone(), { redirect: "error" });
      asked.headers.set("authorization", `${options.key ? "DPoP" : "Bearer"} ${token}`);
      if (options.key) {
        const { method, url } = asked;
        asked.headers.set("dpop", await proof(options.key, { method, url, token, ...(nonce && { nonce }) }));
      }
      const answer = await send(asked);
      nonce = answer.headers.get("dpop-nonce") ?? nonce;
      const challenge = answer.headers.get("www-authenticate") ?? "";
      const lacksNonce = answer.status === 401 && challenge.includes("use_dpop_nonce");
      const lacksToken = answer.status === 401 && challenge.includes("invalid_token") && refused === undefined;
      if (again >= AGAIN_MAX || !(lacksNonce || lacksToken)) return answer;
      if (lacksToken) refused = token;
      await answer.body?.cancel();
    }
  }

  async function checked(request: Request): Promise<Response> {
    const answer = await authorized(request);
    const about = answer.ok ? aboutWhat(request, url) : undefined;
    if (about) {
      const text = answer.headers.get("waxseal-receipt");
      if (!text) throw new ReceiptError("there is none");
      await receipts.check(text, about, answer.headers.get("idempotency-replayed") === "true");
    }
    return answer;
  }

  return Object.assign(createClient<paths>({ baseUrl: url, fetch: checked }), {
    events: (lastEventId?: string, signal?: AbortSignal) =>
      follow({ url, authorized, receipts, ...(lastEventId && { lastEventId }), ...(signal && { signal }) }),
    logKey: () => receipts.logKey(),
  });
}

/** What the receipt of an answer to this request must be about; none is due where no message was touched. */
function aboutWhat(request: Request, url: string): About | undefined {
  const path = new URL(request.url).pathname.slice(new URL(url).pathname.replace(/\/$/, "").length);
  const [, version, what, conversation, more] = path.split("/");
  if (version !== "v1" || what !== "conversations") return undefined;
  const action = request.method === "GET" && !more ? "list" : (ACTIONS[request.method] ?? "");
  // The conversation that is started is known by its answer only.
  if (request.method === "POST" && !conversation) return { action };
  return { action, conversation: conversation ? decodeURIComponent(conversation) : null };
}
