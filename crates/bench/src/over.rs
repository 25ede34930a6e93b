//! Webhooks at full speed, and what still arrives after a revocation while streams and webhooks are busy.
//!
//! Invariant: a delivery counts from the moment when the revocation was answered to the moment when the last byte was here.

use crate::house::{self, House};
use crate::process::Server;
use crate::report::{at, line, told};
use crate::stream::{Asking, Events, between, receive, said};
use model::Content;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use vault::{NewWebhook, Signing, Wants};

/// How many messages wait for each webhook lane when the rate is measured.
const WAITING: usize = 12;
/// Messages a second while accesses are revoked, and revocations a second.
const PER_S: u64 = 150;
const REVOKED_PER_S: u64 = 40;
/// How long the receiver takes while accesses are revoked: so long that a queue stands.
const TAKES: Duration = Duration::from_millis(150);
/// How long is waited for what may still arrive.
const AFTER: Duration = Duration::from_secs(3);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last thing that arrived for each grant, by what it came.
#[derive(Default)]
struct Arrived {
    streams: Mutex<HashMap<String, Instant>>,
    webhooks: Mutex<HashMap<String, Instant>>,
    /// When a stream was told that its access is over.
    over: Mutex<HashMap<String, Instant>>,
    count: AtomicUsize,
}

pub(crate) fn measure(place: &str, house: &House, runtime: &Runtime) -> Result<(), String> {
    let listen = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(said);
    let (fast, slow) = (listen()?, listen()?);
    let url = |of: &TcpListener| of.local_addr().map(|at| format!("http://{at}/hook")).map_err(said);
    prepare(place, house, url(&fast)?)?;
    rate(place, house, runtime, fast)?;
    prepare(place, house, url(&slow)?)?;
    let server = Server::start_as("--whole", place)?;
    runtime.block_on(revoke(&server, house, slow))
}

/// Each app has one webhook, there; and something waits for each.
fn prepare(place: &str, house: &House, url: String) -> Result<(), String> {
    let (vault, runtime) = house::open(place)?;
    runtime.block_on(async {
        for app in &house.apps {
            for old in vault.webhooks(*app).await.map_err(said)? {
                vault.webhook_remove(*app, old.id).await.map_err(said)?;
            }
            let new = NewWebhook { url: url.clone(), wants: Wants::ALL, signing: Signing::Hmac };
            vault.webhook_add(*app, new).await.map_err(said)?;
        }
        let mut saying = JoinSet::new();
        for one in house.residents.clone() {
            let (vault, url) = (vault.clone(), url.clone());
            saying.spawn(async move {
                let own = vault.own(&one.cookie).await.map_err(said)?;
                for n in 0..WAITING {
                    let content = Content::Text { text: format!("waiting {n}") };
                    vault
                        .own_send(&own, one.conversation, content, &format!("{url}-{n}"))
                        .await
                        .map_err(said)?;
                }
                Ok::<_, String>(())
            });
        }
        while let Some(said_all) = saying.join_next().await {
            said_all.map_err(said)??;
        }
        Ok(())
    })
}

/// How many deliveries a second a receiver gets that takes whatever comes.
fn rate(place: &str, house: &House, runtime: &Runtime, listener: TcpListener) -> Result<(), String> {
    let arrived: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let due = house.residents.len() * house.apps.len() * WAITING;
    let server = Server::start_as("--whole", place)?;
    let cpu = server.cpu_s();
    runtime.block_on(async {
        let heard = arrived.clone();
        let receiving = tokio::spawn(receive(listener, Duration::ZERO, move |_, now| lock(&heard).push(now)));
        let all = async {
            while lock(&arrived).len() < due {
                sleep(Duration::from_millis(50)).await;
            }
        };
        let outcome = timeout(Duration::from_secs(60), all).await;
        receiving.abort();
        outcome.map_err(|_| format!("{} of {due} deliveries came within a minute", lock(&arrived).len()))
    })?;
    let cpu = (server.cpu_s() - cpu) * 1e6 / due as f64;
    let times = lock(&arrived);
    // What it takes to look through what waits, before the first and after the last, is not the rate.
    let (first, last) = (times.len() / 20, times.len() - times.len() / 20 - 1);
    let per_s = (last - first) as f64 / (times[last] - times[first]).as_secs_f64();
    told(&format!("webhooks delivered a second, {due} in all"), &format!("{per_s:.0}"), "≥2,000");
    told("  processor time of each", &format!("{cpu:.0} µs"), "");
    Ok(())
}

