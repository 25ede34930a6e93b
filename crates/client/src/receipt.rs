//! Receipts: no answer that touched messages is handed out before the access record that came with it has been checked.
//!
//! Invariant: a receipt serves for one answer; it is the server's, for this app and grant, about what was asked, of this moment.

use crate::error::{Error, ReceiptFault};
use crate::exchange::Answer;
use crate::session::Session;
use ledger::note::VerifierKey;
use ledger::receipt::Receipt;
use ledger::record::{AccessRecord, Action};
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::PoisonError;

/// The header in which it comes.
const RECEIPT: &str = "waxseal-receipt";
/// How far the moment of an access may be from ours, in seconds: clocks that are apart, and an answer that took long.
const MOMENT_S: i64 = 300;
/// How many numbers of accesses are remembered above which all are known.
const REMEMBERED_MAX: usize = 4_096;

/// An answer with the receipt that proves what was done for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<T> {
    /// The answer.
    pub answer: T,
    /// The signed access record, a compact JWS, checked. Kept, it can be looked up in the log at any time.
    pub receipt: String,
}

impl<T> Checked<T> {
    /// The answer alone.
    pub fn into_answer(self) -> T {
        self.answer
    }
}

impl<T> Deref for Checked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.answer
    }
}

/// What a receipt must be about.
#[derive(Debug, Clone)]
pub(crate) struct About<'a> {
    /// One of these.
    pub(crate) actions: &'a [Action],
    /// Where; `None`: in no conversation.
    pub(crate) conversation: Option<&'a str>,
    /// The lowest and highest seq, where that is known.
    pub(crate) seqs: Option<(i64, i64)>,
    /// How many were handed out and left out, where that is known.
    pub(crate) counts: Option<(usize, usize)>,
}

impl<'a> About<'a> {
    pub(crate) fn new(action: &'a [Action], conversation: Option<&'a str>) -> About<'a> {
        About { actions: action, conversation, seqs: None, counts: None }
    }
}

/// The numbers of accesses that were shown.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// All up to here are taken for shown, but for those in `missing`.
    upto: u64,
    missing: BTreeSet<u64>,
}

impl Seen {
    /// Takes a number; false if it was shown before.
    fn take(&mut self, n: u64) -> bool {
        if n <= self.upto {
            return self.missing.remove(&n);
        }
        if self.upto > 0 {
            // Answers overtake each other, and other sessions of the grant use numbers too.
            let from = n.saturating_sub(REMEMBERED_MAX as u64).max(self.upto + 1);
            self.missing.extend(from..n);
        } else {
            self.missing.extend(n.saturating_sub(64).max(1)..n);
        }
        self.upto = n;
        while self.missing.len() > REMEMBERED_MAX {
            self.missing.pop_first();
        }
        true
    }
}

/// Whose receipts are believed.
pub(crate) struct Expected<'a> {
    pub(crate) key: &'a VerifierKey,
    pub(crate) issuer: &'a str,
    pub(crate) app: &'a str,
    pub(crate) grant: Option<&'a str>,
}

impl Expected<'_> {
    /// The record in a receipt that is genuine, and ours.
    pub(crate) fn check(&self, text: &str) -> Result<AccessRecord, ReceiptFault> {
        let receipt = Receipt::verify(text, std::slice::from_ref(self.key))?;
        let other = |what| Err(ReceiptFault::Other(what));
        if receipt.iss != self.issuer {
            return other("server");
        }
        if receipt.record.app != self.app {
            return other("app");
        }
        if self.grant.is_some_and(|grant| receipt.record.grant != grant) {
            return other("grant");
        }
        Ok(receipt.record)
    }
}

impl About<'_> {
    fn hold(&self, record: &AccessRecord) -> Result<(), ReceiptFault> {
        let seq = |seq: Option<u64>| seq.and_then(|seq| i64::try_from(seq).ok());
        let fits = [
            ("action", self.actions.contains(&record.action)),
            ("conversation", record.conversation.as_deref() == self.conversation),
            (
                "range of messages",
                self.seqs.is_none_or(|(first, last)| {
                    (seq(record.first_seq), seq(record.last_seq)) == (Some(first), Some(last))
                }),
            ),
            (
                "number of messages",
                self.counts.is_none_or(|(count, withheld)| {
                    (record.count, record.withheld) == (count as u64, withheld as u64)
                }),
            ),
        ];
        match fits.iter().find(|(_, fits)| !fits) {
            Some((what, _)) => Err(ReceiptFault::Other(what)),
            None => Ok(()),
        }
    }
}

impl Session {
    /// Holds the receipt of an answer to what it must be about. What an earlier request did is proved by the receipt of that one.
    pub(crate) async fn checked(
        &self,
        answer: &Answer,
        about: &About<'_>,
        again: bool,
    ) -> Result<String, Error> {
        let text = answer.header(RECEIPT).ok_or(ReceiptFault::Missing)?.to_owned();
        let record = self.record(&text).await?;
        about.hold(&record)?;
        if !again {
            self.is_of_this_moment(&record)?;
            self.is_new(record.n)?;
        }
        Ok(text)
    }

    /// The record in a receipt of this grant.
    pub(crate) async fn record(&self, text: &str) -> Result<AccessRecord, Error> {
        let shared = &self.own.shared;
        let grant = self.own.grant();
        let expected = Expected {
            key: shared.log_key().await?,
            issuer: &shared.metadata.issuer,
            app: &shared.app.id,
            grant: grant.as_deref(),
        };
        Ok(expected.check(text)?)
    }

    pub(crate) fn is_of_this_moment(&self, record: &AccessRecord) -> Result<(), ReceiptFault> {
        let apart = seconds_of(&record.at).map(|at| (at - self.own.shared.now()).abs());
        if apart.is_some_and(|apart| apart <= MOMENT_S) { Ok(()) } else { Err(ReceiptFault::Other("moment")) }
    }

    pub(crate) fn is_new(&self, n: u64) -> Result<(), ReceiptFault> {
        let mut seen = self.own.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.take(n) { Ok(()) } else { Err(ReceiptFault::Again) }
    }
}

/// The second of a time as records have it: `2026-11-23T12:00:00.000000Z`.
pub(crate) fn seconds_of(time: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| time.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    // Days from 1970-01-01 in the Gregorian calendar, with years that begin in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let days =
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * m + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_once_in_whatever_order_it_comes() {
        let mut seen = Seen::default();
        assert!(seen.take(10));
        assert!(!seen.take(10), "again");
        assert!(seen.take(12) && seen.take(11), "overtaken");
        assert!(!seen.take(11) && !seen.take(12));
        assert!(seen.take(9), "under way when the session began");
        assert!(!seen.take(9));
        assert!(seen.take(1_000_000), "far ahead: another session of the grant");
        assert!(seen.take(999_999) && !seen.take(999_999));
        assert!(!seen.take(500), "too long ago to tell");
        assert!(seen.missing.len() <= REMEMBERED_MAX);
    }

    #[test]
    fn times_of_records_are_read() {
        for (time, seconds) in [
            ("1970-01-01T00:00:00.000000Z", 0),
            ("2026-11-23T12:00:00.000000Z", 1_795_435_200),
            ("2000-02-29T23:59:59.999999Z", 951_868_799),
            ("2100-03-01T00:00:00.000000Z", 4_107_542_400),
        ] {
            assert_eq!(seconds_of(time), Some(seconds), "{time}");
        }
        assert_eq!(seconds_of("yesterday"), None);
    }
}
