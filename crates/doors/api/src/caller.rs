//! Who asks: the bearer token of a request (RFC 6750), and the one way from it to an act of the vault.
//!
//! Invariant: a token is taken from one `Authorization` header and from nowhere else. A `Caller` serves one request; when
//! the grant changed under way, the whole way is gone once more, from the token on. No act is refused by what was
//! remembered alone.

use crate::Door;
use crate::problem::Problem;
use crate::problems as listed;
use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use model::GrantId;
use std::sync::Arc;
use vault::{Act, Actor, Caller, Opened, Permit, Refusal, SendMessage, Sent, Vault};

/// An app that asks, with its token not looked up yet.
pub(crate) struct Asking {
    pub(crate) door: Arc<Door>,
    token: String,
}

impl FromRequestParts<Arc<Door>> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Problem> {
        let in_query = |query: &str| query.split('&').any(|pair| pair.starts_with("access_token="));
        if parts.uri.query().is_some_and(in_query) {
            let detail = "an access token in a URL ends up in logs: send it in the header Authorization, and revoke this one";
            return Err(Problem::parameter("access_token", detail));
        }
        Ok(Asking { door: door.clone(), token: bearer(&parts.headers)?.to_owned() })
    }
}

/// The token of the one `Authorization` header. A text that is no token of ours is for the vault to refuse.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let missing = || Problem::new(listed::TOKEN_MISSING, "send Authorization: Bearer and the access token");
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let header = sent.next().ok_or_else(missing)?;
    if sent.next().is_some() {
        return Err(Problem::parameter("Authorization", "the header Authorization is there more than once"));
    }
    let text = header.to_str().map_err(|_| Refusal::Token)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim_start_matches(' ')) } else { Err(missing()) }
}

impl Asking {
    /// Looks the token up, and takes one request out of the grant's bucket.
    pub(crate) async fn caller(&self) -> Result<Caller, Problem> {
        let caller = self.door.vault.caller(&self.token).await?;
        self.count(caller.grant())?;
        Ok(caller)
    }

    /// The same for a request that is an act and nothing else: then the token need not be looked up if it was lately.
    pub(crate) async fn actor(&self) -> Result<Actor, Problem> {
        let actor = self.door.vault.actor(&self.token).await?;
        self.count(actor.grant())?;
        Ok(actor)
    }

    fn count(&self, grant: GrantId) -> Result<(), Problem> {
        if let Some(meters) = &self.door.meters {
            meters.take(grant, self.door.vault.world().now())?;
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
        let anew = async || vault.caller(&self.token).await.map(Actor::from);
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
        let caller = self.door.vault.caller(&self.token).await?;
        self.door.vault.sent_before(&caller, ask).await
    }
}

#[cfg(test)]
#[path = "caller_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "act_tests.rs"]
mod act_tests;
