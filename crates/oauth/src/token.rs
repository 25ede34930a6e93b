//! The token endpoint: what a code or a refresh token is worth, decided over the rows that the vault hands in.
//!
//! Invariant: a code works once, and so does the refresh token of an app without a key. A second use ends what the first
//! brought forth, but only if it could have been the first: a thief who lacks the verifier cannot cut off the app. For a
//! minute a used refresh token is worth its one successor again, as long as nobody has used that.

use crate::authorize::check_resource;
use crate::bound::Bound;
use crate::client::Client;
use crate::details::{self, Asked, AskedReach, Granted};
use crate::error::{ErrorCode, OAuthError};
use crate::metadata::Issuer;
use crate::params::Params;
use crate::{device, pkce};
use model::{AppId, GrantId, GrantState, Reach, Scopes, Since, Terms, Time};
use serde::Serialize;
use std::cmp::Ordering;
use std::fmt;

/// How long a code lives.
pub const CODE_S: i64 = 60;
/// How long an access token lives at most; it never outlives its grant.
pub const ACCESS_TOKEN_S: i64 = 300;
/// How long a refresh token lives unused; it never outlives its grant.
pub const REFRESH_IDLE_S: i64 = 2_592_000;
/// How long a used refresh token is still worth the one that came of it, for an app whose answer was lost on its way.
pub const REFRESH_GRACE_S: i64 = 60;

/// When an access token issued now ends.
pub fn access_token_ends(grant_ends_at: Time, now: Time) -> Time {
    now.plus_seconds(ACCESS_TOKEN_S).min(grant_ends_at)
}

/// When a refresh token issued now ends unless it is used.
pub fn refresh_token_ends(grant_ends_at: Time, now: Time) -> Time {
    now.plus_seconds(REFRESH_IDLE_S).min(grant_ends_at)
}

/// What is asked of the token endpoint.
#[derive(Clone, PartialEq, Eq)]
pub enum TokenRequest {
    /// `grant_type=authorization_code`
    Code {
        /// The code.
        code: String,
        /// What proves it to be the asker's.
        proof: CodeProof,
        /// A wish for less.
        details: Option<Asked>,
    },
    /// `grant_type=refresh_token`
    Refresh {
        /// The refresh token.
        refresh_token: String,
        /// A wish for fewer scopes.
        scope: Option<String>,
        /// A wish for less.
        details: Option<Asked>,
    },
    /// `grant_type=urn:ietf:params:oauth:grant-type:device_code`
    Device {
        /// The device code.
        device_code: String,
    },
    /// `grant_type=client_credentials`: a token of the app's own, with nobody behind it.
    Own,
}

/// What comes with a code. What is missing is empty, and proves nothing.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CodeProof {
    /// The redirect URI of the authorization request.
    pub redirect_uri: String,
    /// The verifier of its challenge.
    pub code_verifier: String,
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TokenRequest::Code { .. } => "Code",
            TokenRequest::Refresh { .. } => "Refresh",
            TokenRequest::Device { .. } => "Device",
            TokenRequest::Own => "Own",
        })
    }
}

/// Reads the form of the token endpoint.
pub fn parse(form: &Params, issuer: &Issuer) -> Result<TokenRequest, OAuthError> {
    let text = |name| form.value(name).unwrap_or_default().to_owned();
    let details = || form.value("authorization_details").map(details::parse_request).transpose();
    let request = match form.required("grant_type")? {
        "authorization_code" => TokenRequest::Code {
            code: form.required("code")?.to_owned(),
            proof: CodeProof { redirect_uri: text("redirect_uri"), code_verifier: text("code_verifier") },
            details: details()?,
        },
        "refresh_token" => TokenRequest::Refresh {
            refresh_token: form.required("refresh_token")?.to_owned(),
            scope: form.value("scope").map(str::to_owned),
            details: details()?,
        },
        "client_credentials" => TokenRequest::Own,
        device::GRANT_TYPE => TokenRequest::Device { device_code: form.required("device_code")?.to_owned() },
        _ => {
            return Err(OAuthError::new(
                ErrorCode::UnsupportedGrantType,
                "the grant types are 'authorization_code', 'refresh_token', 'client_credentials' and that of RFC 8628 for devices",
            ));
        }
    };
    check_resource(form, issuer)?;
    Ok(request)
}

/// The token that a revocation (RFC 7009) or introspection request (RFC 7662) names. Its hint is not needed: every kind is looked for.
pub fn parse_token(form: &Params) -> Result<&str, OAuthError> {
    form.required("token")
}

/// A code as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeRow {
    /// The app that it was issued to.
    pub app: AppId,
    /// The redirect URI of its request.
    pub redirect_uri: String,
    /// The S256 challenge of its request.
    pub code_challenge: String,
    /// When it ends.
    pub expires_at: Time,
    /// It was redeemed before.
    pub used: bool,
    /// Where its grant stands.
    pub grant: GrantState,
}

