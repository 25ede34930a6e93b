//! The bank's own ledger: accounts and payments, in play money.
//!
//! Invariant: money is made when an account is opened for somebody, and nowhere else; a payment takes from one what it gives to
//! another. Amounts are whole cents. It is all in memory, and gone when the bank stops.

use std::collections::HashMap;
use std::fmt;

/// What everyone begins with, in cents.
const OPENING: i64 = 500_00;
/// The most that one payment moves, in cents.
const PAYMENT_MAX: i64 = 10_000_00;
/// ISO 4217 keeps this code for testing.
pub(crate) const CURRENCY: &str = "XTS";

/// An amount of cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Amount(i64);

impl Amount {
    /// Reads `12`, `12.5` or `12.50`, with a comma too; more than nothing, and no more than a payment may be.
    pub(crate) fn parse(text: &str) -> Result<Amount, &'static str> {
        let text = text.trim();
        let (whole, cents) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 7 || cents.len() > 2 || !digits(whole) || !digits(cents) {
            return Err("Write the amount as 12.50.");
        }
        let number = |part: &str| part.parse::<i64>().unwrap_or(0);
        let amount = number(whole) * 100 + number(&format!("{cents:0<2}"));
        match amount {
            0 => Err("Nothing cannot be paid."),
            _ if amount > PAYMENT_MAX => Err("One payment moves at most 10000.00."),
            _ => Ok(Amount(amount)),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// What became of the receipt of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Receipt {
    NotPosted,
    /// It was posted; the access record that Waxseal signed for it.
    Posted(String),
}

/// A payment.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) reference: String,
    /// Handles, by which accounts are known here.
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) amount: Amount,
    pub(crate) note: String,
    pub(crate) receipt: Receipt,
}

/// All accounts and payments.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Balance by handle; the account of somebody who never came here waits with what was paid to it.
    balances: HashMap<String, i64>,
    opened: Vec<String>,
    payments: Vec<Payment>,
    /// The payment that a form made, so that a form sent twice pays once.
    by_key: HashMap<String, usize>,
}

impl Ledger {
    /// Opens an account for somebody who is here, once.
    pub(crate) fn open(&mut self, handle: &str) {
        if !self.opened.iter().any(|opened| opened == handle) {
            self.opened.push(handle.to_owned());
            *self.balances.entry(handle.to_owned()).or_default() += OPENING;
        }
    }

    pub(crate) fn balance(&self, handle: &str) -> Amount {
        Amount(self.balances.get(handle).copied().unwrap_or(0))
    }

    /// Moves money; the payment's reference. Made again with the same key by the same payer, it tells of the first time.
    pub(crate) fn pay(
        &mut self,
        key: &str,
        (from, to): (&str, &str),
        amount: Amount,
        note: &str,
    ) -> Result<String, &'static str> {
        let key = format!("{from} {key}");
        if let Some(made) = self.by_key.get(&key).and_then(|&at| self.payments.get(at)) {
            return Ok(made.reference.clone());
        }
        if from == to {
            return Err("That is your own account.");
        }
        if self.balance(from) < amount {
            return Err("You have not that much.");
        }
        *self.balances.entry(from.to_owned()).or_default() -= amount.0;
        *self.balances.entry(to.to_owned()).or_default() += amount.0;
        let reference = format!("TB-{:06}", self.payments.len() + 1);
        self.by_key.insert(key, self.payments.len());
        self.payments.push(Payment {
            reference: reference.clone(),
            from: from.to_owned(),
            to: to.to_owned(),
            amount,
            note: note.to_owned(),
            receipt: Receipt::NotPosted,
        });
        Ok(reference)
    }

    /// A payment that somebody made or got.
    pub(crate) fn payment(&self, handle: &str, reference: &str) -> Option<&Payment> {
        let found = self.payments.iter().find(|payment| payment.reference == reference);
        found.filter(|payment| payment.from == handle || payment.to == handle)
    }

    /// The payments that somebody made or got, newest first.
    pub(crate) fn of<'l>(&'l self, handle: &'l str) -> impl Iterator<Item = &'l Payment> {
        self.payments.iter().rev().filter(move |payment| payment.from == handle || payment.to == handle)
    }

    /// Notes that the receipt of a payment was posted, and what proves it.
    pub(crate) fn posted(&mut self, reference: &str, proof: String) {
        if let Some(payment) = self.payments.iter_mut().find(|payment| payment.reference == reference) {
            payment.receipt = Receipt::Posted(proof);
        }
    }

    /// How many receipts were posted, by everyone.
    pub(crate) fn receipts(&self) -> usize {
        self.payments.iter().filter(|payment| payment.receipt != Receipt::NotPosted).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_cent_or_not_at_all() {
        let read = |text: &str| Amount::parse(text).map(|amount| amount.to_string());
        for (text, amount) in [("12", "12.00"), (" 12,5", "12.50"), ("0.07", "0.07"), ("10000", "10000.00")] {
            assert_eq!(read(text).as_deref(), Ok(amount));
        }
        for wrong in ["", "0", "0.00", "-1", "1.234", "1e3", ".5", "10000.01", "99999999", "1 000", "٣"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_one_pays_another_gets_and_nothing_is_made_or_lost() {
        let mut ledger = Ledger::default();
        ledger.open("ada");
        ledger.open("ada");
        let amount = Amount::parse("12.50").unwrap();
        let first = ledger.pay("k", ("ada", "ben"), amount, "Tickets").unwrap();
        assert_eq!(ledger.pay("k", ("ada", "ben"), amount, "Tickets").unwrap(), first, "once");
        assert_eq!((ledger.balance("ada").0, ledger.balance("ben").0), (487_50, 12_50));
        ledger.open("ben");
        assert_eq!(ledger.balances.values().sum::<i64>(), 2 * OPENING);
        let too_much = Amount::parse("600").unwrap();
        assert!(ledger.pay("l", ("ada", "ben"), too_much, "").is_err());
        assert!(ledger.pay("m", ("ada", "ada"), amount, "").is_err());
        assert_eq!(ledger.balances.values().sum::<i64>(), 2 * OPENING);
    }

    #[test]
    fn a_payment_is_shown_to_the_two_whose_it_is() {
        let mut ledger = Ledger::default();
        ledger.open("ada");
        let reference = ledger.pay("k", ("ada", "ben"), Amount::parse("1").unwrap(), "").unwrap();
        for (who, seen) in [("ada", true), ("ben", true), ("chiyo", false)] {
            assert_eq!(ledger.payment(who, &reference).is_some(), seen, "{who}");
        }
        ledger.posted(&reference, "proof".to_owned());
        assert_eq!(ledger.receipts(), 1);
    }
}
