//! Evidence files: one zip that shows, offline, what was done to a person's things, by an app, or in a time.
//!
//! Invariant: a file holds what its holder is entitled to and nothing more: salts of a person's records for that person, of a
//! grant's for its app, none for anyone else. What it claims is worth nothing until [`crate::evidence_check::check`] has seen it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::commitment::{Commitment, Opening, Salt, Seal};
use crate::hash::Hash;
use crate::map::{Counts, MapProof};
use crate::zip::{self, Zip, ZipRefused};

/// What the first member says that it is.
pub const FORMAT: &str = "waxseal evidence v1";

/// The member with everything but the log's own files.
const DOCUMENT: &str = "evidence.json";
/// The newest signed checkpoint.
const CHECKPOINT: &str = "checkpoint";
/// The verifier key, as the server gives it.
const KEY: &str = "key";

const README: &str = "\
This is evidence from a Waxseal server. It can be checked on any computer, without a network, with the key of the log. One
stands in this file, under \"key\"; it proves something only if you know it from elsewhere too.
What the parts mean, byte by byte: docs/ledger.md, section 9.
";

/// What an evidence file is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum About {
    /// All accesses to one person's things: `per_…`.
    Person(String),
    /// The accesses under one of a person's grants: `gra_…`.
    Grant(String),
    /// All accesses by one app: `app_…`.
    App(String),
    /// How often each app did what, from one time to another.
    Period {
        /// From when.
        from: String,
        /// Until when.
        to: String,
    },
    /// How often one app did what, from one time to another.
    Count {
        /// The app, `app_…`.
        app: String,
        /// From when.
        from: String,
        /// Until when.
        to: String,
    },
}

/// The document of an evidence file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// [`FORMAT`].
    pub format: String,
    /// What it is about.
    pub about: About,
    /// The URL of the server that made it.
    pub server: String,
    /// When.
    pub made_at: String,
    /// What the tree of the log needs besides the entries that stand here, in the order of
    /// [`crate::proof::TreeHashes::prove_many`].
    pub tree: Vec<Hash>,
    /// That the log extends a checkpoint that someone kept.
    pub since: Option<Extends>,
    /// The maps that are proved under: one, or an earlier and a later one.
    pub maps: Vec<InTheClear>,
    /// Every app that is spoken of.
    pub apps: Vec<AppEvidence>,
    /// Every grant that is spoken of.
    pub grants: Vec<GrantEvidence>,
    /// What the map holds for the person.
    pub person: Option<Claim>,
    /// What staff did with the person's things.
    pub staff: Vec<Committed>,
}

/// A proof that the log extends the one of an earlier checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extends {
    /// How many entries that one had.
    pub size: u64,
    /// As in [`crate::proof::TreeHashes::prove_consistency`].
    pub hashes: Vec<Hash>,
}

/// A record that stands in the log in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InTheClear {
    /// Its index in the log.
    pub index: u64,
    /// The record.
    pub record: String,
}

/// A record that the log holds a commitment to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Committed {
    /// Its index in the log.
    pub index: u64,
    /// The commitment that stands there.
    pub commitment: Commitment,
    /// The record.
    pub record: String,
    /// What hides it.
    pub salt: Salt,
    /// For an access: its hidden number among all to the person's things.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seal: Option<Seal>,
    /// For an access, and for the person alone: what opens the seal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub opening: Option<Opening>,
}

/// What a map holds for a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// What is counted; none where the label is in no tree.
    pub held: Option<Held>,
    /// That it is so.
    pub proof: MapProof,
}

/// What is counted for a label, and what hides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// How often each action.
    pub counts: Counts,
    /// The head of the chain over these accesses.
    pub head: Hash,
    /// What hides it.
    pub blind: Salt,
}

/// An app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppEvidence {
    /// Its registration in the log.
    pub registered: InTheClear,
    /// What each of the maps holds for it; empty where that is none of the holder's business.
    pub claims: Vec<Claim>,
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantEvidence {
    /// Its changes, in their order.
    pub changes: Vec<Committed>,
    /// The accesses under it, in the order of the log.
    pub accesses: Vec<Committed>,
    /// What the map holds for it.
    pub claim: Claim,
}

/// An evidence file, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceFile {
    /// The document.
    pub evidence: Evidence,
    /// The newest checkpoint, a signed note.
    pub checkpoint: String,
    /// The key that the file names, one a line.
    pub key: String,
    /// Bundles of entries, by their paths in the log.
    pub bundles: BTreeMap<String, Vec<u8>>,
}

/// Why a file is no evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileRefused {
    /// The zip around it.
    #[error(transparent)]
    Zip(#[from] ZipRefused),
    /// Something is missing.
    #[error("{0} is missing in it")]
    Missing(&'static str),
    /// Something is no text.
    #[error("{0} in it is not UTF-8")]
    NotText(&'static str),
    /// The document is not in its form.
    #[error("evidence.json in it is not in the form of docs/ledger.md: {0}")]
    Document(String),
    /// Another version.
    #[error("it says that it is {0:?}, and this program reads {FORMAT:?}: get the one that fits")]
    Format(String),
    /// Something that does not belong.
    #[error("{0} in it is nothing that evidence has")]
    Unknown(String),
}

impl EvidenceFile {
    /// The bytes of the file.
    pub fn write(&self) -> Result<Vec<u8>, FileRefused> {
        let document =
            serde_json::to_string(&self.evidence).map_err(|why| FileRefused::Document(why.to_string()))?;
        let mut zip = Zip::default();
        zip.add("README.txt", README.as_bytes())?;
        zip.add(DOCUMENT, document.as_bytes())?;
        zip.add(CHECKPOINT, self.checkpoint.as_bytes())?;
        zip.add(KEY, self.key.as_bytes())?;
        for (path, bundle) in &self.bundles {
            zip.add(path, bundle)?;
        }
        Ok(zip.finish())
    }

    /// Takes a file apart, and believes nothing in it.
    pub fn read(file: &[u8]) -> Result<Self, FileRefused> {
        let mut members = zip::members(file)?;
        let mut text = |name: &'static str| {
            let member = members.remove(name).ok_or(FileRefused::Missing(name))?;
            std::str::from_utf8(member).map(str::to_owned).map_err(|_| FileRefused::NotText(name))
        };
        let (document, checkpoint, key) = (text(DOCUMENT)?, text(CHECKPOINT)?, text(KEY)?);
        members.remove("README.txt");
        #[derive(Deserialize)]
        struct Format {
            format: String,
        }
        let document_refused = |why: serde_json::Error| FileRefused::Document(why.to_string());
        let Format { format } = serde_json::from_str(&document).map_err(document_refused)?;
        if format != FORMAT {
            return Err(FileRefused::Format(format));
        }
        let evidence = serde_json::from_str(&document).map_err(document_refused)?;
        let mut bundles = BTreeMap::new();
        for (path, bundle) in members {
            if !path.starts_with("tile/entries/") {
                return Err(FileRefused::Unknown(path.to_owned()));
            }
            bundles.insert(path.to_owned(), bundle.to_vec());
        }
        Ok(Self { evidence, checkpoint, key, bundles })
    }
}
