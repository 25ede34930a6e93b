//! Checks an evidence file offline: its lists against the map, and the map against the log.
//!
//! Invariant: a sentence is said only if it was recomputed here from what the log's key signed.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::{About, Claim, EvidenceFile};
use crate::evidence_open::{OpenAccess, OpenGrant, Opened};
use crate::found::{Found, ReceiptName};
use crate::hash::Hash;
use crate::map::{Counts, Label, MapRecord, Standing};
use crate::note::VerifierKey;
use crate::receipt::Receipt;
use crate::record::Action;
use crate::verdict::{Counted, Verdict, Wrong, accesses, in_words};
use crate::verify::{Kept, open_receipts};

/// Checks a file with the keys of one log, which the holder has from a source that they trust.
pub fn check(file: &EvidenceFile, keys: &[VerifierKey], kept: Kept<'_>) -> Result<Verdict, Vec<Wrong>> {
    let opened = Opened::open(file, keys, kept.since).map_err(|wrong| vec![wrong])?;
    let receipts = open_receipts(kept.receipts, keys).map_err(|found| vec![found.into()])?;
    let mut checking = Checking { said: Said::default(), wrong: Vec::new(), opened: &opened };
    match &file.evidence.about {
        About::Person(person) => checking.person(person),
        About::Grant(grant) => checking.grant(grant),
        About::App(app) => checking.app(app),
        About::Period { from, to } => checking.period(None, (from, to)),
        About::Count { app, from, to } => checking.period(Some(app), (from, to)),
    }
    checking.receipts(&receipts);
    let Checking { said, mut wrong, .. } = checking;
    let Opened { checkpoint, signers, maps, wrong: mut all, since, .. } = opened;
    all.append(&mut wrong);
    if !all.is_empty() {
        return Err(all);
    }
    let Said { counted, mut proved, look_into, not_proved } = said;
    proved.extend(
        since.map(|size| format!("the log extends the checkpoint that you kept, of {size} entries.")),
    );
    Ok(Verdict {
        about: file.evidence.about.clone(),
        checkpoint,
        signers,
        maps,
        counted,
        proved,
        look_into,
        not_proved,
    })
}

/// What is said of a file, as long as nothing is wrong.
#[derive(Default)]
struct Said {
    counted: Vec<Counted>,
    proved: Vec<String>,
    look_into: Vec<String>,
    not_proved: Vec<String>,
}

struct Checking<'o, 'f> {
    opened: &'o Opened<'f>,
    said: Said,
    wrong: Vec<Wrong>,
}

impl Checking<'_, '_> {
    /// The one map that lists are held to.
    fn map(&mut self) -> Option<(u64, MapRecord)> {
        match self.opened.maps.as_slice() {
            [one] => Some(one.clone()),
            _ => {
                self.wrong.push(Wrong::Maps);
                None
            }
        }
    }

    /// What a map holds for a label, if the claim is true.
    fn held(&mut self, name: &str, claim: &Claim, label: &Label, root: &Hash) -> Option<Standing> {
        let value = claim.proof.value(label, root);
        let standing = claim.held.map(|held| (Standing { counts: held.counts, head: held.head }, held.blind));
        let held = match (value, standing) {
            (Ok(None), None) => Some(Standing::default()),
            (Ok(Some(value)), Some((standing, blind))) if standing.value(&blind) == value => Some(standing),
            _ => None,
        };
        if held.is_none() {
            self.wrong.push(Wrong::Claim(name.to_owned()));
        }
        held
    }

