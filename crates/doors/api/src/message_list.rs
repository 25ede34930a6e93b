//! `GET /v1/conversations/{id}/messages`: a page of messages.

use crate::answer::{list, with_receipt};
use crate::caller::Asking;
use crate::paging::{Place, Query, named};
use crate::problem::Problem;
use crate::shapes::MessageList;
use axum::response::Response;
use model::ConversationId;
use vault::{ReadMessages, Vault};

/// A page of messages, by ascending `seq`.
///
/// Needs the action `read`. Without `before` and `after` it is the newest page. With `after` alone it is the oldest page
/// above that seq, and `next` is the `after` of the page that follows; otherwise `next` is the `before` of the page that
/// precedes. `cursor` takes `next` in either direction. Messages that the app may not see are there as placeholders.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/messages", tag = "messages",
    params(
        ("conversation" = String, Path, description = "The id of the conversation", example = "con_06f8c3vkm5zt2cphtpjcq0x5yw"),
        ("before" = Option<i64>, Query, description = "Only messages with a lower seq", minimum = 0),
        ("after" = Option<i64>, Query, description = "Only messages with a higher seq", minimum = 0),
        ("limit" = Option<u16>, Query, description = "How many at most; 50 if it is left out", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "`next` of the page before, with the other parameters unchanged"),
    ),
    responses((status = 200, description = "A page of them", body = MessageList,
        headers(("Waxseal-Receipt" = String, description = "The signed access record, a compact JWS")))))]
pub(crate) async fn message_list(
    asking: Asking,
    place: Place<ConversationId>,
    query: Query,
) -> Result<Response, Problem> {
    let actor = asking.actor().await?;
    let (conversation, page) = (named(place)?, query.page()?);
    let ask = || ReadMessages { conversation, page };
    let opened = asking.act(&actor, ask, Vault::read_messages).await?;
    Ok(with_receipt(opened, |page| list(page.items, page.next.as_deref())))
}
