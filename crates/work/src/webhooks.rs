//! Tells webhooks what happened: looks for what is due, sends it, notes what became of it.
//!
//! Invariants: what is sent was handed out by the vault for a permit of that moment; a change of a grant or an app breaks off
//! what is under way for it, so nothing arrives later than a second after a revocation. A receiver that is slow or fails has
//! one exchange under way at a time, and all such receivers together half of the places, so none holds up those that are well.

use bus::{Bus, Ears};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use model::{ConversationId, GrantId, Hint, Time, WebhookId};
use oauth::secevent::SECEVENT_TYPE;
use outbound::{Answer, Outbound, Request};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{MissedTickBehavior, interval};
use vault::{Became, Errand, Exchange, Heard, Refusal, Signal, Vault, Webhook};

/// How long one exchange may take.
const EXCHANGE: Duration = Duration::from_secs(15);
const _: () = assert!(EXCHANGE.as_secs() >= 15 && EXCHANGE.as_secs() <= 30, "Standard Webhooks: 15 to 30 s");
/// How much of an answer is taken: nothing in it is of interest.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Exchanges under way at once with receivers that are well, and with those that are not.
const WELL_MAX: i64 = 32;
const ILL_MAX: i64 = 32;
/// Exchanges under way at once with one receiver that is well.
const OF_ONE_MAX: i64 = 16;
/// How many things of one lane go out in one go, before others have their turn.
const IN_ONE_GO: usize = 64;
/// An exchange that takes longer makes a receiver count as slow, in milliseconds.
const SLOW_MS: i64 = 2000;
/// How often there is a look at what hints may not have told of.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// Those who tell webhooks.
#[derive(Debug, Clone)]
pub struct Webhooks {
    vault: Arc<Vault>,
    outbound: Outbound,
    bus: Bus,
}

/// What is under way.
#[derive(Default)]
struct Desk {
    tasks: JoinSet<(i64, usize)>,
    lanes: HashMap<Id, (Errand, AbortHandle)>,
    of_each: HashMap<WebhookId, i64>,
    slow: HashSet<WebhookId>,
    ill: i64,
    sent: usize,
    signals: JoinSet<()>,
}

impl Desk {
    fn is_ill(slow: &HashSet<WebhookId>, webhook: &Webhook) -> bool {
        webhook.failures > 0 || slow.contains(&webhook.id)
    }

    /// How much more of each webhook can be taken up.
    fn room(&self) -> impl Fn(&Webhook) -> i64 + Send + use<> {
        let (of_each, slow) = (self.of_each.clone(), self.slow.clone());
        let ill = ILL_MAX - self.ill;
        let well = WELL_MAX - (i64::try_from(self.lanes.len()).unwrap_or(i64::MAX) - self.ill);
        move |webhook| {
            let under_way = of_each.get(&webhook.id).copied().unwrap_or(0);
            match Desk::is_ill(&slow, webhook) {
                true => (1 - under_way).min(ill),
                false => (OF_ONE_MAX - under_way).min(well),
            }
            .max(0)
        }
    }

    fn begin(&mut self, webhooks: &Webhooks, errand: Errand) {
        *self.of_each.entry(errand.webhook.id).or_default() += 1;
        self.ill += i64::from(Desk::is_ill(&self.slow, &errand.webhook));
        let (tells, lane) = (webhooks.clone(), errand.clone());
        let task = self.tasks.spawn(async move { tells.run_errand(errand).await });
        self.lanes.insert(task.id(), (lane, task));
    }

    fn begin_signal(&mut self, webhooks: &Webhooks, signal: Signal) {
        let tells = webhooks.clone();
        self.signals.spawn(async move { tells.tell_signal(signal).await });
    }

    fn is_idle(&self) -> bool {
        self.lanes.is_empty() && self.signals.is_empty()
    }

    /// The next one that is over; its errand, if it was broken off.
    async fn over(&mut self) -> Option<Errand> {
        let over = tokio::select! {
            over = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => over?,
            _ = self.signals.join_next(), if !self.signals.is_empty() => {
                self.sent += 1;
                return None;
            }
            else => return None,
        };
        let (id, slowest) = match over {
            Ok((id, (slowest, sent))) => {
                self.sent += sent;
                (id, Some(slowest))
            }
            Err(broken) => (broken.id(), None),
        };
        let (errand, _) = self.lanes.remove(&id)?;
        self.ill -= i64::from(Desk::is_ill(&self.slow, &errand.webhook));
        let webhook = errand.webhook.id;
        if let Some(under_way) = self.of_each.get_mut(&webhook) {
            *under_way -= 1;
            if *under_way == 0 {
                self.of_each.remove(&webhook);
            }
        }
        match slowest {
            Some(ms) if ms > SLOW_MS => self.grow_slow(webhook, true),
            Some(ms) if ms >= 0 => self.grow_slow(webhook, false),
            Some(_) => {}
            None => return Some(errand),
        }
        None
    }

