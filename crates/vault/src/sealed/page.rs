//! A page of messages as ready JSON, for whoever may have it: the app behind a permit, the person herself.
//!
//! Invariant: a row whose body the statement held back becomes a placeholder; there is nothing else it could become.

use super::body::Names;
use crate::Fault;
use crate::engine::{Reads, Value};
use crate::tables::ids::{id, opt_id};
use model::{AppId, PersonId};
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

impl Page {
    /// Asked for from a seq on, so the oldest come first.
    pub(super) fn is_forward(&self) -> bool {
        self.after.is_some() && self.before.is_none()
    }
}

/// One row, its words kept in a shared buffer.
struct Line {
    seq: i64,
    author: PersonId,
    via: Option<AppId>,
    words: Result<std::ops::Range<usize>, &'static str>,
}

/// A page that was told, and what it holds.
pub(super) struct Told {
    pub(super) page: JsonPage,
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    pub(super) count: i64,
    pub(super) withheld: i64,
}

/// The reason that a statement gives in place of a body. Every body begins with a quotation mark, and no reason does.
fn reason(told: &str) -> Option<&'static str> {
    match told {
        body if body.starts_with('"') => None,
        "window" => Some("window"),
        "kind" => Some("kind"),
        "author" => Some("author"),
        _ => Some("deleted"),
    }
}

/// Runs a statement with the columns seq, author, via and body (or the reason why not), and tells its rows by seq.
pub(super) fn tell(
    db: &mut impl Reads,
    statement: &str,
    params: &[Value<'_>],
    (page, last_seq): (Page, i64),
) -> Result<Told, Fault> {
    let most = usize::try_from(page.limit.clamp(0, 200)).unwrap_or(0);
    let (mut words, mut lines) = (String::with_capacity(most * 256), Vec::with_capacity(most));
    db.each(statement, params, &mut |row| {
        let told = row.text(3)?;
        let told = match reason(told) {
            Some(reason) => Err(reason),
            None => {
                let from = words.len();
                words.push_str(told);
                Ok(from..words.len())
            }
        };
        lines.push(Line { seq: row.int(0)?, author: id(row, 1)?, via: opt_id(row, 2)?, words: told });
        Ok(())
    })?;
    if !page.is_forward() {
        lines.reverse();
    }
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
                names.tell(db, &mut items, &words[range.clone()], line.author, line.via)?;
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
    let next = match (first, last) {
        (_, Some(last)) if page.is_forward() => (last < last_seq).then_some(last),
        (Some(first), _) => (first > page.after.unwrap_or(0) + 1).then_some(first),
        _ => None,
    };
    let withheld = i64::try_from(lines.len()).unwrap_or(i64::MAX) - count;
    let page = JsonPage { items, next: next.map(|seq| seq.to_string()) };
    Ok(Told { page, first, last, count, withheld })
}
