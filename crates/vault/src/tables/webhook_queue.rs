//! What webhooks are still to be told: a lane for each conversation under each grant, from the number up to which it was told.
//!
//! Invariants: the outbox is the table of events itself, written with each act, and a lane moves on only when the receiver
//! has taken what comes next, or when there is nothing for it: so a crash anywhere tells something twice, with the same id, and
//! loses nothing. Of a lane one thing is under way at a time, so a conversation is told in its order.

use super::events::EVENTS_OVERLAP_S;
use super::ids::id;
use super::secret::sha256;
use super::webhooks::{self, WEBHOOK_KEYS_OVERLAP_S, Webhook};
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Refusal, Vault};
use model::{AppId, ConversationId, DeliveryId, GrantId, Time, WebhookId, World};

/// How long after each failed try the next one comes, in seconds: ten tries in all, the last after three days and more.
const DELAYS_S: [i64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// How often one thing is tried.
pub const WEBHOOK_TRIES: i64 = DELAYS_S.len() as i64 + 1;
/// How long a receiver must have failed before its webhook is paused, in seconds.
pub const WEBHOOK_PAUSED_AFTER_S: i64 = 3 * 24 * 3600;
/// After so many failures in a row a receiver is taken to be down: one thing is tried, and the others wait for it.
const DOWN_AFTER: i64 = 3;
/// How long one thing may be under way before another node takes it up, in seconds.
pub(crate) const LEASE_S: i64 = 60;
/// How long one thing waits while the person has her grant paused, in seconds; her letting it go on ends that.
const HELD_S: i64 = 60;
/// How long the log of deliveries is kept, in seconds.
pub const DELIVERIES_KEPT_S: i64 = 7 * 24 * 3600;
/// How much time is looked through in one step, in seconds.
const SCAN_S: i64 = 3600;

/// One lane, taken up.
#[derive(Debug, Clone)]
pub struct Errand {
    /// Of which webhook.
    pub webhook: Webhook,
    /// Whose.
    pub app: AppId,
    /// Under which grant.
    pub grant: GrantId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// Up to which number it was told.
    pub told: i64,
    /// How often what comes next was tried.
    pub tries: i64,
}

impl Errand {
    /// The id of what is told with this number: the same for each try, at whichever node.
    pub fn delivery(&self, n: i64) -> DeliveryId {
        let (webhook, grant) = (self.webhook.id, self.grant);
        let parts: [&[u8]; 5] = [
            b"delivery",
            webhook.as_bytes(),
            grant.as_bytes(),
            self.conversation.as_bytes(),
            &n.to_be_bytes(),
        ];
        let hash = sha256(&parts);
        hash.first_chunk().map_or(DeliveryId::from_bytes([0; 16]), |&first| DeliveryId::from_bytes(first))
    }
}

/// What became of an errand.
#[derive(Debug, Clone)]
pub enum Became {
    /// Up to this number there was nothing for this webhook.
    Nothing(i64),
    /// The receiver was sent this, and answered.
    Sent(Exchange),
    /// The app may know nothing of it any more; its queue is gone.
    Over,
    /// The person has paused the grant: later.
    Held,
    /// It was broken off, by us: soon.
    BrokenOff,
}

/// One exchange with a receiver.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What was told, by the name of its kind.
    pub what: &'static str,
    /// Its number.
    pub n: i64,
    /// Up to where the lane was told if the receiver took it.
    pub upto: i64,
    /// What came back: the status, or what was wrong without one.
    pub answer: Result<u16, String>,
    /// The receiver asks for so many seconds.
    pub retry_after_s: Option<i64>,
    /// How long it took, in milliseconds.
    pub ms: i64,
}

pub(crate) fn delay_s(tries: i64, world: &World) -> i64 {
    let at = usize::try_from(tries - 1).unwrap_or(0).min(DELAYS_S.len() - 1);
    let [jitter] = world.random::<1>();
    // Up to a tenth longer, so that those who failed together do not come back together.
    DELAYS_S[at] + DELAYS_S[at] * i64::from(jitter) / 2550
}

