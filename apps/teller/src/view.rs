//! What the templates are given.

use crate::money::{Amount, Payment, Receipt};
use askama::Template;

/// What stands around every page.
pub(crate) struct Frame {
    /// Which entry of the navigation one is at.
    pub(crate) at: &'static str,
    /// Who is signed in.
    pub(crate) name: Option<String>,
    /// What was just done.
    pub(crate) flash: Option<&'static str>,
    /// Where Waxseal is.
    pub(crate) waxseal: String,
}

impl Frame {
    fn is_at(&self, entry: &str) -> bool {
        self.at == entry
    }
}

#[derive(Template)]
#[template(path = "hello.html")]
pub(crate) struct Hello {
    pub(crate) frame: Frame,
}

#[derive(Template)]
#[template(path = "account.html")]
pub(crate) struct Account {
    pub(crate) frame: Frame,
    /// Whose it is.
    pub(crate) handle: String,
    pub(crate) balance: Amount,
    pub(crate) payments: Vec<Payment>,
    /// What was written in the form and not paid.
    pub(crate) to: String,
    pub(crate) amount: String,
    pub(crate) note: String,
    /// What makes a form that is sent twice one payment.
    pub(crate) key: String,
    pub(crate) problem: Option<String>,
}

#[derive(Template)]
#[template(path = "payment.html")]
pub(crate) struct PaymentPage {
    pub(crate) frame: Frame,
    /// Who looks at it.
    pub(crate) handle: String,
    pub(crate) payment: Payment,
}

/// How many people an action reaches today, and how often it was done, ever.
#[derive(Clone)]
pub(crate) struct Count {
    pub(crate) what: &'static str,
    pub(crate) could: i64,
    pub(crate) did: u64,
}

#[derive(Template)]
#[template(path = "proof.html")]
pub(crate) struct ProofPage {
    pub(crate) frame: Frame,
    pub(crate) counts: Vec<Count>,
    pub(crate) reads: u64,
    /// How many receipts this bank posted, by its own books.
    pub(crate) receipts: usize,
    pub(crate) proved: Vec<String>,
    pub(crate) not_proved: Vec<String>,
}

#[derive(Template)]
#[template(path = "sorry.html")]
pub(crate) struct Sorry {
    pub(crate) frame: Frame,
    pub(crate) title: &'static str,
    pub(crate) what: String,
    /// Where to go on.
    pub(crate) on: String,
}
