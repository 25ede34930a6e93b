//! `/settings/codes`: one-time codes after the password, and the recovery codes on paper that go with them.
//!
//! Invariant: each step wants that she has just proved who she is. Recovery codes are shown in the answer that made them and
//! never again: it is the one answer to a form that is no redirect.

use crate::Door;
use crate::caller::Fresh;
use crate::done::Done;
use crate::form::Form;
use crate::page::page;
use crate::problem::{Problem, go_to, sentence};
use crate::view::{Codes, RecoveryCodes, Setup, When, count};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use factors::totp;
use std::fmt::Write;
use std::sync::Arc;
use vault::Refusal;

/// What the page is drawn at again.
const PATH: &str = "/settings/codes";

/// A QR code as the path of a picture, and the length of its side.
fn picture(text: &str) -> (String, i32) {
    let Ok(code) = qrcodegen::QrCode::encode_text(text, qrcodegen::QrCodeEcc::Medium) else {
        return (String::new(), 0);
    };
    let (side, quiet) = (code.size(), 4);
    let mut path = String::new();
    for (x, y) in
        (0..side).flat_map(|y| (0..side).map(move |x| (x, y))).filter(|&(x, y)| code.get_module(x, y))
    {
        // Writing to a String cannot fail.
        let _ = write!(path, "M{} {}h1v1h-1z", x + quiet, y + quiet);
    }
    (path, side + 2 * quiet)
}

async fn draw(door: &Door, Fresh(person): Fresh, problem: Option<String>) -> Result<Response, Problem> {
    let factor = door.vault.second_factor(&person.own).await?;
    let host = door.vault.issuer().split_once("://").map_or("", |(_, host)| host);
    let handle = person.page.viewer.as_ref().map(|viewer| viewer.handle.plain()).unwrap_or_default();
    let setup = door.vault.codes_begun(&person.own).await?.map(|secret| {
        let uri = totp::uri(&secret, host, &handle);
        let (picture, side) = picture(&uri);
        Setup { secret: totp::spell(&secret), uri, picture, side }
    });
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = Codes {
        page: person.page,
        since: factor.codes_since.map(When::date),
        recovery_left: count(factor.recovery_codes),
        setup,
        problem,
    };
    Ok(page(status, &view))
}

/// `GET /settings/codes`
pub(crate) async fn codes_see(State(door): State<Arc<Door>>, fresh: Fresh) -> Result<Response, Problem> {
    draw(&door, fresh, None).await
}

/// `POST /settings/codes`: begins, with a new secret.
pub(crate) async fn codes_begin(
    State(door): State<Arc<Door>>,
    Fresh(person): Fresh,
    _: Form,
) -> Result<Response, Problem> {
    door.vault.codes_begin(&person.own).await?;
    Ok(go_to(PATH))
}

/// `POST /settings/codes/confirm`: her app shows the right code.
pub(crate) async fn codes_confirm(
    State(door): State<Arc<Door>>,
    fresh: Fresh,
    form: Form,
) -> Result<Response, Problem> {
    match door.vault.codes_confirm(&fresh.0.own, form.text("code")).await {
        Ok(codes) => Ok(page(StatusCode::OK, &RecoveryCodes { page: fresh.0.page, codes, is_first: true })),
        Err(refusal @ Refusal::Code) => draw(&door, fresh, Some(sentence(&refusal))).await,
        // Confirmed already, or not begun: the page says which.
        Err(Refusal::NotFound) => Ok(go_to(PATH)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// `POST /settings/codes/recovery`: a new set of recovery codes.
pub(crate) async fn recovery_codes_make(
    State(door): State<Arc<Door>>,
    Fresh(person): Fresh,
    _: Form,
) -> Result<Response, Problem> {
    let codes = door.vault.recovery_codes_make(&person.own).await?;
    Ok(page(StatusCode::OK, &RecoveryCodes { page: person.page, codes, is_first: false }))
}

/// `POST /settings/codes/end`
pub(crate) async fn codes_end(
    State(door): State<Arc<Door>>,
    Fresh(person): Fresh,
    _: Form,
) -> Result<Response, Problem> {
    door.vault.codes_end(&person.own).await?;
    Ok(go_to(&Done::CodesEnded.at("/settings")))
}
