//! Signing in with Waxseal: who somebody is, and nothing else.
//!
//! Invariant: the tokens end as soon as she has told her name; between sign-in and receipt Teller holds none.

use crate::Teller;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use std::sync::Arc;
use waxseal_client::{Ask, Begun, Error, MemoryKeep};

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Customer {
    /// By which her account is known.
    pub(crate) handle: String,
    pub(crate) name: String,
}

/// `GET /sign-in`: off to Waxseal.
pub(crate) async fn sign_in(State(teller): State<Arc<Teller>>) -> Response {
    let begun = match teller.client().await {
        Ok(client) => client.begin(&Ask::sign_in_only().with_profile(), &teller.own.at("/callback")).await,
        Err(why) => Err(why),
    };
    match begun {
        Ok(begun) => {
            let to = begun.url().to_owned();
            frame::to(&to, teller.leaving.begin(&teller.own, begun))
        }
        Err(why) => teller.failed(&why, "/"),
    }
}

/// `GET /callback`: back from Waxseal.
pub(crate) async fn callback(
    State(teller): State<Arc<Teller>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(begun) = teller.leaving.take(&headers) else {
        let what = "This answer belongs to no sign-in that was begun in this browser. Begin again.";
        return teller.sorry(StatusCode::BAD_REQUEST, "That was not from here", what, "/");
    };
    match welcome(&teller, begun, &query.unwrap_or_default()).await {
        Ok(customer) => {
            teller.ledger().open(&customer.handle);
            frame::to("/", teller.customers.begin(&teller.own, customer))
        }
        Err(Error::OAuth(refused)) if refused.error == "access_denied" => {
            teller.sorry(StatusCode::OK, "As you like", "Without a name there is no account.", "/")
        }
        Err(why) => teller.failed(&why, "/"),
    }
}

async fn welcome(teller: &Teller, begun: Begun, query: &str) -> Result<Customer, Error> {
    let session = teller.client().await?.finish(begun, query, MemoryKeep::new()).await?;
    let me = session.me().await?;
    session.sign_out().await?;
    let handle =
        me.handle.ok_or_else(|| Error::Invalid("an account needs your name and handle".to_owned()))?;
    let name = me.name.unwrap_or_else(|| handle.clone());
    Ok(Customer { handle, name })
}

/// `POST /sign-out`
pub(crate) async fn sign_out(State(teller): State<Arc<Teller>>, headers: HeaderMap) -> Response {
    frame::to("/", Some(teller.customers.end(&teller.own, &headers)))
}
