//! `POST /v1/conversations`: starts a conversation with friends of the person.
//!
//! Invariant: whoever is not a friend gets the same refusal as whoever does not exist, at the same point, so an app learns
//! nothing about people by asking for them.

use crate::answer::{created, with_receipt};
use crate::body::JsonBody;
use crate::caller::Asking;
use crate::problem::Problem;
use crate::problems as listed;
use crate::shapes;
use axum::response::Response;
use model::{Handle, PersonId};
use serde::Deserialize;
use vault::{Actor, CONVERSATION_PEOPLE_MAX, Refusal, StartConversation, Vault};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    participants: Vec<String>,
    #[serde(default)]
    title: Option<String>,
}

/// Starts a conversation with friends of the person.
///
/// Needs the action `send`. The person herself takes part without being named. Participants given twice count once.
#[utoipa::path(post, path = "/v1/conversations", tag = "conversations",
    request_body = shapes::ConversationNew,
    responses((status = 201, description = "It was started", body = shapes::Conversation, headers(
        ("Location" = String, description = "Where it is"),
        ("Waxseal-Receipt" = String, description = "The signed access record, a compact JWS")))))]
pub(crate) async fn conversation_start(asking: Asking, body: JsonBody) -> Result<Response, Problem> {
    let actor = asking.actor().await?;
    let body: Body = body.read()?;
    let ask = StartConversation {
        others: others(&asking.door.vault, &actor, &body.participants).await?,
        title: title(body.title.as_deref())?,
    };
    let opened = asking.act(&actor, || ask.clone(), Vault::start_conversation).await?;
    Ok(with_receipt(opened, |started| {
        created(started.conversation, format!("/v1/conversations/{}", started.id))
    }))
}

fn title(title: Option<&str>) -> Result<Option<String>, Problem> {
    let title = title.map(model::person_name).transpose();
    title.map_err(|e| Problem::new(listed::INVALID, format!("`title`: {e}; or leave it out")))
}

/// Who is meant, each once.
async fn others(vault: &Vault, actor: &Actor, texts: &[String]) -> Result<Vec<PersonId>, Problem> {
    if texts.is_empty() {
        return Err(Problem::new(listed::INVALID, "`participants` is empty; name at least one friend"));
    }
    if texts.len() >= CONVERSATION_PEOPLE_MAX {
        return Err(Refusal::TooMany(CONVERSATION_PEOPLE_MAX).into());
    }
    let mut people = Vec::with_capacity(texts.len());
    for text in texts {
        // Nobody stands for the person herself, whom the vault refuses like anyone who is not a friend: but only after the
        // gate has let the app in.
        let person = person(vault, text).await?.unwrap_or(actor.person());
        if !people.contains(&person) {
            people.push(person);
        }
    }
    Ok(people)
}

async fn person(vault: &Vault, text: &str) -> Result<Option<PersonId>, Problem> {
    if text.starts_with('@') {
        let Ok(handle) = Handle::parse(text) else { return Ok(None) };
        return match vault.person_by_handle(&handle).await {
            Err(Refusal::NotFound) => Ok(None),
            found => Ok(Some(found?)),
        };
    }
    if text.starts_with("per_") {
        return Ok(text.parse().ok());
    }
    Err(Problem::new(
        listed::INVALID,
        "each of `participants` is a handle with @ or an id that begins with per_",
    ))
}
