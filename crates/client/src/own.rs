//! What an app does in its own name, for nobody: its webhooks, and what it could reach (client credentials).
//!
//! Invariant: a token of the app's own is good for no message; it is made when it is needed and kept nowhere.

use crate::api::{paged, path};
use crate::error::Error;
use crate::exchange::{Answer, Sending};
use crate::keys::Pair;
use crate::session::problem;
use crate::shapes::Page;
use crate::sign_in::told;
use crate::waxseal::{DPOP, Waxseal};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

/// How long before its end a token is replaced, in seconds.
const BEFORE_END_S: i64 = 30;
/// How often a request is sent again for want of a nonce or a fresh token.
const AGAIN_MAX: u32 = 3;

/// An app in its own name. It needs a secret or a key: a public app has no name of its own.
#[derive(Debug)]
pub struct OwnName {
    waxseal: Waxseal,
    pair: Pair,
    token: tokio::sync::Mutex<Option<(String, i64)>>,
}

/// How deliveries are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// With a secret that both know.
    Hmac,
    /// With a key of the server's, whose public half the app gets.
    Ed25519,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// Where to.
    pub url: String,
    /// Of what it is told.
    pub events: Vec<String>,
    /// `hmac` or `ed25519`.
    pub signing: String,
    /// `active`, or `paused`: nothing is told until it is resumed.
    pub state: String,
    /// Why it is paused.
    pub why: Option<String>,
    /// What happened before is not told: RFC 3339.
    pub created_at: String,
    /// Tries in a row that failed.
    pub failures: i64,
    /// Since when they fail.
    pub failing_since: Option<String>,
    /// When it is tried next, while they fail.
    pub next_try_at: Option<String>,
}

/// A webhook with its key, which is told this once: give it to [`webhook::Verifier::new`](crate::webhook::Verifier::new).
#[derive(Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// `whsec_…` (to be kept secret) or `whpk_…`.
    pub key: String,
}

impl std::fmt::Debug for NewWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewWebhook({})", self.webhook.id)
    }
}

/// A line of the log of deliveries: never what was in them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeliveryLine {
    /// Its id: the `webhook-id` of each try.
    pub id: String,
    /// The kind of event.
    pub r#type: String,
    /// Under which grant; none for what befell the app.
    pub grant_id: Option<String>,
    /// In which conversation, if in one.
    pub conversation: Option<String>,
    /// `delivered`, `waiting` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub tries: i64,
    /// When last: RFC 3339.
    pub tried_at: String,
    /// When next.
    pub next_try_at: Option<String>,
    /// The status that was answered.
    pub status: Option<i64>,
    /// What was wrong, without one.
    pub why: Option<String>,
    /// How long the last try took, in milliseconds.
    pub ms: i64,
}

/// How many could be reached now, beside how many were in 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Held {
    /// Could be.
    pub reach: i64,
    /// Were.
    pub used: i64,
}

/// What an app could do with one action.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActionPower {
    /// `list`, `read`, `send` or `delete`.
    pub action: String,
    /// For how many people. Held and never used: ask for it no more.
    pub people: Held,
    /// How often it was used.
    pub times: i64,
}

/// What an app could do today across all people, beside what it did.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Power {
    /// When this was so: RFC 3339.
    pub at: String,
    /// From when on use is counted.
    pub since: String,
    /// People.
    pub people: Held,
    /// Conversations, counted for each person.
    pub conversations: Held,
    /// Each action.
    pub actions: Vec<ActionPower>,
    /// More than ten people are reached for each that is served.
    pub alarm: bool,
}

#[derive(Deserialize)]
struct Keyed {
    #[serde(flatten)]
    webhook: Webhook,
    secret: Option<String>,
    public_key: Option<String>,
}

impl Waxseal {
    /// The app in its own name.
    pub fn own(&self) -> Result<OwnName, Error> {
        Ok(OwnName { waxseal: self.clone(), pair: Pair::generate()?, token: tokio::sync::Mutex::default() })
    }
}

impl OwnName {
    async fn access(&self, not: Option<&str>) -> Result<String, Error> {
        let shared = &self.waxseal.shared;
        let mut held = self.token.lock().await;
        if let Some((token, ends_at)) = &*held
            && ends_at - BEFORE_END_S > shared.now()
            && not != Some(token)
        {
            return Ok(token.clone());
        }
        let fields = [("grant_type", "client_credentials")];
        let told = told(&shared.post(&shared.metadata.token_endpoint, &fields, Some(&self.pair)).await?)?;
        *held = Some((told.access_token.clone(), shared.now() + told.expires_in));
        Ok(told.access_token)
    }

