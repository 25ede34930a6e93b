//! The inbox: conversations that were started here, and the replies in them. No other conversation exists for Marquee.

use crate::sign_in::{Member, failed, let_in};
use crate::view::{Inbox, Line, Row, Talk};
use crate::{Marquee, when};
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use waxseal_client::{Content, Conversation, Error, Item, Withheld};

/// How many messages of a conversation are shown.
const SHOWN: u32 = 100;

/// What to answer when it went wrong for somebody who is signed in.
pub(crate) fn went_wrong(marquee: &Marquee, headers: &HeaderMap, to: &str, why: &Error) -> Response {
    match why {
        Error::SignedOut(_) => {
            marquee.members.take(headers);
            let_in(marquee, "inbox", to, true)
        }
        Error::Problem(problem) if problem.name() == "not-found" => marquee.sorry(
            StatusCode::NOT_FOUND,
            "No such film night",
            "It was not planned here, or somebody in it lets no app in any more.",
        ),
        other => failed(marquee, other),
    }
}

fn called(conversation: &Conversation) -> String {
    let names = conversation.participants.iter().map(|person| person.name.as_str()).collect::<Vec<_>>();
    conversation.title.clone().unwrap_or_else(|| names.join(", "))
}

/// `GET /inbox`
pub(crate) async fn inbox(State(marquee): State<Arc<Marquee>>, headers: HeaderMap) -> Response {
    let Some(member) = marquee.members.of(&headers) else {
        return let_in(&marquee, "inbox", "/inbox", false);
    };
    let page = match member.session.conversations(None).await {
        Ok(page) => page.into_answer(),
        Err(why) => return went_wrong(&marquee, &headers, "/inbox", &why),
    };
    let rows = page.items.iter().map(|conversation| Row {
        id: conversation.id.clone(),
        title: called(conversation),
        people: conversation
            .participants
            .iter()
            .map(|person| person.name.as_str())
            .collect::<Vec<_>>()
            .join(", "),
        messages: conversation.last_seq,
        at: when(&conversation.last_at),
    });
    let rows = rows.collect();
    frame::page(StatusCode::OK, &Inbox { frame: marquee.frame("inbox", Some(&member)), rows })
}

fn line(item: &Item, own: Option<&str>) -> Line {
    match item {
        Item::Message(message) => {
            let (kind, note) = match &message.content {
                Content::Card { kind, note, .. } => (Some(kind.clone()), note.clone()),
                _ => (None, None),
            };
            Line {
                who: message.from.name.clone(),
                mine: own == Some(message.from.id.as_str()),
                held: false,
                kind,
                words: message.content.in_words(),
                note,
                at: when(&message.sent_at),
            }
        }
        Item::Placeholder(placeholder) => {
            let words = match placeholder.withheld {
                Withheld::Author => "A message that its author keeps out of other people's apps",
                Withheld::Deleted => "A message that was deleted",
                Withheld::Window => "A message from before you let Marquee in",
                _ => "A message that Marquee may not show",
            };
            let words = words.to_owned();
            Line {
                who: String::new(),
                mine: false,
                held: true,
                kind: None,
                words,
                note: None,
                at: String::new(),
            }
        }
    }
}

async fn draw(
    marquee: &Marquee,
    member: &Member,
    id: &str,
    said: (&str, Option<String>),
) -> Result<Response, Error> {
    let conversation = member.session.conversation(id).await?.into_answer();
    let messages = member.session.messages(id).newest(SHOWN).await?.into_answer();
    let own = member.session.person_id();
    let view = Talk {
        frame: marquee.frame("inbox", Some(member)),
        title: called(&conversation),
        people: conversation
            .participants
            .iter()
            .map(|person| person.name.clone())
            .collect::<Vec<_>>()
            .join(", "),
        lines: messages.items.iter().map(|item| line(item, own.as_deref())).collect(),
        id: conversation.id,
        text: said.0.to_owned(),
        key: frame::unguessable().unwrap_or_default(),
        problem: said.1,
    };
    let status = if view.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(frame::page(status, &view))
}

/// `GET /inbox/{id}`
pub(crate) async fn talk_see(
    State(marquee): State<Arc<Marquee>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let to = format!("/inbox/{id}");
    let Some(member) = marquee.members.of(&headers) else { return let_in(&marquee, "inbox", &to, false) };
    match draw(&marquee, &member, &id, ("", None)).await {
        Ok(page) => page,
        Err(why) => went_wrong(&marquee, &headers, &to, &why),
    }
}

#[derive(Deserialize)]
pub(crate) struct Answer {
    text: String,
    /// What makes a form that is sent twice one message.
    key: String,
}

/// `POST /inbox/{id}`
pub(crate) async fn answer(
    State(marquee): State<Arc<Marquee>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(answer): Form<Answer>,
) -> Response {
    let to = format!("/inbox/{id}");
    let Some(member) = marquee.members.of(&headers) else { return let_in(&marquee, "inbox", &to, false) };
    let text = answer.text.trim().replace("\r\n", "\n");
    let sent = match text.is_empty() {
        true => Err("Write something first.".to_owned()),
        false => match member.session.send_with_key(&id, &Content::text(text.clone()), &answer.key).await {
            Ok(_) => Ok(()),
            Err(Error::Problem(problem)) if problem.name() != "not-found" => Err(problem.detail.clone()),
            Err(why) => return went_wrong(&marquee, &headers, &to, &why),
        },
    };
    match sent {
        Ok(()) => frame::to(&format!("{to}#newest"), None),
        Err(problem) => match draw(&marquee, &member, &id, (&text, Some(problem))).await {
            Ok(page) => page,
            Err(why) => went_wrong(&marquee, &headers, &to, &why),
        },
    }
}
