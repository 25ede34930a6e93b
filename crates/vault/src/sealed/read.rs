//! Reading a page of messages for an app.
//!
//! The page is selected from a snapshot and sealed; `Committed`, the proof that the access record is durable, opens it.
//! So readers run beside each other and only the record needs the writer.
//! Invariant: what the predicate of `SELECT` leaves out never leaves the database; it is `Limits::shows` in SQL.

use super::body::Names;
use super::permit::{Permit, ReadMessages};
use super::place;
use super::record::{Opened, Sealed, Touched};
use crate::engine::{Reads, Snap, params};
use crate::tables::ids::{id, opt_id};
use crate::{Fault, Refusal, Vault};
use model::{AppId, ConversationId, Limits, PersonId};
use std::fmt::Write;

/// Which page of a conversation: seqs strictly between `after` and `before`; the newest of them, or, with `after`, the
/// oldest. Items come by ascending seq.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Page {
    /// Below this seq.
    pub before: Option<i64>,
    /// Above this seq.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: i64,
}

/// A page of a list as ready JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonPage {
    /// A JSON array.
    pub items: String,
    /// Where to go on, if there is more.
    pub next: Option<String>,
}

impl std::fmt::Debug for JsonPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JsonPage({} bytes)", self.items.len())
    }
}

/// `$1` person, `$2` conversation, `$3` not before, `$4` kinds, `$5` after, `$6` before, `$7` limit.
macro_rules! select {
    ($order:literal) => {
        concat!(
            "select seq, author, via, withheld, case when withheld is null then body end from (\
             select m.seq as seq, m.author as author, m.via as via, m.body as body, case \
             when m.deleted_at is not null or m.seq in \
             (select h.seq from hidden_messages h where h.person = $1 and h.conversation = $2) then 'deleted' \
             when m.sent_at < $3 then 'window' \
             when (m.kind & $4) = 0 then 'kind' \
             when m.author <> $1 and m.author in (select o.person from participants o \
             join persons p on p.id = o.person where o.conversation = $2 and (o.words_out = 1 or p.words_out = 1)) \
             then 'author' end as withheld \
             from messages m where m.conversation = $2 and m.seq > $5 and m.seq < $6 order by m.seq ",
            $order,
            " limit $7) page order by seq"
        )
    };
}

const NEWEST: &str = select!("desc");
const OLDEST: &str = select!("asc");

/// One row, its words kept in a shared buffer.
struct Line {
    seq: i64,
    author: PersonId,
    via: Option<AppId>,
    words: Result<std::ops::Range<usize>, &'static str>,
}

fn withheld_word(word: &str) -> &'static str {
    match word {
        "window" => "window",
        "kind" => "kind",
        "author" => "author",
        _ => "deleted",
    }
}

fn select(snap: &mut Snap<'_>, limits: &Limits, ask: &ReadMessages) -> Result<(String, Vec<Line>), Fault> {
    let page = ask.page;
    let (mut words, mut lines) = (String::new(), Vec::new());
    let statement = if page.after.is_some() && page.before.is_none() { OLDEST } else { NEWEST };
    let params = params![
        limits.person.as_bytes(),
        ask.conversation.as_bytes(),
        limits.not_before.micros(),
        limits.kinds.bits(),
        page.after.unwrap_or(0),
        page.before.unwrap_or(i64::MAX),
        page.limit
    ];
    snap.each(statement, params, &mut |row| {
        let told = match row.opt_text(3)? {
            Some(reason) => Err(withheld_word(reason)),
            None => {
                let from = words.len();
                words.push_str(row.text(4)?);
                Ok(from..words.len())
            }
        };
        lines.push(Line { seq: row.int(0)?, author: id(row, 1)?, via: opt_id(row, 2)?, words: told });
        Ok(())
    })?;
    Ok((words, lines))
}

fn seal(
    snap: &mut Snap<'_>,
    limits: &Limits,
    ask: &ReadMessages,
    last_seq: i64,
) -> Result<Sealed<JsonPage>, Fault> {
    let (words, lines) = select(snap, limits, ask)?;
    let mut names = Names::default();
    let mut items = String::with_capacity(words.len() + lines.len() * 120 + 2);
    let mut count = 0;
    items.push('[');
    for line in &lines {
        if items.len() > 1 {
            items.push(',');
        }
        match &line.words {
            Ok(range) => {
                count += 1;
                names.tell(snap, &mut items, &words[range.clone()], line.author, line.via)?;
            }
            Err(reason) => {
                let seq = line.seq;
                write!(items, r#"{{"seq":{seq},"withheld":"{reason}"}}"#)
                    .map_err(|e| Fault::Shape(e.to_string()))?;
            }
        }
    }
    items.push(']');
    let (first, last) = (lines.first().map(|line| line.seq), lines.last().map(|line| line.seq));
    let forward = ask.page.after.is_some() && ask.page.before.is_none();
    let next = match (first, last) {
        (_, Some(last)) if forward => (last < last_seq).then_some(last),
        (Some(first), _) => (first > ask.page.after.unwrap_or(0) + 1).then_some(first),
        _ => None,
    };
    let total = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    let conversation = Some(ask.conversation);
    let touched = Touched { conversation, first_seq: first, last_seq: last, count, withheld: total - count };
    Ok(Sealed::new(JsonPage { items, next: next.map(|seq| seq.to_string()) }, touched))
}

/// `$1` conversation, `$2` not before, `$3` kinds, `$4` person: how many messages `select!` would show.
const COUNT: &str = "select count(*) from messages m where m.conversation = $1 and m.deleted_at is null \
    and m.sent_at >= $2 and (m.kind & $3) <> 0 and m.seq not in \
    (select h.seq from hidden_messages h where h.person = $4 and h.conversation = $1) \
    and (m.author = $4 or m.author not in (select o.person from participants o join persons p on p.id = o.person \
    where o.conversation = $1 and (o.words_out = 1 or p.words_out = 1)))";

/// How many messages of a conversation the limits show.
pub(super) fn count(
    db: &mut impl Reads,
    limits: &Limits,
    conversation: ConversationId,
) -> Result<i64, Fault> {
    let params = params![
        conversation.as_bytes(),
        limits.not_before.micros(),
        limits.kinds.bits(),
        limits.person.as_bytes()
    ];
    Ok(db.one(COUNT, params, |row| row.int(0))?.unwrap_or(0))
}

impl Vault {
    /// Reads a page. The record is durable before a word of it is handed out.
    pub async fn read_messages(&self, permit: Permit<ReadMessages>) -> Result<Opened<JsonPage>, Refusal> {
        self.read_sealed(("select_messages", "record_read"), permit, |snap, permit| {
            let found = place::find(snap, permit.ask.conversation, permit.person, permit.app, permit.grant)?;
            let found = found.filter(|found| permit.limits.reaches(&found.place)).ok_or(Refusal::NotFound)?;
            Ok(seal(snap, &permit.limits, &permit.ask, found.last_seq)?)
        })
        .await
    }
}
