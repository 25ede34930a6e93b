//! Webhooks, as an app registers and steers them: where it is told, of what, and how that is signed.
//!
//! Invariant: an app sees and steers its own alone; to any other they are not there. One that was registered before its app
//! was contained tells nothing until the app says so anew.

use super::app_tokens::holds_own;
use super::ids::{id, opt_id};
use super::webhook_keys::Signing;
use crate::engine::{Reads, Row, Tx, params};
use crate::{Fault, Refusal, Vault, Wants};
use model::{AppId, ConversationId, DeliveryId, GrantId, Time, WebhookId};

/// How many webhooks an app may have.
pub const WEBHOOKS_OF_APP_MAX: i64 = 10;
/// For how long the key before signs too after a turn, in seconds.
pub const WEBHOOK_KEYS_OVERLAP_S: i64 = 24 * 3600;

/// A webhook to be registered. The address has been looked at by `outbound`.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where to.
    pub url: String,
    /// Of what.
    pub wants: Wants,
    /// How it is signed.
    pub signing: Signing,
}

/// A webhook as it stands.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where to.
    pub url: String,
    /// Of what.
    pub wants: Wants,
    /// How it is signed.
    pub signing: Signing,
    /// `active` or `paused`.
    pub state: &'static str,
    /// Why it is paused, for the partner.
    pub why: Option<String>,
    /// Since when it is told.
    pub created_at: Time,
    /// Exchanges in a row that failed.
    pub failures: i64,
    /// Since when they fail.
    pub failing_since: Option<Time>,
    /// When it is tried next, while they fail.
    pub next_at: Option<Time>,
    pub(crate) turn: i64,
    pub(crate) turned_at: Time,
}

/// One thing that a webhook was told, or was to be.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id: the `webhook-id` of each try.
    pub id: DeliveryId,
    /// What it is called outside.
    pub what: String,
    /// Under which grant.
    pub grant: Option<GrantId>,
    /// In which conversation.
    pub conversation: Option<ConversationId>,
    /// `delivered`, `waiting` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub tries: i64,
    /// When last.
    pub tried_at: Time,
    /// When next.
    pub next_at: Option<Time>,
    /// What the receiver answered.
    pub status: Option<i64>,
    /// What was wrong.
    pub why: Option<String>,
    /// How long the last try took, in milliseconds.
    pub ms: i64,
}

/// The columns of [`webhook_of_row`], of a table `t`.
pub(crate) const COLUMNS: &str = concat!(
    "t.id, t.url, t.wants, t.signing, t.state, t.why, t.created_at, t.failures, t.failing_since, t.next_at, t.turn, \
     t.turned_at, (select min(h.n) from containments h where ",
    holds_own!("created_at"),
    ")"
);

pub(crate) fn webhook_of_row(row: &Row<'_>) -> Result<Webhook, Fault> {
    let word = row.text(3)?;
    let failures = row.int(7)?;
    let contained = row.opt_int(12)?.is_some();
    let why = row.opt_text(5)?.map(str::to_owned);
    let active = row.text(4)? == "active" && !contained;
    Ok(Webhook {
        id: id(row, 0)?,
        url: row.text(1)?.to_owned(),
        wants: Wants::from_bits(row.int(2)?),
        signing: Signing::parse(word).ok_or_else(|| Fault::Shape(format!("the signing {word}")))?,
        state: if active { "active" } else { "paused" },
        why: if contained { Some("the operator has contained the app".to_owned()) } else { why },
        created_at: Time::from_micros(row.int(6)?),
        failures,
        failing_since: row.opt_int(8)?.map(Time::from_micros),
        next_at: (failures > 0).then(|| row.int(9)).transpose()?.map(Time::from_micros),
        turn: row.int(10)?,
        turned_at: Time::from_micros(row.int(11)?),
    })
}

fn find(db: &mut impl Reads, app: AppId, webhook: WebhookId) -> Result<Webhook, Refusal> {
    let sql = format!("select {COLUMNS} from webhooks t where t.id = $1 and t.app = $2");
    db.one(&sql, params![webhook.as_bytes(), app.as_bytes()], webhook_of_row)?.ok_or(Refusal::NotFound)
}

/// Lets it go on at once, from where it is.
fn wake(tx: &mut Tx<'_>, webhook: WebhookId) -> Result<(), Fault> {
    let sql = "update webhooks set state = 'active', why = null, failures = 0, failing_since = null, next_at = 0, \
               era = (select coalesce(max(n), 0) from containments) where id = $1";
    tx.put(sql, params![webhook.as_bytes()])?;
    let sql = "update webhook_lanes set tries = 0, next_at = 0 where webhook = $1 and tries > 0";
    tx.put(sql, params![webhook.as_bytes()])
}

impl Vault {
    /// Registers a webhook of an app. With it comes what its receiver checks signatures with.
    pub async fn webhook_add(&self, app: AppId, new: NewWebhook) -> Result<(Webhook, String), Refusal> {
        let (webhook, now) = (WebhookId::new(&self.world), self.world.now());
        let signing = new.signing;
        let added = self.engine.write("webhook_add", move |tx| -> Result<_, Refusal> {
            // Held, so that two at once do not pass the limit together.
            tx.put("update apps set version = version where id = $1", params![app.as_bytes()])?;
            let sql = "select count(*) from webhooks where app = $1";
            if tx.one(sql, params![app.as_bytes()], |row| row.int(0))?.unwrap_or(0) >= WEBHOOKS_OF_APP_MAX {
                let why = format!("an app has at most {WEBHOOKS_OF_APP_MAX} webhooks; remove one first");
                return Err(Refusal::Conflict(why));
            }
            tx.put(
                "insert into webhooks (id, app, url, wants, signing, state, created_at, era) \
                 values ($1, $2, $3, $4, $5, 'active', $6, (select coalesce(max(n), 0) from containments))",
                params![
                    webhook.as_bytes(),
                    app.as_bytes(),
                    &new.url,
                    new.wants.bits(),
                    new.signing.as_str(),
                    now.micros()
                ],
            )?;
            find(tx, app, webhook)
        });
        let added = added.await?;
        let told = self.webhook_keys().told(webhook, added.turn, signing)?;
        Ok((added, told))
    }

