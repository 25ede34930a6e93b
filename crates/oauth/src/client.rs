//! Who the app is: what is known of it, and how it proves itself at the token endpoint.
//!
//! Invariant: one request proves an app in one way, the way it is registered for. Secrets are known by their hash only and
//! compared in constant time.

use crate::error::{ErrorCode, OAuthError, invalid_request};
use crate::params::{Params, form_decode};
use data_encoding::BASE64;
use model::{AppId, Ceiling};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// How an app proves itself. Keys and certificates will be further kinds.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientKind {
    /// It runs on people's devices and can keep no secret: only PKCE ties a code to it.
    Public,
    /// It keeps a secret, of which we keep the hash ([`secret_hash`]).
    Secret([u8; 32]),
}

/// What the protocol needs to know of an app.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// Its `client_id`.
    pub id: AppId,
    /// How it proves itself.
    pub kind: ClientKind,
    /// Where it may be answered.
    pub redirect_uris: Vec<String>,
    /// The most that it may be granted.
    pub ceiling: Ceiling,
    /// Neither suspended nor retired.
    pub live: bool,
}

impl fmt::Debug for ClientKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClientKind::Public => "Public",
            ClientKind::Secret(_) => "Secret",
        })
    }
}

/// The hash under which a client secret is kept. Secrets are 256 random bits, so a plain hash cannot be searched.
pub fn secret_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// What a request brings to prove who sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct Presented {
    /// Whom it claims to come from: look this one up.
    pub client_id: AppId,
    proof: Proof,
}

#[derive(Clone, PartialEq, Eq)]
enum Proof {
    None,
    Secret(String),
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proof = if self.proof == Proof::None { "no secret" } else { "a secret" };
        write!(f, "{} with {proof}", self.client_id)
    }
}

/// The app that a request names; what is not spelled as one is unknown.
pub fn client_id(params: &Params) -> Option<AppId> {
    params.value("client_id")?.parse().ok()
}

/// Refuses a request to a form endpoint that puts in its query what belongs in its body, where no log keeps it.
pub fn check_query(query: &[u8]) -> Result<(), OAuthError> {
    const SECRET: [&str; 7] = [
        "client_secret",
        "client_assertion",
        "code",
        "code_verifier",
        "refresh_token",
        "token",
        "access_token",
    ];
    let query = Params::parse(query)?;
    match SECRET.iter().find(|name| query.value(name).is_some()) {
        Some(name) => Err(invalid_request(format!("send '{name}' in the form, not in the query"))),
        None => Ok(()),
    }
}

/// Reads who a request says it is from: `Authorization: Basic`, or the form. `authorization` is that header's value.
pub fn presented(authorization: Option<&[u8]>, form: &Params) -> Result<Presented, OAuthError> {
    if form.value("client_assertion").is_some() || form.value("client_assertion_type").is_some() {
        return Err(invalid_client("client assertions are not supported"));
    }
    let secret = form.value("client_secret");
    let Some(header) = authorization else {
        form.required("client_id")?;
        let client_id = client_id(form).ok_or_else(unknown_client)?;
        let proof = secret.map_or(Proof::None, |secret| Proof::Secret(secret.to_owned()));
        return Ok(Presented { client_id, proof });
    };
    if secret.is_some() {
        return Err(invalid_request(
            "use one way of client authentication: the header or the form, not both",
        ));
    }
    let (id, secret) =
        basic(header).ok_or_else(|| invalid_client("the Authorization header is not valid Basic"))?;
    if form.value("client_id").is_some_and(|other| other != id) {
        return Err(invalid_request("the form and the Authorization header name different clients"));
    }
    let client_id = id.parse().map_err(|_| unknown_client())?;
    // An empty secret is none (RFC 6749 2.3.1).
    let proof = if secret.is_empty() { Proof::None } else { Proof::Secret(secret) };
    Ok(Presented { client_id, proof })
}

/// `Basic base64(form-encoded id ":" form-encoded secret)` (RFC 6749 2.3.1).
fn basic(header: &[u8]) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let pair = BASE64.decode(credentials.trim_ascii()).ok()?;
    let colon = pair.iter().position(|&byte| byte == b':')?;
    let (id, secret) = pair.split_at(colon);
    Some((form_decode(id)?, form_decode(secret.get(1..)?)?))
}

/// Decides whether the request comes from this app; `client` is what was found under `presented.client_id`.
pub fn authenticate<'a>(presented: &Presented, client: Option<&'a Client>) -> Result<&'a Client, OAuthError> {
    let client = client.filter(|client| client.id == presented.client_id).ok_or_else(unknown_client)?;
    match (&client.kind, &presented.proof) {
        (ClientKind::Public, Proof::None) => {}
        (ClientKind::Public, Proof::Secret(_)) => {
            return Err(invalid_client("this client is public and has no secret; send client_id alone"));
        }
        (ClientKind::Secret(_), Proof::None) => return Err(invalid_client("the client secret is missing")),
        (ClientKind::Secret(hash), Proof::Secret(secret)) => {
            if !bool::from(secret_hash(secret).ct_eq(hash)) {
                return Err(invalid_client("the client secret is wrong"));
            }
        }
    }
    if !client.live {
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, "the app is suspended or retired"));
    }
    Ok(client)
}

fn invalid_client(description: &str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, description)
}

fn unknown_client() -> OAuthError {
    invalid_client("the client is not known here")
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
