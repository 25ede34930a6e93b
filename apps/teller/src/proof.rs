//! The proof of what Teller read: nothing. Counted by Waxseal's public log, checked here, and handed to anyone.
//!
//! Invariant: nothing is said on the page that was not recomputed from what the log's key signed.

use crate::Teller;
use crate::view::{Count, ProofPage};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, HeaderValue};
use axum::response::Response;
use ledger::evidence::EvidenceFile;
use ledger::evidence_check::check;
use ledger::note::VerifierKey;
use ledger::verify::Kept;
use std::sync::Arc;
use std::time::{Duration, Instant};
use waxseal_client::{Error, OwnName};

/// How long a proof is shown before a new one is fetched.
const FRESH: Duration = Duration::from_secs(10);

/// What was fetched last.
pub(crate) struct Proof {
    own: OwnName,
    at: Instant,
    shown: Shown,
}

/// A proof as it is shown.
#[derive(Clone)]
struct Shown {
    file: Vec<u8>,
    counts: Vec<Count>,
    reads: u64,
    /// What was proved and what not, a sentence each.
    proved: Vec<String>,
    not_proved: Vec<String>,
}

async fn shown(teller: &Teller) -> Result<Shown, Error> {
    let client = teller.client().await?;
    let mut kept = teller.proof.lock().await;
    if let Some(proof) = kept.as_ref().filter(|proof| proof.at.elapsed() < FRESH) {
        return Ok(proof.shown.clone());
    }
    let own = match kept.take() {
        Some(proof) => proof.own,
        None => client.own()?,
    };
    let file = own.evidence().await?;
    let power = own.power().await?;
    let verdict = checked(&file, &client.log_key().await?).map_err(Error::Unexpected)?;
    let reach = |action: &str| {
        let held = power.actions.iter().find(|power| power.action == action);
        held.map_or(0, |held| held.people.reach)
    };
    let counted = verdict.counted.first().map(|counted| counted.counts).unwrap_or_default();
    let counts = [
        ("Read messages", "read", counted.read),
        ("List conversations", "list", counted.list),
        ("Delete messages", "delete", counted.delete),
        ("Send, or start a conversation", "send", counted.send),
    ];
    let counts = counts.map(|(what, action, did)| Count { what, could: reach(action), did });
    let shown = Shown {
        file,
        counts: counts.to_vec(),
        reads: counted.read,
        proved: verdict.proved,
        not_proved: verdict.not_proved,
    };
    *kept = Some(Proof { own, at: Instant::now(), shown: shown.clone() });
    Ok(shown)
}

/// What a file proves under the log's key.
fn checked(file: &[u8], key: &str) -> Result<ledger::verdict::Verdict, String> {
    let key: VerifierKey = key.parse().map_err(|why| format!("the log's key cannot be read: {why}"))?;
    let file = EvidenceFile::read(file).map_err(|why| why.to_string())?;
    check(&file, &[key], Kept::default()).map_err(|wrong| {
        let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        format!("the evidence does not hold: {}", wrong.join("; "))
    })
}

/// `GET /proof`
pub(crate) async fn proof_see(State(teller): State<Arc<Teller>>, headers: axum::http::HeaderMap) -> Response {
    match shown(&teller).await {
        Ok(Shown { counts, reads, proved, not_proved, .. }) => {
            let customer = teller.customers.of(&headers);
            let frame = teller.frame("proof", customer.as_ref());
            let receipts = teller.ledger().receipts();
            frame::page(StatusCode::OK, &ProofPage { frame, counts, reads, receipts, proved, not_proved })
        }
        Err(why) => teller.failed(&why, "/"),
    }
}

/// `GET /proof/evidence.zip`
pub(crate) async fn evidence_take(State(teller): State<Arc<Teller>>) -> Response {
    match shown(&teller).await {
        Ok(shown) => {
            let mut response = frame::asset("application/zip", shown.file);
            let name = HeaderValue::from_static("attachment; filename=\"teller-evidence.zip\"");
            response.headers_mut().insert(CONTENT_DISPOSITION, name);
            response
        }
        Err(why) => teller.failed(&why, "/"),
    }
}
