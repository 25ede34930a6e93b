//! A small server in memory: two apps, two people, their grants and accesses, the log and its maps; and the evidence that
//! such a server hands out.
//!
//! Invariant: what is honest is made here; tests change it afterwards.

use std::collections::{BTreeMap, BTreeSet};

use ledger::canonical::CanonicalJson;
use ledger::checkpoint::Checkpoint;
use ledger::commitment::{Salt, SaltKey, commit_access, commit_grant, commit_staff};
use ledger::entry::Entry;
use ledger::evidence::{
    About, AppEvidence, Claim, Committed, Evidence, EvidenceFile, Extends, FORMAT, GrantEvidence, Held,
    InTheClear,
};
use ledger::hash::Hash;
use ledger::map::{Label, Leaf, MapRecord, Standing, prove_among, root_of};
use ledger::proof::TreeHashes;
use ledger::record::{
    AccessRecord, Action, AppEvent, AppRecord, GrantActor, GrantEvent, GrantRecord, Outcome, StaffAct,
    StaffRecord,
};
use ledger::tile::{Shelf, shelf_tile};
use serde_json::json;

use crate::example::{key, signer};
use crate::log::MemoryLog;

pub(crate) const JUKEBOX: &str = "app_jukebox";
pub(crate) const MARQUEE: &str = "app_marquee";
pub(crate) const ADA: &str = "per_ada";
pub(crate) const BEN: &str = "per_ben";

struct Grant {
    app: &'static str,
    person: &'static str,
    key: SaltKey,
    changes: Vec<Committed>,
    accesses: Vec<(AccessRecord, Committed)>,
}

/// The maps as of one map entry: what each label holds.
#[derive(Clone)]
struct Map {
    index: u64,
    record: MapRecord,
    apps: BTreeMap<&'static str, Standing>,
    grants: BTreeMap<&'static str, Standing>,
    people: BTreeMap<&'static str, Standing>,
}

/// The server.
pub(crate) struct Scene {
    pub(crate) log: MemoryLog,
    minute: u64,
    people: BTreeMap<&'static str, SaltKey>,
    registered: BTreeMap<&'static str, InTheClear>,
    grants: BTreeMap<&'static str, Grant>,
    counted: Map,
    maps: Vec<Map>,
    staff: Vec<Committed>,
}

fn salt_key(byte: u8) -> SaltKey {
    SaltKey([byte; 32])
}

fn blind(app: &str) -> Salt {
    Salt([app.len() as u8; 32])
}

impl Scene {
    /// Ada let both apps in, and Ben one of them, which they used; three maps were made, the second after most of it.
    pub(crate) fn new() -> Self {
        let nothing = MapRecord {
            app_labels: 0,
            apps: root_of(&[]),
            at: String::new(),
            n: 0,
            people: root_of(&[]),
            people_labels: 0,
            size: 0,
        };
        let counted = Map {
            index: 0,
            record: nothing,
            apps: BTreeMap::new(),
            grants: BTreeMap::new(),
            people: BTreeMap::new(),
        };
        let mut scene = Self {
            log: MemoryLog::default(),
            minute: 0,
            people: [(ADA, salt_key(1)), (BEN, salt_key(2))].into(),
            registered: BTreeMap::new(),
            grants: BTreeMap::new(),
            counted,
            maps: Vec::new(),
            staff: Vec::new(),
        };
        scene.register(JUKEBOX, "Jukebox");
        scene.register(MARQUEE, "Marquee");
        scene.give("gra_a", ADA, JUKEBOX, 11);
        scene.give("gra_b", BEN, JUKEBOX, 12);
        scene.give("gra_c", ADA, MARQUEE, 13);
        for action in [Action::List, Action::Read, Action::Read, Action::Send] {
            scene.act("gra_a", action);
        }
        scene.act("gra_b", Action::Read);
        scene.map();
        scene.act("gra_c", Action::List);
        scene.act("gra_a", Action::Delete);
        scene.look_by_staff("a court asked");
        scene.map();
        scene.act("gra_c", Action::List);
        scene.map();
        scene
    }

    fn append(&mut self, entry: &Entry<'_>) -> u64 {
        self.minute += 1;
        self.log.append(&[entry.to_bytes()]);
        self.log.size - 1
    }

    pub(crate) fn now(&self) -> String {
        format!("2026-11-23T{:02}:{:02}:00.000000Z", 12 + self.minute / 60, self.minute % 60)
    }

