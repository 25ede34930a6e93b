//! The load: a few connections that send, write, read and delete until the server is gone, and what they were told.
//!
//! Invariant: only what was answered counts as done; what was asked and not answered may have been done or not.
use crate::dice::Dice;
use crate::walk::{Server, form};
use http::{HeaderMap, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Connections at once.
const WORKERS: u64 = 4;

/// Who asks for what.
pub(crate) struct Desk {
    pub(crate) conversation: String,
    /// The app's `Authorization`.
    pub(crate) bearer: String,
    /// Her browser's `Cookie`, and the token of her forms.
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

/// What the clients know, over all kills.
#[derive(Default)]
pub(crate) struct Known {
    /// Texts that the app sent, with their seq. A text is its Idempotency-Key, too.
    pub(crate) sent: BTreeMap<String, i64>,
    /// Texts that she wrote herself.
    pub(crate) wrote: Vec<String>,
    pub(crate) deleted: Vec<i64>,
    /// Since the last check.
    pub(crate) receipts: Vec<String>,
    /// The newest that was seen.
    pub(crate) checkpoint: Option<String>,
    /// Asked and not answered: whether the app asked, and the text.
    pub(crate) unanswered: Vec<(bool, String)>,
    /// How many sends had been done when they were asked for again.
    pub(crate) replayed: u64,
}

/// An answer, if the server lived to give one and did not say that it broke.
struct Told {
    headers: HeaderMap,
    body: String,
}

/// A connection to one server.
pub(crate) struct Wire<'a> {
    agent: ureq::Agent,
    url: &'a str,
    desk: &'a Desk,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(url: &'a str, desk: &'a Desk) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(20)));
        Wire { agent: ureq::Agent::new_with_config(config.build()), url, desk }
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Told> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = match method {
            "POST" => self.agent.run(request.body(body.to_owned()).unwrap()),
            _ => self.agent.run(request.body(()).unwrap()),
        };
        let mut answer = sent.ok()?;
        let body = answer.body_mut().read_to_string().ok()?;
        let status = answer.status();
        assert!(!status.is_client_error(), "{method} {path}: {status}: {body}");
        (!status.is_server_error()).then(|| Told { headers: answer.headers().clone(), body })
    }

    /// A call of the app.
    fn call(&self, method: &str, path: &str, key: &str, body: &str) -> Option<Told> {
        let path = format!("/v1/conversations/{}/messages{path}", self.desk.conversation);
        let mut headers = vec![("authorization", &*self.desk.bearer), ("idempotency-key", key)];
        if method == "POST" {
            headers.push(("content-type", "application/json"));
        }
        self.ask(method, &path, &headers, body)
    }

    /// The app sends a text; none if there is no answer.
    pub(crate) fn send(&self, text: &str, known: &Mutex<Known>) -> Option<()> {
        let body = json!({"content": {"type": "text", "text": text}}).to_string();
        let told = self.call("POST", "", text, &body)?;
        let message: Value = serde_json::from_str(&told.body).unwrap();
        let mut known = known.lock().unwrap();
        known.replayed += u64::from(told.headers.contains_key("idempotency-replayed"));
        known.receipts.push(told.receipt());
        known.sent.insert(text.to_owned(), message["seq"].as_i64().unwrap());
        Some(())
    }

    /// She writes a text herself.
    pub(crate) fn write(&self, text: &str, known: &Mutex<Known>) -> Option<()> {
        let Desk { conversation, cookie, csrf, .. } = self.desk;
        let headers = [
            ("cookie", &**cookie),
            ("origin", self.url),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let body = form(&[("csrf", &**csrf), ("key", text), ("text", text)]);
        self.ask("POST", &format!("/conversations/{conversation}/send"), &headers, &body)?;
        known.lock().unwrap().wrote.push(text.to_owned());
        Some(())
    }

    fn read(&self, known: &Mutex<Known>) -> Option<()> {
        let told = self.call("GET", "", "", "")?;
        known.lock().unwrap().receipts.push(told.receipt());
        Some(())
    }

    fn delete(&self, seq: i64, known: &Mutex<Known>) -> Option<()> {
        let told = self.call("DELETE", &format!("/{seq}"), "", "")?;
        let mut known = known.lock().unwrap();
        known.receipts.push(told.receipt());
        known.deleted.push(seq);
        Some(())
    }

    fn look(&self, known: &Mutex<Known>) -> Option<()> {
        let told = self.ask("GET", "/ledger/checkpoint", &[], "")?;
        known.lock().unwrap().checkpoint = Some(told.body);
        Some(())
    }
}

impl Told {
    fn receipt(&self) -> String {
        self.headers["waxseal-receipt"].to_str().unwrap().to_owned()
    }
}

/// When the end comes.
pub(crate) struct Moment {
    /// After so many answers,
    pub(crate) answers: u64,
    /// and so many turns of an empty loop.
    pub(crate) turns: u64,
}

/// Loads a server, and has `kill` end it at the moment. The texts of a round are its own; `deletable` gives the next
/// message that nobody has deleted yet.
pub(crate) fn until_killed(
    server: Server,
    kill: impl Fn(Server) + Sync,
    desk: &Desk,
    (round, seed, moment): (u64, u64, Moment),
    deletable: &AtomicI64,
    known: &mut Known,
) {
    let (url, alive) = (server.url.clone(), Mutex::new(Some(server)));
    let (answers, shared) = (AtomicU64::new(0), Mutex::new(std::mem::take(known)));
    let work = |worker: u64| {
        let mut dice = Dice::new(seed ^ (worker << 32));
        let wire = Wire::new(&url, desk);
        for step in 0.. {
            let text = format!("{round}.{worker}.{step}");
            let (done, undone) = match dice.below(20) {
                0..9 => (wire.send(&text, &shared), Some((true, text))),
                9..12 => (wire.write(&text, &shared), Some((false, text))),
                12..16 => (wire.read(&shared), None),
                16..19 => (wire.delete(deletable.fetch_add(1, Ordering::Relaxed), &shared), None),
                _ => (wire.look(&shared), None),
            };
            if done.is_none() {
                shared.lock().unwrap().unanswered.extend(undone);
                return;
            }
            if answers.fetch_add(1, Ordering::SeqCst) + 1 == moment.answers {
                (0..moment.turns).for_each(|_| std::hint::spin_loop());
                kill(alive.lock().unwrap().take().unwrap());
            }
        }
    };
    std::thread::scope(|scope| (0..WORKERS).for_each(|worker| drop(scope.spawn(move || work(worker)))));
    *known = shared.into_inner().unwrap();
}

/// Asks once more for what was not answered, with the same keys.
pub(crate) fn ask_again(url: &str, desk: &Desk, known: &mut Known) {
    let unanswered = std::mem::take(&mut known.unanswered);
    let (wire, shared) = (Wire::new(url, desk), Mutex::new(std::mem::take(known)));
    for (by_app, text) in unanswered {
        let done = if by_app { wire.send(&text, &shared) } else { wire.write(&text, &shared) };
        done.expect("a server that nobody kills answers");
    }
    *known = shared.into_inner().unwrap();
}
