//! `POST /v1/conversations/{id}/messages`: sends a message as the person, marked with the app.
//!
//! Invariant: one key sends once. The same request again gets the same answer, also when the grant has no uses left.

use crate::answer::{created, put, with_receipt};
use crate::body::JsonBody;
use crate::caller::Asking;
use crate::paging::{Place, named};
use crate::problem::Problem;
use crate::problems as listed;
use crate::shapes;
use axum::response::Response;
use http::{HeaderMap, HeaderName};
use model::{Content, ConversationId, No};
use serde::Deserialize;
use vault::{Opened, Refusal, SendMessage, Sent, Vault};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEY_CHARS_MAX: usize = 255;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    content: Content,
}

/// Sends a message as the person; everyone sees which app sent it.
///
/// Needs the action `send`, and the content's kind. The same `Idempotency-Key` with the same request sends once: for 24
/// hours the answer is the first one again, marked `Idempotency-Replayed: true`, and is not another access.
#[utoipa::path(post, path = "/v1/conversations/{conversation}/messages", tag = "messages",
    params(
        ("conversation" = String, Path, description = "The id of the conversation", example = "con_06f8c3vkm5zt2cphtpjcq0x5yw"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters, new for each message",
            min_length = 1, max_length = 255, pattern = "^[!-~]+$"),
    ),
    request_body = shapes::MessageNew,
    responses((status = 201, description = "It was sent", body = shapes::Message, headers(
        ("Location" = String, description = "Where it is"),
        ("Idempotency-Replayed" = String, description = "`true` when an earlier request with this key sent it"),
        ("Waxseal-Receipt" = String, description = "The signed access record, a compact JWS")))))]
pub(crate) async fn message_send(
    asking: Asking,
    place: Place<ConversationId>,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response, Problem> {
    let actor = asking.actor().await?;
    let conversation = named(place)?;
    let key = key(&headers)?.to_owned();
    let Body { content } = body.read()?;
    content.validate().map_err(|e| Problem::new(listed::INVALID, format!("`content`: {e}")))?;
    let ask = SendMessage { conversation, content, key };
    let done = asking.act(&actor, || ask.clone(), Vault::send_message).await;
    let opened = match done {
        // The last use may have been this very request.
        Err(Refusal::No(No::Spent)) => asking.sent_before(&ask).await?.ok_or(Refusal::No(No::Spent))?,
        done => done?,
    };
    Ok(answer(conversation, opened))
}

fn answer(conversation: ConversationId, opened: Opened<Sent>) -> Response {
    with_receipt(opened, |Sent { message, seq, again }| {
        let mut response = created(message, format!("/v1/conversations/{conversation}/messages/{seq}"));
        if again {
            put(&mut response, IDEMPOTENCY_REPLAYED, "true".to_owned());
        }
        response
    })
}

fn key(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut sent = headers.get_all(IDEMPOTENCY_KEY).iter();
    let missing = || Problem::new(listed::KEY_MISSING, "send the header Idempotency-Key with each message");
    let key = sent.next().ok_or_else(missing)?;
    let visible = |text: &&str| {
        (1..=KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match (key.to_str().ok().filter(visible), sent.next()) {
        (Some(key), None) => Ok(key),
        _ => {
            let detail =
                format!("Idempotency-Key is given once, as 1 to {KEY_CHARS_MAX} visible ASCII characters");
            Err(Problem::parameter("Idempotency-Key", detail))
        }
    }
}

#[cfg(test)]
#[path = "message_send_tests.rs"]
mod tests;
