//! Opens an evidence file: its records from their commitments, and all of it under the signed head of the log.
//!
//! Invariant: what stands in an [`Opened`] is in the log that the checkpoint signs, each record at the index that it names. What is
//! wrong is all told, not only what is met first.

use std::collections::BTreeMap;

use crate::bundle;
use crate::canonical::CanonicalJson;
use crate::checkpoint::Checkpoint;
use crate::commitment::{Commitment, Salt, commit_access, commit_grant, commit_staff};
use crate::earlier::compare_heads;
use crate::entry::Entry;
use crate::evidence::{About, Claim, Committed, EvidenceFile, GrantEvidence, InTheClear};
use crate::found::Found;
use crate::hash::{Hash, leaf_hash};
use crate::map::{Label, MapRecord};
use crate::note::{Note, SignatureLine, VerifierKey};
use crate::proof::{root_with_many, verify_consistency};
use crate::record::{AccessRecord, AppRecord, GrantEvent, GrantRecord, RecordInvalid, StaffRecord};
use crate::tile::{TILE_WIDTH, TilePath};
use crate::verdict::Wrong;

/// A file whose records are what the log committed to.
pub(crate) struct Opened<'f> {
    pub(crate) file: &'f EvidenceFile,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) signers: Vec<String>,
    pub(crate) since: Option<u64>,
    pub(crate) maps: Vec<(u64, MapRecord)>,
    pub(crate) apps: BTreeMap<String, OpenApp<'f>>,
    pub(crate) grants: Vec<OpenGrant<'f>>,
    pub(crate) staff: Vec<StaffRecord>,
    /// The indexes of the access entries in the bundles that the file holds, and which entries those are.
    pub(crate) bundled: Vec<(u64, bool)>,
    leaves: BTreeMap<u64, Hash>,
    pub(crate) wrong: Vec<Wrong>,
}

pub(crate) struct OpenApp<'f> {
    /// Its name, as its registration has it.
    pub(crate) name: String,
    pub(crate) claims: &'f [Claim],
}

pub(crate) struct OpenGrant<'f> {
    pub(crate) grant: String,
    pub(crate) app: String,
    pub(crate) given_at: String,
    pub(crate) label: Label,
    pub(crate) accesses: Vec<OpenAccess>,
    pub(crate) claim: &'f Claim,
}

pub(crate) struct OpenAccess {
    pub(crate) index: u64,
    pub(crate) record: AccessRecord,
    pub(crate) commitment: Commitment,
    /// Its number among all accesses to the person's things, and what hides it.
    pub(crate) number: Option<(u64, Salt)>,
}

impl<'f> Opened<'f> {
    /// Opens all of it; [`Opened::wrong`] has what does not hold.
    pub(crate) fn open(
        file: &'f EvidenceFile,
        keys: &[VerifierKey],
        since: Option<&[u8]>,
    ) -> Result<Self, Wrong> {
        let checkpoint = Checkpoint::open(file.checkpoint.as_bytes(), keys).map_err(Found::Checkpoint)?;
        let note = Note::parse(file.checkpoint.as_bytes()).map_err(|why| Found::Checkpoint(why.into()))?;
        let known = |line: &SignatureLine| keys.iter().map(VerifierKey::id).find(|id| *id == line.key());
        let signers = note.signatures().iter().filter_map(known).collect();
        let mut opened = Self {
            file,
            checkpoint,
            signers,
            since: None,
            maps: Vec::new(),
            apps: BTreeMap::new(),
            grants: Vec::new(),
            staff: Vec::new(),
            bundled: Vec::new(),
            leaves: BTreeMap::new(),
            wrong: Vec::new(),
        };
        if let Some(note) = since {
            let done = opened.extends(note, keys);
            opened.note(done);
        }
        opened.maps();
        opened.apps();
        for grant in &file.evidence.grants {
            let done = opened.grant(grant).map(|grant| opened.grants.push(grant));
            opened.note(done);
        }
        for (act, n) in file.evidence.staff.iter().zip(1..) {
            let done = opened.staff(act, n);
            opened.note(done);
        }
        opened.bundles();
        opened.tree();
        Ok(opened)
    }

