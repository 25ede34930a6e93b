//! Who the app is: what is known of it, and how it proves itself at the token endpoint.
//!
//! Invariant: one request proves an app in one way, the way it is registered for. Secrets are known by their hash only and
//! compared in constant time.

use crate::assertion::{ASSERTION_TYPE, Assertion};
use crate::certificate::{Authorities, Shown, Subject};
use crate::error::{ErrorCode, OAuthError, invalid_request};
use crate::key_set::{KeySet, NotSigned};
use crate::metadata::Issuer;
use crate::once::Once;
use crate::params::{Params, form_decode};
use data_encoding::BASE64;
use model::{AppId, Ceiling, Time};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// How an app proves itself.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientKind {
    /// It runs on people's devices and can keep no secret: only PKCE ties a code to it.
    Public,
    /// It keeps a secret, of which we keep the hash ([`secret_hash`]).
    Secret([u8; 32]),
    /// It signs a statement with one of these keys (`private_key_jwt`).
    Keys(KeySource),
    /// It shows a certificate that names it, and for which an authority of ours vouches (`tls_client_auth`).
    Named(Subject),
    /// It shows a certificate with one of these keys (`self_signed_tls_client_auth`).
    SelfSigned(KeySource),
}

/// Where an app's keys are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeySource {
    /// Registered with it.
    Inline(Arc<KeySet>),
    /// Published by it, to be fetched.
    Uri(String),
}

/// What is demanded of an app.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Profile {
    /// FAPI 2.0 Security Profile: it has a key or a certificate, pushes its requests, and its tokens are bound to a key.
    Fapi2,
    /// OAuth 2.1: public apps, and secrets where the operator lets them.
    OAuth21,
}

impl Profile {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Profile::Fapi2 => "fapi2",
            Profile::OAuth21 => "oauth21",
        }
    }

    /// The profile of this name.
    pub fn parse(name: &str) -> Option<Profile> {
        [Profile::Fapi2, Profile::OAuth21].into_iter().find(|profile| profile.as_str() == name)
    }
}

impl ClientKind {
    /// Its name in the register.
    pub const fn as_str(&self) -> &'static str {
        match self {
            ClientKind::Public => "public",
            ClientKind::Secret(_) => "secret",
            ClientKind::Keys(_) => "keys",
            ClientKind::Named(_) => "certificate",
            ClientKind::SelfSigned(_) => "self-signed",
        }
    }

    /// Does it prove itself at all?
    pub const fn is_confidential(&self) -> bool {
        !matches!(self, ClientKind::Public)
    }

    /// Does it prove itself by a key, so that nothing that is stolen from it is worth anything without?
    pub const fn has_key(&self) -> bool {
        !matches!(self, ClientKind::Public | ClientKind::Secret(_))
    }

    /// Does it prove itself by a certificate, so that its tokens are bound to that?
    pub const fn has_certificate(&self) -> bool {
        matches!(self, ClientKind::Named(_) | ClientKind::SelfSigned(_))
    }

    /// What is demanded of it unless the operator says otherwise.
    pub const fn profile(&self) -> Profile {
        if self.has_key() { Profile::Fapi2 } else { Profile::OAuth21 }
    }

    /// Where its keys are, if it has some.
    pub const fn keys(&self) -> Option<&KeySource> {
        match self {
            ClientKind::Keys(keys) | ClientKind::SelfSigned(keys) => Some(keys),
            ClientKind::Public | ClientKind::Secret(_) | ClientKind::Named(_) => None,
        }
    }
}

