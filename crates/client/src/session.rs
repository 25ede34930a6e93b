//! A session: the right to act for one person, its key, and its tokens, refreshed when they have to be.
//!
//! Invariant: one refresh at a time, and what came of it is kept before it is used: a refresh token that works once is never
//! lost to a crash in between without the old one still working (the server tells the same successor again for a minute).

use crate::error::{Error, Problem};
use crate::exchange::{Answer, Sending};
use crate::keep::{Keep, Kept};
use crate::keys::Pair;
use crate::receipt::Seen;
use crate::shapes::Granted;
use crate::sign_in::{TokenAnswer, told};
use crate::waxseal::{DPOP, Shared};
use http::StatusCode;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How long before its end an access token is replaced, in seconds.
const BEFORE_END_S: i64 = 30;
/// How often a request is sent again that the server did not act on: the nonce was missing, the token had just ended, or the
/// grant was being changed.
const AGAIN_MAX: u32 = 4;

/// The right to act for one person, as far as she let the app. Cheap to clone; clones share tokens.
#[derive(Clone)]
pub struct Session {
    pub(crate) own: Arc<Own>,
}

pub(crate) struct Own {
    pub(crate) shared: Arc<Shared>,
    pair: Pair,
    keep: Arc<dyn Keep>,
    kept: tokio::sync::Mutex<Kept>,
    /// What does not change, or is read without waiting.
    facts: Mutex<Facts>,
    pub(crate) seen: Mutex<Seen>,
}

#[derive(Clone)]
struct Facts {
    person: Option<String>,
    grant: Option<String>,
    granted: Vec<Granted>,
    scope: String,
}

impl Facts {
    fn of(kept: &Kept) -> Facts {
        Facts {
            person: kept.person.clone(),
            grant: kept.grant.clone(),
            granted: kept.granted.clone(),
            scope: kept.scope.clone(),
        }
    }
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, pair: Pair, kept: Kept, keep: Arc<dyn Keep>) -> Session {
        let facts = Mutex::new(Facts::of(&kept));
        let kept = tokio::sync::Mutex::new(kept);
        let own = Own { shared, pair, keep, kept, facts, seen: Mutex::default() };
        Session { own: Arc::new(own) }
    }

    pub(crate) async fn store(&self) -> Result<(), Error> {
        let text = self.own.kept.lock().await.text()?;
        self.own.keep_text(text).await
    }

    /// Who signed in, by the ID token.
    pub fn person_id(&self) -> Option<String> {
        self.own.facts().person
    }

    /// The grant under which this acts.
    pub fn grant_id(&self) -> Option<String> {
        self.own.facts().grant
    }

    /// What was granted when the tokens came; [`Session::grant`] asks how it stands now. None for a mere sign-in.
    pub fn granted(&self) -> Option<Granted> {
        self.own.facts().granted.into_iter().next()
    }

    /// Was this scope granted?
    pub fn has_scope(&self, scope: &str) -> bool {
        self.own.facts().scope.split(' ').any(|granted| granted == scope)
    }

    /// Ends the tokens, here and at the server; the grant stands, so that she is not asked anew. What is kept is forgotten.
    pub async fn sign_out(&self) -> Result<(), Error> {
        let shared = &self.own.shared;
        let kept = self.own.kept.lock().await;
        let token = kept.refresh.as_ref().unwrap_or(&kept.access);
        let answer = shared.post(&shared.metadata.revocation_endpoint, &[("token", token)], None).await?;
        if !answer.status.is_success() {
            return Err(crate::waxseal::refused(&answer));
        }
        self.own.forget().await
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { person, grant, .. } = self.own.facts();
        write!(f, "Session({person:?}, {grant:?})")
    }
}