    fn note(&mut self, done: Result<(), Wrong>) {
        self.wrong.extend(done.err());
    }

    fn extends(&mut self, note: &[u8], keys: &[VerifierKey]) -> Result<(), Wrong> {
        let earlier = Checkpoint::open(note, keys).map_err(Found::EarlierCheckpoint)?;
        compare_heads(&earlier, &self.checkpoint)?;
        let (size, now) = (earlier.size, &self.checkpoint);
        if size != now.size && size != 0 {
            let missing = "it holds no proof from there; ask for one that does";
            let given = self.file.evidence.since.as_ref().filter(|given| given.size == size);
            let given = given.ok_or(Wrong::Extends(size, missing))?;
            verify_consistency(size, earlier.root, now.size, now.root, &given.hashes)
                .map_err(|_| Wrong::Extends(size, "the proof in it is false, so history was rewritten"))?;
        }
        self.since = Some(size);
        Ok(())
    }

    /// Claims a place in the log for an entry.
    fn place(&mut self, index: u64, entry: &Entry<'_>) {
        self.place_leaf(index, entry.leaf_hash());
    }

    fn place_leaf(&mut self, index: u64, leaf: Hash) {
        if self.leaves.insert(index, leaf).is_some_and(|other| other != leaf) {
            self.wrong.push(Wrong::OnePlace(index));
        }
    }

    fn maps(&mut self) {
        let mut least = 0;
        for InTheClear { index, record } in &self.file.evidence.maps {
            let what = || format!("the map at {index}");
            let opened = MapRecord::parse(record).and_then(|map| Ok((map, CanonicalJson::parse(record)?)));
            let (map, json) = match opened {
                Ok(opened) => opened,
                Err(why) => return self.wrong.push(no_record(what(), &why)),
            };
            self.place(*index, &Entry::Map(json));
            if map.size > *index
                || map.size < least
                || self.maps.last().is_some_and(|(_, last)| last.n >= map.n)
            {
                self.wrong.push(Wrong::Maps);
            }
            least = map.size;
            self.maps.push((*index, map));
        }
    }

    fn apps(&mut self) {
        for app in &self.file.evidence.apps {
            let InTheClear { index, record } = &app.registered;
            let what = || format!("the registration at {index}");
            let opened = AppRecord::parse(record).and_then(|app| Ok((app, CanonicalJson::parse(record)?)));
            let (registered, json) = match opened {
                Ok(opened) => opened,
                Err(why) => return self.wrong.push(no_record(what(), &why)),
            };
            self.place(*index, &Entry::App(json));
            let name = registered.terms.as_ref().and_then(|terms| {
                let terms: serde_json::Value = serde_json::from_str(terms.as_str()).ok()?;
                terms.get("name")?.as_str().map(str::to_owned)
            });
            let name = name.unwrap_or_else(|| "an app without a name".to_owned());
            let other = self.apps.insert(registered.app, OpenApp { name, claims: &app.claims });
            if other.is_some() {
                self.wrong.push(Wrong::Stranger(what()));
            }
        }
    }

    /// A record that was committed to: it must be the one that the stated commitment, which stands in the log, is made of.
    fn committed(
        &mut self,
        what: String,
        committed: &Committed,
        entry: impl FnOnce(Commitment) -> Entry<'static>,
        computed: Result<Commitment, RecordInvalid>,
    ) -> Result<(), Wrong> {
        self.place(committed.index, &entry(committed.commitment));
        match computed {
            Ok(computed) if computed == committed.commitment => Ok(()),
            Ok(_) => Err(Wrong::Opening(what)),
            Err(why) => Err(no_record(what, &why)),
        }
    }

