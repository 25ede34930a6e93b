//! The bus between nodes: hints over one subject of NATS, beside those of this process.
//!
//! Invariant: what comes from outside is a hint and nothing more, so the worst that it can do is cost a look. What may have been
//! lost (the connection broke, somebody was too slow) is told as "missed": then everything is worth a look.

use crate::Bus;
use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, Message, ServerAddr, Subscriber};
use futures_core::Stream;
use model::Hint;
use std::fmt::Write;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};

/// How many hints wait to be carried before more are left to the looks of the other nodes.
const WAITING_MAX: usize = 16 * 1024;
/// How many go in one message, and how long a message may be that is read at all.
const TOGETHER_MAX: usize = 256;
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// How often the server is asked whether it still lives.
const PING_EVERY: Duration = Duration::from_secs(5);
/// The longest wait between two tries to connect.
const AGAIN_WITHIN: Duration = Duration::from_secs(2);

/// Where NATS is: `nats://host:port`, or `tls://…` to have the connection secured; with `user:password@`, or a token, if it asks.
#[derive(Debug, Clone)]
pub struct NatsUrl(ServerAddr);

/// A text that is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address of NATS is nats://host:port or tls://host:port, and this is not one")]
pub struct NatsUrlInvalid;

impl std::str::FromStr for NatsUrl {
    type Err = NatsUrlInvalid;

    fn from_str(text: &str) -> Result<Self, NatsUrlInvalid> {
        let known = ["nats://", "tls://"].iter().any(|scheme| text.starts_with(scheme));
        let address: ServerAddr = text.parse().map_err(|_| NatsUrlInvalid)?;
        if known && !address.host().is_empty() { Ok(NatsUrl(address)) } else { Err(NatsUrlInvalid) }
    }
}

/// What carries the hints of a bus to other nodes and theirs to it, while it runs.
#[derive(Debug)]
pub struct Link {
    bus: Bus,
    waiting: Receiver<Hint>,
    url: NatsUrl,
    subject: String,
}

impl Bus {
    /// Joins this bus with those of the other nodes of a server. `server` is what they have in common and others have not: its
    /// public URL. A bus is joined once; the first link is the one that carries.
    pub fn join(&self, url: NatsUrl, server: &str) -> Link {
        let (out, waiting) = channel(WAITING_MAX);
        let _ = self.beyond.set(out);
        Link { bus: self.clone(), waiting, url, subject: subject(server) }
    }
}

/// The subject of a server's hints. Where two servers should have one, each hears of ids that it does not know.
fn subject(server: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    format!("waxseal.hints.{}", server.chars().map(plain).collect::<String>())
}

impl Link {
    /// Carries hints for as long as it is awaited: connects, and connects again. Hints are never kept for a server that is away.
    pub async fn run(self) {
        let Link { bus, mut waiting, url: NatsUrl(address), subject } = self;
        let missed = bus.clone();
        let options = ConnectOptions::new()
            .name("waxseal")
            .no_echo()
            .ping_interval(PING_EVERY)
            .retry_on_initial_connect()
            .reconnect_delay_callback(|tries| AGAIN_WITHIN.min(Duration::from_millis(50 << tries.min(6))))
            .event_callback(move |event| {
                let bus = missed.clone();
                async move { happened(&bus, &event) }
            });
        let joined = async {
            let client = options.connect(address).await?;
            let heard = client.subscribe(subject.clone()).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((client, heard))
        };
        let (client, mut heard) = match joined.await {
            Ok(joined) => joined,
            // Who it is that may not connect is for the operator to see; the nodes look for themselves meanwhile.
            Err(error) => {
                return tracing::error!(%error, "NATS cannot be used; nodes look for what is new by themselves");
            }
        };
        let mut batch = Vec::with_capacity(TOGETHER_MAX);
        loop {
            tokio::select! {
                told = waiting.recv_many(&mut batch, TOGETHER_MAX) => {
                    if told == 0 {
                        return;
                    }
                    carry(&client, &subject, &batch).await;
                    batch.clear();
                }
                message = next(&mut heard) => match message {
                    Some(message) => take_in(&bus, &message.payload),
                    None => return,
                },
            }
        }
    }
}

async fn next(heard: &mut Subscriber) -> Option<Message> {
    poll_fn(|cx| Pin::new(&mut *heard).poll_next(cx)).await
}

