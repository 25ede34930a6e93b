//! Trust policies (C2SP tlog-policy): which logs are believed, and whose cosignatures a checkpoint must carry.
//!
//! Invariant: each key counts once, by whatever name and in whatever group it stands; a name is defined before it is used.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointRefused};
use crate::cosignature::CosignerKey;
use crate::note::{Note, NoteRefused, VerifierKey};

/// The most logs, witnesses and groups that a policy may list, of each.
pub const LISTED_MAX: usize = 32;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The logs that are believed.
    pub logs: Vec<PolicyLog>,
    /// The witnesses that are known.
    pub witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    quorum: Quorum,
}

/// A log in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key; the name of the key is the origin of the log.
    pub key: VerifierKey,
    /// Where to reach it, if the policy says.
    pub url: Option<String>,
}

/// A witness in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its key.
    pub key: CosignerKey,
    /// Where it takes checkpoints, if the policy says.
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    needed: usize,
    members: Vec<Member>,
}

/// A witness or a group, by its place in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Member {
    Witness(usize),
    Group(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quorum {
    /// No cosignature is needed.
    Nobody,
    /// This one.
    Needs(Member),
}

/// Why a text is no policy: the line, from 1, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {why}")]
pub struct PolicyInvalid {
    /// Which line.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

/// Why a checkpoint is not enough for a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefused {
    /// No log of the policy signed it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointRefused),
    /// A signature in the name of a witness is bad.
    #[error(transparent)]
    False(#[from] NoteRefused),
    /// Too few witnesses cosigned it.
    #[error("too few witnesses cosigned it: {cosigned}, and the policy asks for more")]
    TooFew {
        /// Who did.
        cosigned: Cosigners,
    },
}

/// Who cosigned a checkpoint, with the time of each, in the order of the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cosigners(pub Vec<(String, u64)>);

impl fmt::Display for Cosigners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { f.write_str("none did") } else { f.write_str(&names.join(", ")) }
    }
}

impl Policy {
    /// Reads a policy file.
    pub fn parse(file: &[u8]) -> Result<Self, PolicyInvalid> {
        let mut reader = Reader::default();
        let mut lines = 0;
        for (line, bytes) in (1..).zip(file.strip_suffix(b"\n").unwrap_or(file).split(|byte| *byte == b'\n'))
        {
            lines = line;
            reader.line(bytes).map_err(|why| PolicyInvalid { line, why })?;
        }
        let Reader { logs, witnesses, groups, quorum, .. } = reader;
        let quorum = quorum.ok_or_else(|| PolicyInvalid {
            line: lines,
            why: "no line says the quorum: add `quorum` and a name, or `quorum none`".to_owned(),
        })?;
        Ok(Self { logs, witnesses, groups, quorum })
    }

    /// The policy that `needed` of these witnesses must have cosigned. `None` where they are not so many, too many, or one
    /// key twice.
    pub fn k_of_n(witnesses: Vec<PolicyWitness>, needed: usize) -> Option<Self> {
        let keys: HashSet<&[u8; 32]> = witnesses.iter().map(|witness| witness.key.bytes()).collect();
        if keys.len() != witnesses.len() || witnesses.len() > LISTED_MAX || needed > witnesses.len() {
            return None;
        }
        let members = (0..witnesses.len()).map(Member::Witness).collect();
        let (groups, quorum) = match needed {
            0 => (Vec::new(), Quorum::Nobody),
            _ => (vec![Group { needed, members }], Quorum::Needs(Member::Group(0))),
        };
        Some(Self { logs: Vec::new(), witnesses, groups, quorum })
    }

    /// The keys of its logs.
    pub fn log_keys(&self) -> Vec<VerifierKey> {
        self.logs.iter().map(|log| log.key.clone()).collect()
    }

    /// Whether it asks for any cosignature.
    pub fn needs_witnesses(&self) -> bool {
        self.quorum != Quorum::Nobody
    }

    /// Whether witnesses cosigned this note as the policy asks, and who did. The log's own signature is not looked at.
    pub fn cosigned(&self, note: &Note) -> Result<Cosigners, PolicyRefused> {
        let times: Vec<Option<u64>> =
            self.witnesses.iter().map(|witness| witness.key.cosigned(note)).collect::<Result<_, _>>()?;
        let cosigners = self.witnesses.iter().zip(&times);
        let cosigned =
            cosigners.filter_map(|(witness, time)| Some((witness.key.name().to_owned(), (*time)?)));
        let cosigned = Cosigners(cosigned.collect());
        let enough = match self.quorum {
            Quorum::Nobody => true,
            Quorum::Needs(member) => self.has(member, &times),
        };
        if enough { Ok(cosigned) } else { Err(PolicyRefused::TooFew { cosigned }) }
    }