/// What the protocol needs to know of an app.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// Its `client_id`.
    pub id: AppId,
    /// How it proves itself.
    pub kind: ClientKind,
    /// What is demanded of it.
    pub profile: Profile,
    /// What it asks people counts only if it signed it.
    pub signs_requests: bool,
    /// Its tokens are bound to the certificate that it shows, however it proves itself
    /// (`tls_client_certificate_bound_access_tokens`).
    pub binds_certificate: bool,
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
            ClientKind::Keys(_) => "Keys",
            ClientKind::Named(_) => "Named",
            ClientKind::SelfSigned(_) => "SelfSigned",
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
    Assertion(String),
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proof = match self.proof {
            Proof::None => "no secret",
            Proof::Secret(_) => "a secret",
            Proof::Assertion(_) => "an assertion",
        };
        write!(f, "{} with {proof}", self.client_id)
    }
}

/// What a proof is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// Who we are.
    pub issuer: &'a Issuer,
    /// The keys of the app, if it proves itself by keys and they are at hand.
    pub keys: Option<&'a KeySet>,
    /// The certificate that was shown on the connection.
    pub shown: Option<&'a Shown>,
    /// Who may vouch for it.
    pub authorities: &'a Authorities,
    /// The present moment.
    pub now: Time,
}

/// An app that proved itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proven<'a> {
    /// Which.
    pub client: &'a Client,
    /// What it used up by that. Whether it was used before is for a store to say, before anything else happens.
    pub once: Option<Once>,
}

/// Why an app did not prove itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unproven {
    /// Tell it so.
    Refused(OAuthError),
    /// Its statement is in order as far as can be said without its key, and that is not in the set at hand.
    KeyUnknown,
}

impl From<OAuthError> for Unproven {
    fn from(error: OAuthError) -> Self {
        Unproven::Refused(error)
    }
}

/// The app that a request names; what is not spelled as one is unknown.
pub fn client_id(params: &Params) -> Option<AppId> {
    params.value("client_id")?.parse().ok()
}

/// Refuses a request to a form endpoint that puts in its query what belongs in its body, where no log keeps it.
pub fn check_query(query: &[u8]) -> Result<(), OAuthError> {
    const SECRET: [&str; 8] = [
        "client_secret",
        "client_assertion",
        "code",
        "code_verifier",
        "device_code",
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
    let secret = form.value("client_secret");
    let assertion = form.value("client_assertion");
    let ways = [authorization.is_some(), secret.is_some(), assertion.is_some()];
    if ways.iter().filter(|way| **way).count() > 1 {
        return Err(invalid_request(
            "use one way of client authentication: the Authorization header, client_secret or client_assertion",
        ));
    }
    if let Some(assertion) = assertion {
        return stated(assertion, form);
    }
    if form.value("client_assertion_type").is_some() {
        return Err(invalid_client("the parameter 'client_assertion' is missing"));
    }
    let Some(header) = authorization else {
        form.required("client_id")?;
        let client_id = client_id(form).ok_or_else(unknown_client)?;
        let proof = secret.map_or(Proof::None, |secret| Proof::Secret(secret.to_owned()));
        return Ok(Presented { client_id, proof });
    };
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

/// Who signed a statement, as it says itself.
fn stated(assertion: &str, form: &Params) -> Result<Presented, OAuthError> {
    if form.value("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(invalid_client(format!("client_assertion_type must be '{ASSERTION_TYPE}'")));
    }
    let read = Assertion::parse(assertion).map_err(|why| invalid_client(why.to_string()))?;
    let client_id = read.client_id;
    if form.value("client_id").is_some_and(|other| other.parse() != Ok(client_id)) {
        return Err(invalid_client("the form and the client assertion name different clients"));
    }
    Ok(Presented { client_id, proof: Proof::Assertion(assertion.to_owned()) })
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
pub fn authenticate<'a>(
    presented: &Presented,
    client: Option<&'a Client>,
    evidence: Evidence<'_>,
) -> Result<Proven<'a>, Unproven> {
    let client = client.filter(|client| client.id == presented.client_id).ok_or_else(unknown_client)?;
    let once = match (&client.kind, &presented.proof) {
        (ClientKind::Public, Proof::None) => None,
        (ClientKind::Public, _) => {
            let why = "this client is public and proves itself by nothing; send client_id alone";
            return Err(invalid_client(why).into());
        }
        (ClientKind::Secret(hash), Proof::Secret(secret)) => {
            if !bool::from(secret_hash(secret).ct_eq(hash)) {
                return Err(invalid_client("the client secret is wrong").into());
            }
            None
        }
        (ClientKind::Secret(_), _) => {
            return Err(invalid_client("this client proves itself by its secret, which is missing").into());
        }
        (ClientKind::Keys(_), Proof::Assertion(assertion)) => Some(proves(assertion, evidence)?),
        (ClientKind::Keys(_), _) => {
            return Err(
                invalid_client("this client proves itself by a client_assertion, which is missing").into()
            );
        }
        (ClientKind::Named(_) | ClientKind::SelfSigned(_), Proof::Secret(_) | Proof::Assertion(_)) => {
            let why = "this client proves itself by its certificate; send client_id alone";
            return Err(invalid_client(why).into());
        }
        (ClientKind::Named(subject), Proof::None) => {
            names(subject, evidence)?;
            None
        }
        (ClientKind::SelfSigned(_), Proof::None) => {
            let shown = shown(evidence)?;
            let keys = evidence.keys.ok_or(Unproven::KeyUnknown)?;
            if !shown.key().is_some_and(|key| keys.has(key)) {
                return Err(Unproven::KeyUnknown);
            }
            None
        }
    };
    if !client.live {
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, "the app is suspended or retired").into());
    }
    Ok(Proven { client, once })
}

