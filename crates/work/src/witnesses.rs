//! Gathers cosignatures: shows each configured witness the newest checkpoint, and keeps what they say of it.
//!
//! Invariant: the log waits for no witness, and no witness for another. A round gives all of them the same checkpoint; the
//! next begins when enough have cosigned it, or when it has had its time. The log is halted on one thing alone: a checkpoint
//! that bears its own signature, and contradicts it. No witness can make that up.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use ledger::checkpoint::Checkpoint;
use ledger::cosignature::CosignerKey;
use ledger::note::{SignatureLine, VerifierKey};
use ledger::policy::{Policy, PolicyWitness};
use ledger::submission::origin_hash;
use outbound::{Answer, Outbound, Request, Unsent};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use vault::{Head, Refusal, Vault};

/// How often there is a look whether the log has grown.
const EVERY: Duration = Duration::from_secs(1);
/// How long a round may wait for enough witnesses before it gives way to a newer checkpoint.
const ROUND: Duration = Duration::from_secs(15);
/// How long a witness may take over one request.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The longest answer: a few cosignatures of the longest kind.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long to leave a witness alone after it failed, at first and at most.
const REST: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(20)];
/// How often a witness may say in one round that it is elsewhere.
const DETOURS_MAX: u32 = 3;

/// Whom to ask for cosignatures, and by which way out.
#[derive(Debug, Clone)]
pub struct Witnesses {
    /// Who they are, where they are, and how many are enough.
    pub policy: Policy,
    /// How they are reached.
    pub outbound: Outbound,
}