    /// Reads a checkpoint that a log of the policy must have signed, and witnesses as it asks.
    pub fn open(&self, note: &[u8]) -> Result<(Checkpoint, Cosigners), PolicyRefused> {
        let checkpoint = Checkpoint::open(note, &self.log_keys())?;
        Ok((checkpoint, self.cosigned(&Note::parse(note)?)?))
    }

    /// Members were defined before their group, so this ends.
    fn has(&self, member: Member, times: &[Option<u64>]) -> bool {
        match member {
            Member::Witness(place) => times[place].is_some(),
            Member::Group(place) => {
                let Group { needed, members } = &self.groups[place];
                members.iter().filter(|member| self.has(**member, times)).count() >= *needed
            }
        }
    }
}

/// What was read so far. Names are octets, whatever they are meant to spell.
#[derive(Default)]
struct Reader {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    quorum: Option<Quorum>,
    names: HashMap<Vec<u8>, Member>,
    used: HashSet<Member>,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        if line.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
            return Err("it holds a control character other than a tab".to_owned());
        }
        let items = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty());
        let items: Vec<&[u8]> = items.collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key, url @ ..] if url.len() < 2 => self.log(key, url),
            [b"witness", name, key, url @ ..] if url.len() < 2 => self.witness(name, key, url),
            [b"group", name, needed, members @ ..] if !members.is_empty() => {
                self.group(name, needed, members)
            }
            [b"quorum", name] => self.quorum(name),
            _ => {
                Err("write `log key [url]`, `witness name key [url]`, `group name all|any|number name…` or \
                      `quorum name`"
                    .to_owned())
            }
        }
    }

    fn log(&mut self, key: &[u8], url: &[&[u8]]) -> Result<(), String> {
        let key: VerifierKey = text(key)?.parse().map_err(|why| format!("{why}"))?;
        if self.logs.iter().any(|log| log.key.bytes() == key.bytes()) {
            return Err("this log's key stands in an earlier line".to_owned());
        }
        room(self.logs.len(), "logs")?;
        self.logs.push(PolicyLog { key, url: address(url)? });
        Ok(())
    }

    fn witness(&mut self, name: &[u8], key: &[u8], url: &[&[u8]]) -> Result<(), String> {
        let key: CosignerKey = text(key)?.parse().map_err(|why| format!("{why}"))?;
        if self.witnesses.iter().any(|witness| witness.key.bytes() == key.bytes()) {
            return Err("this witness's key stands in an earlier line".to_owned());
        }
        room(self.witnesses.len(), "witnesses")?;
        self.define(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(PolicyWitness { key, url: address(url)? });
        Ok(())
    }

    fn group(&mut self, name: &[u8], needed: &[u8], names: &[&[u8]]) -> Result<(), String> {
        room(self.groups.len(), "groups")?;
        let members = names.iter().map(|name| self.named(name)).collect::<Result<Vec<_>, _>>()?;
        for (member, name) in members.iter().zip(names) {
            if !self.used.insert(*member) {
                let name = String::from_utf8_lossy(name);
                return Err(format!("{name:?} is in a group already, and would count twice"));
            }
        }
        let needed = match needed {
            b"all" => members.len(),
            b"any" => 1,
            number => std::str::from_utf8(number)
                .ok()
                .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|number| number.parse().ok())
                .filter(|number| (1..=members.len()).contains(number))
                .ok_or("a group needs `all`, `any`, or a number from 1 to that of its members")?,
        };
        self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { needed, members });
        Ok(())
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), String> {
        let quorum = if name == b"none" { Quorum::Nobody } else { Quorum::Needs(self.named(name)?) };
        match self.quorum.replace(quorum) {
            None => Ok(()),
            Some(_) => Err("an earlier line says the quorum".to_owned()),
        }
    }

    fn define(&mut self, name: &[u8], member: Member) -> Result<(), String> {
        if name == b"none" || self.names.insert(name.to_vec(), member).is_some() {
            return Err(format!("the name {:?} is taken", String::from_utf8_lossy(name)));
        }
        Ok(())
    }

    fn named(&self, name: &[u8]) -> Result<Member, String> {
        let known = self.names.get(name).copied();
        known.ok_or_else(|| format!("no line before defines {:?}", String::from_utf8_lossy(name)))
    }
}

fn room(listed: usize, what: &str) -> Result<(), String> {
    if listed < LISTED_MAX { Ok(()) } else { Err(format!("it lists more than {LISTED_MAX} {what}")) }
}

fn text(octets: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(octets).map_err(|_| "it is not UTF-8".to_owned())
}

fn address(url: &[&[u8]]) -> Result<Option<String>, String> {
    url.first().map(|url| text(url).map(str::to_owned)).transpose()
}
