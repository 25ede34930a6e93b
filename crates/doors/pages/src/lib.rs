//! The pages door: what a person sees in a browser.
//!
//! Invariant: every page works without script; what people wrote reaches HTML only through `view`'s guarded types; nothing
//! changes but by a form of our own (`form.rs`), and then the answer is a redirect.

pub mod assets;
mod attempts;
mod caller;
mod consent_answer;
mod consent_see;
mod cookies;
mod done;
mod form;
pub mod page;
mod problem;
mod reach;
mod return_to;
mod shown_text;
mod sign_in;
mod sign_out;
mod sign_up;
pub mod view;
mod when;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod walks;

use askama::Template;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use oauth::metadata::Issuer;
use std::sync::Arc;
use vault::Vault;

/// What this door works with.
#[derive(Debug, Clone)]
pub struct Doors {
    /// The vault.
    pub vault: Arc<Vault>,
    /// Where others hear of what is new.
    pub bus: bus::Bus,
    /// Who we are: decides how cookies are bound, and which origin is ours.
    pub issuer: Issuer,
}

/// What every handler shares.
struct Door {
    vault: Arc<Vault>,
    bus: bus::Bus,
    issuer: Issuer,
    attempts: attempts::Attempts,
}

impl Door {
    /// Reached over https?
    fn secure(&self) -> bool {
        self.issuer.is_secure()
    }
}

/// The route table. To slow who guesses, it wants the peer's address as `ConnectInfo<SocketAddr>` in the request.
pub fn routes(doors: Doors) -> Router {
    let Doors { vault, bus, issuer } = doors;
    let door = Arc::new(Door { vault, bus, issuer, attempts: attempts::Attempts::default() });
    Router::new()
        .route("/sign-up", get(sign_up::sign_up_see).post(sign_up::sign_up))
        .route("/sign-in", get(sign_in::sign_in_see).post(sign_in::sign_in))
        .route("/sign-out", get(sign_out::sign_out_see).post(sign_out::sign_out))
        .route("/consent", get(consent_see::consent_see).post(consent_answer::consent_answer))
        .route("/static/{name}", get(assets::asset))
        .fallback(async || problem::Problem::NoPage)
        .layer(DefaultBodyLimit::max(form::FORM_BYTES_MAX))
        .layer(from_fn_with_state(door.clone(), problem::draw))
        .with_state(door)
}

/// A page that tells a person a title and a sentence, for the other doors.
pub fn error_page(title: &str, sentence: &str) -> String {
    let view = view::Problem {
        page: view::Page { viewer: None, csrf: String::new(), flash: None },
        title: title.to_owned(),
        what: sentence.to_owned(),
        remedies: Vec::new(),
        name: None,
        event: None,
    };
    view.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be drawn");
        String::new()
    })
}
