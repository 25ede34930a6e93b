//! `GET /v1/conversations/{id}`: one conversation.

use crate::answer::{json, with_receipt};
use crate::caller::Asking;
use crate::paging::{Place, named};
use crate::problem::Problem;
use crate::shapes::Conversation;
use axum::response::Response;
use model::ConversationId;
use vault::{SeeConversation, Vault};

/// One conversation: who is in it, its title, its newest `seq`, and whose apps are active in it.
///
/// Needs the action `list`.
#[utoipa::path(get, path = "/v1/conversations/{conversation}", tag = "conversations",
    params(("conversation" = String, Path, description = "Its id", example = "con_06f8c3vkm5zt2cphtpjcq0x5yw")),
    responses((status = 200, description = "The conversation", body = Conversation,
        headers(("Waxseal-Receipt" = String, description = "The signed access record, a compact JWS")))))]
pub(crate) async fn conversation_see(
    asking: Asking,
    place: Place<ConversationId>,
) -> Result<Response, Problem> {
    let actor = asking.actor().await?;
    let conversation = named(place)?;
    let ask = || SeeConversation { conversation };
    let opened = asking.act(&actor, ask, Vault::see_conversation).await?;
    Ok(with_receipt(opened, json))
}
