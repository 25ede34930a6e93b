//! This door's dialect of errors: pages.
//!
//! Invariant: a page tells what to do and nothing of our insides. What broke is logged once, here, under an id that the
//! page names; what is not hers and what is not there look the same.

use crate::page::{page, query_value};
use crate::{Door, caller, view};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use vault::{Fault, Refusal};

/// Why there is no ordinary answer.
#[derive(Debug, Clone)]
pub(crate) enum Problem {
    /// It goes on elsewhere: a local address, or an app's.
    GoTo(String),
    /// The vault says no, or it broke.
    Refused(Refusal),
    /// Not one of our addresses.
    NoPage,
    /// Not with this method.
    Method,
    /// A form that is not ours, or not of this browser.
    Foreign,
    /// A form that our page did not make.
    Malformed,
    /// More than a form may hold.
    TooLarge,
    /// Too many attempts; so many seconds to wait.
    TooMany(i64),
    /// Evidence for her is being made or checked already.
    Proving,
    /// The app's question has been answered, or waited too long.
    Answered,
    /// The page of an app, without a link that opens it.
    NoPartner,
    /// What an app wants shared cannot be; the sentence says why, to the app's maker.
    Unsharable(String),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::SignedOut => Problem::sign_in(""),
            Refusal::Wait(wait_s) => Problem::TooMany(wait_s),
            refusal => Problem::Refused(refusal),
        }
    }
}

/// What a page says of a problem.
struct Told {
    status: StatusCode,
    title: &'static str,
    what: String,
    remedies: &'static [&'static str],
}

impl Problem {
    /// To the sign-in page, and from there to a local address.
    pub(crate) fn sign_in(return_to: &str) -> Self {
        Problem::GoTo(match return_to {
            "" | "/" => "/sign-in".to_owned(),
            path => format!("/sign-in?return_to={}", query_value(path)),
        })
    }

    /// She proves once more that it is her, and comes back to a local address.
    pub(crate) fn sign_in_again(return_to: &str) -> Self {
        Problem::GoTo(format!("/sign-in/again?return_to={}", query_value(return_to)))
    }

    fn told(&self) -> Told {
        let told =
            |status, title, what: &str, remedies| Told { status, title, what: what.to_owned(), remedies };
        match self {
            Problem::Refused(refusal) => refused(refusal),
            Problem::NoPage => not_found(),
            Problem::Method => told(
                StatusCode::METHOD_NOT_ALLOWED,
                "That cannot be done here",
                "This address is looked at, or sent a form by one of our pages.",
                &["Go to the page that you want and use its buttons."],
            ),
            Problem::Foreign => told(
                StatusCode::FORBIDDEN,
                "This form could not be taken",
                "It does not come from this browser as it is signed in now, so nothing was done.",
                &[
                    "Go back, load the page again, and send it once more.",
                    "If your browser blocks cookies, let it keep ours: they only keep you signed in.",
                ],
            ),
            Problem::Malformed => told(
                StatusCode::BAD_REQUEST,
                "This form could not be read",
                "Something in it is not as our page makes it, so nothing was done.",
                &["Go back, load the page again, and send it once more."],
            ),
            Problem::TooLarge => told(
                StatusCode::PAYLOAD_TOO_LARGE,
                "That is too much at once",
                "A form holds at most 256 KiB, so nothing was done.",
                &["Send less at a time. A message holds at most 20,000 characters."],
            ),
            Problem::TooMany(wait_s) => Told {
                status: StatusCode::TOO_MANY_REQUESTS,
                title: "Please wait a little",
                what: format!(
                    "There were many attempts in a short time. You can try again in {}.",
                    view::counted(u64::try_from(wait_s.div_euclid(60) + 1).unwrap_or(1), "minute", "minutes")
                ),
                remedies: &["Nothing is locked, and nobody else is signed in."],
            },
            Problem::Proving => told(
                StatusCode::TOO_MANY_REQUESTS,
                "One at a time, please",
                "A proof is being made or checked for you already. For a long list that takes a while.",
                &["Wait until it is there, then load this page again."],
            ),
            Problem::Answered => told(
                StatusCode::NOT_FOUND,
                "This question is no longer open",
                "You have answered it already, or it has waited for more than half an hour.",
                &["Go back to the app and start again.", "Under Apps you see which apps are let in."],
            ),
            Problem::NoPartner => no_partner(),
            Problem::Unsharable(why) => told(
                StatusCode::BAD_REQUEST,
                "This cannot be shared",
                why,
                &[
                    "Nothing was sent. Go back to the app you came from.",
                    "If it is your app: the sentence above says what to mend.",
                ],
            ),
            // It has no page; a browser never sees this.
            Problem::GoTo(_) => told(StatusCode::SEE_OTHER, "This way", "It goes on elsewhere.", &[]),
        }
    }
}

fn not_found() -> Told {
    Told {
        status: StatusCode::NOT_FOUND,
        title: "There is nothing here",
        what: "Either it never was, or it is not yours to see. Both answer the same.".to_owned(),
        remedies: &[
            "Check the address for a slip of the finger.",
            "If you came by a link from someone else, it may be theirs alone.",
        ],
    }
}