/// Puts conversations down for the webhooks of apps that people in them let in.
fn mark(tx: &mut Tx<'_>, conversation: ConversationId, n: i64) -> Result<(), Fault> {
    tx.put(
        "insert into webhook_lanes (webhook, grant_id, conversation, told, head) \
         select w.id, g.id, $1, (select coalesce(max(e.n), 0) from events e where e.conversation = $1 \
         and e.at < case when w.created_at > g.given_at then w.created_at else g.given_at end), $2 \
         from participants p join grants g on g.person = p.person join webhooks w on w.app = g.app \
         where p.conversation = $1 and p.left_at is null and g.state in ('active', 'paused') \
         on conflict (webhook, grant_id, conversation) do update set \
         head = case when excluded.head > webhook_lanes.head then excluded.head else webhook_lanes.head end",
        params![conversation.as_bytes(), n],
    )
}

fn at_lane<'a>(errand: &'a Errand) -> [crate::engine::Value<'a>; 3] {
    [
        errand.webhook.id.as_bytes().into(),
        errand.grant.as_bytes().into(),
        errand.conversation.as_bytes().into(),
    ]
}

/// Sets up to where a lane was told. Says whether more waits; then it stays taken up.
fn advance(tx: &mut Tx<'_>, errand: &Errand, upto: i64, now: Time) -> Result<bool, Fault> {
    let sql = "update webhook_lanes set told = $1, tries = 0, next_at = case when head > $1 then cast($2 as bigint) else 0 end \
               where webhook = $3 and grant_id = $4 and conversation = $5 and told = $6 returning head";
    let [webhook, grant, conversation] = at_lane(errand);
    let lease = now.plus_seconds(LEASE_S).micros();
    let head =
        tx.one(sql, &[upto.into(), lease.into(), webhook, grant, conversation, errand.told.into()], |row| {
            row.int(0)
        })?;
    Ok(head.is_some_and(|head| head > upto))
}

fn put_off(tx: &mut Tx<'_>, errand: &Errand, tries: i64, until: Time) -> Result<(), Fault> {
    let sql = "update webhook_lanes set tries = $1, next_at = $2 where webhook = $3 and grant_id = $4 and conversation = $5";
    let [webhook, grant, conversation] = at_lane(errand);
    tx.put(sql, &[tries.into(), until.micros().into(), webhook, grant, conversation])
}

/// Which delivery: its id, its webhook, and where it belongs.
pub(crate) type At = (DeliveryId, WebhookId, Option<GrantId>, Option<ConversationId>);

fn at(errand: &Errand, exchange: &Exchange) -> At {
    (errand.delivery(exchange.n), errand.webhook.id, Some(errand.grant), Some(errand.conversation))
}

/// Writes the log of deliveries.
pub(crate) fn log(
    tx: &mut Tx<'_>,
    (id, webhook, grant, conversation): At,
    (exchange, what): (&Exchange, &str),
    (state, next_at): (&str, Option<Time>),
    now: Time,
) -> Result<(), Fault> {
    let (status, why) = match &exchange.answer {
        Ok(status) => (Some(i64::from(*status)), None),
        Err(why) => (None, Some(why.as_str())),
    };
    tx.put(
        "insert into webhook_deliveries (id, webhook, grant_id, conversation, n, what, state, tries, tried_at, next_at, \
         status, why, ms) values ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10, $11, $12) \
         on conflict (id) do update set state = excluded.state, tries = webhook_deliveries.tries + 1, \
         tried_at = excluded.tried_at, next_at = excluded.next_at, status = excluded.status, why = excluded.why, ms = excluded.ms",
        params![
            id.as_bytes(),
            webhook.as_bytes(),
            grant.as_ref().map(GrantId::as_bytes),
            conversation.as_ref().map(ConversationId::as_bytes),
            exchange.n,
            what,
            state,
            now.micros(),
            next_at.map(Time::micros),
            status,
            why,
            exchange.ms
        ],
    )
}

