// An evidence file, opened: its document held to its form, its records to their commitments, all of it to the signed head.

const FORMAT = "waxseal evidence v1";
const NUMBER = (value) => Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0);
const WORD = (value) => typeof value === "string" && !/\p{Surrogate}/u.test(value);
const oneOf = (...words) => (value) => words.includes(value);
const orNull = (fits) => (value) => value === null || fits(value);
const idOf = (prefix) => (value) => typeof value === "string" && new RegExp(`^${prefix}[a-z0-9]{1,64}$`).test(value);
const TIME = (value) =>
  typeof value === "string" &&
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/.test(value);
const POSITIVE = (value) => NUMBER(value) && value > 0;
const HASH = (value) => typeof value === "string" && fromBase64(value)?.length === 32;
const SALT = (value) => typeof value === "string" && fromBase64(value, true)?.length === 32;
const TERMS = () => true;

// The records of docs/ledger.md, section 2 and 7: every field, and nothing else.
const RECORDS = {
  access: {
    action: oneOf("list", "read", "send", "delete"), app: idOf("app_"), at: TIME, conversation: orNull(idOf("con_")),
    count: NUMBER, first_seq: orNull(POSITIVE), grant: idOf("gra_"), last_seq: orNull(POSITIVE), n: POSITIVE,
    outcome: oneOf("ok", "none"), withheld: NUMBER,
  },
  grant: {
    app: idOf("app_"), at: TIME, by: oneOf("person", "app", "operator", "time", "spent", "hygiene", "retired"), grant: idOf("gra_"), n: POSITIVE,
    terms: TERMS, what: oneOf("given", "narrowed", "widened", "paused", "resumed", "ended"),
  },
  app: {
    app: idOf("app_"), at: TIME, terms: TERMS,
    what: oneOf("registered", "ceiling", "suspended", "resumed", "retired", "contained"), why: orNull(WORD),
  },
  staff: { at: TIME, n: POSITIVE, person: idOf("per_"), what: oneOf("export", "report", "recovery"), why: (value) => WORD(value) && value !== "" },
  map: { app_labels: NUMBER, apps: HASH, at: TIME, n: POSITIVE, people: HASH, people_labels: NUMBER, size: NUMBER },
};
RECORDS.receipt = { ...RECORDS.access, iss: WORD, salt: SALT, seal: SALT };

/** Reads a record in its one rendering. */
function readRecord(kind, text, what) {
  const refused = (why) => new Wrong(`${what} is not a record of docs/ledger.md: ${why}`);
  let record;
  try {
    record = canonical(text);
  } catch (why) {
    throw refused(`not a record in its canonical form: ${why.message}`);
  }
  const fields = RECORDS[kind];
  const keys = record !== null && typeof record === "object" && !Array.isArray(record) ? Object.keys(record) : [];
  if (keys.length !== Object.keys(fields).length || !keys.every((key) => Object.hasOwn(fields, key))) {
    throw refused("not a record in its canonical form: a field is missing or unknown");
  }
  const bad = keys.find((key) => !fields[key](record[key]));
  if (bad) throw refused(`the field ${bad} of the record holds what it must not`);
  if ("first_seq" in fields) {
    const { first_seq: first, last_seq: last, conversation } = record;
    if ((first === null) !== (last === null) || (first !== null && (first > last || conversation === null))) {
      throw refused("the field first_seq of the record holds what it must not");
    }
  }
  return record;
}

// The form of the document: a function takes a value, says whether it fits, and turns hashes into bytes.
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const plain = (fits) => (value) => (fits(value) ? value : undefined);
const hash = (value) => (HASH(value) ? fromBase64(value) : undefined);
const salt = (value) => (SALT(value) ? fromBase64(value, true) : undefined);
const nullable = (form) => (value) => (value === null ? null : form(value));
const optional = (form) => Object.assign((value) => form(value), { isOptional: true });
const list = (form) => (value) => {
  if (!Array.isArray(value)) return undefined;
  const all = value.map(form);
  return all.includes(undefined) ? undefined : all;
};
const object = (fields) => (value) => {
  if (!isObject(value) || !Object.keys(value).every((key) => Object.hasOwn(fields, key))) return undefined;
  const read = {};
  for (const [key, form] of Object.entries(fields)) {
    const isThere = Object.hasOwn(value, key);
    if (!isThere && form.isOptional) continue;
    read[key] = isThere ? form(value[key]) : undefined;
    if (read[key] === undefined) return undefined;
  }
  return read;
};
const about = (value) => {
  const forms = {
    person: plain(WORD), grant: plain(WORD), app: plain(WORD), period: object({ from: plain(WORD), to: plain(WORD) }),
    count: object({ app: plain(WORD), from: plain(WORD), to: plain(WORD) }),
  };
  const keys = isObject(value) ? Object.keys(value) : [];
  const of = keys.length === 1 && Object.hasOwn(forms, keys[0]) ? forms[keys[0]](value[keys[0]]) : undefined;
  return of === undefined ? undefined : { [keys[0]]: of };
};
const clear = object({ index: plain(NUMBER), record: plain(WORD) });
const committed = object({
  index: plain(NUMBER), commitment: hash, record: plain(WORD), salt, seal: optional(salt),
  opening: optional(object({ salt, p: plain(NUMBER) })),
});
const counts = object({ list: plain(NUMBER), read: plain(NUMBER), send: plain(NUMBER), delete: plain(NUMBER) });
const claim = object({
  held: nullable(object({ counts, head: hash, blind: salt })),
  proof: object({ leaf: nullable(object({ label: hash, value: hash })), siblings: list(hash) }),
});
const documentForm = object({
  format: plain(oneOf(FORMAT)), about, server: plain(WORD), made_at: plain(WORD), tree: list(hash),
  since: nullable(object({ size: plain(NUMBER), hashes: list(hash) })), maps: list(clear),
  apps: list(object({ registered: clear, claims: list(claim) })),
  grants: list(object({ changes: list(committed), accesses: list(committed), claim })), person: nullable(claim),
  staff: list(committed),
});