    /// The webhooks of an app, oldest first.
    pub async fn webhooks(&self, app: AppId) -> Result<Vec<Webhook>, Refusal> {
        self.engine
            .read("webhooks", move |snap| -> Result<_, Refusal> {
                let sql =
                    format!("select {COLUMNS} from webhooks t where t.app = $1 order by t.created_at, t.id");
                Ok(snap.all(&sql, params![app.as_bytes()], webhook_of_row)?)
            })
            .await
    }

    /// One of them.
    pub async fn webhook(&self, app: AppId, webhook: WebhookId) -> Result<Webhook, Refusal> {
        self.engine.read("webhook", move |snap| find(snap, app, webhook)).await
    }

    /// Removes one, with its log; nothing more is told there.
    pub async fn webhook_remove(&self, app: AppId, webhook: WebhookId) -> Result<(), Refusal> {
        self.engine
            .write("webhook_remove", move |tx| -> Result<(), Refusal> {
                let sql = "delete from webhooks where id = $1 and app = $2";
                if tx.execute(sql, params![webhook.as_bytes(), app.as_bytes()])? == 0 {
                    return Err(Refusal::NotFound);
                }
                for sql in [
                    "delete from webhook_lanes where webhook = $1",
                    "delete from webhook_signals where webhook = $1",
                    "delete from webhook_deliveries where webhook = $1",
                ] {
                    tx.put(sql, params![webhook.as_bytes()])?;
                }
                Ok(())
            })
            .await
    }

    /// Lets a paused one go on from where it stopped; one that fails is tried now.
    pub async fn webhook_resume(&self, app: AppId, webhook: WebhookId) -> Result<Webhook, Refusal> {
        self.engine
            .write("webhook_resume", move |tx| -> Result<_, Refusal> {
                find(tx, app, webhook)?;
                wake(tx, webhook)?;
                find(tx, app, webhook)
            })
            .await
    }

    /// Gives it a new key; the one before signs too for a day. What the receiver checks with from now on comes back.
    pub async fn webhook_turn(&self, app: AppId, webhook: WebhookId) -> Result<(Webhook, String), Refusal> {
        let now = self.world.now();
        let turned = self.engine.write("webhook_turn", move |tx| -> Result<_, Refusal> {
            find(tx, app, webhook)?;
            let sql = "update webhooks set turn = turn + 1, turned_at = $1 where id = $2";
            tx.put(sql, params![now.micros(), webhook.as_bytes()])?;
            find(tx, app, webhook)
        });
        let turned = turned.await?;
        let told = self.webhook_keys().told(webhook, turned.turn, turned.signing)?;
        Ok((turned, told))
    }

    /// Tells it again what it was told since a moment; each with the id that it had.
    pub async fn webhook_replay(&self, app: AppId, webhook: WebhookId, since: Time) -> Result<(), Refusal> {
        self.engine
            .write("webhook_replay", move |tx| -> Result<(), Refusal> {
                let since = since.max(find(tx, app, webhook)?.created_at);
                let sql = "update webhook_lanes set tries = 0, next_at = 0, told = (select coalesce(max(e.n), 0) from events e \
                           where e.conversation = webhook_lanes.conversation and e.at < $1) \
                           where webhook = $2 and told > (select coalesce(max(e.n), 0) from events e \
                           where e.conversation = webhook_lanes.conversation and e.at < $1)";
                Ok(tx.put(sql, params![since.micros(), webhook.as_bytes()])?)
            })
            .await
    }

    /// What it was told lately, newest first; `before` is the moment and id of the last of the page before.
    pub async fn webhook_deliveries(
        &self,
        app: AppId,
        webhook: WebhookId,
        before: Option<(Time, DeliveryId)>,
        limit: i64,
    ) -> Result<Vec<Delivery>, Refusal> {
        self.engine
            .read("webhook_deliveries", move |snap| -> Result<_, Refusal> {
                find(snap, app, webhook)?;
                let (at, under) = before.unwrap_or((Time::LATEST, DeliveryId::from_bytes([0xff; 16])));
                let sql = "select id, what, grant_id, conversation, state, tries, tried_at, next_at, status, why, ms \
                           from webhook_deliveries where webhook = $1 and (tried_at < $2 or (tried_at = $2 and id < $3)) \
                           order by tried_at desc, id desc limit $4";
                let params = params![webhook.as_bytes(), at.micros(), under.as_bytes(), limit];
                Ok(snap.all(sql, params, |row| {
                    Ok(Delivery {
                        id: id(row, 0)?,
                        what: row.text(1)?.to_owned(),
                        grant: opt_id(row, 2)?,
                        conversation: opt_id(row, 3)?,
                        state: row.text(4)?.to_owned(),
                        tries: row.int(5)?,
                        tried_at: Time::from_micros(row.int(6)?),
                        next_at: row.opt_int(7)?.map(Time::from_micros),
                        status: row.opt_int(8)?,
                        why: row.opt_text(9)?.map(str::to_owned),
                        ms: row.int(10)?,
                    })
                })?)
            })
            .await
    }
}
