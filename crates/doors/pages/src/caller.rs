//! Who looks at a page: a person who is signed in, or anyone.
//!
//! Invariant: a `Person` is made of a live session alone; everything that a page does for a person takes its `Own`.

use crate::done::Done;
use crate::problem::Problem;
use crate::view::{Page, Viewer, count};
use crate::{Door, cookies, form};
use axum::extract::{ConnectInfo, FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use vault::{Own, Refusal, Visit};

/// A person in her signed-in browser.
pub(crate) struct Person {
    /// What the vault knows her by.
    pub(crate) own: Own,
    /// The frame of the pages that she is shown.
    pub(crate) page: Page,
    /// The session cookie, for who must ask again whether it is still good.
    pub(crate) cookie: String,
}

/// A person who has just proved that it is her: for what a stranger at her desk must not do.
pub(crate) struct Fresh(pub(crate) Person);

/// How long she need not prove it again, in seconds: 10 minutes.
pub(crate) const FRESH_S: i64 = 600;

/// From where a request comes. Wants the peer's address as `ConnectInfo<SocketAddr>` in it.
pub(crate) struct Whence(pub(crate) Visit);

impl FromRequestParts<Arc<Door>> for Whence {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Whence(Visit {
            agent: agent.unwrap_or_default().to_owned(),
            from: peer.map(|ConnectInfo(peer)| peer.ip().into()).unwrap_or_default(),
            browser: cookies::browser(&parts.headers, door.secure()).map(str::to_owned),
        }))
    }
}

/// Whoever looks, signed in or not.
pub(crate) struct Anyone {
    /// The frame; nobody is signed in on it.
    pub(crate) page: Page,
    /// The session cookie that came, good or not.
    pub(crate) session: Option<String>,
    fresh: Option<HeaderValue>,
}

impl Anyone {
    /// The answer, with the cookie to which the page's form belongs.
    pub(crate) fn answer(self, mut response: Response) -> Response {
        if let Some(cookie) = self.fresh {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// Who is signed in with this cookie.
async fn signed_in(door: &Door, cookie: &str) -> Result<(Own, Viewer), Refusal> {
    let own = door.vault.own(cookie).await?;
    let (face, unread) = door.vault.viewer(&own).await?;
    let handle = face.handle.unwrap_or_default().into();
    Ok((own, Viewer { handle, name: face.name.into(), notices_unread: count(unread) }))
}

/// The frame for whoever looks, for pages that belong to nobody: an error, the directory.
pub(crate) async fn frame(door: &Door, headers: &HeaderMap) -> Page {
    let outside = Page { viewer: None, csrf: String::new(), flash: None };
    let Some(cookie) = cookies::session(headers, door.secure()) else { return outside };
    match signed_in(door, cookie).await {
        Ok((_, viewer)) => Page { viewer: Some(viewer), csrf: form::token(cookie), flash: None },
        Err(_) => outside,
    }
}

/// To the sign-in page, and from there back to what was asked for, if that was to look at something.
fn sign_in_first(parts: &Parts) -> Problem {
    let looked = matches!(parts.method, Method::GET | Method::HEAD);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    Problem::sign_in(if looked { path } else { "" })
}

impl FromRequestParts<Arc<Door>> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Problem> {
        let cookie = cookies::session(&parts.headers, door.secure()).ok_or_else(|| sign_in_first(parts))?;
        match signed_in(door, cookie).await {
            Ok((own, viewer)) => {
                let flash = parts.uri.query().and_then(Done::flash);
                let page = Page { viewer: Some(viewer), csrf: form::token(cookie), flash };
                Ok(Person { own, page, cookie: cookie.to_owned() })
            }
            Err(Refusal::SignedOut | Refusal::NotFound) => Err(sign_in_first(parts)),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

impl FromRequestParts<Arc<Door>> for Fresh {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Problem> {
        let person = Person::from_request_parts(parts, door).await?;
        match door.vault.fresh_within(&person.own, FRESH_S) {
            true => Ok(Fresh(person)),
            // The form is not kept: she comes back to the page where its button is.
            false if parts.method != Method::GET => Err(Problem::sign_in_again("/settings")),
            false => Err(Problem::sign_in_again(parts.uri.path())),
        }
    }
}

impl FromRequestParts<Arc<Door>> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Problem> {
        let session = cookies::session(&parts.headers, door.secure()).map(str::to_owned);
        let known = session.as_deref().or_else(|| cookies::form(&parts.headers, door.secure()));
        let (csrf, fresh) = match known {
            Some(cookie) => (form::token(cookie), None),
            None => {
                let cookie = BASE64URL_NOPAD.encode(&door.vault.world().random::<32>());
                (form::token(&cookie), cookies::set_form(&cookie, door.secure()))
            }
        };
        let flash = parts.uri.query().and_then(Done::flash);
        Ok(Anyone { page: Page { viewer: None, csrf, flash }, session, fresh })
    }
}

/// What a query asks for. What cannot be read of it is not asked for.
pub(crate) struct Queried<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequestParts<S> for Queried<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let asked = Query::try_from_uri(&parts.uri).map(|Query(asked)| asked);
        Ok(Queried(asked.unwrap_or_default()))
    }
}

/// What a path names. What is not spelled like an id of its kind is not there.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named = Path::<T>::from_request_parts(parts, state).await;
        named.map(|Path(named)| At(named)).map_err(|_| Problem::NoPage)
    }
}
