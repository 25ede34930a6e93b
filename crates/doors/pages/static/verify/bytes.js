// Checks evidence files in the browser, without any server: the same checks and sentences as `waxseal verify --bundle`.
// This part: bytes, SHA-256, base64, canonical JSON and zip files. What is refused is thrown as a `Wrong` with its sentence.
"use strict";

/** What is wrong, in a sentence. */
class Wrong extends Error {}

const utf8 = new TextEncoder();

function joined(...parts) {
  const list = parts.map((part) => (typeof part === "string" ? utf8.encode(part) : part));
  const out = new Uint8Array(list.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of list) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
const byte = (number) => new Uint8Array([number]);
const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");

function be64(number) {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(number));
  return out;
}

/** Text that is UTF-8 to the last byte; else nothing. */
function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

// SHA-256 (FIPS 180-4). That of the browser is asynchronous, which a million small hashes would wait for one by one.
const { sha256 } = (() => {
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
  const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
  const rounds = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
  const start = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
  const turn = (word, by) => (word >>> by) | (word << (32 - by));
  const words = new Int32Array(64);

  function block(state, view, at) {
    for (let t = 0; t < 16; t += 1) words[t] = view.getInt32(at + 4 * t);
    for (let t = 16; t < 64; t += 1) {
      const [early, late] = [words[t - 15], words[t - 2]];
      const low = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
      const high = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
      words[t] = (words[t - 16] + low + words[t - 7] + high) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t += 1) {
      const chosen = (e & f) ^ (~e & g);
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + chosen + rounds[t] + words[t]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => (state[at] = (state[at] + word) | 0));
  }

  return {
    sha256(...parts) {
      const bytes = joined(...parts);
      const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
      padded.set(bytes);
      padded[bytes.length] = 0x80;
      const view = new DataView(padded.buffer);
      view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
      const state = Int32Array.from(start);
      for (let at = 0; at < padded.length; at += 64) block(state, view, at);
      const out = new Uint8Array(32);
      const words = new DataView(out.buffer);
      state.forEach((word, at) => words.setInt32(4 * at, word));
      return out;
    },
  };
})();

const EMPTY = new Uint8Array(32);
const leafHash = (entry) => sha256(byte(0), entry);
const nodeHash = (left, right) => sha256(byte(1), left, right);

/** Bytes of base64 in its one spelling; else nothing. */
function fromBase64(text, url = false) {
  try {
    const plain = url ? text.replaceAll("-", "+").replaceAll("_", "/") : text;
    const bytes = Uint8Array.from(atob(plain), (one) => one.charCodeAt(0));
    return toBase64(bytes, url) === text ? bytes : null;
  } catch {
    return null;
  }
}

function toBase64(bytes, url = false) {
  let text = "";
  for (const one of bytes) text += String.fromCharCode(one);
  text = btoa(text);
  return url ? text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") : text;
}

/** The one rendering of a value (RFC 8785, narrowed as in docs/ledger.md). */
function rendered(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new Wrong("it holds a number that is not whole");
    return String(value);
  }
  if (typeof value === "string") {
    if (/\p{Surrogate}/u.test(value)) throw new Wrong("it holds half a character");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(rendered).join(",")}]`;
  const keys = Object.keys(value).sort();
  // eslint-disable-next-line no-control-regex
  if (keys.some((key) => /[^\x00-\x7f]/.test(key))) throw new Wrong("it holds a key that is not ASCII");
  return `{${keys.map((key) => `${JSON.stringify(key)}:${rendered(value[key])}`).join(",")}}`;
}

/** Reads a canonical rendering. */
function canonical(text) {
  const value = JSON.parse(text);
  if (rendered(value) !== text) throw new Wrong(`it should read ${rendered(value)}`);
  return value;
}

// Zip files whose members are stored, as docs/ledger.md has them.
const MEMBERS_MAX = 20_000;
const FILE_BYTES_MAX = 2 ** 30;

const crcTable = Int32Array.from({ length: 256 }, (_, start) => {
  let crc = start;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
const crc32 = (bytes) => {
  let crc = -1;
  for (const one of bytes) crc = crcTable[(one ^ crc) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
};

/** The members of a file, by their names. Nothing is unpacked: a member is a window on the file. */
function membersOf(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const malformed = () => new Wrong("it is not a whole zip file");
  const end = file.length - 22;
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50 || view.getUint16(end + 20, true) !== 0) throw malformed();
  const count = view.getUint16(end + 10, true);
  if (count > MEMBERS_MAX || file.length > FILE_BYTES_MAX) {
    throw new Wrong(`it has more than ${MEMBERS_MAX} members or ${FILE_BYTES_MAX} bytes`);
  }
  const members = new Map();
  let at = view.getUint32(end + 16, true);
  // Members that share their bytes would make much of little: what all of them hold fits in what the table is not.
  let room = at;
  try {
    for (let nth = 0; nth < count; nth += 1) {
      const [name, content, next] = member(file, view, at, room, malformed);
      room -= content.length;
      if (members.has(name)) throw new Wrong(`${name} in it is compressed, encrypted or stored twice: take the file as the server made it`);
      members.set(name, content);
      at = next;
    }
  } catch (why) {
    throw why instanceof Wrong ? why : malformed();
  }
  if (at !== end) throw malformed();
  return members;
}

function member(file, view, at, room, malformed) {
  if (view.getUint32(at, true) !== 0x02014b50) throw malformed();
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
  const [crc, length] = [view.getUint32(at + 16, true), view.getUint32(at + 24, true)];
  const nameLength = view.getUint16(at + 28, true);
  const rest = view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  const local = view.getUint32(at + 42, true);
  const name = textOf(file.subarray(at + 46, at + 46 + nameLength));
  if (name === null) throw malformed();
  if (method !== 0 || flags & ~0x0800) {
    throw new Wrong(`${name} in it is compressed, encrypted or stored twice: take the file as the server made it`);
  }
  if (view.getUint32(local, true) !== 0x04034b50) throw malformed();
  const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (length > room || from + length > file.length) throw malformed();
  const content = file.subarray(from, from + length);
  if (crc32(content) !== crc) throw new Wrong(`${name} in it was altered: its checksum is another`);
  return [name, content, at + 46 + nameLength + rest];
}
