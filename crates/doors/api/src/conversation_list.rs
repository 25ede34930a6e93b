//! `GET /v1/conversations`: the conversations within reach.

use crate::answer::{list, with_receipt};
use crate::caller::Asking;
use crate::paging::{Query, cursor};
use crate::problem::Problem;
use crate::shapes::ConversationList;
use axum::response::Response;
use vault::{ListConversations, Vault};

/// The conversations within reach, newest activity first.
///
/// Needs the action `list`. Those outside the reach of the grant are left out, as if they did not exist.
#[utoipa::path(get, path = "/v1/conversations", tag = "conversations",
    params(
        ("limit" = Option<u16>, Query, description = "How many at most", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, description = "A page of them", body = ConversationList,
        headers(("Waxseal-Receipt" = String, description = "The signed access record, a compact JWS")))))]
pub(crate) async fn conversation_list(asking: Asking, query: Query) -> Result<Response, Problem> {
    let actor = asking.actor().await?;
    let (limit, after) = (query.limit()?, query.cursor_place()?);
    let ask = || ListConversations { after, limit };
    let opened = asking.act(&actor, ask, Vault::list_conversations).await?;
    Ok(with_receipt(opened, |page| list(page.items, page.next.as_deref().map(cursor).as_deref())))
}
