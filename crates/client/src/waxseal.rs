//! A server as one app sees it: where its endpoints are, which keys it signs with, and how the app proves itself there.
//!
//! Invariant: an endpoint is believed only from the discovery document of the very issuer that was asked for (RFC 8414 3.3).

use crate::chance::{self, Clock};
use crate::error::{Error, OAuthError, ReceiptFault};
use crate::exchange::{Answer, Http, Sending, vetted};
use crate::jws::Jwks;
use crate::keys::{AppKey, Pair};
use data_encoding::BASE64;
use http::header::{AUTHORIZATION, HeaderName};
use ledger::note::VerifierKey;
use serde::Deserialize;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
const NONCE: &str = "dpop-nonce";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An app: its id, and how it proves that it is the one.
#[derive(Clone)]
pub struct App {
    pub(crate) id: String,
    pub(crate) proof: Proving,
}

#[derive(Clone)]
pub(crate) enum Proving {
    /// Not at all: a program on people's machines can keep no secret.
    Nothing,
    /// `client_secret_basic`.
    Secret(String),
    /// `private_key_jwt`.
    Key(AppKey),
}

impl App {
    /// A program that runs on people's machines.
    pub fn public(id: impl Into<String>) -> App {
        App { id: id.into(), proof: Proving::Nothing }
    }

    /// A service that proves itself with a secret.
    pub fn with_secret(id: impl Into<String>, secret: impl Into<String>) -> App {
        App { id: id.into(), proof: Proving::Secret(secret.into()) }
    }

    /// A service that proves itself with a key: nothing that it sends can be used by who overhears it.
    pub fn with_key(id: impl Into<String>, key: AppKey) -> App {
        App { id: id.into(), proof: Proving::Key(key) }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proof = match self.proof {
            Proving::Nothing => "public",
            Proving::Secret(_) => "with a secret",
            Proving::Key(_) => "with a key",
        };
        write!(f, "App({}, {proof})", self.id)
    }
}

/// A server, as this app sees it. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Waxseal {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) app: App,
    pub(crate) http: Http,
    pub(crate) clock: Clock,
    pub(crate) metadata: Metadata,
    /// The key of its log, once it was pinned or asked for.
    log_key: tokio::sync::OnceCell<VerifierKey>,
    jwks: Mutex<Jwks>,
    /// The nonce that it gave out last.
    nonce: Mutex<Option<String>>,
}

/// The discovery document, as far as it is used here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) pushed_authorization_request_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) revocation_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) grant_management_endpoint: Option<String>,
}

/// What a server is looked up with, where the defaults will not do.
#[derive(Clone)]
pub struct Lookup {
    url: String,
    app: App,
    clock: Clock,
    pin: Option<VerifierKey>,
}

impl Lookup {
    /// The key of the log, as its operator or an auditor told it (`name+id+base64`). Without it, the key that the server
    /// publishes is taken at first, and kept with each session from then on.
    pub fn pin(mut self, log_key: &str) -> Result<Lookup, Error> {
        let key = log_key.trim().parse();
        self.pin =
            Some(key.map_err(|why: ledger::note::VerifierKeyInvalid| Error::Invalid(why.to_string()))?);
        Ok(self)
    }

    /// Another clock than this machine's, in seconds since 1970: for tests.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Lookup {
        self.clock = clock;
        self
    }

    /// Asks the server who it is.
    pub async fn discover(self) -> Result<Waxseal, Error> {
        let issuer = self.url.strip_suffix('/').unwrap_or(&self.url);
        vetted(issuer)?;
        let http = Http::new()?;
        let answer = http.send(&Sending::get(format!("{issuer}/.well-known/openid-configuration"))).await?;
        if !answer.status.is_success() {
            return Err(Error::Unexpected(format!("no discovery document ({})", answer.status)));
        }
        let metadata: Metadata = answer.read()?;
        if metadata.issuer != issuer {
            return Err(Error::Unexpected(format!("a discovery document of {}", metadata.issuer)));
        }
        let endpoints = [
            &metadata.authorization_endpoint,
            &metadata.pushed_authorization_request_endpoint,
            &metadata.token_endpoint,
            &metadata.revocation_endpoint,
            &metadata.jwks_uri,
        ];
        for endpoint in endpoints.into_iter().chain(&metadata.grant_management_endpoint) {
            vetted(endpoint)?;
        }
        let shared = Shared {
            app: self.app,
            http,
            clock: self.clock,
            metadata,
            log_key: self
                .pin
                .map_or_else(tokio::sync::OnceCell::new, |key| tokio::sync::OnceCell::new_with(Some(key))),
            jwks: Mutex::default(),
            nonce: Mutex::default(),
        };
        Ok(Waxseal { shared: Arc::new(shared) })
    }
}

impl Waxseal {
    /// Looks a server up, at its public URL.
    pub async fn discover(url: impl Into<String>, app: App) -> Result<Waxseal, Error> {
        Waxseal::at(url, app).discover().await
    }