    fn grant(&mut self, given: &'f GrantEvidence) -> Result<OpenGrant<'f>, Wrong> {
        let mut first: Option<(GrantRecord, Label)> = None;
        for (change, n) in given.changes.iter().zip(1..) {
            let what = || format!("change {n} of a grant, at {},", change.index);
            let record = GrantRecord::parse(&change.record).map_err(|why| no_record(what(), &why))?;
            self.committed(what(), change, Entry::Grant, commit_grant(&record, &change.salt))?;
            match &first {
                None if record.n == 1 && record.what == GrantEvent::Given => {
                    first = Some((record, Label::of_grant(&change.salt)));
                }
                Some((first, _)) if record.grant == first.grant && record.n == n => {}
                _ => return Err(Wrong::Stranger(what())),
            }
        }
        let (first, label) =
            first.ok_or_else(|| Wrong::Stranger("a grant without its beginning".to_owned()))?;
        let mut accesses: Vec<OpenAccess> = Vec::with_capacity(given.accesses.len());
        for access in &given.accesses {
            let opened = self.access(access, &first);
            match opened {
                Ok(access) => accesses.push(access),
                Err(wrong) => self.wrong.push(wrong),
            }
        }
        accesses.sort_by_key(|access| access.index);
        let GrantRecord { grant, app, at, .. } = first;
        Ok(OpenGrant { grant, app, given_at: at, label, accesses, claim: &given.claim })
    }

    fn access(&mut self, access: &Committed, grant: &GrantRecord) -> Result<OpenAccess, Wrong> {
        let what = || format!("an access under {}, at {},", grant.grant, access.index);
        let record = AccessRecord::parse(&access.record).map_err(|why| no_record(what(), &why))?;
        let what = format!("access {} of grant {}", record.n, record.grant);
        let seal = access.opening.as_ref().map(crate::commitment::Opening::seal);
        let seal = match (seal, access.seal) {
            (Some(opened), Some(stated)) if opened != stated => return Err(Wrong::Opening(what)),
            (opened, stated) => opened.or(stated),
        };
        let seal = seal.ok_or_else(|| Wrong::Opening(what.clone()))?;
        let computed = commit_access(&record, &access.salt, &seal);
        self.committed(what.clone(), access, Entry::Access, computed)?;
        if record.grant != grant.grant || record.app != grant.app {
            return Err(Wrong::Stranger(what));
        }
        let number = access.opening.map(|opening| (opening.p, opening.salt));
        Ok(OpenAccess { index: access.index, commitment: access.commitment, record, number })
    }

    fn staff(&mut self, act: &Committed, n: u64) -> Result<(), Wrong> {
        let what = || format!("act of staff {n}");
        let record = StaffRecord::parse(&act.record).map_err(|why| no_record(what(), &why))?;
        self.committed(what(), act, Entry::Staff, commit_staff(&record, &act.salt))?;
        let mine = match &self.file.evidence.about {
            About::Person(person) => *person == record.person,
            _ => false,
        };
        if !mine || record.n != n {
            return Err(Wrong::Stranger(what()));
        }
        self.staff.push(record);
        Ok(())
    }

    fn bundles(&mut self) {
        for (path, bytes) in &self.file.bundles {
            let Some(place) =
                path.parse::<TilePath>().ok().filter(|place| place.is_within(self.checkpoint.size))
            else {
                self.wrong.push(Wrong::Stranger(path.clone()));
                continue;
            };
            let from = place.index() * TILE_WIDTH as u64;
            let to = from + place.width() as u64;
            let mut index = from;
            for entry in bundle::entries(bytes).map_while(|entry| entry) {
                self.place_leaf(index, leaf_hash(entry));
                self.bundled.push((index, matches!(Entry::parse(entry), Ok(Entry::Access(_)))));
                index += 1;
            }
            if index != to {
                let why = format!("{path} holds {} whole entries", index - from);
                self.wrong.push(Wrong::Entries { from, to, why });
            }
        }
        self.bundled.sort_unstable();
    }

    fn tree(&mut self) {
        let Checkpoint { size, root, .. } = &self.checkpoint;
        let computed = root_with_many(*size, &self.leaves, &self.file.evidence.tree);
        if computed != Ok(*root) {
            self.wrong.push(Wrong::Tree);
        }
    }
}

fn no_record(what: String, why: &RecordInvalid) -> Wrong {
    Wrong::Record { what, why: why.to_string() }
}
