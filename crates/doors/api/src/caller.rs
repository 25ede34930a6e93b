//! Who asks: the token of a request (RFC 6750), with the proof or certificate that it may need (RFC 9449, RFC 8705), and the one way from it to an act
//! of the vault.
//!
//! Invariant: a token is taken from one `Authorization` header and from nowhere else, and goes on with all that its sender was
//! shown to hold. A `Caller` or `Actor` serves one request; when the grant changed under way, the whole way is gone once more,
//! from the token on. No act is refused by what was remembered alone.

use crate::Door;
use crate::limit::Whose;
use crate::problem::Problem;
use crate::problems as listed;
use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use model::{AppId, GrantId, PersonId};
use oauth::bound::{Held, Presented};
use oauth::certificate::Shown;
use oauth::dpop::{self, Proof, ProofInvalid, Target};
use std::sync::Arc;
use vault::{Act, Actor, Caller, Opened, Permit, Refusal, SendMessage, Sent, TokenRefusal, Vault};

/// An app that asks, with its token not looked up yet.
pub(crate) struct Asking {
    pub(crate) door: Arc<Door>,
    presented: Presented,
}

/// How an access token came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Bearer,
    DPoP,
}

impl FromRequestParts<Arc<Door>> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Problem> {
        let in_query = |query: &str| query.split('&').any(|pair| pair.starts_with("access_token="));
        if parts.uri.query().is_some_and(in_query) {
            let detail = "an access token in a URL ends up in logs: send it in the header Authorization, and revoke this one";
            return Err(Problem::parameter("access_token", detail));
        }
        let (scheme, token) = credentials(&parts.headers)?;
        let proof = match scheme {
            Scheme::Bearer => None,
            Scheme::DPoP => Some(proof(parts, door, token).await?),
        };
        // The certificate is that of the connection; it stands in no header.
        let now = door.vault.world().now();
        let shown = parts.extensions.get::<Arc<Shown>>();
        let held = Held { proof, certificate: shown.and_then(|shown| shown.thumbprint_at(now)) };
        Ok(Asking { door: door.clone(), presented: Presented { token: token.to_owned(), held } })
    }
}

/// The proof beside a token.
async fn proof(parts: &Parts, door: &Door, token: &str) -> Result<Proof, Problem> {
    let values = parts.headers.get_all(dpop::HEADER).iter().map(HeaderValue::as_bytes);
    let text = dpop::sent(values).and_then(|text| text.ok_or(ProofInvalid::Missing));
    let own = door.vault.issuer();
    let target = Target {
        method: parts.method.as_str(),
        bases: &[own, door.mutual.as_ref().map_or(own, |mutual| mutual.url.as_str())],
        path: parts.uri.path(),
        access_token: Some(token),
    };
    let text = text.map_err(|why| TokenRefusal::OAuth(why.into()))?;
    Ok(door.vault.dpop_proof(text, &target).await?)
}

/// How a request says that it brings a token, if it does.
pub(crate) fn scheme(headers: &HeaderMap) -> Option<Scheme> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    match text.split(' ').next() {
        Some(scheme) if scheme.eq_ignore_ascii_case("bearer") => Some(Scheme::Bearer),
        Some(scheme) if scheme.eq_ignore_ascii_case("dpop") => Some(Scheme::DPoP),
        _ => None,
    }
}

/// The token of the one `Authorization` header. A text that is no token of ours is for the vault to refuse.
fn credentials(headers: &HeaderMap) -> Result<(Scheme, &str), Problem> {
    let missing = || {
        let why = "send Authorization: Bearer and the access token; or DPoP, if its token_type is DPoP";
        Problem::new(listed::TOKEN_MISSING, why)
    };
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let header = sent.next().ok_or_else(missing)?;
    if sent.next().is_some() {
        return Err(Problem::parameter("Authorization", "the header Authorization is there more than once"));
    }
    let text = header.to_str().map_err(|_| Refusal::Token)?;
    let (_, token) = text.split_once(' ').unwrap_or((text, ""));
    Ok((scheme(headers).ok_or_else(missing)?, token.trim_start_matches(' ')))
}

impl Asking {
    /// What was presented, for those who look it up elsewhere.
    pub(crate) fn presented(&self) -> Presented {
        self.presented.clone()
    }

    /// Looks the token up, uses its proof up, and takes one request out of its buckets.
    pub(crate) async fn caller(&self) -> Result<Caller, Problem> {
        let caller = self.door.vault.caller(self.presented.clone()).await?;
        self.count(caller.grant(), caller.person(), caller.app())?;
        Ok(caller)
    }

    /// The same for a request that is an act and nothing else: then the token need not be looked up if it was lately,
    /// and the record of the act uses the proof up.
    pub(crate) async fn actor(&self) -> Result<Actor, Problem> {
        let actor = self.door.vault.actor(self.presented.clone()).await?;
        self.count(actor.grant(), actor.person(), actor.app())?;
        Ok(actor)
    }

    fn count(&self, grant: GrantId, person: PersonId, app: AppId) -> Result<(), Problem> {
        if let Some(meters) = &self.door.meters {
            let of = [Whose::Grant(grant), Whose::Person(person), Whose::App(app)];
            meters.take(of, self.door.vault.world().now())?;
        }
        Ok(())
    }

    /// Asks the gate for leave, and acts with it; once more from the token on if the grant changed under way, or if what was
    /// remembered of it may be why not.
    pub(crate) async fn act<A: Act, T>(
        &self,
        actor: &Actor,
        ask: impl Fn() -> A,
        act: impl AsyncFn(&Vault, Permit<A>) -> Result<Opened<T>, Refusal>,
    ) -> Result<Opened<T>, Refusal> {
        let vault = &*self.door.vault;
        let attempt = async |actor: &Actor| act(vault, actor.permit(ask())?).await;
        // What was refused has used nothing up.
        let anew = async || vault.actor_anew(self.presented.clone()).await;
        let done = match attempt(actor).await {
            Err(refusal) if !actor.is_anew() && !matches!(refusal, Refusal::Fault(_)) => {
                attempt(&anew().await?).await
            }
            done => done,
        };
        match done {
            Err(Refusal::Changed) => attempt(&anew().await?).await,
            done => done,
        }
    }

    /// What an earlier request with this key sent, for a grant whose last use that was.
    pub(crate) async fn sent_before(&self, ask: &SendMessage) -> Result<Option<Opened<Sent>>, Refusal> {
        let caller = self.door.vault.caller(self.presented.clone()).await?;
        self.door.vault.sent_before(&caller, ask).await
    }
}

#[cfg(test)]
#[path = "caller_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "act_tests.rs"]
pub(crate) mod act_tests;
