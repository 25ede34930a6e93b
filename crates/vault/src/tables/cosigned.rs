//! What witnesses said of the log: cosignatures on its checkpoints, as they come in.
//!
//! Invariant: the cosigned view never goes back: the newest checkpoint with enough cosignatures stays until a longer one
//! has them. Each cosignature was checked by the caller, who knows the witnesses' keys.

use super::log::{Tiles, head_size};
use super::proofs::refused;
use crate::engine::{Reads, params};
use crate::{Fault, Refusal, Vault};
use ledger::checkpoint::Checkpoint;
use ledger::note::{Note, SignatureLine};
use ledger::proof::TreeHashes;
use ledger::submission::Submission;

/// A head of the log, to be shown to witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// How many entries it has.
    pub size: u64,
    /// The signed note.
    pub note: Note,
}

fn shape(why: impl std::fmt::Display) -> Fault {
    Fault::Shape(why.to_string())
}

fn note(text: &str) -> Result<Note, Fault> {
    Note::parse(text.as_bytes()).map_err(shape)
}

impl Vault {
    /// The newest head, with the log's signatures alone.
    pub async fn head(&self) -> Result<Head, Refusal> {
        self.engine
            .read("head", move |snap| -> Result<_, Refusal> {
                let sql = "select checkpoint from ledger_head where one = 1";
                let text = snap.one(sql, params![], |row| Ok(row.text(0)?.to_owned()))?;
                let note = note(&text.ok_or(Refusal::NotFound)?)?;
                let size = Checkpoint::parse(note.text()).map_err(shape)?.size;
                Ok(Head { size, note })
            })
            .await
    }

    /// What to ask a witness that cosigned the first `old` entries last: nothing above the size of the head.
    pub async fn submission(&self, head: &Head, old: u64) -> Result<Submission, Refusal> {
        let Head { size, note } = head.clone();
        self.engine
            .read("submission", move |snap| -> Result<_, Refusal> {
                let proof =
                    TreeHashes::new(size, &mut Tiles(snap)).prove_consistency(old).map_err(refused)?;
                Ok(Submission { old, proof, note: note.clone() })
            })
            .await
    }

    /// Keeps a cosignature. `enough` says whether a note carries as many as are asked for; the answer, whether this one
    /// does now.
    pub async fn cosignature_add(
        &self,
        head: &Head,
        line: SignatureLine,
        enough: impl Fn(&Note) -> bool + Send + 'static,
    ) -> Result<bool, Refusal> {
        let Head { size, note: signed } = head.clone();
        let row = i64::try_from(size).map_err(shape)?;
        let done = self
            .engine
            .write("cosignature_add", move |tx| -> Result<bool, Refusal> {
                // Others who keep one wait here: none of the cosignatures is lost.
                tx.execute("update ledger_head set size = size where one = 1", params![])?;
                let newest = "select coalesce(max(size), -1) from ledger_cosigned where enough = 1";
                let newest = tx.one(newest, params![], |row| row.int(0))?.unwrap_or(-1);
                if row < newest {
                    return Ok(false);
                }
                let sql = "select checkpoint from ledger_cosigned where size = $1";
                let kept = tx.one(sql, params![row], |row| Ok(row.text(0)?.to_owned()))?;
                let mut note = match kept {
                    Some(text) => note(&text)?,
                    None => signed.clone(),
                };
                note.add(line.clone());
                let enough = enough(&note) || row == newest;
                let sql = "insert into ledger_cosigned (size, checkpoint, enough) values ($1, $2, $3) \
                           on conflict (size) do update set checkpoint = $2, enough = $3";
                tx.put(sql, params![row, &note.to_string(), i64::from(enough)])?;
                // What is older than this one is only of use while it is the newest that has enough.
                let sql = "delete from ledger_cosigned where size < $1 and (enough = 0 or $2 = 1)";
                tx.put(sql, params![row, i64::from(enough)])?;
                Ok(enough)
            })
            .await?;
        if done {
            self.news.send_modify(|news| news.cosigned = news.cosigned.max(size));
        }
        Ok(done)
    }

    /// The newest checkpoint that has as many cosignatures as are asked for; not found where none has.
    pub async fn cosigned_checkpoint(&self) -> Result<String, Refusal> {
        self.engine
            .read("cosigned_checkpoint", move |snap| -> Result<_, Refusal> {
                cosigned(snap)?.map(|(_, text)| text).ok_or(Refusal::NotFound)
            })
            .await
    }

    /// The size of that checkpoint, 0 where there is none.
    pub async fn cosigned_size(&self) -> Result<u64, Refusal> {
        self.engine
            .read("cosigned_size", move |snap| -> Result<_, Refusal> {
                Ok(cosigned(snap)?.map_or(0, |(size, _)| size))
            })
            .await
    }
}

/// The newest checkpoint with enough cosignatures, and its size.
pub(super) fn cosigned(db: &mut impl Reads) -> Result<Option<(u64, String)>, Fault> {
    let sql = "select size, checkpoint from ledger_cosigned where enough = 1 order by size desc limit 1";
    db.one(sql, params![], |row| Ok((u64::try_from(row.int(0)?).map_err(shape)?, row.text(1)?.to_owned())))
}

/// The newest checkpoint, with the cosignatures that it has so far.
pub(crate) fn newest(db: &mut impl Reads) -> Result<Option<(u64, String)>, Fault> {
    let Some(size) = head_size(db)? else { return Ok(None) };
    let sql = "select coalesce(c.checkpoint, h.checkpoint) from ledger_head h \
               left join ledger_cosigned c on c.size = h.size where h.one = 1";
    let text = db.one(sql, params![], |row| Ok(row.text(0)?.to_owned()))?;
    Ok(text.map(|text| (u64::try_from(size).unwrap_or(0), text)))
}
