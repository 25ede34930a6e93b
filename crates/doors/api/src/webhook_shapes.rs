//! The shapes of webhooks and their deliveries, as they are written and documented.

use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault::{Fault, Refusal, Signing};

/// A webhook to be registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookNew {
    /// Where to: https, at an address that the public can reach.
    #[schema(example = "https://partner.example/waxseal")]
    pub url: String,
    /// Of what: `message`, `restored`, `deleted`, `read`, `conversation`; all of them if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// `hmac` (the default) or `ed25519`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<String>,
}

/// Since when to tell again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayNew {
    /// An RFC 3339 time.
    #[schema(example = "2026-11-23T12:00:00Z")]
    pub since: String,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Its id.
    #[schema(example = "whk_06f8c3vkm5zt2cphtpjcq0x5yw")]
    pub id: String,
    /// Where to.
    pub url: String,
    /// Of what.
    pub events: Vec<String>,
    /// `hmac` or `ed25519`.
    pub signing: String,
    /// `active`, or `paused`: nothing is told until it is resumed.
    pub state: String,
    /// Why it is paused.
    pub why: Option<String>,
    /// What happened before is not told.
    pub created_at: String,
    /// Tries in a row that failed.
    pub failures: i64,
    /// Since when they fail.
    pub failing_since: Option<String>,
    /// When it is tried next, while they fail.
    pub next_try_at: Option<String>,
    /// The secret of `hmac`, once: `whsec_` and base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The key of `ed25519`: `whpk_` and base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
}

/// The webhooks of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookList {
    /// Oldest first.
    pub items: Vec<Webhook>,
    /// Always null: the list comes whole.
    pub next: Option<String>,
}

/// One thing that a webhook was told, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// Its id: the `webhook-id` of each try.
    #[schema(example = "dlv_06f8c3vkm5zt2cphtpjcq0x5yw")]
    pub id: String,
    /// The kind of event.
    pub r#type: String,
    /// Under which grant; null for what befell the app.
    pub grant_id: Option<String>,
    /// In which conversation; null for what befell the grant or the app.
    pub conversation: Option<String>,
    /// `delivered`, `waiting` (it is tried again at `next_try_at`), or `failed` (it was tried ten times).
    pub state: String,
    /// How often it was tried.
    pub tries: i64,
    /// When last.
    pub tried_at: String,
    /// When next.
    pub next_try_at: Option<String>,
    /// The status that the receiver answered.
    pub status: Option<i64>,
    /// What was wrong, without one.
    pub why: Option<String>,
    /// How long the last try took, in milliseconds.
    pub ms: i64,
}

/// A page of deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryList {
    /// Newest try first.
    pub items: Vec<Delivery>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// What could be reached today, and what was in 30 days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldPower {
    /// How many could be reached now.
    pub reach: i64,
    /// How many were, in the last 30 days.
    pub used: i64,
}

/// An action across all people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionPower {
    /// `list`, `read`, `send` or `delete`.
    pub action: String,
    /// For how many people it is held, and for how many it was used. Held and never used: ask for it no more.
    pub people: HeldPower,
    /// How often it was used.
    pub times: i64,
    /// For how many of those for whom it is held it was never used. It lapses by itself after 30 days.
    pub never_used: i64,
}

/// What an app could do, beside what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Power {
    /// When this was so.
    pub at: String,
    /// From when on use is counted.
    pub since: String,
    /// People.
    pub people: HeldPower,
    /// Conversations, counted for each person.
    pub conversations: HeldPower,
    /// Each action.
    pub actions: Vec<ActionPower>,
    /// More than ten people are reached for each that is served.
    pub alarm: bool,
}

/// A link to the page of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerLink {
    /// Opens the page in a browser, once.
    pub url: String,
    /// Until when it can be opened.
    pub expires_at: String,
}

impl Webhook {
    pub(crate) fn of(webhook: &vault::Webhook) -> Webhook {
        Webhook {
            id: webhook.id.to_string(),
            url: webhook.url.clone(),
            events: webhook.wants.names().map(str::to_owned).collect(),
            signing: webhook.signing.as_str().to_owned(),
            state: webhook.state.to_owned(),
            why: webhook.why.clone(),
            created_at: webhook.created_at.to_string(),
            failures: webhook.failures,
            failing_since: webhook.failing_since.map(|at| at.to_string()),
            next_try_at: webhook.next_at.map(|at| at.to_string()),
            secret: None,
            public_key: None,
        }
    }

    pub(crate) fn with_key(webhook: &vault::Webhook, key: String) -> Webhook {
        let (secret, public_key) = match webhook.signing {
            Signing::Hmac => (Some(key), None),
            Signing::Ed25519 => (None, Some(key)),
        };
        Webhook { secret, public_key, ..Webhook::of(webhook) }
    }
}

impl Delivery {
    pub(crate) fn of(delivery: &vault::Delivery) -> Delivery {
        Delivery {
            id: delivery.id.to_string(),
            r#type: delivery.what.clone(),
            grant_id: delivery.grant.map(|id| id.to_string()),
            conversation: delivery.conversation.map(|id| id.to_string()),
            state: delivery.state.clone(),
            tries: delivery.tries,
            tried_at: delivery.tried_at.to_string(),
            next_try_at: delivery.next_at.map(|at| at.to_string()),
            status: delivery.status,
            why: delivery.why.clone(),
            ms: delivery.ms,
        }
    }
}

/// The JSON of a shape.
pub(crate) fn json(shape: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(shape).map_err(|e| Refusal::Fault(Fault::Shape(e.to_string())).into())
}