/// The receiver took it.
fn delivered(tx: &mut Tx<'_>, errand: &Errand, exchange: &Exchange, now: Time) -> Result<bool, Fault> {
    log(tx, at(errand, exchange), (exchange, exchange.what), ("delivered", None), now)?;
    let sql =
        "update webhooks set failures = 0, failing_since = null, next_at = 0 where id = $1 and failures > 0";
    if tx.execute(sql, params![errand.webhook.id.as_bytes()])? > 0 {
        // It is back: what waited for its time goes now.
        let sql = "update webhook_lanes set next_at = 0 where webhook = $1 and tries > 0";
        tx.put(sql, params![errand.webhook.id.as_bytes()])?;
    }
    advance(tx, errand, exchange.upto, now)
}

/// It did not. Says whether the lane goes on nevertheless: with what comes after it.
fn failed(tx: &mut Tx<'_>, errand: &Errand, exchange: &Exchange, world: &World) -> Result<bool, Fault> {
    let (now, webhook) = (world.now(), errand.webhook.id);
    let tries = errand.tries + 1;
    let after = delay_s(tries, world).max(exchange.retry_after_s.unwrap_or(0).min(24 * 3600));
    let sql = "update webhooks set failures = failures + 1, failing_since = coalesce(failing_since, $1) where id = $2 \
               returning failures, failing_since";
    let counted = tx.one(sql, params![now.micros(), webhook.as_bytes()], |row| {
        Ok((row.int(0)?, Time::from_micros(row.int(1)?)))
    })?;
    // Removed meanwhile.
    let Some((failures, since)) = counted else { return Ok(false) };
    let is_gone = exchange.answer == Ok(410);
    let is_down = failures >= WEBHOOK_TRIES && since.plus_seconds(WEBHOOK_PAUSED_AFTER_S) <= now;
    if is_gone || is_down {
        let why = match is_gone {
            true => "the receiver answered 410, which says that it is gone",
            false => "the receiver has taken nothing for three days",
        };
        tracing::warn!(%webhook, app = %errand.app, why, "a webhook was paused");
        let sql = "update webhooks set state = 'paused', why = $1 where id = $2";
        tx.put(sql, params![why, webhook.as_bytes()])?;
    } else if failures >= DOWN_AFTER {
        let next_at = now.plus_seconds(delay_s(failures, world).max(after.min(DELAYS_S[0])));
        let sql = "update webhooks set next_at = $1 where id = $2";
        tx.put(sql, params![next_at.micros(), webhook.as_bytes()])?;
    }
    if tries >= WEBHOOK_TRIES && !is_down && !is_gone {
        // Others are taken: it is this one that the receiver does not want.
        log(tx, at(errand, exchange), (exchange, exchange.what), ("failed", None), now)?;
        return advance(tx, errand, exchange.upto, now);
    }
    let next_at = now.plus_seconds(after);
    log(tx, at(errand, exchange), (exchange, exchange.what), ("waiting", Some(next_at)), now)?;
    put_off(tx, errand, tries, next_at)?;
    Ok(false)
}

/// Forgets deliveries older than [`DELIVERIES_KEPT_S`] and tokens of apps that have ended, at most so many of each; how many. Lanes go
/// with the end of their grant (`grants::note`, `webhook_done`); those of a contained one tell nothing until its own time is over.
pub(crate) fn purge(tx: &mut Tx<'_>, now: Time, most: i64) -> Result<u64, Fault> {
    let before = now.plus_seconds(-DELIVERIES_KEPT_S).micros();
    let sql = "delete from webhook_deliveries where id in (select id from webhook_deliveries where tried_at < $1 limit $2)";
    let deliveries = tx.execute(sql, params![before, most])?;
    let sql =
        "delete from app_tokens where hash in (select hash from app_tokens where ends_at < $1 limit $2)";
    Ok(deliveries.max(tx.execute(sql, params![now.micros(), most])?))
}

