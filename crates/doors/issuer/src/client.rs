//! Which app asks at the endpoints that apps call: reads its proof, lets the `oauth` room judge it, uses it up.
//!
//! Invariant: a proof that can serve once has been used up, durably, before anything is done for whom it proved.

use crate::Doors;
use crate::arrivals::{Address, Most};
use crate::held::{held, shown};
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};
use model::AppId;
use oauth::bound::Held;
use oauth::certificate::{Authorities, Shown};
use oauth::client::{
    Client, Evidence, KeySource, Presented, Unproven, authenticate, check_query, key_unknown, presented,
    replayed,
};
use oauth::dpop::ProofInvalid;
use oauth::key_set::KeySet;
use oauth::{ErrorCode, OAuthError, Once, Params, request_object};
use std::borrow::Cow;

/// How often an address may fail to prove an app before it has to wait.
pub(crate) const FAILURES: Most = Most { times: 300, window_s: 300 };

/// An app that proved itself, and what it sent.
#[derive(Debug)]
pub(crate) struct Proved {
    /// What is known of it.
    pub(crate) client: Client,
    /// The form that it sent.
    pub(crate) form: Params,
}

impl Proved {
    /// Which app.
    pub(crate) fn app(&self) -> AppId {
        self.client.id
    }
}

/// The form of a request whose body must be one.
pub(crate) fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, OAuthError> {
    let is_form =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
            let kind = value.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    if !is_form {
        let why = "send the parameters as application/x-www-form-urlencoded";
        return Err(OAuthError::new(ErrorCode::InvalidRequest, why));
    }
    Params::parse(body)
}

/// Reads the form and proves the app that sent it.
pub(crate) async fn proved(doors: &Doors, parts: &mut Parts, body: &[u8]) -> Result<Proved, Problem> {
    prove(doors, parts, Some(body)).await
}

/// Proves the app that sent a request without a body, by its `Authorization` header.
pub(crate) async fn proved_by_header(doors: &Doors, parts: &mut Parts) -> Result<Client, Problem> {
    let unproven = |why| Problem::from(OAuthError::new(ErrorCode::InvalidClient, why)).challenged(true);
    if !parts.headers.contains_key(header::AUTHORIZATION) {
        return Err(unproven(
            "prove yourself in the header Authorization, or send an access token of the grant",
        ));
    }
    let proved = prove(doors, parts, None).await?;
    if !proved.client.kind.is_confidential() {
        return Err(unproven("an app that cannot prove itself has no say here"));
    }
    Ok(proved.client)
}

async fn prove(doors: &Doors, parts: &mut Parts, body: Option<&[u8]>) -> Result<Proved, Problem> {
    let (proved, once) = identified(doors, parts, body).await?;
    if doors.vault.use_once(once.into_iter().collect()).await?.is_some() {
        return Err(replayed().into());
    }
    Ok(proved)
}

/// The same where tokens are asked for: with what else the sender holds, which is used up as well.
pub(crate) async fn proved_holding(
    doors: &Doors,
    parts: &mut Parts,
    body: &[u8],
) -> Result<(Proved, Held), Problem> {
    let (proved, once) = identified(doors, parts, Some(body)).await?;
    let held = held(doors, parts, None).await?;
    let of_app = once.is_some();
    let all = once.into_iter().chain(held.proof.as_ref().map(|proof| proof.once));
    match doors.vault.use_once(all.collect()).await? {
        None => Ok((proved, held)),
        Some(0) if of_app => Err(replayed().into()),
        Some(_) => Err(OAuthError::from(ProofInvalid::Replayed).into()),
    }
}