/** Takes a file apart, and believes nothing in it. */
function readEvidence(bytes) {
  const members = membersOf(bytes);
  const text = (name) => {
    if (!members.has(name)) throw new Wrong(`${name} is missing in it`);
    const read = textOf(members.get(name));
    if (read === null) throw new Wrong(`${name} in it is not UTF-8`);
    members.delete(name);
    return read;
  };
  const [json, checkpoint, key] = ["evidence.json", "checkpoint", "key"].map(text);
  members.delete("README.txt");
  const malformed = (why) => new Wrong(`evidence.json in it is not in the form of docs/ledger.md: ${why}`);
  let value;
  try {
    value = JSON.parse(json);
  } catch (why) {
    throw malformed(why.message);
  }
  if (isObject(value) && typeof value.format === "string" && value.format !== FORMAT) {
    const [said, read] = [value.format, FORMAT].map((one) => JSON.stringify(one));
    throw new Wrong(`it says that it is ${said}, and this program reads ${read}: get the one that fits`);
  }
  const evidence = documentForm(value);
  if (evidence === undefined) throw malformed("a part is missing, unknown or of another kind");
  for (const path of members.keys()) {
    if (!path.startsWith("tile/entries/")) throw new Wrong(`${path} in it is nothing that evidence has`);
  }
  return { evidence, checkpoint, key, bundles: members };
}

const entryOf = (kind, content) => joined(byte(1), byte(kind), content);

/** What is in the log that the checkpoint signs; `wrong` has what is not. */
class Opened {
  constructor(file, checkpoint) {
    Object.assign(this, { file, checkpoint, wrong: [], since: null, maps: [], apps: new Map(), grants: [], staff: [] });
    Object.assign(this, { bundled: [], leaves: new Map() });
  }

  static async open(file, keys, since) {
    let checkpoint;
    try {
      checkpoint = await openCheckpoint(file.checkpoint, keys);
    } catch (why) {
      throw new Wrong(`the checkpoint is not genuine: ${why.message}`);
    }
    const opened = new Opened(file, checkpoint);
    if (since !== null) await opened.note(() => opened.extends(since, keys));
    await opened.note(() => opened.openMaps());
    await opened.note(() => opened.openApps());
    for (const grant of file.evidence.grants) await opened.note(() => opened.grants.push(opened.openGrant(grant)));
    for (const [at, act] of file.evidence.staff.entries()) await opened.note(() => opened.openStaff(act, at + 1));
    opened.openBundles();
    const leaves = [...opened.leaves].sort(([one], [other]) => one - other);
    const root = rootWithMany(checkpoint.size, leaves, file.evidence.tree);
    if (root === null || !same(root, checkpoint.root)) {
      opened.wrong.push("what stands in the file does not lead to the root that the log signed: an entry, its number or a hash was altered");
    }
    return opened;
  }

  /** Does a part; what is wrong with it is kept, and the rest goes on. */
  async note(part) {
    try {
      await part();
    } catch (why) {
      if (!(why instanceof Wrong)) throw why;
      this.wrong.push(why.message);
    }
  }

  async extends(note, keys) {
    let earlier;
    try {
      earlier = await openCheckpoint(note, keys);
    } catch (why) {
      throw new Wrong(`the checkpoint that you kept is not genuine: ${why.message}`);
    }
    const now = this.checkpoint;
    compareHeads(earlier, now);
    if (earlier.size !== now.size && earlier.size !== 0) {
      const given = this.file.evidence.since;
      const refused = (why) =>
        new Wrong(`the file does not prove that the log extends the checkpoint that you kept, of ${earlier.size} entries: ${why}`);
      if (given?.size !== earlier.size) throw refused("it holds no proof from there; ask for one that does");
      if (!isConsistent(earlier.size, earlier.root, now.size, now.root, given.hashes)) {
        throw refused("the proof in it is false, so history was rewritten");
      }
    }
    this.since = earlier.size;
  }

  /** Claims a place in the log for an entry. */
  place(index, leaf) {
    const other = this.leaves.get(index);
    this.leaves.set(index, leaf);
    if (other && !same(other, leaf)) this.wrong.push(`two things in the file claim to be entry ${index} of the log`);
  }