    /// Notes whether a receiver is slow; what is under way there counts anew.
    fn grow_slow(&mut self, webhook: WebhookId, is_slow: bool) {
        let changed = if is_slow { self.slow.insert(webhook) } else { self.slow.remove(&webhook) };
        if changed {
            let slow = &self.slow;
            let ill = self.lanes.values().filter(|(errand, _)| Desk::is_ill(slow, &errand.webhook)).count();
            self.ill = i64::try_from(ill).unwrap_or(i64::MAX);
        }
    }

    /// Breaks off what is under way for these grants and apps.
    fn break_off(&self, changed: &HashSet<Hint>, all: bool) {
        for (errand, task) in self.lanes.values() {
            let is_concerned =
                changed.contains(&Hint::Grant(errand.grant)) || changed.contains(&Hint::App(errand.app));
            if all || is_concerned {
                task.abort();
            }
        }
    }
}

impl Webhooks {
    /// Telling from this vault's events, over this way out.
    pub fn new(vault: Arc<Vault>, outbound: &Outbound, bus: Bus) -> Webhooks {
        Webhooks { vault, outbound: outbound.apart(), bus }
    }

    /// Tells all that is due now. How many exchanges there were.
    pub async fn round(&self) -> Result<usize, Refusal> {
        let mut desk = Desk::default();
        while self.vault.webhooks_scan().await? {}
        loop {
            for errand in self.vault.webhooks_take(desk.room()).await? {
                desk.begin(self, errand);
            }
            for signal in self.vault.signals_take().await? {
                desk.begin_signal(self, signal);
            }
            if desk.is_idle() {
                return Ok(desk.sent);
            }
            desk.over().await;
        }
    }

