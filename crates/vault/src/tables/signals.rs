//! Signals: what befalls a grant or an app is told to the app's webhooks, as security events.
//!
//! Invariants: a signal is written in the transaction of what it tells. Unlike what happens in conversations it goes out after
//! the end of the grant, for that is what it tells; so it holds nothing of a conversation. Of a webhook one signal is under
//! way at a time, so they come in their order.

use super::grants::Grant;
use super::ids::{id, opt_id};
use super::secret::sha256;
use super::webhook_queue::{self, Exchange, LEASE_S, WEBHOOK_TRIES, delay_s};
use super::webhooks::{self, Webhook};
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Refusal, Vault};
use ledger::record::{AppEvent, GrantActor, GrantEvent};
use model::{AppId, DeliveryId, GrantId, PersonId, Time, WebhookId};
use oauth::secevent::{SecurityEvent, Subject};
use serde_json::{Value, json};

/// One signal, taken up.
#[derive(Debug, Clone)]
pub struct Signal {
    /// To which webhook.
    pub webhook: Webhook,
    /// Its id.
    pub id: DeliveryId,
    /// What befell.
    pub what: String,
    pub(crate) app: AppId,
    pub(crate) subject: Subject,
    pub(crate) event: Value,
    tries: i64,
}

fn shape(error: impl std::fmt::Display) -> Fault {
    Fault::Shape(format!("a signal: {error}"))
}

fn add(
    tx: &mut Tx<'_>,
    (app, subject): (AppId, Subject),
    (what, event): (&str, &Value),
    at: Time,
) -> Result<(), Fault> {
    let sql = "select id from webhooks where app = $1";
    let webhooks = tx.all(sql, params![app.as_bytes()], |row| id::<WebhookId>(row, 0))?;
    let (grant, person) = match &subject {
        Subject::Grant(grant, person) => (Some(grant), Some(person)),
        Subject::App => (None, None),
    };
    for webhook in webhooks {
        let about = grant.map_or(app.as_bytes(), GrantId::as_bytes);
        let parts: [&[u8]; 5] =
            [b"signal", webhook.as_bytes(), about, what.as_bytes(), &at.micros().to_be_bytes()];
        let hash = sha256(&parts);
        let id = hash.first_chunk::<16>().copied().unwrap_or_default();
        tx.put(
            "insert into webhook_signals (id, webhook, app, grant_id, person, what, event, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing",
            params![
                &id,
                webhook.as_bytes(),
                app.as_bytes(),
                grant.map(GrantId::as_bytes),
                person.map(PersonId::as_bytes),
                what,
                &event.to_string(),
                at.micros()
            ],
        )?;
    }
    Ok(())
}

/// A grant changed. `terms` is what its record says of them, if it says anything.
pub(crate) fn grant_changed(
    tx: &mut Tx<'_>,
    grant: &Grant,
    (what, by): (GrantEvent, GrantActor),
    terms: Option<Value>,
    at: Time,
) -> Result<(), Fault> {
    let what = match what {
        GrantEvent::Given => return Ok(()),
        GrantEvent::Narrowed => "grant-narrowed",
        GrantEvent::Widened => "grant-widened",
        GrantEvent::Paused => "grant-paused",
        GrantEvent::Resumed => "grant-resumed",
        GrantEvent::Ended => "grant-ended",
    };
    let (entity, why) = match by {
        GrantActor::Person => ("user", "the person"),
        GrantActor::App => ("user", "the app handed it back"),
        GrantActor::Operator => ("admin", "the operator"),
        GrantActor::Time => ("policy", "its time is over"),
        GrantActor::Spent => ("policy", "all its uses are spent"),
        GrantActor::Hygiene => ("policy", "it was not used"),
        GrantActor::Retired => ("admin", "the operator retired it"),
    };
    let mut event = json!({
        "event_timestamp": at.seconds(), "initiating_entity": entity, "reason_admin": {"en": why},
    });
    if let (Some(event), Some(terms)) = (event.as_object_mut(), terms) {
        event.insert("claims".to_owned(), terms);
    }
    add(tx, (grant.app, Subject::Grant(grant.id, grant.person)), (what, &event), at)
}

/// An app changed.
pub(crate) fn app_changed(
    tx: &mut Tx<'_>,
    app: AppId,
    what: AppEvent,
    (terms, why): (Option<Value>, Option<&str>),
    at: Time,
) -> Result<(), Fault> {
    let what = match what {
        AppEvent::Registered => return Ok(()),
        AppEvent::Ceiling => "app-ceiling",
        AppEvent::Suspended => "app-suspended",
        AppEvent::Resumed => "app-resumed",
        AppEvent::Retired => "app-retired",
        AppEvent::Contained => "app-contained",
    };
    let mut event = json!({"event_timestamp": at.seconds(), "initiating_entity": "admin"});
    if let Some(event) = event.as_object_mut() {
        event.extend(why.map(|why| ("reason_admin".to_owned(), json!({"en": why}))));
        event.extend(terms.map(|terms| ("claims".to_owned(), terms)));
    }
    add(tx, (app, Subject::App), (what, &event), at)
}

