//! `POST /v1/conversations/{id}/typing`: shows the others that the person writes.

use crate::answer::{nothing, with_receipt};
use crate::caller::Asking;
use crate::paging::{Place, named};
use crate::problem::Problem;
use axum::response::Response;
use model::ConversationId;
use vault::{ShowTyping, Vault};

/// Shows the others in the conversation that the person writes, for some seconds.
///
/// Needs the action `send`. Apps of the others that follow along are told with the event `typing`; nothing of it is kept but
/// the access record. Send it again every five seconds while she writes, not more often.
#[utoipa::path(post, path = "/v1/conversations/{conversation}/typing", tag = "messages",
    params(("conversation" = String, Path, description = "The id of the conversation", example = "con_06f8c3vkm5zt2cphtpjcq0x5yw")),
    responses((status = 204, description = "Whoever listens was told",
        headers(("Waxseal-Receipt" = String, description = "The signed access record, a compact JWS")))))]
pub(crate) async fn typing_show(asking: Asking, place: Place<ConversationId>) -> Result<Response, Problem> {
    let actor = asking.actor().await?;
    let conversation = named(place)?;
    let opened = asking.act(&actor, || ShowTyping { conversation }, Vault::show_typing).await?;
    Ok(with_receipt(opened, |()| nothing()))
}
