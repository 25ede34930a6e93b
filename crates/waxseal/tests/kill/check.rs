//! What must hold of the data of a server that was killed, as its vault gives it out after a restart.
use crate::load::Known;
use ledger::note::VerifierKey;
use ledger::tile::{TilePath, TileReader};
use ledger::verify::{Kept, Source, replay};
use model::{ConversationId, GrantId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tokio::runtime::{Builder, Runtime};
use vault::{Own, Page, Refusal, Vault};

/// The vault of a server that is down.
pub(crate) struct Checked {
    vault: Vault,
    runtime: Runtime,
    own: Own,
}

/// A message as its participant gets it.
struct Message {
    text: Option<String>,
    by_app: bool,
    deleted: bool,
}

/// What one look found.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) messages: usize,
    pub(crate) records: usize,
}

impl TileReader for Checked {
    type Error = Refusal;
    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, Refusal> {
        self.runtime.block_on(self.vault.tile(path))
    }
}

impl Source for Checked {
    fn checkpoint(&mut self) -> Result<Vec<u8>, Refusal> {
        self.runtime.block_on(self.vault.checkpoint()).map(String::into_bytes)
    }
}

impl Checked {
    pub(crate) fn open(vault: Vault, cookie: &str) -> Checked {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let own = runtime.block_on(vault.own(cookie)).expect("her session outlives the server");
        Checked { vault, runtime, own }
    }

    /// Holds the data to what the clients know.
    pub(crate) fn holds(mut self, conversation: ConversationId, grant: GrantId, known: &mut Known) -> Found {
        let messages = self.messages(conversation);
        assert_eq!(
            messages.keys().copied().collect::<Vec<_>>(),
            (1..=messages.len() as i64).collect::<Vec<_>>(),
            "seqs without holes"
        );
        told_is_there(&messages, known);
        let records = self.records_are_of_acts(grant, &messages);
        self.log_holds(records as u64, known);
        Found { messages: messages.len(), records }
    }

    fn messages(&self, conversation: ConversationId) -> BTreeMap<i64, Message> {
        let (mut all, mut after) = (BTreeMap::new(), 0);
        loop {
            let page = Page { before: None, after: Some(after), limit: 200 };
            let page = self.runtime.block_on(self.vault.own_page(&self.own, conversation, page)).unwrap();
            let items: Vec<Value> = serde_json::from_str(&page.items).unwrap();
            for item in items {
                let message = Message {
                    text: item["content"]["text"].as_str().map(str::to_owned),
                    by_app: item["via"].is_object(),
                    deleted: item["withheld"] == "deleted",
                };
                assert!(all.insert(item["seq"].as_i64().unwrap(), message).is_none());
            }
            match page.next {
                Some(next) => after = next.parse().unwrap(),
                None => return all,
            }
        }
    }

    /// Records are numbered without holes, and each is of something that is so; what the app did has its one record.
    fn records_are_of_acts(&self, grant: GrantId, messages: &BTreeMap<i64, Message>) -> usize {
        let listed = self.vault.accesses_of_own(&self.own, grant, None, i64::from(i32::MAX));
        let records = self.runtime.block_on(listed).unwrap();
        assert!((1..).zip(records.iter().rev()).all(|(n, record)| record.n == n), "numbers without holes");
        let of = |action: &str| {
            let acts = records.iter().filter(|record| record.action == action && record.count > 0);
            let seqs: Vec<i64> = acts.map(|record| record.first_seq.unwrap()).collect();
            let once: BTreeSet<i64> = seqs.iter().copied().collect();
            assert_eq!(once.len(), seqs.len(), "one record for each {action}");
            once
        };
        let those = |is: fn(&Message) -> bool| {
            messages.iter().filter(|(_, message)| is(message)).map(|(seq, _)| *seq).collect::<BTreeSet<_>>()
        };
        assert_eq!(of("send"), those(|message| message.by_app), "what the app sent has its record");
        assert_eq!(of("delete"), those(|message| message.deleted), "what the app deleted has its record");
        records.len()
    }

    /// Every record stands in the log, and the log is the one that was seen before.
    fn log_holds(&mut self, records: u64, known: &mut Known) {
        while self.runtime.block_on(self.vault.sequence()).unwrap() > 0 {}
        let audit = self.runtime.block_on(self.vault.audit()).unwrap();
        assert_eq!((audit.findings, audit.accesses, audit.waiting), (vec![], records, 0));
        let key: VerifierKey = self.vault.log_key().parse().unwrap();
        let kept = Kept {
            since: known.checkpoint.as_deref().map(str::as_bytes),
            receipts: &std::mem::take(&mut known.receipts),
            ..Kept::default()
        };
        let report = replay(self, &[key], kept, &mut |_, _| {}).unwrap_or_else(|found| panic!("{found}"));
        assert_eq!(report.kinds.access, records);
    }
}

/// Every act that was answered is there, once; one that was not answered is there once at most.
fn told_is_there(messages: &BTreeMap<i64, Message>, known: &Known) {
    let mut times: BTreeMap<&str, (i64, usize)> = BTreeMap::new();
    for (seq, message) in messages {
        let Some(text) = &message.text else { continue };
        times.entry(text).and_modify(|(_, times)| *times += 1).or_insert((*seq, 1));
    }
    for (text, seq) in &known.sent {
        assert_eq!(times.get(text.as_str()), Some(&(*seq, 1)), "the app sent {text}");
        assert!(messages[seq].by_app);
    }
    for text in &known.wrote {
        let (seq, once) = times.get(text.as_str()).unwrap_or_else(|| panic!("she wrote {text}"));
        assert!(*once == 1 && !messages[seq].by_app, "{text}");
    }
    for (_, text) in &known.unanswered {
        assert!(times.get(text.as_str()).is_none_or(|(_, times)| *times == 1), "{text} is there twice");
    }
    for seq in &known.deleted {
        assert!(messages[seq].deleted, "{seq} was deleted");
    }
}
