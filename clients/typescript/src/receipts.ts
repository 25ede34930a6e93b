// Receipts: the signed access records that come with answers, held to what was asked.
// Invariant: a receipt serves for one answer; its header is compared whole, so that no other algorithm or key comes in by it.

import { base64url } from "./proof.js";

/** The server did what it was asked and did not prove it. Nothing of the answer is handed out. */
export class ReceiptError extends Error {
  override name = "ReceiptError";
  constructor(why: string) {
    super(`the answer has no valid receipt: ${why}`);
  }
}

/** What a receipt must be about. `conversation` is left out where it is not known before the answer. */
export interface About {
  action: string;
  conversation?: string | null;
}

interface Record {
  iss: string;
  app: string;
  grant: string;
  n: number;
  action: string;
  conversation: string | null;
  at: string;
}

interface Expected {
  url: string;
  clientId: string;
  grantId?: string;
  logKey?: string;
  fetch: typeof fetch;
}

const MOMENT_MS = 300_000;
const REMEMBERED_MAX = 4096;

const bytes = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

/** Checks the receipts of one grant. */
export class Receipts {
  #expected: Expected;
  #key: Promise<string> | undefined;
  #seen = new Set<number>();

  constructor(expected: Expected) {
    this.#expected = expected;
    if (expected.logKey) this.#key = Promise.resolve(expected.logKey.trim());
  }

  /** The key of the log: the one that was given, else the one that the server published when it was first asked. */
  logKey(): Promise<string> {
    this.#key ??= this.#expected.fetch(`${this.#expected.url}/ledger/key`).then(async (answer) => {
      if (!answer.ok) throw new ReceiptError("the server does not publish the key of its log");
      return (await answer.text()).trim();
    });
    this.#key.catch(() => (this.#key = undefined));
    return this.#key;
  }

  /** Holds a receipt to what it must be about. `again`: it proves an earlier request, whose answer this is once more. */
  async check(text: string, about: About, again = false): Promise<void> {
    const record = await this.#open(text);
    const { url, clientId, grantId } = this.#expected;
    const other = (what: string) => new ReceiptError(`it is about another ${what}`);
    if (record.iss !== url) throw other("server");
    if (record.app !== clientId) throw other("app");
    if (grantId && record.grant !== grantId) throw other("grant");
    if (record.action !== about.action) throw other("action");
    if (about.conversation !== undefined && record.conversation !== about.conversation) throw other("conversation");
    if (again) return;
    if (!(Math.abs(Date.parse(record.at) - Date.now()) <= MOMENT_MS)) throw other("moment");
    if (this.#seen.has(record.n)) throw new ReceiptError("it was shown before, for another answer");
    this.#seen.add(record.n);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= REMEMBERED_MAX) break;
      this.#seen.delete(oldest);
    }
  }

  /** The same for an event: told together with others, so the action is `read` if there is a message among them. */
  async checkTold(text: string, conversation: string, isMessage: boolean): Promise<void> {
    const { action } = await this.#open(text);
    if (action !== "list" && action !== "read") throw new ReceiptError("it is about another action");
    await this.check(text, { action: isMessage ? "read" : action, conversation });
  }

  async #open(text: string): Promise<Record> {
    const [name, id, encoded] = split(await this.logKey());
    const header = { alg: "EdDSA", kid: `${name}+${id}`, typ: "waxseal-receipt+jwt" };
    const [first, payload, signature, ...more] = text.split(".");
    const expected = base64url(new TextEncoder().encode(JSON.stringify(header)));
    if (!payload || !signature || more.length > 0) throw new ReceiptError("it is not a compact JWS");
    if (first !== expected) throw new ReceiptError("it does not name the key of the log");
    const raw = bytes(encoded);
    const key = await crypto.subtle.importKey("raw", raw.subarray(1), "Ed25519", false, ["verify"]);
    const signed = new TextEncoder().encode(`${first}.${payload}`);
    let holds = false;
    try {
      holds = raw[0] === 1 && (await crypto.subtle.verify("Ed25519", key, bytes(signature), signed));
    } catch {
      // Not base64url: no signature.
    }
    if (!holds) throw new ReceiptError("its signature is false: it was changed or forged");
    return JSON.parse(new TextDecoder().decode(bytes(payload))) as Record;
  }
}

/** `name+id+base64`; the base64 may hold pluses too. */
function split(key: string): [string, string, string] {
  const [name, id, ...rest] = key.split("+");
  if (!name || !id || rest.length === 0) throw new ReceiptError("the key of the log cannot be read");
  return [name, id, rest.join("+")];
}