    fn register(&mut self, app: &'static str, name: &str) {
        let terms = CanonicalJson::of(&json!({"name": name, "partner": "Ltd"})).expect("good JSON");
        let (at, what) = (self.now(), AppEvent::Registered);
        let record = AppRecord { app: app.to_owned(), what, at, terms: Some(terms), why: None };
        let json = record.render().expect("a good record");
        let index = self.append(&Entry::App(json.clone()));
        self.registered.insert(app, InTheClear { index, record: json.to_string() });
    }

    pub(crate) fn give(&mut self, grant: &'static str, person: &'static str, app: &'static str, key: u8) {
        let key = salt_key(key);
        let record = GrantRecord {
            grant: grant.to_owned(),
            n: 1,
            app: app.to_owned(),
            what: GrantEvent::Given,
            by: GrantActor::Person,
            at: self.now(),
            terms: None,
        };
        let salt = key.grant(1);
        let commitment = commit_grant(&record, &salt).expect("a good record");
        let index = self.append(&Entry::Grant(commitment));
        let record = record.render().expect("a good record");
        let changes = vec![Committed { index, commitment, record, salt, seal: None, opening: None }];
        self.grants.insert(grant, Grant { app, person, key, changes, accesses: Vec::new() });
    }

    pub(crate) fn act(&mut self, grant: &'static str, action: Action) {
        let at = self.now();
        let given = &self.grants[grant];
        let p = 1 + self
            .grants
            .values()
            .filter(|other| other.person == given.person)
            .map(|g| g.accesses.len() as u64)
            .sum::<u64>();
        let n = given.accesses.len() as u64 + 1;
        let in_one = action != Action::List;
        let record = AccessRecord {
            grant: grant.to_owned(),
            n,
            app: given.app.to_owned(),
            action,
            conversation: in_one.then(|| "con_one".to_owned()),
            first_seq: in_one.then_some(1),
            last_seq: in_one.then_some(2),
            count: 2,
            withheld: 0,
            at,
            outcome: Outcome::Done,
        };
        let (salt, opening) = (given.key.access(n), self.people[given.person].person(p));
        let seal = opening.seal();
        let commitment = commit_access(&record, &salt, &seal).expect("a good record");
        let (app, person) = (given.app, given.person);
        let index = self.append(&Entry::Access(commitment));
        let text = record.render().expect("a good record");
        let committed =
            Committed { index, commitment, record: text, salt, seal: Some(seal), opening: Some(opening) };
        self.grants.get_mut(grant).expect("given").accesses.push((record, committed));
        for (standings, of) in [
            (&mut self.counted.apps, app),
            (&mut self.counted.grants, grant),
            (&mut self.counted.people, person),
        ] {
            standings.entry(of).or_default().count(action, &commitment);
        }
    }

    fn look_by_staff(&mut self, why: &str) {
        let n = self.staff.len() as u64 + 1;
        let record = StaffRecord {
            person: ADA.to_owned(),
            n,
            what: StaffAct::Export,
            why: why.to_owned(),
            at: self.now(),
        };
        let salt = self.people[ADA].staff(n);
        let commitment = commit_staff(&record, &salt).expect("a good record");
        let index = self.append(&Entry::Staff(commitment));
        let record = record.render().expect("a good record");
        self.staff.push(Committed { index, commitment, record, salt, seal: None, opening: None });
    }

    /// Puts a map into the log, as it is counted or as a test has it.
    pub(crate) fn map(&mut self) {
        let mut map = self.counted.clone();
        map.record = MapRecord {
            app_labels: map.apps.len() as u64,
            apps: root_of(&self.app_leaves(&map)),
            at: self.now(),
            n: self.maps.len() as u64 + 1,
            people: root_of(&self.people_leaves(&map)),
            people_labels: (map.grants.len() + map.people.len()) as u64,
            size: self.log.size,
        };
        map.index = self.append(&Entry::Map(map.record.render().expect("a good record")));
        self.maps.push(map);
    }