    /// Whether a list holds exactly the accesses that a map counts; `number` numbers them without holes.
    fn complete(
        &mut self,
        name: &str,
        list: &[&OpenAccess],
        (size, held): (u64, Standing),
        number: impl Fn(&OpenAccess) -> Option<u64>,
    ) -> bool {
        let covered: Vec<_> = list.iter().filter(|access| access.index < size).collect();
        let mut computed = Standing::default();
        covered.iter().for_each(|access| computed.count(access.record.action, &access.commitment));
        let (counted, listed) = (held.counts.total(), computed.counts.total());
        let numbers: BTreeSet<u64> = covered.iter().filter_map(|access| number(access)).collect();
        let hole = (1..).zip(&numbers).find(|(due, number)| due != *number).map(|(due, _)| due);
        let name = name.to_owned();
        let wrong = if listed < counted {
            // Without a hole it is what comes after the last number.
            let missing = hole.unwrap_or(listed + 1);
            Wrong::Omitted { name, counted, listed, missing }
        } else if listed > counted {
            Wrong::TooFew { name, counted, listed }
        } else if computed != held {
            Wrong::Others(name)
        } else if let Some(number) =
            hole.or((numbers.len() as u64 != listed).then_some(numbers.len() as u64 + 1))
        {
            Wrong::Numbers { name, number }
        } else {
            return true;
        };
        self.wrong.push(wrong);
        false
    }

    /// One grant: its list is complete, and so says how often and when last.
    fn one_grant(&mut self, grant: &OpenGrant<'_>, (size, people): (u64, Hash)) {
        let OpenGrant { grant: id, app, given_at, label, accesses: list, claim } = grant;
        let name = format!("grant {id}");
        let Some(held) = self.held(&name, claim, label, &people) else { return };
        let list: Vec<&OpenAccess> = list.iter().collect();
        if !self.complete(&name, &list, (size, held), |access| Some(access.record.n)) {
            return;
        }
        let mut reads =
            list.iter().filter(|access| access.index < size && access.record.action == Action::Read);
        let last_read = reads.next_back().map(|access| access.record.at.clone());
        let Some(known) = self.opened.apps.get(app) else {
            return self.wrong.push(Wrong::Stranger(format!("{app}, whose registration is missing,")));
        };
        let since = match &last_read {
            Some(at) => format!("0 reads since the last one at {at}"),
            None => format!("0 reads since the grant was given at {given_at}"),
        };
        let counts = in_words(&held.counts);
        self.said.proved.push(format!("{} ({app}) made {counts} under grant {id}; {since}.", known.name));
        let (app, name, grant) = (app.clone(), known.name.clone(), Some(id.clone()));
        self.said.counted.push(Counted { app, name, grant, counts: held.counts, last_read });
    }

    fn young(&mut self, size: u64) {
        let young =
            |grant: &OpenGrant<'_>| grant.accesses.iter().filter(|access| access.index >= size).count();
        let young: usize = self.opened.grants.iter().map(young).sum();
        if young > 0 {
            let sentence =
                format!("{}, listed and in the log, but younger than the map.", accesses(young as u64));
            self.said.look_into.push(sentence);
        }
    }

    fn person(&mut self, person: &str) {
        let Some((index, map)) = self.map() else { return };
        let grants = &self.opened.grants;
        grants.iter().for_each(|grant| self.one_grant(grant, (map.size, map.people)));
        let mut all: Vec<&OpenAccess> = grants.iter().flat_map(|grant| &grant.accesses).collect();
        all.sort_by_key(|access| access.index);
        let first = all.iter().find_map(|access| access.number.filter(|(number, _)| *number == 1));
        match (first, &self.opened.file.evidence.person) {
            (Some((_, salt)), Some(claim)) => {
                let held = self.held(person, claim, &Label::of_person(person, &salt), &map.people);
                let number = |access: &OpenAccess| access.number.map(|(number, _)| number);
                if let Some(held) = held
                    && self.complete(person, &all, (map.size, held), number)
                {
                    let (total, counts) = (accesses(held.counts.total()), in_words(&held.counts));
                    let sentence = format!(
                        "this is the complete list of accesses to the things of {person}: {total}, of them {counts}."
                    );
                    self.said.proved.insert(0, sentence);
                }
            }
            // Only an access binds a person to a count: without one, grants that were left out would not be missed.
            (_, None) if all.iter().all(|access| access.index >= map.size) => {
                if !grants.is_empty() {
                    let sentence = format!(
                        "under none of the grants of {person} that stand here was any access counted."
                    );
                    self.said.proved.insert(0, sentence);
                }
                self.said.not_proved.push(format!(
                    "that {person} has no other grants: only a list with an access in it is held to what is counted for a person."
                ));
            }
            _ => self.wrong.push(Wrong::Claim(person.to_owned())),
        }
        let staff = self.opened.staff.len();
        if staff > 0 {
            self.said
                .proved
                .push(format!("acts of staff that stand in the log, numbered without holes: {staff}."));
        }
        self.said
            .not_proved
            .push("that staff did no more: their acts are numbered, and not counted in the map.".to_owned());
        self.so_far(index, &map);
    }

