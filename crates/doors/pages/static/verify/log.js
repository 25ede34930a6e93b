// The log: signed notes, checkpoints, receipts, proofs in the tree of entries and in the counting map.

const KEY_NAME = /^[^\s\p{Cc}+]+$/u;
const keyId = (name, algorithm, key) => sha256(name, "\n", byte(algorithm), key).subarray(0, 4);

/** A verifier key as the log gives it: name+hex+base64; else nothing. */
async function readKey(text) {
  const parts = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text);
  const bytes = parts && fromBase64(parts[3]);
  if (!bytes || bytes.length !== 33 || bytes[0] !== 1 || !KEY_NAME.test(parts[1])) return null;
  const [name, key] = [parts[1], bytes.subarray(1)];
  if (hex(keyId(name, 1, key)) !== parts[2]) return null;
  try {
    const usable = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return { name, id: `${name}+${parts[2]}`, usable };
  } catch {
    return null;
  }
}

const NO_KEY = "not a verifier key: write name+key id+base64 as the log gives it, for an Ed25519 key";

/** Keys, one a line. */
async function readKeys(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  const keys = await Promise.all(lines.map(readKey));
  if (keys.includes(null)) throw new Wrong(NO_KEY);
  return keys;
}

const hasSigned = async (key, bytes, signature) =>
  signature.length === 64 && (await crypto.subtle.verify({ name: "Ed25519" }, key.usable, signature, bytes));

/** A signed note, its signatures not checked yet. */
function readNote(note) {
  const malformed = (why) => new Wrong(`it is not a signed note: ${why}`);
  const split = note.lastIndexOf("\n\n");
  if (split < 0) throw malformed("there is no blank line before signatures");
  const [text, lines] = [note.slice(0, split + 1), note.slice(split + 2)];
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x09\x0b-\x1f]/.test(text)) throw malformed("it has control characters");
  if (!lines.endsWith("\n")) throw malformed("its last line is not ended");
  const signatures = lines.slice(0, -1).split("\n").map((line) => {
    const parts = /^\u2014 ([^ ]*) (.*)$/s.exec(line);
    const blob = parts && fromBase64(parts[2]);
    if (!blob || blob.length < 5 || !KEY_NAME.test(parts[1])) throw malformed("a signature line is malformed");
    return { id: `${parts[1]}+${hex(blob.subarray(0, 4))}`, bytes: blob.subarray(4) };
  });
  if (signatures.length > 64) throw malformed("it has more signatures than are read");
  return { text, signatures };
}

/** A checkpoint that one of these keys signed and none signed falsely, with who signed it. */
async function openCheckpoint(noteText, keys) {
  const note = readNote(noteText);
  const signers = [];
  for (const { id, bytes } of note.signatures) {
    const key = keys.find((one) => one.id === id);
    if (!key) continue;
    if (!(await hasSigned(key, utf8.encode(note.text), bytes))) {
      throw new Wrong(`the signature of ${id} is false: the text was changed or someone else signed it`);
    }
    signers.push(key);
  }
  if (signers.length === 0) throw new Wrong("none of the keys that you trust signed it");
  const malformed = (why) => new Wrong(`its text is not a checkpoint: ${why}`);
  const [origin, size, root, ...more] = note.text.slice(0, -1).split("\n");
  if (!origin) throw malformed("the origin is missing");
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size ?? "") || !Number.isSafeInteger(Number(size))) {
    throw malformed("the size is not a plain decimal number");
  }
  const hash = fromBase64(root ?? "");
  if (hash?.length !== 32) throw malformed("the root is not 32 bytes in base64");
  if (more.includes("")) throw malformed("an extension line is empty");
  if (Number(size) === 0 && !same(hash, sha256())) throw new Wrong("the root of an empty log is not the empty root");
  if (!signers.some((key) => key.name === origin)) {
    throw new Wrong(`it is a checkpoint of ${JSON.stringify(origin)}, and the key is that of another log`);
  }
  return { origin, size: Number(size), root: hash, signers: signers.map((key) => key.id) };
}

