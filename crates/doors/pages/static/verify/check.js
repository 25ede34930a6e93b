// What an opened file proves: its lists against the map, and the map against the log. A sentence is said only if it was
// recomputed here from what the log's key signed.

const NOUNS = { list: "lists", read: "reads", send: "sends", delete: "deletions" };
const amount = (count, nouns) => (count === 1 ? `1 ${nouns.slice(0, -1)}` : `${count} ${nouns}`);
const inWords = (of) => ACTIONS.map((action) => amount(of[action], NOUNS[action])).join(", ");
const accessesOf = (count) => (count === 1 ? "1 access" : `${count} accesses`);
const lowered = (now, before) => ACTIONS.find((action) => now[action] < before[action]);

class Checking {
  constructor(opened) {
    Object.assign(this, { opened, wrong: [], proved: [], lookInto: [], notProved: [], counted: [] });
  }

  /** The one map that lists are held to. */
  map() {
    if (this.opened.maps.length === 1) return this.opened.maps[0];
    this.wrong.push(WRONG_MAPS);
    return null;
  }

  wrongClaim(name) {
    this.wrong.push(`what the file claims that the map counts for ${name} is not what the map holds: a count was altered`);
  }

  /** What a map holds for a label, if the claim is true. */
  held(name, claim, label, root) {
    const value = proved(claim.proof, label, root);
    if (value === null && claim.held === null) return standing();
    if (value && claim.held && same(valueOf(claim.held, claim.held.blind), value)) return claim.held;
    this.wrongClaim(name);
    return null;
  }

  /** Whether a list holds exactly the accesses that a map counts; `number` numbers them without holes. */
  complete(name, list, size, held, number) {
    const covered = list.filter((access) => access.index < size);
    const computed = standing();
    for (const access of covered) count(computed, access.record.action, access.commitment);
    const [counted, listed] = [total(held.counts), total(computed.counts)];
    const numbers = new Set(covered.map(number).filter((one) => one !== null));
    const sorted = [...numbers].sort((one, other) => one - other);
    const gap = sorted.findIndex((one, at) => one !== at + 1);
    const hole = gap < 0 ? null : gap + 1;
    if (listed < counted) {
      this.wrong.push(`${name}: the map counts ${counted} and the file lists ${listed}: access ${hole ?? listed + 1} was left out`);
    } else if (listed > counted) {
      this.wrong.push(`${name}: the map counts ${counted} and the log holds ${listed}: the log lowered a count`);
    } else if (!sameStanding(computed, held)) {
      this.wrong.push(`${name}: the map counts as many accesses as are listed, and not these: it counts others in place of them`);
    } else if (hole !== null || numbers.size !== listed) {
      this.wrong.push(`${name}: the number ${hole ?? numbers.size + 1} is missing or there twice, and numbers are given without holes`);
    } else {
      return true;
    }
    return false;
  }

  /** One grant: its list is complete, and so says how often and when last. */
  oneGrant({ grant, app, givenAt, label, accesses, claim }, { size, people }) {
    const name = `grant ${grant}`;
    const held = this.held(name, claim, label, people);
    if (!held || !this.complete(name, accesses, size, held, (access) => access.record.n)) return;
    const known = this.opened.apps.get(app);
    if (!known) {
      this.wrong.push(stranger(`${app}, whose registration is missing,`));
      return;
    }
    const last = accesses.findLast((access) => access.index < size && access.record.action === "read");
    const since = last ? `the last one at ${last.record.at}` : `the grant was given at ${givenAt}`;
    this.proved.push(`${known.name} (${app}) made ${inWords(held.counts)} under grant ${grant}; 0 reads since ${since}.`);
  }

  aboutPerson(person) {
    const map = this.map();
    if (!map) return;
    const { grants, staff, file } = this.opened;
    for (const grant of grants) this.oneGrant(grant, map);
    const all = grants.flatMap((grant) => grant.accesses).sort((one, other) => one.index - other.index);
    const first = all.find((access) => access.opening?.p === 1)?.opening;
    const claim = file.evidence.person;
    if (first && claim) {
      const held = this.held(person, claim, labelOfPerson(person, first.salt), map.people);
      if (held && this.complete(person, all, map.size, held, (access) => access.opening?.p ?? null)) {
        const [all, counts] = [accessesOf(total(held.counts)), inWords(held.counts)];
        this.proved.unshift(`this is the complete list of accesses to the things of ${person}: ${all}, of them ${counts}.`);
      }
    } else if (!claim && all.every((access) => access.index >= map.size)) {
      // Only an access binds a person to a count: without one, grants that were left out would not be missed.
      if (grants.length > 0) this.proved.unshift(`under none of the grants of ${person} that stand here was any access counted.`);
      this.notProved.push(`that ${person} has no other grants: only a list with an access in it is held to what is counted for a person.`);
    } else {
      this.wrongClaim(person);
    }
    if (staff.length > 0) {
      this.proved.push(`acts of staff that stand in the log, numbered without holes: ${staff.length}.`);
    }
    this.notProved.push("that staff did no more: their acts are numbered, and not counted in the map.");
    this.soFar(map);
  }

