//! `DELETE /v1/conversations/{id}/messages/{seq}`: deletes one message; the person can restore it for 30 days.

use crate::answer::{nothing, with_receipt};
use crate::caller::Asking;
use crate::paging::{Place, Seq, named};
use crate::problem::Problem;
use axum::response::Response;
use model::ConversationId;
use vault::{DeleteMessage, Vault};

/// Deletes a message: the person's own for everyone, another's for this person only.
///
/// Needs the action `delete`. The person can restore it for 30 days. Deleting what is deleted does nothing, and is recorded
/// as that. What is withheld from the app it cannot delete.
#[utoipa::path(delete, path = "/v1/conversations/{conversation}/messages/{seq}", tag = "messages",
    params(
        ("conversation" = String, Path, description = "The id of the conversation", example = "con_06f8c3vkm5zt2cphtpjcq0x5yw"),
        ("seq" = i64, Path, description = "Its number in the conversation", minimum = 1),
    ),
    responses((status = 204, description = "It is deleted",
        headers(("Waxseal-Receipt" = String, description = "The signed access record, a compact JWS")))))]
pub(crate) async fn message_delete(
    asking: Asking,
    place: Place<(ConversationId, Seq)>,
) -> Result<Response, Problem> {
    let actor = asking.actor().await?;
    let (conversation, Seq(seq)) = named(place)?;
    let ask = || DeleteMessage { conversation, seq };
    let opened = asking.act(&actor, ask, Vault::delete_message).await?;
    Ok(with_receipt(opened, |()| nothing()))
}