  openMaps() {
    let least = 0;
    for (const { index, record } of this.file.evidence.maps) {
      const map = readRecord("map", record, `the map at ${index}`);
      this.place(index, leafHash(entryOf(6, utf8.encode(record))));
      if (map.size > index || map.size < least || (this.maps.length > 0 && this.maps.at(-1).n >= map.n)) {
        this.wrong.push(WRONG_MAPS);
      }
      least = map.size;
      this.maps.push({ ...map, index, apps: fromBase64(map.apps), people: fromBase64(map.people) });
    }
  }

  openApps() {
    for (const { registered: { index, record }, claims } of this.file.evidence.apps) {
      const what = `the registration at ${index}`;
      const app = readRecord("app", record, what);
      this.place(index, leafHash(entryOf(3, utf8.encode(record))));
      const name = typeof app.terms?.name === "string" ? app.terms.name : "an app without a name";
      if (this.apps.has(app.app)) this.wrong.push(stranger(what));
      this.apps.set(app.app, { name, claims });
    }
  }

  /** Holds a record to the commitment that stands in the log. */
  commit(what, { index, commitment }, kind, computed) {
    this.place(index, leafHash(entryOf(kind, commitment)));
    if (!same(computed, commitment)) {
      throw new Wrong(`${what} does not open its commitment: the record was changed, or its salt is another's`);
    }
  }

  openGrant(given) {
    let first = null;
    let label = null;
    for (const [at, change] of given.changes.entries()) {
      const what = `change ${at + 1} of a grant, at ${change.index},`;
      const record = readRecord("grant", change.record, what);
      this.commit(what, change, 2, sha256("waxseal grant v1", change.salt, change.record));
      if (first === null && record.n === 1 && record.what === "given") {
        [first, label] = [record, labelOfGrant(change.salt)];
      } else if (first === null || record.grant !== first.grant || record.n !== at + 1) {
        throw new Wrong(stranger(what));
      }
    }
    if (first === null) throw new Wrong(stranger("a grant without its beginning"));
    const accesses = [];
    for (const access of given.accesses) {
      try {
        accesses.push(this.openAccess(access, first));
      } catch (why) {
        if (!(why instanceof Wrong)) throw why;
        this.wrong.push(why.message);
      }
    }
    accesses.sort((one, other) => one.index - other.index);
    return { grant: first.grant, app: first.app, givenAt: first.at, label, accesses, claim: given.claim };
  }

  openAccess(access, grant) {
    const record = readRecord("access", access.record, `an access under ${grant.grant}, at ${access.index},`);
    const what = `access ${record.n} of grant ${record.grant}`;
    const opening = access.opening ?? null;
    const opened = opening && sha256("waxseal person-number v1", opening.salt, be64(opening.p));
    const seal = opened ?? access.seal;
    if (!seal || (opened && access.seal && !same(opened, access.seal))) {
      throw new Wrong(`${what} does not open its commitment: the record was changed, or its salt is another's`);
    }
    this.commit(what, access, 1, sha256("waxseal access v1", access.salt, seal, access.record));
    if (record.grant !== grant.grant || record.app !== grant.app) throw new Wrong(stranger(what));
    return { index: access.index, commitment: access.commitment, record, opening };
  }

  openStaff(act, n) {
    const what = `act of staff ${n}`;
    const record = readRecord("staff", act.record, what);
    this.commit(what, act, 4, sha256("waxseal staff v1", act.salt, act.record));
    if (this.file.evidence.about.person !== record.person || record.n !== n) throw new Wrong(stranger(what));
    this.staff.push(record);
  }

  openBundles() {
    for (const [path, bytes] of this.file.bundles) {
      const parts = /^tile\/entries\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path);
      const number = parts ? Number(parts[1].replaceAll(/[x/]/g, "")) : NaN;
      const isSpelled = parts && !/^x000\//.test(parts[1]) && Number(parts[2] ?? 1) < 256;
      const width = Number(parts?.[2] ?? 256);
      const [from, to] = [number * 256, number * 256 + width];
      if (!isSpelled || !(to <= this.checkpoint.size)) {
        this.wrong.push(stranger(path));
        continue;
      }
      let [index, at] = [from, 0];
      while (at + 2 <= bytes.length) {
        const length = bytes[at] * 256 + bytes[at + 1];
        if (at + 2 + length > bytes.length) break;
        const entry = bytes.subarray(at + 2, at + 2 + length);
        this.place(index, leafHash(entry));
        this.bundled.push({ index, isAccess: entry.length === 34 && entry[0] === 1 && entry[1] === 1 });
        [index, at] = [index + 1, at + 2 + length];
      }
      if (index !== to) this.wrong.push(missingEntries(from, to, `${path} holds ${index - from} whole entries`));
    }
    this.bundled.sort((one, other) => one.index - other.index);
  }
}

const WRONG_MAPS = "the maps in the file are not in their order, or cover what is not there yet";
const stranger = (what) => `${what} does not belong into this file: it is about something else`;
const missingEntries = (from, to, why) =>
  `the entries ${from} to ${to} of the log should stand in the file, and do not: ${why}`;
