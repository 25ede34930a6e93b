//! Posting a receipt: a right to send one receipt into one conversation, asked for, used, and spent.
//!
//! Invariant: the right ends with the receipt (`uses: 1`) or ten minutes after it was given; it could never read.

use crate::Teller;
use crate::money::{CURRENCY, Payment, Receipt};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use std::sync::Arc;
use waxseal_client::{Action, Ask, AskedReach, Begun, Content, Error, Kind, MemoryKeep, Messages, Reach};

/// Somebody who is at Waxseal, picking where a receipt goes.
#[derive(Clone)]
pub(crate) struct Posting {
    begun: Begun,
    handle: String,
    reference: String,
}

/// One receipt, once, where she says.
fn ask() -> Ask {
    Messages::new("Posts the receipt of this one payment where you choose")
        .actions([Action::Send])
        .conversations(AskedReach::Chosen)
        .kinds([Kind::Receipt])
        .uses(1)
        .for_seconds(600)
        .ask()
}

/// `GET /payments/{reference}/post`: off to Waxseal.
pub(crate) async fn post(
    State(teller): State<Arc<Teller>>,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Response {
    let Some(customer) = teller.customers.of(&headers) else { return frame::to("/", None) };
    let page = format!("/payments/{reference}");
    let to_post = teller
        .ledger()
        .payment(&customer.handle, &reference)
        .is_some_and(|payment| payment.from == customer.handle && payment.receipt == Receipt::NotPosted);
    if !to_post {
        return frame::to(&page, None);
    }
    let begun = match teller.client().await {
        Ok(client) => client.begin(&ask(), &teller.own.at("/posted")).await,
        Err(why) => Err(why),
    };
    match begun {
        Ok(begun) => {
            let to = begun.url().to_owned();
            let posting = Posting { begun, handle: customer.handle, reference };
            frame::to(&to, teller.posting.begin(&teller.own, posting))
        }
        Err(why) => teller.failed(&why, &page),
    }
}

/// `GET /posted`: back from Waxseal, with the right or without.
pub(crate) async fn posted(
    State(teller): State<Arc<Teller>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(Posting { begun, handle, reference }) = teller.posting.take(&headers) else {
        let what = "This answer belongs to no receipt that was to be posted from this browser.";
        return teller.sorry(StatusCode::BAD_REQUEST, "That was not from here", what, "/");
    };
    let page = format!("/payments/{reference}");
    let Some(payment) = teller.ledger().payment(&handle, &reference).cloned() else {
        return frame::to("/", None);
    };
    match use_up(&teller, begun, &query.unwrap_or_default(), &payment).await {
        Ok(Some(signed)) => {
            teller.ledger().posted(&reference, signed);
            frame::to(&page, None)
        }
        Ok(None) => {
            let what = "You picked no conversation, so the receipt went nowhere. The payment stands.";
            teller.sorry(StatusCode::OK, "Nothing was posted", what, &page)
        }
        Err(Error::OAuth(refused)) if refused.error == "access_denied" => {
            let what = "You let nothing in, so the receipt went nowhere. The payment stands.";
            teller.sorry(StatusCode::OK, "Nothing was posted", what, &page)
        }
        Err(why) => teller.failed(&why, &page),
    }
}

/// Posts the receipt; the access record that Waxseal signed for it. None: nowhere to post it.
async fn use_up(
    teller: &Teller,
    begun: Begun,
    query: &str,
    payment: &Payment,
) -> Result<Option<String>, Error> {
    let session = teller.client().await?.finish(begun, query, MemoryKeep::new()).await?;
    let picked = match session.granted().map(|granted| granted.conversations) {
        Some(Reach::These(picked)) => picked.into_iter().next(),
        _ => None,
    };
    let Some(conversation) = picked else {
        session.hand_back().await?;
        return Ok(None);
    };
    let content = Content::Receipt {
        amount: payment.amount.to_string(),
        currency: CURRENCY.to_owned(),
        reference: Some(payment.reference.clone()),
        note: Some(payment.note.clone()).filter(|note| !note.is_empty()),
    };
    // A lost answer is asked for again with the same key, and sends nothing again.
    let key = payment.reference.as_str();
    let sent = match session.send_with_key(&conversation, &content, key).await {
        Err(Error::Unreachable(_)) => session.send_with_key(&conversation, &content, key).await?,
        sent => sent?,
    };
    Ok(Some(sent.receipt))
}
