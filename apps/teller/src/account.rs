//! The account: what is on it, paying, and each payment.

use crate::Teller;
use crate::money::Amount;
use crate::sign_in::Customer;
use crate::view::{Account, Hello, PaymentPage};
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

/// How many payments the account shows.
const SHOWN: usize = 50;

#[derive(Deserialize, Default)]
pub(crate) struct Order {
    to: String,
    amount: String,
    note: String,
    key: String,
}

fn draw(teller: &Teller, customer: &Customer, order: Order, problem: Option<String>) -> Response {
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let Order { to, amount, note, .. } = order;
    let (balance, payments) = {
        let ledger = teller.ledger();
        let payments = ledger.of(&customer.handle).take(SHOWN).cloned().collect();
        (ledger.balance(&customer.handle), payments)
    };
    let view = Account {
        frame: teller.frame("account", Some(customer)),
        handle: customer.handle.clone(),
        balance,
        payments,
        to,
        amount,
        note,
        key: frame::unguessable().unwrap_or_default(),
        problem,
    };
    frame::page(status, &view)
}

/// `GET /`
pub(crate) async fn account(State(teller): State<Arc<Teller>>, headers: HeaderMap) -> Response {
    match teller.customers.of(&headers) {
        Some(customer) => draw(&teller, &customer, Order::default(), None),
        None => frame::page(StatusCode::OK, &Hello { frame: teller.frame("account", None) }),
    }
}

/// The handle that was meant, as accounts are known by it.
fn handle(text: &str) -> Result<String, &'static str> {
    let handle = text.trim().trim_start_matches('@').to_lowercase();
    let is_one = |c: char| c.is_alphanumeric() || "._-".contains(c);
    if handle.is_empty() || handle.chars().count() > 60 || !handle.chars().all(is_one) {
        return Err("Name your friend by their handle, as @ben.");
    }
    Ok(handle)
}

/// `POST /pay`
pub(crate) async fn pay(
    State(teller): State<Arc<Teller>>,
    headers: HeaderMap,
    Form(order): Form<Order>,
) -> Response {
    let Some(customer) = teller.customers.of(&headers) else { return frame::to("/", None) };
    let note: String = order.note.trim().chars().filter(|c| !c.is_control()).take(140).collect();
    let paid = handle(&order.to).and_then(|to| {
        let amount = Amount::parse(&order.amount)?;
        teller.ledger().pay(&order.key, (&customer.handle, &to), amount, &note)
    });
    match paid {
        Ok(reference) => frame::to(&format!("/payments/{reference}"), None),
        Err(why) => draw(&teller, &customer, order, Some(why.to_owned())),
    }
}

/// `GET /payments/{reference}`
pub(crate) async fn payment_see(
    State(teller): State<Arc<Teller>>,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Response {
    let Some(customer) = teller.customers.of(&headers) else { return frame::to("/", None) };
    let payment = teller.ledger().payment(&customer.handle, &reference).cloned();
    match payment {
        Some(payment) => {
            let frame = teller.frame("account", Some(&customer));
            frame::page(StatusCode::OK, &PaymentPage { frame, handle: customer.handle, payment })
        }
        None => nothing_here(State(teller)).await,
    }
}

/// Whatever else is asked for.
pub(crate) async fn nothing_here(State(teller): State<Arc<Teller>>) -> Response {
    let what = "The page may have moved, or is not yours to see.";
    teller.sorry(StatusCode::NOT_FOUND, "Nothing here", what, "/")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_handle_is_read_with_or_without_its_mark() {
        assert_eq!(super::handle(" @Ben ").as_deref(), Ok("ben"));
        for wrong in ["", "@", "a b", "a/b", "<b>", &"x".repeat(61)] {
            assert!(super::handle(wrong).is_err(), "{wrong}");
        }
    }
}