/** Two signed heads of one log: the later one must not be shorter, nor differ at the same size. */
function compareHeads(earlier, now) {
  if (earlier.origin !== now.origin) {
    const [one, other] = [earlier.origin, now.origin].map((origin) => JSON.stringify(origin));
    throw new Wrong(`the checkpoint that you kept is of ${one}, and this log is ${other}`);
  }
  if (earlier.size > now.size) {
    throw new Wrong(`the log was cut, or an old checkpoint is replayed: it had ${earlier.size} entries and now claims ${now.size}`);
  }
  if (earlier.size === now.size && !same(earlier.root, now.root)) {
    const [one, other] = [earlier.root, now.root].map((root) => toBase64(root));
    throw new Wrong(`the log signed two heads of one size: with ${now.size} entries it was ${one} and now is ${other}`);
  }
}

/** The largest power of two below a size. */
function splitPoint(size) {
  let point = 1;
  while (point * 2 < size) point *= 2;
  return point;
}

/** The root of a tree that these leaves, sorted by index, and the hashes of all else make; nothing if they do not fit. */
function rootWithMany(size, leaves, proof) {
  if (leaves.length > 0 && leaves.at(-1)[0] >= size) return null;
  let used = 0;
  const over = (start, end, from, to) => {
    if (from === to) return proof[used++] ?? null;
    if (end - start === 1) return leaves[from][1];
    const middle = start + splitPoint(end - start);
    let cut = from;
    let high = to;
    while (cut < high) {
      const half = (cut + high) >> 1;
      if (leaves[half][0] < middle) cut = half + 1;
      else high = half;
    }
    const left = over(start, middle, from, cut);
    const right = left && over(middle, end, cut, to);
    return right && nodeHash(left, right);
  };
  const root = size === 0 ? sha256() : over(0, size, 0, leaves.length);
  return used === proof.length ? root : null;
}

/** Whether the tree of `oldSize` entries is the beginning of the one of `size` (RFC 9162, section 2.1.4.2). */
function isConsistent(oldSize, oldRoot, size, root, proof) {
  const path = Number.isInteger(Math.log2(oldSize)) ? [oldRoot, ...proof] : proof;
  if (path.length === 0) return false;
  let [low, high] = [oldSize - 1, size - 1];
  const up = () => ([low, high] = [Math.floor(low / 2), Math.floor(high / 2)]);
  while (low % 2 === 1) up();
  let [before, now] = [path[0], path[0]];
  for (const neighbour of path.slice(1)) {
    if (high === 0) return false;
    if (low % 2 === 1 || low === high) {
      [before, now] = [nodeHash(neighbour, before), nodeHash(neighbour, now)];
      while (low % 2 === 0 && low !== 0) up();
    } else {
      now = nodeHash(now, neighbour);
    }
    up();
  }
  return high === 0 && same(before, oldRoot) && same(now, root);
}

// The counting map.
const ACTIONS = ["list", "read", "send", "delete"];
const standing = () => ({ counts: { list: 0, read: 0, send: 0, delete: 0 }, head: EMPTY });
const total = (counts) => ACTIONS.reduce((sum, action) => sum + counts[action], 0);
const sameStanding = (one, other) =>
  same(one.head, other.head) && ACTIONS.every((action) => one.counts[action] === other.counts[action]);

function count(into, action, commitment) {
  into.counts[action] += 1;
  into.head = sha256("waxseal map chain v1", into.head, byte(1 + ACTIONS.indexOf(action)), commitment);
}

const valueOf = ({ counts, head }, blind) =>
  sha256("waxseal map value v1", blind, ...ACTIONS.map((action) => be64(counts[action])), head);
const labelOfApp = (app) => sha256("waxseal map app v1", app);
const labelOfGrant = (salt) => sha256("waxseal map grant v1", salt);
const labelOfPerson = (person, salt) => sha256("waxseal map person v1", salt, person);
const bit = (label, depth) => (label[depth >> 3] >> (7 - (depth & 7))) & 1;

/** What a map holds for a label: its value, or null for nothing; undefined if the proof is false. */
function proved({ leaf, siblings }, label, root) {
  const depth = siblings.length;
  if (depth > 256) return undefined;
  for (let at = 0; leaf && at < depth; at += 1) if (bit(leaf.label, at) !== bit(label, at)) return undefined;
  let hash = leaf ? sha256(byte(2), leaf.label, leaf.value) : EMPTY;
  for (let at = depth - 1; at >= 0; at -= 1) {
    hash = bit(label, at) ? sha256(byte(3), siblings[at], hash) : sha256(byte(3), hash, siblings[at]);
  }
  if (!same(hash, root)) return undefined;
  return leaf && same(leaf.label, label) ? leaf.value : null;
}