    /// Has the server count otherwise from now on.
    pub(crate) fn miscount(&mut self, change: impl Fn(&mut BTreeMap<&'static str, Standing>)) {
        change(&mut self.counted.apps);
        change(&mut self.counted.grants);
        change(&mut self.counted.people);
    }

    fn app_leaves(&self, map: &Map) -> Vec<Leaf> {
        let leaf = |(app, standing): (&&str, &Standing)| Leaf {
            label: Label::of_app(app),
            value: standing.value(&blind(app)),
        };
        sorted(map.apps.iter().map(leaf).collect())
    }

    fn people_leaves(&self, map: &Map) -> Vec<Leaf> {
        let grants = map.grants.iter().map(|(grant, standing)| {
            let key = &self.grants[grant].key;
            Leaf { label: Label::of_grant(&key.grant(1)), value: standing.value(&key.map()) }
        });
        let people = map.people.iter().map(|(person, standing)| {
            let key = &self.people[person];
            Leaf { label: Label::of_person(person, &key.person(1).salt), value: standing.value(&key.map()) }
        });
        sorted(grants.chain(people).collect())
    }

    fn claim(leaves: &[Leaf], label: &Label, standing: Option<&Standing>, blind: Salt) -> Claim {
        let held = standing.map(|Standing { counts, head }| Held { counts: *counts, head: *head, blind });
        Claim { held, proof: prove_among(leaves, label) }
    }

    fn app_claim(&self, map: &Map, app: &str) -> Claim {
        Self::claim(&self.app_leaves(map), &Label::of_app(app), map.apps.get(app), blind(app))
    }

    fn grant_evidence(&self, grant: &str, opened: bool) -> GrantEvidence {
        let map = self.maps.last().expect("a map");
        let given = &self.grants[grant];
        let label = Label::of_grant(&given.key.grant(1));
        let claim = Self::claim(&self.people_leaves(map), &label, map.grants.get(grant), given.key.map());
        let hide = |(_, committed): &(AccessRecord, Committed)| Committed {
            seal: committed.seal.filter(|_| !opened),
            opening: committed.opening.filter(|_| opened),
            ..committed.clone()
        };
        GrantEvidence {
            changes: given.changes.clone(),
            accesses: given.accesses.iter().map(hide).collect(),
            claim,
        }
    }

    pub(crate) fn of_person(&self, person: &'static str) -> EvidenceFile {
        let map = self.maps.last().expect("a map");
        let mine = self.grants.iter().filter(|(_, grant)| grant.person == person);
        let grants: Vec<_> = mine.map(|(grant, _)| self.grant_evidence(grant, true)).collect();
        let key = &self.people[person];
        let label = Label::of_person(person, &key.person(1).salt);
        let claim = map.people.get(person);
        let claim = claim.map(|held| Self::claim(&self.people_leaves(map), &label, Some(held), key.map()));
        let staff = if person == ADA { self.staff.clone() } else { Vec::new() };
        self.file(About::Person(person.to_owned()), &[map], grants, claim, staff)
    }

    /// A file that a liar makes: it leaves out all of the person's grants, and with them every access.
    pub(crate) fn hiding_all(&self, person: &str) -> EvidenceFile {
        let map = self.maps.last().expect("a map");
        self.file(About::Person(person.to_owned()), &[map], Vec::new(), None, Vec::new())
    }

    pub(crate) fn of_grant(&self, grant: &'static str) -> EvidenceFile {
        let map = self.maps.last().expect("a map");
        let grants = vec![self.grant_evidence(grant, true)];
        self.file(About::Grant(grant.to_owned()), &[map], grants, None, Vec::new())
    }

    pub(crate) fn of_app(&self, app: &'static str) -> EvidenceFile {
        let map = self.maps.last().expect("a map");
        let mine = self.grants.iter().filter(|(_, grant)| grant.app == app);
        let grants: Vec<_> = mine.map(|(grant, _)| self.grant_evidence(grant, false)).collect();
        let mut file = self.file(About::App(app.to_owned()), &[map], grants, None, Vec::new());
        file.evidence.apps[0].claims = vec![self.app_claim(map, app)];
        file
    }

    /// The growth from one map to another, of all apps or of one.
    pub(crate) fn between(&self, from: usize, to: usize, only: Option<&'static str>) -> EvidenceFile {
        let (earlier, later) = (&self.maps[from], &self.maps[to]);
        let (start, end) = (earlier.record.at.clone(), later.record.at.clone());
        let about = match only {
            None => About::Period { from: start, to: end },
            Some(app) => About::Count { app: app.to_owned(), from: start, to: end },
        };
        let mut file = self.file(about, &[earlier, later], Vec::new(), None, Vec::new());
        let apps: Vec<&str> = only.map_or(self.registered.keys().copied().collect(), |app| vec![app]);
        file.evidence.apps = apps
            .iter()
            .map(|app| AppEvidence {
                registered: self.registered[app].clone(),
                claims: [earlier, later].map(|map| self.app_claim(map, app)).to_vec(),
            })
            .collect();
        if only.is_none() {
            let path = shelf_tile(Shelf::Entries, earlier.record.size, self.log.size).expect("there");
            file.bundles.insert(path.to_string(), self.log.files[&path.to_string()].clone());
        }
        self.seal(file)
    }

    fn file(
        &self,
        about: About,
        maps: &[&Map],
        grants: Vec<GrantEvidence>,
        person: Option<Claim>,
        staff: Vec<Committed>,
    ) -> EvidenceFile {
        let apps: BTreeSet<String> = grants
            .iter()
            .map(|grant| GrantRecord::parse(&grant.changes[0].record).expect("own record").app)
            .collect();
        let app = |app: &String| AppEvidence {
            registered: self.registered[app.as_str()].clone(),
            claims: Vec::new(),
        };
        let map = |map: &&Map| InTheClear {
            index: map.index,
            record: map.record.render().expect("a good record").to_string(),
        };
        let evidence = Evidence {
            format: FORMAT.to_owned(),
            about,
            server: "https://waxseal.example".to_owned(),
            made_at: self.now(),
            tree: Vec::new(),
            since: None,
            maps: maps.iter().map(map).collect(),
            apps: apps.iter().map(app).collect(),
            grants,
            person,
            staff,
        };
        let file = EvidenceFile {
            evidence,
            checkpoint: String::new(),
            key: key().public().to_string(),
            bundles: BTreeMap::new(),
        };
        self.seal(file)
    }

    /// Makes the proof of the tree anew, for whatever stands in the file, and signs the log as it is.
    pub(crate) fn seal(&self, mut file: EvidenceFile) -> EvidenceFile {
        let evidence = &file.evidence;
        let clear = evidence.maps.iter().chain(evidence.apps.iter().map(|app| &app.registered));
        let mut indexes: BTreeSet<u64> = clear.map(|clear| clear.index).collect();
        let grants = evidence.grants.iter().flat_map(|grant| grant.changes.iter().chain(&grant.accesses));
        indexes.extend(grants.chain(&evidence.staff).map(|committed| committed.index));
        for path in file.bundles.keys() {
            let path: ledger::tile::TilePath = path.parse().expect("a path");
            indexes.extend((path.index() * 256..).take(path.width()));
        }
        let mut log = self.log.clone();
        let size = log.size;
        file.evidence.tree = TreeHashes::new(size, &mut log).prove_many(&indexes).expect("own tiles");
        file.checkpoint = signed(size, log.root());
        file
    }

    /// The checkpoint of the first so many entries, and the proof from there.
    pub(crate) fn kept(&self, size: u64) -> (String, Extends) {
        let mut log = self.log.clone();
        let hashes = TreeHashes::new(log.size, &mut log).prove_consistency(size).expect("smaller");
        let mut early = MemoryLog::default();
        let bundle =
            &self.log.files[&shelf_tile(Shelf::Entries, 0, self.log.size).expect("there").to_string()];
        let entries: Vec<Vec<u8>> = ledger::bundle::entries(bundle)
            .take(size as usize)
            .map(|entry| entry.expect("whole").to_vec())
            .collect();
        early.append(&entries);
        (signed(size, early.root()), Extends { size, hashes })
    }

    pub(crate) fn receipt(&self, grant: &str, n: usize) -> String {
        let (record, committed) = &self.grants[grant].accesses[n - 1];
        signer().sign(record, &committed.salt, &committed.seal.expect("an access")).expect("a good record")
    }

    pub(crate) fn access(&self, grant: &str, n: usize) -> (AccessRecord, Committed) {
        self.grants[grant].accesses[n - 1].clone()
    }
}

fn sorted(mut leaves: Vec<Leaf>) -> Vec<Leaf> {
    leaves.sort_by_key(|leaf| leaf.label);
    leaves
}

pub(crate) fn signed(size: u64, root: Hash) -> String {
    Checkpoint::sign(size, root, &key()).expect("a good text").to_string()
}