/// Finds out which app asks; what it proved itself by is yet to be used up.
async fn identified(
    doors: &Doors,
    parts: &mut Parts,
    body: Option<&[u8]>,
) -> Result<(Proved, Option<Once>), Problem> {
    let now = doors.vault.world().now();
    let Ok(from) = Address::from_request_parts(parts, &()).await;
    if let Err(wait_s) = doors.inside.failures.room(&from, now) {
        let why = "too many requests from this address did not prove their client; wait";
        return Err(Problem::too_many(wait_s, why));
    }
    check_query(parts.uri.query().unwrap_or_default().as_bytes())?;
    let form = match body {
        Some(body) => form(&parts.headers, body)?,
        None => Params::parse(b"")?,
    };
    let mut authorization = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (header, second) = (authorization.next(), authorization.next());
    if second.is_some() {
        return Err(OAuthError::new(ErrorCode::InvalidRequest, "send one Authorization header").into());
    }
    let used_header = header.is_some();
    let prove = async {
        let presented = presented(header.map(|value| value.as_bytes()), &form)?;
        judged(doors, &presented, shown(parts)).await
    };
    let (client, once) = prove.await.map_err(|problem: Problem| {
        if problem.is_unproven() {
            let _ = doors.inside.failures.enter(from, now);
        }
        problem.challenged(used_header)
    })?;
    Ok((Proved { client, form }, once))
}

/// Judges a proof by what is registered; fetches the app's keys if they are elsewhere.
async fn judged(
    doors: &Doors,
    presented: &Presented,
    shown: Option<&Shown>,
) -> Result<(Client, Option<Once>), Problem> {
    let now = doors.vault.world().now();
    let nobody = Authorities::default();
    let authorities = doors.mutual.as_ref().map_or(&nobody, |mutual| &mutual.authorities);
    let app = doors.vault.app_find(presented.client_id).await?;
    let client = app.map(|app| app.client_at(now));
    let source = client.as_ref().and_then(|client| client.kind.keys());
    let judged = with_keys(doors, presented.client_id, source, |keys| {
        let evidence = Evidence { issuer: &doors.issuer, keys, shown, authorities, now };
        let proven = authenticate(presented, client.as_ref(), evidence)?;
        Ok((proven.client.clone(), proven.once))
    });
    Ok(judged.await.map_err(|unkeyed| match unkeyed {
        Unkeyed::Refused(error) => error,
        Unkeyed::Unknown => key_unknown(),
        Unkeyed::Unreachable(why) => OAuthError::new(ErrorCode::InvalidClient, why),
    })?)
}

/// The parameters that count: those that the app signed, if it sent a signed request, or else these.
pub(crate) async fn opened<'a>(
    doors: &Doors,
    params: &'a Params,
    client: &Client,
) -> Result<Cow<'a, Params>, OAuthError> {
    let Some(text) = request_object::sent(params, client) else { return Ok(Cow::Borrowed(params)) };
    let now = doors.vault.world().now();
    let opened = with_keys(doors, client.id, client.kind.keys(), |keys| {
        request_object::open(text, client, keys, &doors.issuer, now)
    });
    opened.await.map(Cow::Owned).map_err(|unkeyed| match unkeyed {
        Unkeyed::Refused(error) => error,
        Unkeyed::Unknown => request_object::key_unknown(),
        Unkeyed::Unreachable(why) => request_object::keys_unreachable(&why),
    })
}

/// Why nothing came of the keys of an app.
enum Unkeyed {
    /// What they were needed for is not in order.
    Refused(OAuthError),
    /// It is signed with none of them.
    Unknown,
    /// They could not be fetched.
    Unreachable(String),
}

/// Judges something by the keys of an app, wherever they are: at first with those at hand, then with newer ones. So nothing is
/// fetched for what could not be taken anyway.
async fn with_keys<T>(
    doors: &Doors,
    app: AppId,
    source: Option<&KeySource>,
    judge: impl Fn(Option<&KeySet>) -> Result<T, Unproven>,
) -> Result<T, Unkeyed> {
    let now = doors.vault.world().now();
    let (uri, mut keys) = match source {
        Some(KeySource::Inline(keys)) => (None, Some(keys.clone())),
        Some(KeySource::Uri(uri)) => (Some(uri), doors.inside.keys.kept(app, uri, now)),
        None => (None, None),
    };
    for newer in [false, true] {
        if let (true, Some(uri)) = (newer, uri) {
            let fetched = doors.inside.keys.newer(app, uri, keys.as_ref(), now).await;
            keys = Some(fetched.map_err(Unkeyed::Unreachable)?);
        }
        match judge(keys.as_deref()) {
            Ok(judged) => return Ok(judged),
            Err(Unproven::Refused(error)) => return Err(Unkeyed::Refused(error)),
            Err(Unproven::KeyUnknown) => {}
        }
    }
    Err(Unkeyed::Unknown)
}