impl Own {
    fn facts(&self) -> Facts {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The grant under which this acts.
    pub(crate) fn grant(&self) -> Option<String> {
        self.facts().grant
    }

    async fn keep_text(&self, text: String) -> Result<(), Error> {
        let keep = self.keep.clone();
        let stored = tokio::task::spawn_blocking(move || keep.store(&text)).await;
        stored.map_err(|why| Error::Keep(why.to_string()))?
    }

    pub(crate) async fn forget(&self) -> Result<(), Error> {
        let keep = self.keep.clone();
        let forgotten = tokio::task::spawn_blocking(move || keep.forget()).await;
        forgotten.map_err(|why| Error::Keep(why.to_string()))?
    }

    /// An access token that is good for a while; a new one if it is `not` this one any more.
    async fn access(&self, not: Option<&str>) -> Result<String, Error> {
        // Whoever comes while another refreshes waits here, and finds the new one.
        let mut kept = self.kept.lock().await;
        let good = kept.access_ends_at - BEFORE_END_S > self.shared.now() && not != Some(&kept.access);
        if !good {
            self.refresh(&mut kept).await?;
        }
        Ok(kept.access.clone())
    }

    async fn refresh(&self, kept: &mut Kept) -> Result<(), Error> {
        let over =
            || Error::SignedOut("the token has ended, and there is none to refresh it with".to_owned());
        let refresh = kept.refresh.clone().ok_or_else(over)?;
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let endpoint = &self.shared.metadata.token_endpoint;
        let answer = match self.shared.post(endpoint, &fields, Some(&self.pair)).await {
            // The answer may have been lost on its way: the same token is told the same once more.
            Err(Error::Unreachable(_)) => self.shared.post(endpoint, &fields, Some(&self.pair)).await?,
            answered => answered?,
        };
        let told = match told(&answer) {
            Err(Error::OAuth(error)) if error.error == "invalid_grant" => {
                return Err(Error::SignedOut(error.error_description.unwrap_or(error.error)));
            }
            told => told?,
        };
        self.take(kept, told).await
    }

    async fn take(&self, kept: &mut Kept, told: TokenAnswer) -> Result<(), Error> {
        if let Some(text) = &told.id_token {
            let person = self.shared.person(text, None, &told.access_token).await?;
            if kept.person.as_ref().is_some_and(|known| *known != person) {
                return Err(crate::error::SignatureFault::Claim("person").into());
            }
        }
        kept.access = told.access_token;
        kept.access_ends_at = self.shared.now() + told.expires_in;
        kept.refresh = told.refresh_token.or(kept.refresh.take());
        kept.granted = told.authorization_details;
        kept.scope = told.scope;
        kept.grant = told.grant_id.or(kept.grant.take());
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = Facts::of(kept);
        self.keep_text(kept.text()?).await
    }

    /// Adds the token and the proof of its key to a request.
    fn sign(&self, sending: &Sending, token: &str) -> Result<Sending, Error> {
        let mut sending = sending.clone();
        let target = (sending.method.as_str(), sending.url.as_str());
        let proof =
            self.pair.proof(target, Some(token), self.shared.nonce().as_deref(), self.shared.now())?;
        sending.header(AUTHORIZATION, &format!("DPoP {token}"), true)?;
        sending.header(DPOP, &proof, true)?;
        Ok(sending)
    }

    /// Sends a request to the API; what the server did not act on for want of a nonce or a fresh token is sent again.
    pub(crate) async fn send(&self, sending: &Sending) -> Result<Answer, Error> {
        let mut spent: Option<String> = None;
        let mut again = 0;
        loop {
            let token = self.access(spent.as_deref()).await?;
            let answer = self.shared.http.send(&self.sign(sending, &token)?).await?;
            self.shared.note_nonce(&answer.headers);
            match self.verdict(&answer.headers, answer.status) {
                Verdict::Nonce if again < AGAIN_MAX => {}
                Verdict::Token if spent.is_none() => spent = Some(token),
                Verdict::Token => return Err(signed_out(&answer)),
                _ if answer.status.is_success() => return Ok(answer),
                _ => match problem(&answer) {
                    Error::Problem(problem) if problem.name() == "changed" && again < AGAIN_MAX => {}
                    problem => return Err(problem),
                },
            }
            again += 1;
        }
    }

    /// Opens a stream; its answer is handed out unread.
    pub(crate) async fn open(
        &self,
        sending: &Sending,
    ) -> Result<http::Response<hyper::body::Incoming>, Error> {
        let mut spent: Option<String> = None;
        let mut again = 0;
        loop {
            let token = self.access(spent.as_deref()).await?;
            let answer = self.shared.http.open(&self.sign(sending, &token)?).await?;
            self.shared.note_nonce(answer.headers());
            match self.verdict(answer.headers(), answer.status()) {
                Verdict::Nonce if again < AGAIN_MAX => {}
                Verdict::Token if spent.is_none() => spent = Some(token),
                _ if answer.status().is_success() => return Ok(answer),
                verdict => {
                    let (head, body) = answer.into_parts();
                    let body =
                        http_body_util::BodyExt::collect(http_body_util::Limited::new(body, 65_536)).await;
                    let body = body.map_or_else(|_| bytes::Bytes::new(), http_body_util::Collected::to_bytes);
                    let answer = Answer { status: head.status, headers: head.headers, body };
                    let is_over = matches!(verdict, Verdict::Token);
                    return Err(if is_over { signed_out(&answer) } else { problem(&answer) });
                }
            }
            again += 1;
        }
    }

    fn verdict(&self, headers: &http::HeaderMap, status: StatusCode) -> Verdict {
        let challenge =
            headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match status {
            StatusCode::UNAUTHORIZED if challenge.contains("use_dpop_nonce") => Verdict::Nonce,
            StatusCode::UNAUTHORIZED if challenge.contains("invalid_token") => Verdict::Token,
            _ => Verdict::Other,
        }
    }
}

/// What an answer says about what was presented.
enum Verdict {
    /// The nonce is missing or old.
    Nonce,
    /// The token opens nothing.
    Token,
    /// Nothing is wrong with either.
    Other,
}

fn signed_out(answer: &Answer) -> Error {
    match problem(answer) {
        Error::Problem(problem) => Error::SignedOut(problem.detail),
        other => other,
    }
}

/// The problem document in an answer that is no success.
pub(crate) fn problem(answer: &Answer) -> Error {
    match answer.read::<Problem>() {
        Ok(mut problem) => {
            problem.retry_after_s =
                answer.header(RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok());
            Error::Problem(Box::new(problem))
        }
        Err(_) => Error::Unexpected(format!("{} without a problem document", answer.status)),
    }
}
