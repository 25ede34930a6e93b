//! `GET /v1/conversations/{id}/messages/{seq}`: one message.

use crate::answer::{json, with_receipt};
use crate::caller::Asking;
use crate::paging::{Place, Seq, named};
use crate::problem::Problem;
use crate::shapes::Item;
use axum::response::Response;
use model::ConversationId;
use vault::{Page, ReadMessages, Vault};

/// One message, or the placeholder for it.
///
/// Needs the action `read`. To look for a message that is not there is an access too, and its 404 carries a receipt.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/messages/{seq}", tag = "messages",
    params(
        ("conversation" = String, Path, description = "The id of the conversation", example = "con_06f8c3vkm5zt2cphtpjcq0x5yw"),
        ("seq" = i64, Path, description = "Its number in the conversation", minimum = 1),
    ),
    responses((status = 200, description = "The message", body = Item,
        headers(("Waxseal-Receipt" = String, description = "The signed access record, a compact JWS")))))]
pub(crate) async fn message_see(
    asking: Asking,
    place: Place<(ConversationId, Seq)>,
) -> Result<Response, Problem> {
    let actor = asking.actor().await?;
    let (conversation, Seq(seq)) = named(place)?;
    let page = Page { before: Some(seq + 1), after: Some(seq - 1), limit: 1 };
    let ask = || ReadMessages { conversation, page };
    let opened = asking.act(&actor, ask, Vault::read_messages).await?;
    // A page of one is the message between brackets.
    let one = opened.answer.items.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match one.filter(|one| !one.is_empty()).map(str::to_owned) {
        Some(one) => Ok(with_receipt(opened, |_| json(one))),
        None => Err(Problem::not_found().with_receipt(opened.receipt)),
    }
}