  aboutGrant(id) {
    const map = this.map();
    if (!map) return;
    const { grants } = this.opened;
    if (grants.length === 1 && grants[0].grant === id) this.oneGrant(grants[0], map);
    else this.wrong.push(stranger("another grant"));
    this.soFar(map);
  }

  aboutApp(app) {
    const map = this.map();
    if (!map) return;
    for (const grant of this.opened.grants) {
      if (grant.app !== app) this.wrong.push(stranger(`grant ${grant.grant}`));
      this.oneGrant(grant, map);
    }
    const known = this.opened.apps.get(app);
    if (known?.claims.length !== 1) return this.wrongClaim(app);
    const held = this.held(app, known.claims[0], labelOfApp(app), map.apps);
    if (!held) return;
    const all = this.opened.grants.flatMap((grant) => grant.accesses).filter((access) => access.index < map.size);
    all.sort((one, other) => one.index - other.index);
    const computed = standing();
    for (const access of all) count(computed, access.record.action, access.commitment);
    const [counted, listed] = [total(held.counts), total(computed.counts)];
    if (listed > counted || (listed === counted && !sameStanding(computed, held)) || lowered(held.counts, computed.counts)) {
      this.wrong.push(`${app}: the map counts ${counted} and the log holds ${listed}: the log lowered a count`);
      return;
    }
    this.proved.unshift(`${known.name} (${app}) made ${inWords(held.counts)} in all, over all people.`);
    if (listed < counted) {
      const rest = accessesOf(counted - listed);
      this.notProved.push(`of ${known.name}, ${rest} that the map counts and the file does not list: the server says that they were of people who were erased.`);
    }
    this.soFar(map);
  }

  /** The growth of the counts between two maps; the earlier one is none at the beginning of the log. */
  aboutTime(only, { from, to }) {
    const { maps, apps } = this.opened;
    if (maps.length < 1 || maps.length > 2) return this.wrong.push(WRONG_MAPS);
    const [earlier, later] = maps.length === 2 ? maps : [null, maps[0]];
    const begins = earlier ? `map ${earlier.n} at ${earlier.at}` : "the beginning of the log";
    const start = earlier?.size ?? 0;
    this.proved.push(`what follows is about the entries ${start} to ${later.size} of the log, between ${begins} and map ${later.n} at ${later.at}.`);
    let grown = 0;
    for (const [app, known] of [...apps].sort(([one], [other]) => (one < other ? -1 : 1))) {
      if (known.claims.length !== maps.length || (only !== null && only !== app)) {
        this.wrongClaim(app);
        continue;
      }
      const held = maps.map((map, at) => this.held(app, known.claims[at], labelOfApp(app), map.apps));
      if (held.includes(null)) continue;
      const [before, after] = [earlier ? held[0].counts : standing().counts, held.at(-1).counts];
      const less = lowered(after, before);
      if (less) {
        this.wrong.push(`${app}: the map counted ${NOUNS[less]} ${before[less]} earlier and ${after[less]} later: the log lowered a count`);
        continue;
      }
      const growth = Object.fromEntries(ACTIONS.map((action) => [action, after[action] - before[action]]));
      grown += total(growth);
      this.proved.push(`${known.name} (${app}) made ${inWords(growth)} in this time.`);
    }
    if (only === null) this.sum(start, later.size, grown);
    else if (!apps.has(only)) this.wrongClaim(only);
    if (from > to) this.wrong.push(WRONG_MAPS);
    if (later.at < to) this.notProved.push(`anything of the time from ${later.at} to ${to}: no map is younger.`);
    if (earlier && earlier.at > from) this.wrong.push(WRONG_MAPS);
    this.soFar(later);
  }

  /** Every access entry of the span is counted for one app. */
  sum(from, to, grown) {
    const there = this.opened.bundled.filter(({ index }) => index >= from && index < to);
    if (there.length !== to - from) {
      this.wrong.push(missingEntries(from, to, `only ${there.length} of them are there`));
      return;
    }
    const held = there.filter(({ isAccess }) => isAccess).length;
    if (held !== grown) {
      this.wrong.push(`the log holds ${accessesOf(held)} in this time, and the counts of all apps grew by ${grown}: some are not counted, or counted twice`);
      return;
    }
    this.proved.push(`no access is missing there: the log holds ${accessesOf(held)}, and the counts of these apps grew by as many.`);
  }