    /// The same, with more to say before.
    pub fn at(url: impl Into<String>, app: App) -> Lookup {
        Lookup { url: url.into(), app, clock: chance::system_clock(), pin: None }
    }

    /// The issuer identifier: its public URL.
    pub fn issuer(&self) -> &str {
        &self.shared.metadata.issuer
    }

    /// The key of its log: the pinned one, or the one that it publishes. Show it to an auditor, and pin it.
    pub async fn log_key(&self) -> Result<String, Error> {
        Ok(self.shared.log_key().await?.to_string())
    }
}

impl fmt::Debug for Waxseal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waxseal({}, {:?})", self.issuer(), self.shared.app)
    }
}

impl Shared {
    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.metadata.issuer)
    }

    /// The key of the log; asked for once.
    pub(crate) async fn log_key(&self) -> Result<&VerifierKey, Error> {
        let ask = || async {
            let answer = self.http.send(&Sending::get(self.url("/ledger/key"))).await?;
            let text = std::str::from_utf8(&answer.body).unwrap_or_default();
            text.trim().parse().map_err(|_| Error::Unexpected("no key of a log at /ledger/key".to_owned()))
        };
        self.log_key.get_or_try_init(ask).await
    }

    /// Holds the key of the log to the one that was seen first.
    pub(crate) async fn same_log_key(&self, pinned: &str) -> Result<(), Error> {
        let key = self.log_key().await?;
        if key.to_string() == pinned { Ok(()) } else { Err(ReceiptFault::KeyChanged.into()) }
    }

    /// The keys with which the server signs; asked for again if none of them has the name that `text` gives.
    pub(crate) async fn jwks_for(&self, text: &str) -> Result<Jwks, Error> {
        let known = self.jwks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if known.has_key_of(text) {
            return Ok(known);
        }
        let fresh: Jwks = self.http.send(&Sending::get(&self.metadata.jwks_uri)).await?.read()?;
        *self.jwks.lock().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        Ok(fresh)
    }

    pub(crate) fn nonce(&self) -> Option<String> {
        self.nonce.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of the nonce in an answer; true if there is one.
    pub(crate) fn note_nonce(&self, headers: &http::HeaderMap) -> bool {
        let nonce = headers.get(NONCE).and_then(|value| value.to_str().ok());
        if let Some(nonce) = nonce {
            *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = Some(nonce.to_owned());
        }
        nonce.is_some()
    }

    /// Posts a form as this app, with a proof of `pair` if there is one. A request that lacks but the nonce is sent again.
    pub(crate) async fn post(
        &self,
        url: &str,
        fields: &[(&str, &str)],
        pair: Option<&Pair>,
    ) -> Result<Answer, Error> {
        let mut again = pair.is_some();
        loop {
            let sending = self.as_app(url, fields, pair)?;
            let answer = self.http.send(&sending).await?;
            let brought = self.note_nonce(&answer.headers);
            let lacks_nonce = brought && answer.status == http::StatusCode::BAD_REQUEST && {
                answer.read::<OAuthError>().is_ok_and(|error| error.error == "use_dpop_nonce")
            };
            if lacks_nonce && std::mem::take(&mut again) {
                continue;
            }
            return Ok(answer);
        }
    }

    /// A form with what proves the app.
    fn as_app(&self, url: &str, fields: &[(&str, &str)], pair: Option<&Pair>) -> Result<Sending, Error> {
        let App { id, proof } = &self.app;
        let mut fields = fields.to_vec();
        let (assertion, basic);
        let mut authorization = None;
        match proof {
            Proving::Nothing => fields.push(("client_id", id)),
            Proving::Secret(secret) => {
                // Each part is form-encoded first (RFC 6749 2.3.1).
                let encoded =
                    |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
                basic = format!(
                    "Basic {}",
                    BASE64.encode(format!("{}:{}", encoded(id), encoded(secret)).as_bytes())
                );
                authorization = Some(&basic);
            }
            Proving::Key(key) => {
                assertion = key.assertion(id, &self.metadata.issuer, self.now())?;
                fields.extend([
                    ("client_id", id.as_str()),
                    ("client_assertion_type", ASSERTION_TYPE),
                    ("client_assertion", assertion.as_str()),
                ]);
            }
        }
        let mut sending = Sending::form(url, &fields);
        if let Some(authorization) = authorization {
            sending.header(AUTHORIZATION, authorization, true)?;
        }
        if let Some(pair) = pair {
            let proof = pair.proof(("POST", url), None, self.nonce().as_deref(), self.now())?;
            sending.header(DPOP, &proof, true)?;
        }
        Ok(sending)
    }
}

/// What an endpoint of signing in said instead of yes.
pub(crate) fn refused(answer: &Answer) -> Error {
    match answer.read::<OAuthError>() {
        Ok(error) => Error::OAuth(error),
        Err(_) => Error::Unexpected(format!("{} at an endpoint of signing in", answer.status)),
    }
}
