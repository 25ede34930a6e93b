//! The app as it goes through everything that a person let it see, and keeps every receipt.
use crate::source::Said;
use crate::walk::{Answer, App, Client};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Requests at once.
const READERS: usize = 4;

/// The app at work on one server.
pub(crate) struct AtWork<'a> {
    pub(crate) url: &'a str,
    pub(crate) app: &'a App,
    /// One for each call that was answered.
    pub(crate) receipts: Mutex<Vec<String>>,
}

/// A conversation as it was read.
pub(crate) struct Read {
    pub(crate) id: String,
    pub(crate) texts: Vec<String>,
}

impl Read {
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut said = Said::default();
        self.texts.iter().for_each(|text| said.add(text));
        said.digest()
    }
}

impl<'a> AtWork<'a> {
    pub(crate) fn new(url: &'a str, app: &'a App) -> Self {
        AtWork { url, app, receipts: Mutex::default() }
    }

    /// A call that is refused or that touches no message.
    pub(crate) fn ask(&self, client: &Client, method: &str, path: &str) -> Answer {
        let bearer = self.app.bearer(self.url);
        client.send(method, &format!("{}{path}", self.url), &[("authorization", &bearer)], None)
    }

    /// A call that is an access: it comes with a receipt.
    pub(crate) fn act(&self, client: &Client, method: &str, path: &str, status: u16) -> Answer {
        self.keep(self.ask(client, method, path).expect(status))
    }

    fn keep(&self, answer: Answer) -> Answer {
        let receipt =
            answer.header("waxseal-receipt").unwrap_or_else(|| panic!("{}: no receipt", answer.asked));
        self.receipts.lock().unwrap().push(receipt.to_owned());
        answer
    }

    /// Sends a text twice with one key: the second time is answered the same, and is no access.
    pub(crate) fn send(&self, client: &Client, conversation: &str, key: &str, text: &str) -> Value {
        let path = format!("{}/v1/conversations/{conversation}/messages", self.url);
        let (bearer, body) = (self.app.bearer(self.url), json!({"content": {"type": "text", "text": text}}));
        let headers =
            [("authorization", &*bearer), ("idempotency-key", key), ("content-type", "application/json")];
        let once = || client.send("POST", &path, &headers, Some(body.to_string().as_bytes())).expect(201);
        let first = self.keep(once());
        let again = once();
        assert_eq!((again.json(), again.header("idempotency-replayed")), (first.json(), Some("true")));
        assert_eq!(again.header("waxseal-receipt"), first.header("waxseal-receipt"));
        first.json()
    }

    /// Every conversation that it can see with its last seq, page by page.
    pub(crate) fn conversations(&self, client: &Client) -> Vec<(String, i64)> {
        let (mut all, mut seen) = (Vec::new(), BTreeMap::new());
        let mut cursor = String::new();
        loop {
            let page = self.act(client, "GET", &format!("/v1/conversations?limit=200{cursor}"), 200).json();
            for one in page["items"].as_array().unwrap() {
                let (id, last) = (one["id"].as_str().unwrap().to_owned(), one["last_seq"].as_i64().unwrap());
                assert!(seen.insert(id.clone(), last).is_none(), "{id} is listed twice");
                all.push((id, last));
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }

    /// Each page of each conversation; nothing may be missing or withheld.
    pub(crate) fn read_all(&self, conversations: &[(String, i64)]) -> Vec<Read> {
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(conversations.len())));
        std::thread::scope(|scope| {
            for _ in 0..READERS {
                scope.spawn(|| {
                    let client = Client::new();
                    while let Some((id, last)) = conversations.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let read = self.read(&client, id, *last);
                        done.lock().unwrap().push(read);
                    }
                });
            }
        });
        done.into_inner().unwrap()
    }

    fn read(&self, client: &Client, id: &str, last: i64) -> Read {
        let (mut texts, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/conversations/{id}/messages?after=0&limit=200{cursor}");
            let page = self.act(client, "GET", &path, 200).json();
            for message in page["items"].as_array().unwrap() {
                assert_eq!(message["seq"], texts.len() + 1, "{id} has a hole");
                texts.push(message["content"]["text"].as_str().unwrap().to_owned());
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(i64::try_from(texts.len()).unwrap(), last, "{id} ends early");
        Read { id: id.to_owned(), texts }
    }

    /// The numbers of its own access records, newest first, page by page.
    pub(crate) fn accesses(&self, client: &Client) -> Vec<u64> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.ask(client, "GET", &format!("/v1/access?limit=200{cursor}")).expect(200).json();
            all.extend(page["items"].as_array().unwrap().iter().map(|one| one["n"].as_u64().unwrap()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}
