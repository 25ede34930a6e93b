//! `GET /apps/check` and `GET /apps/{grant}/check`: is the list of accesses complete? Makes the evidence and checks it as anyone
//! can.
//!
//! Invariant: the page says nothing of its own: each sentence is of the verdict that `waxseal verify --bundle` prints for the
//! file that can be downloaded here.

use crate::Door;
use crate::caller::{At, Person};
use crate::page::page;
use crate::problem::Problem;
use crate::view::{Check, Name, grouped};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::evidence_check::check;
use ledger::map::Counts;
use ledger::note::VerifierKey;
use ledger::verdict::{Verdict, Wrong};
use ledger::verify::Kept;
use model::GrantId;
use std::sync::Arc;
use vault::{Fault, Refusal};

fn broken(why: impl std::fmt::Display) -> Refusal {
    Refusal::Fault(Fault::Other(why.to_string()))
}

/// Sentences as they are shown: names of apps in them cannot turn what stands beside them.
fn shown(sentences: &[String]) -> Vec<String> {
    sentences.iter().map(|sentence| Name::from(sentence.as_str()).plain()).collect()
}

fn found(wrong: &[Wrong]) -> Vec<String> {
    wrong.iter().map(|one| Name::from(one.to_string().as_str()).plain()).collect()
}

async fn draw(door: &Door, person: Person, grant: Option<GrantId>) -> Result<Response, Problem> {
    let app = match grant {
        Some(grant) => Some(Name::from(door.vault.connected_one(&person.own, grant).await?.app.as_str())),
        None => None,
    };
    let turn = door.proving.begin(person.own.person())?;
    let file = door.vault.evidence_own(&person.own, grant, None).await?;
    let keys = [door.vault.log_key().parse::<VerifierKey>().map_err(broken)?];
    let turn = turn.checks().await?;
    // Pure computing, for long lists much of it: not on a thread that others wait for. It goes on when she has gone, and so
    // does her turn.
    let checked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        check(&file, &keys, Kept::default())
    });
    let checked = checked.await;
    let at = grant.map_or("/apps".to_owned(), |grant| format!("/apps/{grant}"));
    let mut view = Check {
        page: person.page,
        app,
        evidence: format!("{at}/evidence"),
        back: at,
        is_complete: false,
        is_empty: false,
        as_of: String::new(),
        proved: Vec::new(),
        look_into: Vec::new(),
        not_proved: Vec::new(),
        wrong: Vec::new(),
    };
    match checked.map_err(broken)? {
        Ok(Verdict { checkpoint, signers, counted, proved, look_into, not_proved, .. }) => {
            view.is_complete = true;
            // Of one grant, nothing is a count like any other; a list of all is held to a count only by an access in it.
            view.is_empty = grant.is_none() && counted.iter().all(|one| one.counts == Counts::default());
            view.as_of = format!(
                "As of the public ledger {} with {} entries, signed by {}.",
                checkpoint.origin,
                grouped(checkpoint.size),
                signers.join(" and ")
            );
            view.proved = shown(&proved);
            view.look_into = shown(&look_into);
            view.not_proved = shown(&not_proved);
        }
        Err(wrong) => {
            tracing::error!(findings = wrong.len(), "evidence that was just made does not hold");
            view.wrong = found(&wrong);
        }
    }
    Ok(page(StatusCode::OK, &view))
}

/// `GET /apps/check`
pub(crate) async fn list_check_all(
    State(door): State<Arc<Door>>,
    person: Person,
) -> Result<Response, Problem> {
    draw(&door, person, None).await
}

/// `GET /apps/{grant}/check`
pub(crate) async fn list_check(
    State(door): State<Arc<Door>>,
    person: Person,
    At(grant): At<GrantId>,
) -> Result<Response, Problem> {
    draw(&door, person, Some(grant)).await
}