/// Why a witness did not cosign, this time.
#[derive(Debug, thiserror::Error)]
enum Unwitnessed {
    #[error("it could not be asked: {0}")]
    Unsent(#[from] Unsent),
    #[error("it answered {0}: {1}")]
    Turned(StatusCode, String),
    #[error("its answer holds no cosignature by its key")]
    Unsigned,
    #[error("it keeps saying that it is elsewhere")]
    Restless,
    #[error("it says that it cosigned {0} entries of this log, and the log has fewer")]
    Ahead(u64),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Gathers for as long as it runs. `looked` is dropped once each witness was asked what it saw of the log, or did not
/// answer: before that the log had better not go on, for it may have been brought back from an old copy.
pub(crate) async fn run(vault: Arc<Vault>, witnesses: Witnesses, looked: mpsc::Sender<()>) {
    let (rounds, round) = watch::channel(None);
    let mut asking = JoinSet::new();
    for PolicyWitness { key, url } in &witnesses.policy.witnesses {
        let Some(url) = url.as_ref().map(|url| url.trim_end_matches('/').to_owned()) else { continue };
        let asked =
            Asked { vault: vault.clone(), witnesses: witnesses.clone(), key: key.clone(), url, at: 0 };
        asking.spawn(asked.run(round.clone(), looked.clone()));
    }
    drop((round, looked));
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut begun = Instant::now();
    loop {
        ticks.tick().await;
        match next(&vault, &rounds, begun.elapsed() >= ROUND).await {
            Ok(Some(head)) => {
                begun = Instant::now();
                rounds.send_replace(Some(head));
            }
            Ok(None) => {}
            Err(refusal) => {
                tracing::warn!(%refusal, "the head of the log could not be read for the witnesses")
            }
        }
    }
}

/// The head of the next round, if it is time for one.
async fn next(
    vault: &Vault,
    rounds: &watch::Sender<Option<Head>>,
    over: bool,
) -> Result<Option<Head>, Refusal> {
    let head = vault.head().await?;
    let asked = rounds.borrow().as_ref().map(|asked| asked.size);
    let done = match asked {
        None => true,
        Some(asked) => over || vault.cosigned_size().await? >= asked,
    };
    // An empty log has nothing to be witnessed.
    Ok(Some(head).filter(|head| done && head.size > 0 && asked != Some(head.size)))
}

/// One witness, as it is asked.
struct Asked {
    vault: Arc<Vault>,
    witnesses: Witnesses,
    key: CosignerKey,
    url: String,
    /// How many entries it cosigned last, as far as is known; it says so itself if that is wrong.
    at: u64,
}

impl Asked {
    async fn run(mut self, mut round: watch::Receiver<Option<Head>>, looked: mpsc::Sender<()>) {
        self.compare().await;
        drop(looked);
        let mut rest = REST[0];
        let mut failed = None;
        loop {
            let head = round.borrow_and_update().clone();
            let outcome = match &head {
                Some(head) => self.ask(head).await,
                None => Ok(()),
            };
            match outcome {
                Ok(()) => {
                    if failed.take().is_some() {
                        tracing::info!(witness = self.key.name(), "the witness cosigns again");
                    }
                    rest = REST[0];
                    if round.changed().await.is_err() {
                        return;
                    }
                }
                Err(why) => {
                    if matches!(why, Unwitnessed::Ahead(_) | Unwitnessed::Turned(..)) {
                        self.compare().await;
                    }
                    let why = why.to_string();
                    // Said once, not at every attempt.
                    if failed.as_ref() != Some(&why) {
                        tracing::warn!(witness = self.key.name(), why, "a witness did not cosign");
                        failed = Some(why);
                    }
                    sleep(rest).await;
                    rest = (rest * 2).min(REST[1]);
                }
            }
        }
    }

    /// Looks at what the witness tells everyone of the log, and halts the log if that contradicts it.
    async fn compare(&self) {
        match self.contradiction().await {
            Ok(Some(why)) => {
                tracing::error!(witness = self.key.name(), why, "the log was halted");
                self.vault.log_halt(&why);
            }
            Ok(None) => {}
            Err(why) => {
                tracing::debug!(witness = self.key.name(), %why, "a witness does not tell what it saw")
            }
        }
    }

    /// How a checkpoint that our own key signed contradicts the log that we have, if one that the witness tells does.
    async fn contradiction(&self) -> Result<Option<String>, Unwitnessed> {
        let keys = self.vault.log_verifiers();
        let Some(origin) = keys.first().map(VerifierKey::name) else { return Ok(None) };
        let url = format!("{}/{}/checkpoint", self.url, origin_hash(origin));
        let answer = self.send(Method::GET, url, Bytes::new()).await?;
        // None there, or one that is not ours, says nothing.
        let Ok(theirs) = Checkpoint::open(&answer.body, &keys) else { return Ok(None) };
        let ours = self.vault.head().await?.size;
        if theirs.size > ours {
            return Ok(Some(format!(
                "the witness {} holds a checkpoint of {} entries that this log signed, and here it has {ours}: the data was \
                 brought back from an old copy, or another server uses the same key. To go on from here would be a second \
                 history. Bring back newer data, or begin a new log under another name",
                self.key.name(),
                theirs.size
            )));
        }
        if self.vault.tree_root(theirs.size).await? != theirs.root {
            return Ok(Some(format!(
                "the witness {} holds a checkpoint of {} entries that this log signed, and those here are others: two \
                 servers use the same key, or an old copy of the data went on. Begin a new log under another name, and \
                 say why",
                self.key.name(),
                theirs.size
            )));
        }
        Ok(None)
    }

    async fn send(&self, method: Method, url: String, body: Bytes) -> Result<Answer, Unsent> {
        let (timeout, answer_bytes_max) = (ANSWER_WITHIN, ANSWER_BYTES_MAX);
        let request = Request { method, url, headers: HeaderMap::new(), body, timeout, answer_bytes_max };
        self.witnesses.outbound.send(request).await
    }

    /// Has it cosign this head, unless it is past it already.
    async fn ask(&mut self, head: &Head) -> Result<(), Unwitnessed> {
        for _ in 0..DETOURS_MAX {
            let submission = self.vault.submission(head, self.at).await?;
            let url = format!("{}/add-checkpoint", self.url);
            let answer = self.send(Method::POST, url, submission.to_string().into()).await?;
            match elsewhere(&answer) {
                None if answer.status == StatusCode::OK => return self.keep(head, &answer.body).await,
                None => return Err(turned(&answer)),
                // Another node of ours was faster with a newer head: the next round is as new.
                Some(theirs) if theirs > head.size => {
                    let ours = self.vault.head().await?.size;
                    return if theirs > ours { Err(Unwitnessed::Ahead(theirs)) } else { Ok(()) };
                }
                Some(theirs) => self.at = theirs,
            }
        }
        Err(Unwitnessed::Restless)
    }

    /// Takes the cosignature by its key out of the answer, checks it and stores it.
    async fn keep(&mut self, head: &Head, answer: &[u8]) -> Result<(), Unwitnessed> {
        let text = std::str::from_utf8(answer).map_err(|_| Unwitnessed::Unsigned)?;
        let line = text.lines().filter_map(SignatureLine::parse).find(|line| self.key.is_of(line));
        let line = line.ok_or(Unwitnessed::Unsigned)?;
        let mut cosigned = head.note.clone();
        cosigned.add(line.clone());
        if !matches!(self.key.cosigned(&cosigned), Ok(Some(_))) {
            return Err(Unwitnessed::Unsigned);
        }
        self.at = head.size;
        let policy = self.witnesses.policy.clone();
        let enough = move |note: &_| policy.cosigned(note).is_ok();
        let enough = self.vault.cosignature_add(head, line, enough).await?;
        tracing::debug!(witness = %self.key.name(), size = head.size, enough, "cosigned");
        Ok(())
    }
}

/// Where a witness says that it is, if that is what it says.
fn elsewhere(answer: &Answer) -> Option<u64> {
    let kind = answer.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let known = answer.status == StatusCode::CONFLICT && kind.split(';').next()?.trim() == "text/x.tlog.size";
    let size = std::str::from_utf8(&answer.body).ok().filter(|_| known)?.trim_end_matches('\n');
    size.parse().ok().filter(|number: &u64| number.to_string() == size)
}

fn turned(answer: &Answer) -> Unwitnessed {
    let said: String = String::from_utf8_lossy(&answer.body).chars().take(200).collect();
    Unwitnessed::Turned(answer.status, said.trim_end().escape_debug().to_string())
}