/// What a code is worth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Redeem {
    /// Issue tokens, and mark it used in the same transaction.
    Issue,
    /// Answer this; change nothing.
    Refuse(OAuthError),
    /// Answer this, and end all tokens that came of the code.
    RefuseAndRevoke(OAuthError),
}

/// Decides on a code that `app`, which has proved itself, presents.
pub fn redeem_code(row: Option<&CodeRow>, app: AppId, proof: &CodeProof, now: Time) -> Redeem {
    let refuse = |why| Redeem::Refuse(invalid_grant(why));
    let Some(row) = row else { return refuse("the code is not known") };
    if row.app != app {
        return refuse("the code is not known");
    }
    if row.redirect_uri != proof.redirect_uri {
        return refuse("redirect_uri is not that of the authorization request");
    }
    if !pkce::proves(&proof.code_verifier, &row.code_challenge) {
        return refuse("code_verifier does not prove the code_challenge");
    }
    if row.used {
        return Redeem::RefuseAndRevoke(invalid_grant("the code was used before; its tokens are revoked"));
    }
    if row.expires_at <= now {
        return refuse("the code has expired");
    }
    match row.grant {
        GrantState::Active | GrantState::Paused => Redeem::Issue,
        GrantState::Ended | GrantState::Spent => refuse("the grant has ended"),
    }
}

/// Where a refresh token stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefreshState {
    /// The present one of its family.
    Live,
    /// Exchanged for the next one.
    Used {
        /// When.
        at: Time,
        /// The next one has not been used.
        next_is_live: bool,
    },
    /// Ended with its family.
    Revoked,
}

/// A refresh token as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefreshRow {
    /// The app that it was issued to.
    pub app: AppId,
    /// Where it stands.
    pub state: RefreshState,
    /// When it ends.
    pub expires_at: Time,
    /// Where its grant stands.
    pub grant: GrantState,
    /// When its grant ends by itself.
    pub grant_ends_at: Time,
    /// Its app proves itself with a key at each use, so it is worth nothing to anyone else (FAPI 2.0 5.3.2.1).
    pub is_bound: bool,
}

/// What a refresh token is worth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refresh {
    /// Issue an access token; this refresh token goes on.
    Keep,
    /// Issue tokens, a new refresh token among them, and mark this one used in the same transaction.
    Rotate,
    /// Issue an access token, and give the refresh token once more that came of this one.
    Again,
    /// Answer this; change nothing.
    Refuse(OAuthError),
    /// Answer this, and end the whole family with its access tokens.
    RefuseAndRevokeFamily(OAuthError),
}

/// Decides on a refresh token that `app`, which has proved itself, presents.
pub fn refresh(row: Option<&RefreshRow>, app: AppId, now: Time) -> Refresh {
    let refuse = |why| Refresh::Refuse(invalid_grant(why));
    // Another app's token is not known to this one, and goes on working for its own.
    let Some(row) = row.filter(|row| row.app == app) else { return refuse("the refresh token is not known") };
    let worth = match row.state {
        RefreshState::Revoked => return refuse("the refresh token is revoked"),
        RefreshState::Used { at, next_is_live } => {
            if !next_is_live || at.plus_seconds(REFRESH_GRACE_S) <= now {
                let why = "the refresh token was used before; all tokens of its family are revoked";
                return Refresh::RefuseAndRevokeFamily(invalid_grant(why));
            }
            Refresh::Again
        }
        RefreshState::Live if row.is_bound => Refresh::Keep,
        RefreshState::Live => Refresh::Rotate,
    };
    if row.expires_at <= now || row.grant_ends_at <= now {
        return refuse("the refresh token has expired");
    }
    match row.grant {
        // A paused grant may go on; what it may do meanwhile (nothing) is the gate's to say.
        GrantState::Active | GrantState::Paused => worth,
        GrantState::Ended | GrantState::Spent => refuse("the grant has ended"),
    }
}

/// What an app is told that uses a refresh token without the key or certificate to which it was bound.
pub fn refresh_key_missing() -> OAuthError {
    invalid_grant("the refresh token is bound to a key or certificate that the request does not prove")
}

/// What an app is told that redeems a code without the key to which it was bound (`dpop_jkt`).
pub fn code_key_missing() -> OAuthError {
    invalid_grant("the code is bound to a key: redeem it with a DPoP proof of the key that dpop_jkt named")
}

fn invalid_grant(why: &str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, why)
}

/// The scopes of an access token for which fewer may be asked.
pub fn narrow_scopes(granted: Scopes, asked: Option<&str>) -> Result<Scopes, OAuthError> {
    let Some(asked) = asked else { return Ok(granted) };
    let granted_word = |word: &str| granted.words().any(|known| known == word);
    match asked.split(' ').filter(|word| !word.is_empty()).find(|word| !granted_word(word)) {
        Some(word) => {
            Err(OAuthError::new(ErrorCode::InvalidScope, format!("the scope '{word}' was not granted")))
        }
        None => Ok(Scopes::parse(asked)),
    }
}