impl Vault {
    /// Does any app want to be told at all?
    pub async fn webhooks_are_there(&self) -> Result<bool, Refusal> {
        let sql = "select 1 from webhooks limit 1";
        self.engine
            .read("webhooks_are_there", move |snap| -> Result<_, Refusal> {
                Ok(snap.one(sql, params![], |row| row.int(0))?.is_some())
            })
            .await
    }

    /// Puts down what hints told of.
    pub async fn webhooks_mark(&self, places: Vec<(ConversationId, i64)>) -> Result<(), Refusal> {
        self.engine
            .write("webhooks_mark", move |tx| -> Result<(), Refusal> {
                places.iter().try_for_each(|(conversation, n)| Ok(mark(tx, *conversation, *n)?))
            })
            .await
    }

    /// Puts down what happened since it was last looked, whoever has heard of it. Says whether there is more to look through.
    pub async fn webhooks_scan(&self) -> Result<bool, Refusal> {
        let now = self.world.now();
        let found = self.engine.read("webhooks_look", move |snap| -> Result<_, Refusal> {
            let sql = "select s.at, (select min(e.at) from events e where e.at > s.at) from webhook_scan s";
            let (at, next) =
                snap.one(sql, params![], |row| Ok((row.int(0)?, row.opt_int(1)?)))?.unwrap_or((0, None));
            // What is so quiet is passed over in one step.
            let from = next.unwrap_or(now.micros()).max(at);
            let until = Time::from_micros(from).plus_seconds(SCAN_S).min(now);
            let since = Time::from_micros(at.min(from)).plus_seconds(-EVENTS_OVERLAP_S);
            let sql =
                "select conversation, max(n) from events where at > $1 and at <= $2 group by conversation";
            let places = snap.all(sql, params![since.micros(), until.micros()], |row| {
                Ok((id::<ConversationId>(row, 0)?, row.int(1)?))
            })?;
            Ok((at, until, places))
        });
        let (at, until, places) = found.await?;
        self.engine
            .write("webhooks_scan", move |tx| -> Result<bool, Refusal> {
                for (conversation, n) in &places {
                    mark(tx, *conversation, *n)?;
                }
                let sql = "update webhook_scan set at = $1 where at = $2";
                tx.put(sql, params![until.micros(), at])?;
                Ok(until < now)
            })
            .await
    }

    /// Takes up what is due, `room` says how much of a webhook that has so many failures and so many under way.
    pub async fn webhooks_take(
        &self,
        room: impl Fn(&Webhook) -> i64 + Send + 'static,
    ) -> Result<Vec<Errand>, Refusal> {
        let now = self.world.now();
        let due = self.engine.read("webhooks_due", move |snap| -> Result<_, Refusal> {
            let sql = format!(
                "select {}, t.app from webhooks t join apps a on a.id = t.app \
                 where t.state = 'active' and t.next_at <= $1 and a.state = 'live'",
                webhooks::COLUMNS
            );
            let all = snap.all(&sql, params![now.micros()], |row| {
                Ok((webhooks::webhook_of_row(row)?, id::<AppId>(row, 13)?))
            })?;
            let mut due = Vec::new();
            for (webhook, app) in all.into_iter().filter(|(webhook, _)| webhook.state == "active") {
                let sql = "select grant_id, conversation, told, tries from webhook_lanes \
                           where webhook = $1 and told < head and next_at <= $2 order by next_at limit $3";
                let params = params![webhook.id.as_bytes(), now.micros(), room(&webhook)];
                due.extend(snap.all(sql, params, |row| {
                    let webhook = webhook.clone();
                    let (grant, conversation) = (id(row, 0)?, id(row, 1)?);
                    Ok(Errand { webhook, app, grant, conversation, told: row.int(2)?, tries: row.int(3)? })
                })?);
            }
            Ok(due)
        });
        let due = due.await?;
        if due.is_empty() {
            return Ok(due);
        }
        self.engine
            .write("webhooks_take", move |tx| -> Result<_, Refusal> {
                let mut taken = Vec::with_capacity(due.len());
                let lease = now.plus_seconds(LEASE_S).micros();
                for errand in &due {
                    let sql = "update webhook_lanes set next_at = $1 where webhook = $2 and grant_id = $3 \
                               and conversation = $4 and told = $5 and next_at <= $6";
                    let [webhook, grant, conversation] = at_lane(errand);
                    let values =
                        [lease.into(), webhook, grant, conversation, errand.told.into(), now.micros().into()];
                    if tx.execute(sql, &values)? == 1 {
                        taken.push(errand.clone());
                    }
                }
                Ok(taken)
            })
            .await
    }