impl Vault {
    /// Takes up the signals that are due: of each webhook the oldest.
    pub async fn signals_take(&self) -> Result<Vec<Signal>, Refusal> {
        let now = self.world.now();
        let due = self.engine.read("signals_due", move |snap| -> Result<_, Refusal> {
            let sql = format!(
                "select {}, s.id, s.app, s.grant_id, s.person, s.what, s.event, s.tries, s.next_at from webhook_signals s \
                 join webhooks t on t.id = s.webhook where t.state = 'active' and s.id = \
                 (select o.id from webhook_signals o where o.webhook = t.id order by o.created_at, o.id limit 1)",
                webhooks::COLUMNS
            );
            let found = snap.all(&sql, params![], |row| {
                let grant: Option<GrantId> = opt_id(row, 15)?;
                let person: Option<PersonId> = opt_id(row, 16)?;
                let signal = Signal {
                    webhook: webhooks::webhook_of_row(row)?,
                    id: id(row, 13)?,
                    app: id(row, 14)?,
                    subject: grant
                        .zip(person)
                        .map_or(Subject::App, |(grant, person)| Subject::Grant(grant, person)),
                    what: row.text(17)?.to_owned(),
                    event: serde_json::from_str(row.text(18)?).map_err(shape)?,
                    tries: row.int(19)?,
                };
                Ok((signal, row.int(20)? <= now.micros()))
            })?;
            Ok(found.into_iter().filter(|(_, due)| *due).map(|(signal, _)| signal).collect::<Vec<_>>())
        });
        let due = due.await?;
        if due.is_empty() {
            return Ok(due);
        }
        self.engine
            .write("signals_take", move |tx| -> Result<_, Refusal> {
                let mut taken = Vec::with_capacity(due.len());
                for signal in &due {
                    let sql = "update webhook_signals set next_at = $1 where id = $2 and next_at <= $3";
                    let lease = now.plus_seconds(LEASE_S).micros();
                    if tx.execute(sql, params![lease, signal.id.as_bytes(), now.micros()])? == 1 {
                        taken.push(signal.clone());
                    }
                }
                Ok(taken)
            })
            .await
    }

    /// The signal as it is sent: a signed security event token.
    pub async fn signal_token(&self, signal: &Signal) -> Result<String, Refusal> {
        let mut event = signal.event.clone();
        if let (Subject::Grant(grant, _), "grant-ended", Some(members)) =
            (signal.subject, signal.what.as_str(), event.as_object_mut())
        {
            let (accesses, receipt) = self.last_access(grant).await?;
            members.insert("accesses".to_owned(), accesses.into());
            members.insert("last_access".to_owned(), receipt.into());
        }
        let jti = signal.id.to_string();
        let statement = SecurityEvent {
            issuer: self.issuer(),
            app: signal.app,
            jti: &jti,
            now: self.world.now(),
            subject: signal.subject,
            what: &signal.what,
            event,
        };
        self.sign(&statement).await
    }

    /// Notes what became of a signal.
    pub async fn signal_done(&self, signal: Signal, exchange: Exchange) -> Result<(), Refusal> {
        let world = self.world.clone();
        self.engine
            .write("signal_done", move |tx| -> Result<(), Refusal> {
                let now = world.now();
                let took = exchange.answer.as_ref().is_ok_and(|status| (200..300).contains(status));
                // Who refuses a token by 400 will not take it the next time either (RFC 8935, 2.3).
                let refused = exchange.answer == Ok(400);
                let tries = signal.tries + 1;
                let next_at = now.plus_seconds(delay_s(tries, &world));
                let (state, next) = match (took, refused || tries >= WEBHOOK_TRIES) {
                    (true, _) => ("delivered", None),
                    (false, true) => ("failed", None),
                    (false, false) => ("waiting", Some(next_at)),
                };
                let grant = match signal.subject {
                    Subject::Grant(grant, _) => Some(grant),
                    Subject::App => None,
                };
                let at = (signal.id, signal.webhook.id, grant, None);
                webhook_queue::log(tx, at, (&exchange, &signal.what), (state, next), now)?;
                if next.is_none() {
                    let sql = "delete from webhook_signals where id = $1";
                    return Ok(tx.put(sql, params![signal.id.as_bytes()])?);
                }
                let sql = "update webhook_signals set tries = $1, next_at = $2 where id = $3";
                Ok(tx.put(sql, params![tries, next_at.micros(), signal.id.as_bytes()])?)
            })
            .await
    }
}