    fn grant(&mut self, grant: &str) {
        let Some((index, map)) = self.map() else { return };
        match self.opened.grants.as_slice() {
            [one] if one.grant == grant => self.one_grant(one, (map.size, map.people)),
            _ => self.wrong.push(Wrong::Stranger("another grant".to_owned())),
        }
        self.so_far(index, &map);
    }

    fn app(&mut self, app: &str) {
        let Some((index, map)) = self.map() else { return };
        let grants = &self.opened.grants;
        for grant in grants {
            if grant.app != app {
                self.wrong.push(Wrong::Stranger(format!("grant {}", grant.grant)));
            }
            self.one_grant(grant, (map.size, map.people));
        }
        let known = self.opened.apps.get(app).filter(|known| known.claims.len() == 1);
        let Some(known) = known else { return self.wrong.push(Wrong::Claim(app.to_owned())) };
        let Some(held) = self.held(app, &known.claims[0], &Label::of_app(app), &map.apps) else { return };
        let mut all: Vec<&OpenAccess> = grants.iter().flat_map(|grant| &grant.accesses).collect();
        all.retain(|access| access.index < map.size);
        all.sort_by_key(|access| access.index);
        let mut computed = Standing::default();
        all.iter().for_each(|access| computed.count(access.record.action, &access.commitment));
        let (counted, listed) = (held.counts.total(), computed.counts.total());
        let (name, counts) = (&known.name, in_words(&held.counts));
        if listed > counted
            || (listed == counted && computed != held)
            || held.counts.lowered_since(&computed.counts).is_some()
        {
            return self.wrong.push(Wrong::TooFew { name: app.to_owned(), counted, listed });
        }
        self.said.proved.insert(0, format!("{name} ({app}) made {counts} in all, over all people."));
        if listed < counted {
            let sentence = format!(
                "of {name}, {} that the map counts and the file does not list: the server says that they were of people who were \
                 erased.",
                accesses(counted - listed)
            );
            self.said.not_proved.push(sentence);
        }
        self.so_far(index, &map);
    }

    /// The growth of the counts of one app or of all between two maps; the earlier one is none at the beginning of the log.
    fn period(&mut self, only: Option<&str>, (from, to): (&str, &str)) {
        let (earlier, (index, later)) = match self.opened.maps.as_slice() {
            [later] => (None, later.clone()),
            [earlier, later] => (Some(earlier.1.clone()), later.clone()),
            _ => return self.wrong.push(Wrong::Maps),
        };
        let begins = earlier
            .as_ref()
            .map_or("the beginning of the log".to_owned(), |map| format!("map {} at {}", map.n, map.at));
        let start = earlier.as_ref().map_or(0, |map| map.size);
        self.said.proved.push(format!(
            "what follows is about the entries {start} to {} of the log, between {begins} and map {} at {}.",
            later.size, later.n, later.at
        ));
        let mut grown = 0;
        for (app, known) in &self.opened.apps {
            let label = Label::of_app(app);
            let roots = earlier.iter().chain([&later]).map(|map| map.apps);
            if known.claims.len() != self.opened.maps.len() || only.is_some_and(|only| only != app) {
                self.wrong.push(Wrong::Claim(app.clone()));
                continue;
            }
            let held: Vec<Standing> = roots
                .zip(known.claims)
                .filter_map(|(root, claim)| self.held(app, claim, &label, &root))
                .collect();
            let (before, after) = match held.as_slice() {
                [after] if earlier.is_none() => (Counts::default(), after.counts),
                [before, after] => (before.counts, after.counts),
                _ => continue,
            };
            if let Some(action) = after.lowered_since(&before) {
                let (earlier, later) = (before.of(action), after.of(action));
                self.wrong.push(Wrong::Lowered { name: app.clone(), action, earlier, later });
                continue;
            }
            let counts = after.since(&before);
            grown += counts.total();
            self.said.proved.push(format!("{} ({app}) made {} in this time.", known.name, in_words(&counts)));
            let (app, name) = (app.clone(), known.name.clone());
            self.said.counted.push(Counted { app, name, grant: None, counts, last_read: None });
        }
        match only {
            Some(app) if !self.opened.apps.contains_key(app) => self.wrong.push(Wrong::Claim(app.to_owned())),
            Some(_) => {}
            None => self.sum((start, later.size), grown),
        }
        if from > to {
            self.wrong.push(Wrong::Maps);
        }
        if later.at.as_str() < to {
            self.said
                .not_proved
                .push(format!("anything of the time from {} to {to}: no map is younger.", later.at));
        }
        if earlier.as_ref().is_some_and(|map| map.at.as_str() > from) {
            self.wrong.push(Wrong::Maps);
        }
        self.so_far(index, &later);
    }