  /** How far all of it goes. */
  soFar({ index, n, at, size }) {
    const young = this.opened.grants.flatMap((grant) => grant.accesses).filter((access) => access.index >= size).length;
    if (young > 0) this.lookInto.push(`${accessesOf(young)}, listed and in the log, but younger than the map.`);
    this.proved.push(`the counts are those of map ${n}, entry ${index} of the log, of ${at}; it counts the first ${size} entries.`);
    this.notProved.push(
      "what took place after that map; ask for a newer file.",
      "that everyone is shown this same log; that takes witnesses, or comparing checkpoints.",
      "that the server recorded the truth: an access that went around it is in no log.",
      "what an app did afterwards with what it had read.",
    );
  }

  receipt({ record }) {
    const name = `access ${record.n} of grant ${record.grant}`;
    const { grants, maps, checkpoint } = this.opened;
    const grant = grants.find((one) => one.grant === record.grant);
    const listed = grant?.accesses.find((access) => access.record.n === record.n);
    if (listed && rendered(listed.record) === rendered(record)) {
      this.proved.push(`the receipt of ${name} is genuine, and is entry ${listed.index} of the log.`);
    } else if (listed) {
      this.wrong.push(`${name} has two genuine receipts that differ: the server told two stories`);
    } else if (!grant) {
      this.lookInto.push(`${name} is of a grant that this file is not about.`);
    } else if (record.at <= (maps.at(-1)?.at ?? "")) {
      this.wrong.push(`${name} has a genuine receipt, and none of the log's ${checkpoint.size} entries commits to it: unless it is younger than the checkpoint, it was left out`);
    } else {
      this.lookInto.push(`${name} is younger than the map; ask for a newer file.`);
    }
  }
}

/** A receipt that one of these keys signed. */
async function readReceipt(token, position, keys) {
  const forged = (why) => new Wrong(`receipt ${position} is not genuine: ${why}`);
  const parts = token.split(".");
  const [payload, signature] = parts.slice(1).map((part) => fromBase64(part, true));
  if (parts.length !== 3 || !payload || !signature) throw forged("it is not a compact JWS of three parts in base64url");
  const header = (key) => toBase64(utf8.encode(`{"alg":"EdDSA","kid":${JSON.stringify(key.id)},"typ":"waxseal-receipt+jwt"}`), true);
  const key = keys.find((one) => header(one) === parts[0]);
  if (!key) throw forged("it does not name one of the keys that you trust");
  if (!(await hasSigned(key, utf8.encode(`${parts[0]}.${parts[1]}`), signature))) {
    throw forged("its signature is false: it was changed or forged");
  }
  try {
    const { iss, salt, seal, ...record } = readRecord("receipt", textOf(payload) ?? "", "it");
    return { iss, salt, seal, record };
  } catch (why) {
    throw forged(`it is signed, but holds no record: ${why.message}`);
  }
}

/**
 * Checks a file. `key`: the verifier keys that are trusted, one a line; without, the file's own. `since`: a checkpoint
 * kept from earlier, or null. `receipts`: receipts, one a line. Says what `waxseal verify --bundle --json` says.
 */
async function verifyEvidence(bytes, { key = "", since = null, receipts = "" } = {}) {
  try {
    let file;
    try {
      file = readEvidence(bytes);
    } catch (why) {
      throw new Wrong(`the file is not evidence that can be read: ${why.message}`);
    }
    const keys = await readKeys(key.trim() || file.key);
    const opened = await Opened.open(file, keys, since);
    const tokens = receipts.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
    const kept = await Promise.all(tokens.map((token, at) => readReceipt(token, at + 1, keys)));
    const checking = new Checking(opened);
    const { about } = file.evidence;
    if (about.person) checking.aboutPerson(about.person);
    else if (about.grant) checking.aboutGrant(about.grant);
    else if (about.app) checking.aboutApp(about.app);
    else if (about.period) checking.aboutTime(null, about.period);
    else checking.aboutTime(about.count.app, about.count);
    for (const receipt of kept) checking.receipt(receipt);
    const findings = [...opened.wrong, ...checking.wrong];
    if (findings.length > 0) return { verified: false, findings };
    if (opened.since !== null) {
      checking.proved.push(`the log extends the checkpoint that you kept, of ${opened.since} entries.`);
    }
    const { origin, size, root, signers } = opened.checkpoint;
    const { proved, lookInto, notProved } = checking;
    return {
      verified: true, about, origin, size, root: toBase64(root), signers, key_given: key.trim() !== "", proved,
      look_into: lookInto, not_proved: notProved,
    };
  } catch (why) {
    if (why instanceof Wrong) return { verified: false, findings: [why.message] };
    throw why;
  }
}