/// Revokes one grant of each resident, while those of the other app stay.
async fn revoke(server: &Server, house: &House, listener: TcpListener) -> Result<(), String> {
    let arrived = Arc::new(Arrived::default());
    let heard = arrived.clone();
    let receiving = tokio::spawn(receive(listener, TAKES, move |body, now| {
        heard.count.fetch_add(1, Ordering::Relaxed);
        // Signals tell that it is over, and say nothing of what was said.
        if let Some(grant) = between(body, "\"grant_id\":\"", "\"") {
            lock(&heard.webhooks).insert(grant.to_owned(), now);
        }
    }));
    let (mut reading, mut grants) = (JoinSet::new(), Vec::new());
    for one in &house.residents {
        for (token, goes) in [(&one.token, true), (one.other.as_ref().ok_or("no second app")?, false)] {
            let (mut events, first) = Events::open(server.address, Some(token)).await?;
            let grant =
                between(&first, "\"grant_id\":\"", "\"").ok_or("a stream without its grant")?.to_owned();
            if goes {
                grants.push(grant.clone());
            }
            let arrived = arrived.clone();
            reading.spawn(async move {
                let mut take = |event: &str, now| {
                    let of = if event.contains("event: revoked") { &arrived.over } else { &arrived.streams };
                    lock(of).insert(grant.clone(), now);
                };
                while let Ok(true) = events.next(&mut take).await {}
            });
        }
    }
    let current = Arc::new(AtomicUsize::new(0));
    let talking = tokio::spawn(talk(server.address, house.clone(), current.clone()));
    sleep(Duration::from_secs(1)).await;
    let mut asking = Asking::open(server.address).await?;
    let mut ticks = interval(Duration::from_micros(1_000_000 / REVOKED_PER_S));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut answered, mut took) = (Vec::new(), Vec::new());
    for (n, one) in house.residents.iter().enumerate() {
        ticks.tick().await;
        current.store(n, Ordering::Relaxed);
        let begun = asking.hand_back(&one.token).await?;
        let now = Instant::now();
        answered.push(now);
        took.push((now - begun).as_secs_f64() * 1000.0);
    }
    sleep(AFTER).await;
    talking.abort();
    receiving.abort();
    drop(reading);
    print(&arrived, &grants, &answered, took, house)
}

fn print(
    arrived: &Arrived,
    grants: &[String],
    answered: &[Instant],
    mut took: Vec<f64>,
    house: &House,
) -> Result<(), String> {
    let after = |of: &Mutex<HashMap<String, Instant>>| -> Vec<f64> {
        let of = lock(of);
        let late = |(grant, answered): (&String, &Instant)| {
            of.get(grant).map(|at| at.saturating_duration_since(*answered).as_secs_f64() * 1000.0)
        };
        grants.iter().zip(answered).filter_map(late).collect()
    };
    let (mut streams, mut webhooks, mut over) =
        (after(&arrived.streams), after(&arrived.webhooks), after(&arrived.over));
    let queued = house.residents.len() * 2 * WAITING;
    let came = arrived.count.load(Ordering::Relaxed);
    line(&format!(
        "  {} revocations, {REVOKED_PER_S} a second, {PER_S} messages a second; {} streams; {queued} and more queued, {came} posted",
        answered.len(),
        house.residents.len() * 2,
    ));
    told("  answered, p50 / worst", &format!("{:.1} / {:.1} ms", at(&mut took, 0.5), at(&mut took, 1.0)), "");
    let worst = |values: &mut Vec<f64>| format!("{:.0} ms ({} seen)", at(values, 1.0), values.len());
    told("  last event on a stream after that, worst", &worst(&mut streams), "≤1,000 ms");
    told("  last webhook after that, worst", &worst(&mut webhooks), "≤1,000 ms");
    told("  told `revoked` after that, worst", &worst(&mut over), "≤1,000 ms");
    if over.len() < grants.len() {
        return Err(format!("{} of {} streams were told that it is over", over.len(), grants.len()));
    }
    Ok(())
}

/// Says something, by the app that stays, where an access ends just now or soon.
async fn talk(address: SocketAddr, house: House, current: Arc<AtomicUsize>) -> Result<(), String> {
    let mut asking = Asking::open(address).await?;
    let mut ticks = interval(Duration::from_micros(1_000_000 / PER_S));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for n in 0.. {
        ticks.tick().await;
        let one = &house.residents[(current.load(Ordering::Relaxed) + n % 6) % house.residents.len()];
        let token = one.other.as_ref().ok_or("no second app")?;
        asking.send(token, one.conversation, &format!("talk {n}")).await?;
    }
    Ok(())
}