/// The terms of an access token for which less than was granted may be asked. `given_at` is the grant's; `answered_at` is
/// when the person gave the answer that the token comes of, from which the app counts how long it lasts.
pub fn narrow_terms(
    granted: &Terms,
    (given_at, answered_at): (Time, Time),
    asked: Option<&Asked>,
    now: Time,
) -> Result<Terms, OAuthError> {
    let Some(asked) = asked else { return Ok(granted.clone()) };
    let wider = |field: &str| {
        let why = format!("authorization_details: '{field}' goes beyond what was granted");
        OAuthError::new(ErrorCode::InvalidAuthorizationDetails, why)
    };
    let opens = |since: Since| since.opens(given_at, now);
    if !asked.actions.within(granted.actions.closed()) {
        return Err(wider("actions"));
    }
    if opens(asked.since) < opens(granted.since) {
        return Err(wider("since"));
    }
    if !asked.kinds.within(granted.kinds) {
        return Err(wider("kinds"));
    }
    // What the app was told reads back as what it stands for.
    let ends_at = match asked.expires_in_s.cmp(&details::lifetime_s(granted, answered_at)) {
        Ordering::Greater => return Err(wider("expires_in")),
        Ordering::Equal => granted.ends_at,
        Ordering::Less => answered_at.plus_seconds(asked.expires_in_s),
    };
    if granted.uses.is_some_and(|most| asked.uses.is_none_or(|uses| uses > most)) {
        return Err(wider("uses"));
    }
    let reach = narrow_reach(&granted.reach, &asked.reach).ok_or_else(|| wider("conversations"))?;
    let Asked { actions, since, kinds, uses, .. } = asked.clone();
    Ok(Terms { actions, reach, since, kinds, ends_at, uses })
}

fn narrow_reach(granted: &Reach, asked: &AskedReach) -> Option<Reach> {
    match asked {
        AskedReach::Started => Some(Reach { started_only: true, chosen: granted.chosen.clone() }),
        AskedReach::All => (*granted == Reach::ALL).then_some(Reach::ALL),
        // There is nobody here who could choose.
        AskedReach::Chosen => None,
        AskedReach::These(ids) => {
            let within = granted.chosen.as_ref().is_none_or(|chosen| ids.is_subset(chosen));
            within.then(|| Reach { started_only: granted.started_only, chosen: Some(ids.clone()) })
        }
    }
}

/// The token endpoint's answer, as JSON. It goes out with `Cache-Control: no-store`.
#[derive(Clone, Serialize)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: String,
    /// How it is presented.
    pub token_type: TokenType,
    /// Seconds that the access token lives.
    pub expires_in: i64,
    /// The refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The scopes as granted.
    pub scope: String,
    /// The ID token, if `openid` was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What was granted, which may be less than was asked.
    #[serde(skip_serializing_if = "Granted::is_empty")]
    pub authorization_details: Granted,
    /// The grant, for `/v1/grant` and for support; it opens nothing by itself.
    pub grant_id: GrantId,
}

/// May this app have a token of its own?
pub fn own_token(client: &Client) -> Result<(), OAuthError> {
    let refuse = |why| Err(OAuthError::new(ErrorCode::UnauthorizedClient, why));
    match (client.kind.is_confidential(), client.live) {
        (false, _) => refuse("an app that proves nothing has no token of its own: give it a secret or a key"),
        (true, false) => refuse("the app is suspended or retired"),
        (true, true) => Ok(()),
    }
}

/// The answer to an app that asks for itself (RFC 6749 4.4.3).
#[derive(Clone, Serialize)]
pub struct OwnToken {
    access_token: String,
    token_type: TokenType,
    expires_in: i64,
}

impl OwnToken {
    /// With this token, issued now and bound to this.
    pub fn new(access_token: String, bound: Bound) -> OwnToken {
        OwnToken { access_token, token_type: TokenType::of(bound), expires_in: ACCESS_TOKEN_S }
    }

    /// Its JSON.
    pub fn json(&self) -> String {
        details::json_text(self)
    }
}

/// Tokens never reach a log.
impl fmt::Debug for OwnToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnToken")
    }
}

/// How an access token is presented.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum TokenType {
    /// In `Authorization: Bearer` (RFC 6750).
    Bearer,
    /// In `Authorization: DPoP`, with a proof (RFC 9449).
    DPoP,
}

impl TokenType {
    /// How a token is presented that is bound to this.
    pub fn of(bound: Bound) -> TokenType {
        if bound.key().is_some() { TokenType::DPoP } else { TokenType::Bearer }
    }
}

impl TokenAnswer {
    /// Its JSON.
    pub fn json(&self) -> String {
        details::json_text(self)
    }
}

/// Tokens never reach a log.
impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenAnswer for {}", self.grant_id)
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
