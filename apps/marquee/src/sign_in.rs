//! Signing in with Waxseal, for what needs it: film nights, and the inbox.
//!
//! Invariant: tokens stay here, behind a cookie that nobody can guess; what is asked for is what `ask` says, and no more.

use crate::Marquee;
use crate::view::LetIn;
use axum::extract::{Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use waxseal_client::{Action, Ask, AskedReach, Begun, Error, Kind, MemoryKeep, Messages, Session};

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) session: Session,
    pub(crate) name: String,
}

/// Somebody who is at Waxseal, deciding.
#[derive(Clone)]
pub(crate) struct Leaving {
    begun: Begun,
    /// Where she wanted to go.
    to: String,
}

/// What Marquee would like to do, in the least words that do it: the conversations that it starts, from now on, for a month.
fn ask() -> Ask {
    Messages::new("Shows you the replies to the film nights that you plan here")
        .actions([Action::Read, Action::Send])
        .conversations(AskedReach::Started)
        .kinds([Kind::Text, Kind::Card])
        .for_seconds(30 * 86_400)
        .ask()
        .with_profile()
}

/// The page that says what signing in is for.
pub(crate) fn let_in(marquee: &Marquee, at: &'static str, to: &str, over: bool) -> Response {
    let mut frame = marquee.frame(at, None);
    frame.flash =
        over.then_some("Your access has ended. Nothing can be read any more until you let Marquee in again.");
    let to = frame::query("/sign-in", &[("to", to)]);
    frame::page(StatusCode::OK, &LetIn { frame, to })
}

#[derive(Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    to: String,
}

/// A path of our own, and of nobody else.
fn own_path(to: String) -> String {
    let is_own = to.starts_with("/inbox") || to.starts_with("/films/");
    if is_own { to } else { "/inbox".to_owned() }
}

/// `GET /sign-in?to`: off to Waxseal.
pub(crate) async fn sign_in(State(marquee): State<Arc<Marquee>>, Query(wish): Query<Wish>) -> Response {
    let begun = match marquee.client().await {
        Ok(client) => client.begin(&ask(), &marquee.own.at("/callback")).await,
        Err(why) => Err(why),
    };
    match begun {
        Ok(begun) => {
            let to = begun.url().to_owned();
            let leaving = Leaving { begun, to: own_path(wish.to) };
            frame::to(&to, marquee.leaving.begin(&marquee.own, leaving))
        }
        Err(why) => failed(&marquee, &why),
    }
}

/// `GET /callback`: back from Waxseal.
pub(crate) async fn callback(
    State(marquee): State<Arc<Marquee>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(Leaving { begun, to }) = marquee.leaving.take(&headers) else {
        let what = "This answer belongs to no sign-in that was begun in this browser. Begin again.";
        return marquee.sorry(StatusCode::BAD_REQUEST, "That was not from here", what);
    };
    match welcome(&marquee, begun, &query.unwrap_or_default()).await {
        Ok(member) => frame::to(&to, marquee.members.begin(&marquee.own, member)),
        Err(Error::OAuth(refused)) if refused.error == "access_denied" => marquee.sorry(
            StatusCode::OK,
            "As you like",
            "You let nothing in, so Marquee can do nothing in your name. Films are there without it.",
        ),
        Err(why) => failed(&marquee, &why),
    }
}

async fn welcome(marquee: &Marquee, begun: Begun, query: &str) -> Result<Member, Error> {
    let session = marquee.client().await?.finish(begun, query, MemoryKeep::new()).await?;
    let me = session.me().await?;
    Ok(Member { session, name: me.name.or(me.handle).unwrap_or_default() })
}

/// `POST /sign-out`: the tokens end; what she let Marquee do stands until she takes it back in Waxseal.
pub(crate) async fn sign_out(State(marquee): State<Arc<Marquee>>, headers: HeaderMap) -> Response {
    if let Some(member) = marquee.members.of(&headers) {
        // Where Waxseal cannot be reached, the tokens end by themselves within minutes.
        let _ = member.session.sign_out().await;
    }
    frame::to("/", Some(marquee.members.end(&marquee.own, &headers)))
}

/// `POST /hand-back`: what she let Marquee do ends, at Waxseal too.
pub(crate) async fn hand_back(State(marquee): State<Arc<Marquee>>, headers: HeaderMap) -> Response {
    if let Some(member) = marquee.members.of(&headers)
        && let Err(why) = member.session.hand_back().await
        && !matches!(why, Error::SignedOut(_))
    {
        return failed(&marquee, &why);
    }
    frame::to("/", Some(marquee.members.end(&marquee.own, &headers)))
}

/// What could not be done, said to her; who runs Marquee reads the same.
pub(crate) fn failed(marquee: &Marquee, why: &Error) -> Response {
    eprintln!("marquee: {why}");
    let (status, what) = match why {
        Error::Unreachable(_) => {
            (StatusCode::BAD_GATEWAY, "Waxseal does not answer. Try again in a minute.".to_owned())
        }
        Error::Problem(problem) => {
            (StatusCode::UNPROCESSABLE_ENTITY, format!("Waxseal said: {}", problem.detail))
        }
        other => (StatusCode::BAD_GATEWAY, format!("{other}.")),
    };
    marquee.sorry(status, "That did not work", &what)
}