fn no_partner() -> Told {
    Told {
        status: StatusCode::FORBIDDEN,
        title: "This page is opened by a link",
        what:
            "It belongs to those who run an app, and the link is missing, was opened before, or is too old."
                .to_owned(),
        remedies: &[
            "The app gets a new one with POST /v1/page and a token of its own.",
            "The operator makes one with `waxseal app page CLIENT_ID`.",
        ],
    }
}

fn refused(refusal: &Refusal) -> Told {
    let said =
        |status, title| Told { status, title, what: sentence(refusal), remedies: &["Nothing was changed."] };
    match refusal {
        Refusal::NotFound => not_found(),
        Refusal::Conflict(_) | Refusal::Changed | Refusal::KeyReused | Refusal::SentBefore => {
            said(StatusCode::CONFLICT, "That cannot be done now")
        }
        Refusal::Invalid(_)
        | Refusal::NotFriends
        | Refusal::TooMany(_)
        | Refusal::HandleTaken
        | Refusal::Code
        | Refusal::Password => said(StatusCode::UNPROCESSABLE_ENTITY, "That cannot be done"),
        // These are said to apps; a person's own session never hears them.
        Refusal::Token
        | Refusal::Unproven
        | Refusal::Replayed
        | Refusal::SignedOut
        | Refusal::Wait(_)
        | Refusal::No(_)
        | Refusal::Scope(_)
        | Refusal::Withheld(_) => said(StatusCode::FORBIDDEN, "That cannot be done"),
        Refusal::Fault(fault) => Told {
            status: fault_status(fault),
            title: "Something broke on our side",
            what: match fault {
                Fault::Unknown => "It is not certain whether it was done. Look before you try again.",
                _ => "Nothing was changed. It is written down, and trying again is safe.",
            }
            .to_owned(),
            remedies: &[],
        },
    }
}

fn fault_status(fault: &Fault) -> StatusCode {
    match fault {
        Fault::Full
        | Fault::ReadOnly
        | Fault::Contended
        | Fault::Unreachable(_)
        | Fault::Overloaded
        | Fault::Closed => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What was wrong as a sentence that begins with a capital and ends with a full stop.
pub(crate) fn sentence(why: &impl std::fmt::Display) -> String {
    let text = why.to_string();
    let mut chars = text.chars();
    let first: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

/// Goes on elsewhere: with GET, kept by nobody, and without telling the next site where from.
pub(crate) fn go_to(address: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(address) else {
        return Problem::NoPage.into_response();
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

impl IntoResponse for Problem {
    /// Leaves the page to [`draw`], which knows who looks.
    fn into_response(self) -> Response {
        if let Problem::GoTo(address) = &self {
            return go_to(address);
        }
        let mut response = self.told().status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Draws the page of a problem that a handler left.
pub(crate) async fn draw(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let mut response = next.run(request).await;
    let unsaid = (response.status() == StatusCode::METHOD_NOT_ALLOWED).then_some(Problem::Method);
    let Some(problem) = response.extensions_mut().remove::<Problem>().or(unsaid) else { return response };
    let event = match &problem {
        Problem::Refused(Refusal::Fault(fault)) => {
            let id = data_encoding::HEXLOWER.encode(&door.vault.world().random::<5>());
            tracing::error!(%fault, event = %id, "a page could not be answered");
            Some(format!("evt_{id}"))
        }
        _ => None,
    };
    let told = problem.told();
    let view = view::Problem {
        page: caller::frame(&door, &headers).await,
        title: told.title.to_owned(),
        what: told.what,
        remedies: told.remedies.iter().map(|&remedy| remedy.to_owned()).collect(),
        name: None,
        event,
    };
    let mut drawn = page(told.status, &view);
    if let Some(allowed) = response.headers_mut().remove(header::ALLOW) {
        drawn.headers_mut().insert(header::ALLOW, allowed);
    }
    let wait_s = match problem {
        Problem::TooMany(wait_s) => Some(wait_s),
        Problem::Proving => Some(5),
        _ if told.status == StatusCode::SERVICE_UNAVAILABLE => Some(5),
        _ => None,
    };
    if let Some(wait_s) = wait_s {
        drawn.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_begin_and_end() {
        assert_eq!(
            sentence(&Refusal::HandleTaken),
            "This handle, or one that looks like it, is taken; choose another."
        );
        assert_eq!(sentence(&"\u{e9}t\u{e9}!"), "\u{c9}t\u{e9}!");
        assert_eq!(sentence(&""), ".");
    }

    #[test]
    fn a_fault_tells_nothing_of_itself() {
        let fault = Fault::Damaged("/var/lib/secret".into());
        let told = Problem::from(Refusal::Fault(fault)).told();
        assert_eq!(told.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!told.what.contains("secret"));
    }

    #[test]
    fn where_to_go_on_survives_the_sign_in_page() {
        let Problem::GoTo(address) = Problem::sign_in("/consent?request=aut_1&x=2") else { panic!() };
        assert_eq!(address, "/sign-in?return_to=/consent%3Frequest%3Daut_1%26x%3D2");
    }
}
