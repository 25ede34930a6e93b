//! What is live: how soon a message is on a stream, what an open stream takes, and how soon access is over when it is.
//!
//! Invariant: the server is the whole one, wired as the program wires it, on a core of its own; what it is compared with runs
//! in the same run. Clocks are those of the load, which sends and receives.

use crate::house::{self, House, Plan, Resident};
use crate::process::{self, Server};
use crate::report::{at, line, told};
use crate::stream::{Asking, Events, between, said};
use model::ConversationId;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Messages a second on the stream whose delay is measured, and for how long.
const PER_S: u64 = 50;
const SECONDS: u64 = 20;
/// Streams that are open at once.
const STREAMS: usize = 10_000;
/// How many residents they belong to, in equal parts; each part of a grant.
pub(crate) const RESIDENTS: usize = 1_000;
/// How many residents are in the conversation in which something happens that a thousand streams are told of.
const TOGETHER: usize = 100;
/// How often it does.
const TOLD: u64 = 20;

/// What was sent when, by the number in its text, and how long it took to be on streams, in milliseconds.
#[derive(Default)]
struct Board {
    sent: Mutex<Vec<Instant>>,
    took: Mutex<Vec<f64>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Board {
    fn heard(&self, event: &str, now: Instant) {
        let number = between(event, "\"text\":\"live ", "\"").and_then(|n| n.parse::<usize>().ok());
        let Some(sent) = number.and_then(|n| lock(&self.sent).get(n).copied()) else { return };
        lock(&self.took).push((now - sent).as_secs_f64() * 1000.0);
    }
}

/// Has streams read until they end, in the background.
fn follow(open: Vec<Events>, board: &Arc<Board>) -> JoinSet<()> {
    let mut reading = JoinSet::new();
    for mut events in open {
        let board = board.clone();
        reading.spawn(async move {
            while let Ok(true) = events.next(&mut |event, now| board.heard(event, now)).await {}
        });
    }
    reading
}

/// Measures all of it.
pub(crate) fn measure(folder: &Path) -> Result<(), String> {
    process::raise_files();
    process::pin("self", 1);
    let place = folder.join("live").display().to_string();
    line(&format!("\nlive: {RESIDENTS} people with two apps each; SQLite, the server on one core\n"));
    let house = house::planned(&place, Plan { people: RESIDENTS * 2, messages: 2, apps: 2 })?;
    let everyone = {
        let (vault, runtime) = house::open(&place)?;
        runtime.block_on(house::group(&vault, &house.residents[..TOGETHER])).map_err(said)?
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(said)?;
    let bare = bare(&runtime)?;
    let server = Server::start_as("--whole", &place)?;
    runtime.block_on(delay(&server, &house.residents[RESIDENTS - 1]))?;
    runtime.block_on(many(&server, &house, everyone, bare))?;
    drop(server);
    crate::over::measure(&place, &house, &runtime)
}

/// KiB that a stream of hyper's takes, without anything of ours.
fn bare(runtime: &Runtime) -> Result<f64, String> {
    let server = Server::start_as("--bare", "")?;
    runtime.block_on(async {
        let before = server.resident_kib();
        let mut open = Vec::new();
        for _ in 0..STREAMS {
            open.push(Events::open(server.address, None).await?.0);
        }
        let each = (server.resident_kib() - before) / STREAMS as f64;
        told("a bare event stream of hyper, memory", &format!("{each:.1} KiB"), "");
        Ok(each)
    })
}

/// How long it takes from sending to delivery, on one stream that has much to tell.
async fn delay(server: &Server, one: &Resident) -> Result<(), String> {
    let board = Arc::new(Board::default());
    let (events, _) = Events::open(server.address, Some(&one.token)).await?;
    let reading = follow(vec![events], &board);
    let mut asking = Asking::open(server.address).await?;
    let mut ticks = interval(Duration::from_micros(1_000_000 / PER_S));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut answered = Vec::new();
    for n in 0..PER_S * SECONDS {
        ticks.tick().await;
        lock(&board.sent).push(Instant::now());
        let begun = asking.send(&one.token, one.conversation, &format!("live {n}")).await?;
        answered.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    sleep(Duration::from_millis(300)).await;
    drop(reading);
    let mut took = std::mem::take(&mut *lock(&board.took));
    if took.len() as u64 != PER_S * SECONDS {
        return Err(format!("{} messages of {} were delivered", took.len(), PER_S * SECONDS));
    }
    let is = format!("{:.2} / {:.2} ms", at(&mut took, 0.5), at(&mut took, 0.99));
    told(&format!("send to delivery, {PER_S} a second, p50 / p99"), &is, "<3 / <15 ms");
    let is = format!("{:.2} / {:.2} ms", at(&mut answered, 0.5), at(&mut answered, 0.99));
    told("  the send itself was answered after", &is, "");
    Ok(())
}

/// What many open streams take, and how soon a thousand of them are told of one thing.
async fn many(server: &Server, house: &House, everyone: ConversationId, bare: f64) -> Result<(), String> {
    let board = Arc::new(Board::default());
    let before = server.resident_kib();
    let begun = Instant::now();
    let mut open = Vec::new();
    for n in 0..STREAMS {
        open.push(Events::open(server.address, Some(&house.residents[n % RESIDENTS].token)).await?.0);
    }
    let took = begun.elapsed().as_secs_f64();
    let each = (server.resident_kib() - before) / STREAMS as f64;
    told("streams opened, a second", &format!("{:.0}", STREAMS as f64 / took), "");
    told(&format!("memory of each of {STREAMS} open streams"), &format!("{each:.1} KiB"), "");
    told("  beside a bare one", &format!("{:.2}", each / bare), "≤1.3");
    let reading = follow(open, &board);
    let mut asking = Asking::open(server.address).await?;
    let due = TOGETHER * STREAMS / RESIDENTS;
    for n in 0..TOLD {
        lock(&board.sent).push(Instant::now());
        asking.send(&house.residents[0].token, everyone, &format!("live {n}")).await?;
        let all = async {
            while lock(&board.took).len() < due * (n as usize + 1) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let all = timeout(Duration::from_secs(10), all).await;
        all.map_err(|_| "one thing was not told to all streams within 10 s".to_owned())?;
        sleep(Duration::from_millis(100)).await;
    }
    drop(reading);
    let mut took = std::mem::take(&mut *lock(&board.took));
    let is = format!("{:.1} / {:.1} ms", at(&mut took, 0.5), at(&mut took, 0.99));
    told(&format!("one event to {due} of them, p50 / p99"), &is, "p99 <60 ms");
    Ok(())
}