    async fn send(&self, sending: Sending) -> Result<Answer, Error> {
        let shared = &self.waxseal.shared;
        let (mut spent, mut again) = (None::<String>, 0);
        loop {
            let token = self.access(spent.as_deref()).await?;
            let mut signed = sending.clone();
            let target = (signed.method.as_str(), signed.url.as_str());
            let proof = self.pair.proof(target, Some(&token), shared.nonce().as_deref(), shared.now())?;
            signed.header(AUTHORIZATION, &format!("DPoP {token}"), true)?;
            signed.header(DPOP, &proof, true)?;
            let answer = shared.http.send(&signed).await?;
            shared.note_nonce(&answer.headers);
            let challenge = answer.header(WWW_AUTHENTICATE.as_str()).unwrap_or_default();
            if answer.status == StatusCode::UNAUTHORIZED && again < AGAIN_MAX {
                again += 1;
                match (challenge.contains("use_dpop_nonce"), challenge.contains("invalid_token")) {
                    (true, _) => continue,
                    (_, true) if spent.is_none() => {
                        spent = Some(token);
                        continue;
                    }
                    _ => {}
                }
            }
            return if answer.status.is_success() { Ok(answer) } else { Err(problem(&answer)) };
        }
    }

    fn url(&self, path: &str) -> String {
        self.waxseal.shared.url(path)
    }

    /// What the app could reach today across all people, beside what it used in 30 days.
    pub async fn power(&self) -> Result<Power, Error> {
        self.send(Sending::get(self.url("/v1/power"))).await?.read()
    }

    /// Proof of how often the app listed, read, sent and deleted since it was registered: a zip file that anyone can check
    /// offline (`waxseal verify --bundle`, or the page `/verify`). Publish it.
    pub async fn evidence(&self) -> Result<Vec<u8>, Error> {
        Ok(self.send(Sending::get(self.url("/v1/evidence"))).await?.body.to_vec())
    }

    /// The app's webhooks.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        Ok(self.send(Sending::get(self.url("/v1/webhooks"))).await?.read::<Page<Webhook>>()?.items)
    }

    /// Registers a webhook. `events` are some of `message`, `restored`, `deleted`, `read`, `conversation`; none means all.
    pub async fn webhook_add(
        &self,
        url: &str,
        events: &[&str],
        signing: Signing,
    ) -> Result<NewWebhook, Error> {
        let signing = match signing {
            Signing::Hmac => "hmac",
            Signing::Ed25519 => "ed25519",
        };
        let mut body = json!({"url": url, "signing": signing});
        if !events.is_empty() {
            body["events"] = json!(events);
        }
        keyed(&self.send(Sending::json(self.url("/v1/webhooks"), &body)).await?)
    }

    /// How a webhook stands.
    pub async fn webhook(&self, id: &str) -> Result<Webhook, Error> {
        self.send(Sending::get(self.url(&path(&["webhooks", id])))).await?.read()
    }

    /// Takes a webhook away: nothing more is told there.
    pub async fn webhook_remove(&self, id: &str) -> Result<(), Error> {
        self.send(Sending::new(Method::DELETE, self.url(&path(&["webhooks", id])))).await.map(|_| ())
    }

    /// A paused webhook goes on from where it stopped.
    pub async fn webhook_resume(&self, id: &str) -> Result<Webhook, Error> {
        self.send(Sending::json(self.url(&path(&["webhooks", id, "resume"])), &json!({}))).await?.read()
    }

    /// A new key; for a day each delivery is signed with both.
    pub async fn webhook_new_key(&self, id: &str) -> Result<NewWebhook, Error> {
        keyed(&self.send(Sending::json(self.url(&path(&["webhooks", id, "keys"])), &json!({}))).await?)
    }

    /// Tells again what happened since this moment (RFC 3339), at most seven days.
    pub async fn webhook_replay(&self, id: &str, since: &str) -> Result<(), Error> {
        let url = self.url(&path(&["webhooks", id, "replay"]));
        self.send(Sending::json(url, &json!({"since": since}))).await.map(|_| ())
    }

    /// The log of deliveries of seven days, newest try first.
    pub async fn deliveries(&self, id: &str, cursor: Option<&str>) -> Result<Page<DeliveryLine>, Error> {
        self.send(Sending::get(self.url(&paged(&path(&["webhooks", id, "deliveries"]), cursor))))
            .await?
            .read()
    }
}

fn keyed(answer: &Answer) -> Result<NewWebhook, Error> {
    let Keyed { webhook, secret, public_key } = answer.read()?;
    let key =
        secret.or(public_key).ok_or_else(|| Error::Unexpected("a webhook without its key".to_owned()))?;
    Ok(NewWebhook { webhook, key })
}