    /// Tells for as long as it runs.
    pub async fn run(self) {
        let mut ears = self.bus.listen();
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut desk, mut known) = (Desk::default(), HashSet::new());
        loop {
            let heard = tokio::select! {
                heard = ears.next() => match heard {
                    Some(hint) => Some(hint),
                    None => return,
                },
                _ = looks.tick() => None,
                broken = desk.over(), if !desk.is_idle() => {
                    if let Some(errand) = broken {
                        self.note(errand, Became::BrokenOff).await;
                    }
                    None
                }
            };
            if let Err(refusal) = self.turn(&mut desk, &mut ears, heard, &mut known).await {
                tracing::debug!(%refusal, "what webhooks are to be told could not be looked up");
            }
        }
    }

    /// One turn of the wheel: what hints say, what is due.
    async fn turn(
        &self,
        desk: &mut Desk,
        ears: &mut Ears,
        heard: Option<Option<Hint>>,
        known: &mut HashSet<(Hint, Time)>,
    ) -> Result<(), Refusal> {
        let is_look = heard.is_none();
        let (mut places, mut changed, mut missed) = (HashMap::new(), HashSet::new(), false);
        let mut next = heard;
        while let Some(hint) = next {
            match hint {
                None => missed = true,
                Some(Hint::Conversation { conversation, n }) => {
                    let newest: &mut i64 = places.entry(conversation).or_default();
                    *newest = n.max(*newest);
                }
                Some(Hint::Typing { .. }) => {}
                Some(hint @ (Hint::Grant(_) | Hint::App(_))) => {
                    changed.insert(hint);
                }
            }
            next = ears.waiting();
        }
        if is_look && self.vault.is_shared() {
            let lately: HashSet<(Hint, Time)> = self.vault.hints_lately().await?.into_iter().collect();
            let news = lately.difference(known).map(|(hint, _)| *hint);
            changed.extend(news.filter(|hint| matches!(hint, Hint::Grant(_) | Hint::App(_))));
            *known = lately;
        }
        desk.break_off(&changed, missed);
        if !self.vault.webhooks_are_there().await? {
            return Ok(());
        }
        for hint in &changed {
            if let Hint::Grant(grant) = hint {
                self.wake(*grant).await?;
            }
        }
        if is_look || missed {
            while self.vault.webhooks_scan().await? {}
        } else if !places.is_empty() {
            let places: Vec<(ConversationId, i64)> = places.into_iter().collect();
            self.vault.webhooks_mark(places).await?;
        }
        for errand in self.vault.webhooks_take(desk.room()).await? {
            desk.begin(self, errand);
        }
        if is_look || !changed.is_empty() {
            for signal in self.vault.signals_take().await? {
                desk.begin_signal(self, signal);
            }
        }
        Ok(())
    }

    async fn wake(&self, grant: GrantId) -> Result<(), Refusal> {
        self.vault.webhooks_wake(grant).await
    }

    async fn note(&self, errand: Errand, became: Became) -> Option<Errand> {
        let done = self.vault.webhook_done(errand, became).await;
        done.inspect_err(|refusal| tracing::warn!(%refusal, "what became of a delivery could not be noted"))
            .ok()
            .flatten()
    }

    /// Runs one errand, and those that follow it in its lane. The time that the slowest exchange took (-1 without one), and how many there were.
    async fn run_errand(&self, errand: Errand) -> (i64, usize) {
        let (mut slowest, mut sent) = (-1, 0);
        let mut at = Some(errand);
        for _ in 0..IN_ONE_GO {
            let Some(errand) = at else { return (slowest, sent) };
            let became = self.tell(&errand).await;
            if let Became::Sent(exchange) = &became {
                slowest = slowest.max(exchange.ms);
                sent += 1;
            }
            at = self.note(errand, became).await;
        }
        if let Some(errand) = at {
            self.note(errand, Became::BrokenOff).await;
        }
        (slowest, sent)
    }

    /// Tells what comes next in a lane.
    async fn tell(&self, errand: &Errand) -> Became {
        // A containment answers when this is over; it is broken off then, as whatever is dropped here is.
        let _exchange = self.vault.exchange_begins(errand.app);
        let heard = match self.vault.webhook_follow(errand).await {
            // The grant changed under way: once more, as it stands now.
            Err(Refusal::Changed) => self.vault.webhook_follow(errand).await,
            heard => heard,
        };
        match heard {
            Ok(Heard { events: None, upto, .. }) => Became::Nothing(upto),
            Ok(Heard { events: Some(opened), upto, .. }) => {
                let Some(event) = opened.answer.into_iter().next() else { return Became::Nothing(upto) };
                let n = event.n.unwrap_or(upto);
                let (id, body) = (errand.delivery(n).to_string(), body(errand, &event, &opened.receipt));
                let begun = self.vault.world().now();
                let answer = self.send(&errand.webhook, &id, ("application/json", body)).await;
                let ms = (self.vault.world().now().micros() - begun.micros()) / 1000;
                let retry_after_s = answer.as_ref().ok().and_then(retry_after_s);
                let answer = answer.map(|answer| answer.status.as_u16());
                Became::Sent(Exchange { what: event.name, n, upto, answer, retry_after_s, ms })
            }
            Err(Refusal::No(model::No::Paused)) => Became::Held,
            Err(Refusal::Token | Refusal::No(_) | Refusal::NotFound) => Became::Over,
            Err(Refusal::Changed) => Became::BrokenOff,
            Err(refusal) => {
                tracing::debug!(%refusal, "what a webhook is to be told could not be looked up");
                Became::Held
            }
        }
    }

    /// Tells a signal: a security event token, pushed.
    async fn tell_signal(&self, signal: Signal) {
        let token = match self.vault.signal_token(&signal).await {
            Ok(token) => token,
            Err(refusal) => return tracing::warn!(%refusal, "a signal could not be signed"),
        };
        let begun = self.vault.world().now();
        let answer = self.send(&signal.webhook, &signal.id.to_string(), (SECEVENT_TYPE, token)).await;
        let ms = (self.vault.world().now().micros() - begun.micros()) / 1000;
        let answer = answer.map(|answer| answer.status.as_u16());
        let exchange = Exchange { what: "signal", n: 0, upto: 0, answer, retry_after_s: None, ms };
        if let Err(refusal) = self.vault.signal_done(signal, exchange).await {
            tracing::warn!(%refusal, "what became of a signal could not be noted");
        }
    }

    async fn send(
        &self,
        webhook: &Webhook,
        id: &str,
        (kind, body): (&'static str, String),
    ) -> Result<Answer, String> {
        let second = self.vault.world().now().seconds();
        let signature = self.vault.webhook_signature(webhook, id, second, body.as_bytes());
        let signature = signature.map_err(|why| why.to_string())?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let texts = [
            ("webhook-id", id),
            ("webhook-timestamp", &second.to_string()),
            ("webhook-signature", &signature),
        ];
        for (name, text) in texts {
            let value = HeaderValue::from_str(text).map_err(|why| why.to_string())?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let request = Request {
            method: Method::POST,
            url: webhook.url.clone(),
            headers,
            body: Bytes::from(body),
            timeout: EXCHANGE,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        self.outbound.send(request).await.map_err(|unsent| unsent.to_string())
    }
}

/// `Retry-After` in seconds, where it is one that says to slow down.
fn retry_after_s(answer: &Answer) -> Option<i64> {
    let slows = matches!(answer.status.as_u16(), 429 | 502 | 503 | 504);
    answer.headers.get(header::RETRY_AFTER).filter(|_| slows)?.to_str().ok()?.trim().parse().ok()
}

/// What is posted: the event as on a stream, with the grant under which it is told and the receipt for telling it.
fn body(errand: &Errand, event: &vault::Event, receipt: &str) -> String {
    let (what, at, grant, data) = (event.name, event.at, errand.grant, &event.json);
    format!(
        r#"{{"type":"{what}","timestamp":"{at}","grant_id":"{grant}","data":{data},"receipt":"{receipt}"}}"#
    )
}