fn happened(bus: &Bus, event: &Event) {
    match event {
        Event::Connected => {
            tracing::info!("connected with NATS");
            bus.missed();
        }
        Event::Disconnected => {
            tracing::warn!("the connection with NATS is lost; nodes look for what is new by themselves");
        }
        Event::SlowConsumer(_) => bus.missed(),
        Event::ServerError(error) => tracing::warn!(%error, "NATS refused something"),
        Event::ClientError(error) => tracing::warn!(%error, "NATS cannot be used as it is"),
        Event::LameDuckMode | Event::Draining | Event::Closed => {}
    }
}

/// Sends hints on, if there is somebody to take them now.
async fn carry(client: &Client, subject: &str, hints: &[Hint]) {
    if client.connection_state() != State::Connected {
        return;
    }
    let mut text = String::new();
    for hint in hints {
        write_hint(&mut text, hint);
    }
    if let Err(error) = client.publish(subject.to_owned(), text.into()).await {
        tracing::debug!(%error, "hints could not be carried");
    }
}

fn take_in(bus: &Bus, message: &[u8]) {
    let Some(text) = std::str::from_utf8(message).ok().filter(|text| text.len() <= MESSAGE_BYTES_MAX) else {
        return;
    };
    text.lines().filter_map(read_hint).for_each(|hint| bus.tell_here(hint));
}

/// A hint is a line: what, and of what.
fn write_hint(out: &mut String, hint: &Hint) {
    // Writing to a String never fails.
    let _ = match hint {
        Hint::Conversation { conversation, n } => writeln!(out, "conversation {conversation} {n}"),
        Hint::Typing { conversation, person } => writeln!(out, "typing {conversation} {person}"),
        Hint::Grant(grant) => writeln!(out, "grant {grant}"),
        Hint::App(app) => writeln!(out, "app {app}"),
    };
}

/// What is no hint of ours, perhaps of a newer version, is passed over.
fn read_hint(line: &str) -> Option<Hint> {
    let mut words = line.split(' ');
    let (what, id, more) = (words.next()?, words.next()?, words.next());
    if words.next().is_some() {
        return None;
    }
    match (what, more) {
        ("conversation", Some(n)) => {
            Some(Hint::Conversation { conversation: id.parse().ok()?, n: n.parse().ok()? })
        }
        ("typing", Some(person)) => {
            Some(Hint::Typing { conversation: id.parse().ok()?, person: person.parse().ok()? })
        }
        ("grant", None) => Some(Hint::Grant(id.parse().ok()?)),
        ("app", None) => Some(Hint::App(id.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AppId, ConversationId, GrantId, PersonId};

    #[test]
    fn a_hint_comes_out_as_it_went_in_and_nothing_else_does() {
        let conversation = ConversationId::from_bytes([7; 16]);
        let hints = [
            Hint::Conversation { conversation, n: 17 },
            Hint::Typing { conversation, person: PersonId::from_bytes([8; 16]) },
            Hint::Grant(GrantId::from_bytes([9; 16])),
            Hint::App(AppId::from_bytes([10; 16])),
        ];
        let mut text = String::new();
        hints.iter().for_each(|hint| write_hint(&mut text, hint));
        let bus = Bus::default();
        let mut ears = bus.listen();
        let nonsense = format!(
            "grant x\ngrant {conversation}\nconversation {conversation} x\nedited {conversation}\n\n  \n"
        );
        take_in(&bus, &[nonsense.as_bytes(), text.as_bytes(), b"grant\n"].concat());
        take_in(&bus, &[0xff; 9]);
        let heard: Vec<_> = std::iter::from_fn(|| ears.waiting()).collect();
        assert_eq!(heard, hints.map(Some));
    }

    #[test]
    fn an_address_is_one_of_nats() {
        for good in ["nats://127.0.0.1:4222", "tls://nats.example", "nats://user:secret@nats.example:4222"] {
            assert!(good.parse::<NatsUrl>().is_ok(), "{good}");
        }
        for bad in ["", "127.0.0.1:4222", "http://nats.example", "nats://", "ws://nats.example", "nats:// x"]
        {
            assert!(bad.parse::<NatsUrl>().is_err(), "{bad}");
        }
        assert_eq!(subject("https://chat.example:8443"), "waxseal.hints.https___chat_example_8443");
    }
}