    /// Notes what became of an errand. If more waits in its lane, the next one comes back.
    pub async fn webhook_done(&self, errand: Errand, became: Became) -> Result<Option<Errand>, Refusal> {
        let world = self.world.clone();
        self.engine
            .write("webhook_done", move |tx| -> Result<_, Refusal> {
                let now = world.now();
                let next = |upto| Errand { told: upto, tries: 0, ..errand.clone() };
                let (more, upto) = match &became {
                    Became::Nothing(upto) => (advance(tx, &errand, *upto, now)?, *upto),
                    Became::Sent(exchange) => {
                        let took = exchange.answer.as_ref().is_ok_and(|status| (200..300).contains(status));
                        let more = match took {
                            true => delivered(tx, &errand, exchange, now)?,
                            false => failed(tx, &errand, exchange, &world)?,
                        };
                        (more, exchange.upto)
                    }
                    Became::Over => {
                        // The lane stays, so that what is over is not told when the app may know of later things again.
                        let sql = "update webhook_lanes set told = head, tries = 0, next_at = 0 \
                                   where webhook = $1 and grant_id = $2 and conversation = $3";
                        tx.put(sql, &at_lane(&errand))?;
                        let sql = "delete from webhook_lanes where webhook = $1 and grant_id = $2 and conversation = $3 \
                                   and exists (select 1 from grants g where g.id = $2 and g.state in ('ended', 'spent'))";
                        tx.put(sql, &at_lane(&errand))?;
                        (false, 0)
                    }
                    Became::Held => {
                        put_off(tx, &errand, errand.tries, now.plus_seconds(HELD_S))?;
                        (false, 0)
                    }
                    Became::BrokenOff => {
                        put_off(tx, &errand, errand.tries, now)?;
                        (false, 0)
                    }
                };
                Ok(more.then(|| next(upto)))
            })
            .await
    }

    /// A grant or app may let more than before: what was held for it is looked at now.
    pub async fn webhooks_wake(&self, grant: GrantId) -> Result<(), Refusal> {
        let sql = "update webhook_lanes set next_at = 0 where grant_id = $1 and tries = 0 and next_at > 0";
        self.engine
            .write("webhooks_wake", move |tx| -> Result<(), Refusal> {
                Ok(tx.put(sql, params![grant.as_bytes()])?)
            })
            .await
    }

    /// What a delivery is signed with: the value of `webhook-signature`.
    pub fn webhook_signature(
        &self,
        webhook: &Webhook,
        id: &str,
        second: i64,
        body: &[u8],
    ) -> Result<String, Fault> {
        let sign = |turn| self.webhook_keys().sign((webhook.id, turn, webhook.signing), (id, second, body));
        let mut signature = sign(webhook.turn)?;
        if webhook.turn > 1 && self.world.now() < webhook.turned_at.plus_seconds(WEBHOOK_KEYS_OVERLAP_S) {
            signature = format!("{signature} {}", sign(webhook.turn - 1)?);
        }
        Ok(signature)
    }
}
