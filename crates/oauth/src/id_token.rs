//! The ID token (OpenID Connect Core 2) and userinfo: who signed in, told to the app that asked.
//!
//! Invariant: it says who and when, never what she may see or wrote; name and handle come from userinfo, by scope.

use crate::details::json_text;
use crate::error::{ErrorCode, OAuthError};
use crate::signed::Statement;
use data_encoding::BASE64URL_NOPAD;
use model::{AppId, PersonId, Scopes, SessionId, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The longest hint that is read; ours are far shorter.
const HINT_BYTES_MAX: usize = 4_096;
/// How long an ID token is valid: it is read when it comes, and not kept.
pub const ID_TOKEN_S: i64 = 300;

/// What an ID token is made from.
#[derive(Clone, Debug)]
pub struct IdToken<'a> {
    /// Our issuer identifier.
    pub issuer: &'a str,
    /// Who signed in.
    pub person: PersonId,
    /// For which app.
    pub app: AppId,
    /// When the token is made.
    pub now: Time,
    /// When the person signed in.
    pub signed_in_at: Time,
    /// The request's nonce; none at a refresh.
    pub nonce: Option<&'a str>,
    /// In which browser session, if any.
    pub session: Option<SessionId>,
    /// The access token that comes with it.
    pub access_token: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: PersonId,
    aud: AppId,
    exp: i64,
    iat: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    at_hash: String,
}

impl Statement for IdToken<'_> {
    const TYPE: &'static str = "JWT";

    fn claims_json(&self) -> String {
        json_text(&Claims {
            iss: self.issuer,
            sub: self.person,
            aud: self.app,
            exp: self.now.plus_seconds(ID_TOKEN_S).seconds(),
            iat: self.now.seconds(),
            auth_time: self.signed_in_at.seconds(),
            nonce: self.nonce,
            sid: self.session,
            at_hash: at_hash(self.access_token),
        })
    }
}

/// Whom an ID token of ours is about, sent back to us as a hint. That it has expired does not matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hint {
    /// Who signed in.
    pub person: PersonId,
    /// For which app.
    pub app: AppId,
    /// In which browser session, if in one.
    pub session: Option<SessionId>,
}

/// Reads an `id_token_hint`; none if we did not make it. `is_ours` checks an ES256 signature of the bytes it is given, made
/// with the key of this id.
pub fn hint(token: &str, issuer: &str, is_ours: impl FnOnce(&str, &[u8], &[u8; 64]) -> bool) -> Option<Hint> {
    #[derive(Deserialize)]
    struct Head {
        alg: String,
        kid: String,
        typ: String,
    }
    #[derive(Deserialize)]
    struct Body {
        iss: String,
        sub: PersonId,
        aud: AppId,
        sid: Option<SessionId>,
    }
    if token.len() > HINT_BYTES_MAX {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (head, body) = signed.split_once('.')?;
    let decoded = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
    let head: Head = serde_json::from_slice(&decoded(head)?).ok()?;
    let body: Body = serde_json::from_slice(&decoded(body)?).ok()?;
    let signature: [u8; 64] = decoded(signature)?.try_into().ok()?;
    let is_id_token = head.alg == "ES256" && head.typ == "JWT" && body.iss == issuer;
    let ours = is_id_token && is_ours(&head.kid, signed.as_bytes(), &signature);
    ours.then_some(Hint { person: body.sub, app: body.aud, session: body.sid })
}

/// The left half of the access token's hash (OpenID Connect Core 3.1.3.6).
pub fn at_hash(access_token: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(access_token.as_bytes()).into();
    BASE64URL_NOPAD.encode(&hash[..16])
}

/// Userinfo's answer.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct UserInfo<'a> {
    sub: PersonId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
}

/// What userinfo tells an app that holds these scopes.
pub fn userinfo<'a>(
    person: PersonId,
    handle: &'a str,
    name: &'a str,
    scopes: Scopes,
) -> Result<UserInfo<'a>, OAuthError> {
    if !scopes.has(Scopes::OPENID) {
        return Err(OAuthError::new(ErrorCode::InsufficientScope, "userinfo needs the scope 'openid'"));
    }
    let profile = scopes.has(Scopes::PROFILE);
    Ok(UserInfo { sub: person, name: profile.then_some(name), preferred_username: profile.then_some(handle) })
}

#[cfg(test)]
#[path = "id_token_tests.rs"]
mod tests;