/// The certificate of a connection, if there is one that is valid now.
fn shown(evidence: Evidence<'_>) -> Result<&Shown, OAuthError> {
    let missing = "this client proves itself by a certificate: use the mtls_endpoint_aliases of the metadata, and show it there";
    let shown = evidence.shown.ok_or_else(|| invalid_client(missing))?;
    match shown.is_valid_at(evidence.now) {
        true => Ok(shown),
        false => Err(invalid_client("the certificate has expired, or is not valid yet")),
    }
}

/// Does it name this subject, and does somebody vouch for that?
fn names(subject: &Subject, evidence: Evidence<'_>) -> Result<(), OAuthError> {
    let shown = shown(evidence)?;
    // What costs most comes last.
    if !shown.names(subject) {
        return Err(invalid_client(
            "the certificate does not name the subject that is registered for this client",
        ));
    }
    match evidence.authorities.vouch_for(shown, evidence.now) {
        true => Ok(()),
        false => Err(invalid_client("no authority of this server vouches for the certificate as a client's")),
    }
}

/// Is the statement in order, and signed with one of the keys?
fn proves(assertion: &str, evidence: Evidence<'_>) -> Result<Once, Unproven> {
    let wrong = |why: &dyn fmt::Display| Unproven::Refused(invalid_client(why.to_string()));
    let assertion = Assertion::parse(assertion).map_err(|why| wrong(&why))?;
    let once = assertion.check_claims(evidence.issuer, evidence.now).map_err(|why| wrong(&why))?;
    let keys = evidence.keys.ok_or(Unproven::KeyUnknown)?;
    match assertion.check(keys) {
        Ok(()) => Ok(once),
        Err(NotSigned::KeyUnknown) => Err(Unproven::KeyUnknown),
        Err(NotSigned::Invalid(why)) => Err(wrong(&format!("the client assertion is not valid: {why}"))),
    }
}

/// What an app is told whose key was not found, not even in the newest set.
pub fn key_unknown() -> OAuthError {
    invalid_client("no key that is registered for this client is that of the client assertion or certificate")
}

/// What an app is told whose proof was used before.
pub fn replayed() -> OAuthError {
    invalid_client("the client assertion was used before; make a new one with a new jti for each request")
}

fn invalid_client(description: impl AsRef<str>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, description)
}

fn unknown_client() -> OAuthError {
    invalid_client("the client is not known here")
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