    /// Every access entry of the span is counted for one app.
    fn sum(&mut self, (from, to): (u64, u64), grown: u64) {
        let within = |(index, _): &&(u64, bool)| (from..to).contains(index);
        let there: Vec<_> = self.opened.bundled.iter().filter(within).collect();
        if there.len() as u64 != to - from {
            let why = format!("only {} of them are there", there.len());
            return self.wrong.push(Wrong::Entries { from, to, why });
        }
        let held = there.iter().filter(|(_, access)| *access).count() as u64;
        if held != grown {
            return self.wrong.push(Wrong::Sum { held, counted: grown });
        }
        let sentence = format!(
            "no access is missing there: the log holds {}, and the counts of these apps grew by as many.",
            accesses(held)
        );
        self.said.proved.push(sentence);
    }

    /// How far all of it goes.
    fn so_far(&mut self, index: u64, map: &MapRecord) {
        self.young(map.size);
        let MapRecord { n, at, size, .. } = map;
        self.said.proved.push(format!(
            "the counts are those of map {n}, entry {index} of the log, of {at}; it counts the first {size} entries."
        ));
        for sentence in [
            "what took place after that map; ask for a newer file.",
            "that everyone is shown this same log; that takes witnesses, or comparing checkpoints.",
            "that the server recorded the truth: an access that went around it is in no log.",
            "what an app did afterwards with what it had read.",
        ] {
            self.said.not_proved.push(sentence.to_owned());
        }
    }

    fn receipts(&mut self, receipts: &[Receipt]) {
        let mut listed: BTreeMap<ReceiptName, &OpenAccess> = BTreeMap::new();
        for access in self.opened.grants.iter().flat_map(|grant| &grant.accesses) {
            listed.insert(ReceiptName { grant: access.record.grant.clone(), n: access.record.n }, access);
        }
        let covered = self.opened.maps.last().map(|(_, map)| map.at.clone()).unwrap_or_default();
        for receipt in receipts {
            let name = ReceiptName::of(receipt);
            let known = self.opened.grants.iter().any(|grant| grant.grant == name.grant);
            match listed.get(&name) {
                Some(access) if access.record == receipt.record => {
                    self.said.proved.push(format!(
                        "the receipt of {name} is genuine, and is entry {} of the log.",
                        access.index
                    ));
                }
                Some(_) => self.wrong.push(Found::Fork(name).into()),
                None if known && receipt.record.at <= covered => {
                    let size = self.opened.checkpoint.size;
                    self.wrong.push(Found::ReceiptMissing { name, size }.into());
                }
                None if known => {
                    self.said.look_into.push(format!("{name} is younger than the map; ask for a newer file."))
                }
                None => {
                    self.said.look_into.push(format!("{name} is of a grant that this file is not about."))
                }
            }
        }
    }
}
