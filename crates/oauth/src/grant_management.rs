//! Grant Management for OAuth 2.0 (draft 03): what an app is told of a grant that it holds.
//!
//! Invariant: it is the grant as it stands, not as it was asked for; a grant that is over is told of to nobody.

use crate::details::{self, Granted, json_text};
use crate::metadata::Issuer;
use model::{GrantId, Scopes, Terms, Time};
use serde::Serialize;

/// What an app may do with a grant of its own.
pub const ACTIONS: &[&str] = &["query", "revoke", "create", "merge", "replace"];

/// A grant as its app is told.
#[derive(Clone, Debug, Serialize)]
pub struct GrantTold {
    grant_id: GrantId,
    scopes: Vec<ScopeTold>,
    claims: Vec<&'static str>,
    #[serde(skip_serializing_if = "Granted::is_empty")]
    authorization_details: Granted,
    state: &'static str,
    expires_at: Time,
}

#[derive(Clone, Debug, Serialize)]
struct ScopeTold {
    scope: String,
    resources: [String; 1],
}

/// What is told of a grant is made of this.
#[derive(Clone, Debug)]
pub struct GrantFacts<'a> {
    /// Its id.
    pub id: GrantId,
    /// Its scopes.
    pub scopes: Scopes,
    /// What it allows.
    pub terms: &'a Terms,
    /// What for.
    pub purpose: &'a str,
    /// When she last agreed to how long it lasts.
    pub agreed_at: Time,
    /// `active` or `paused`.
    pub state: &'static str,
}

impl GrantTold {
    /// What is told of this grant.
    pub fn of(facts: &GrantFacts<'_>, issuer: &Issuer) -> Self {
        let known =
            [(Scopes::OPENID, "sub"), (Scopes::PROFILE, "name"), (Scopes::PROFILE, "preferred_username")];
        let claims = known.into_iter().filter(|(scope, _)| facts.scopes.has(*scope)).map(|(_, claim)| claim);
        let scope = ScopeTold { scope: facts.scopes.to_string(), resources: [issuer.resource().to_owned()] };
        GrantTold {
            grant_id: facts.id,
            scopes: Some(scope).filter(|scope| !scope.scope.is_empty()).into_iter().collect(),
            claims: claims.collect(),
            authorization_details: details::granted(facts.terms, facts.purpose, facts.agreed_at),
            state: facts.state,
            expires_at: facts.terms.ends_at,
        }
    }

    /// Its JSON.
    pub fn json(&self) -> String {
        json_text(self)
    }
}
