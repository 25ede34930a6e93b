//! `GET /conversations/{id}`: one conversation, open; or only its messages again, for `live.js`.

use crate::Door;
use crate::caller::{At, Person, Queried};
use crate::conversation_list::rows;
use crate::messages_shown::messages_shown;
use crate::page::page;
use crate::problem::Problem;
use crate::reach::title;
use crate::view::{
    AppsHere, Conversation, Conversations, Messages, Name, NamedApp, Participant, count, deeds, entries,
};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use model::ConversationId;
use serde::Deserialize;
use std::sync::Arc;
use vault::{ActiveApp, Page};

/// How many messages stand on one page.
const MESSAGES: i64 = 50;
/// How many a page may grow to while it stays open and messages arrive.
const MESSAGES_LIVE_MAX: i64 = 500;

/// Which part of it.
#[derive(Deserialize, Default)]
pub(crate) struct Part {
    /// The messages before this one.
    before: Option<i64>,
    /// Only the messages, without the page around them.
    fragment: Option<String>,
    /// With `fragment`: from this one on.
    from: Option<i64>,
}

/// The messages of a page, with the markers of who has read how far.
async fn messages(
    door: &Door,
    person: &Person,
    found: &vault::Conversation,
    part: Page,
) -> Result<Messages, Problem> {
    let id = found.listed.id;
    let raw = door.vault.own_messages(&person.own, id, part).await?;
    let (first, last) = (raw.first().map_or(0, |m| m.seq), raw.last().map_or(0, |m| m.seq));
    let shown = messages_shown(door, &person.own, raw).await?;
    let read_by = found.others.iter().filter(|other| other.read_seq > 0);
    let read_by = read_by.map(|other| (Name::from(other.face.name.as_str()), count(other.read_seq)));
    let later = match last + 1 + MESSAGES {
        _ if last == 0 || last >= found.listed.last_seq => None,
        before if before > found.listed.last_seq => Some(format!("/conversations/{id}")),
        before => Some(format!("/conversations/{id}?before={before}")),
    };
    Ok(Messages {
        conversation: id.to_string(),
        entries: entries(shown, count(found.listed.read_seq), read_by.collect()),
        first_seq: count(first),
        last_seq: count(last),
        has_unread: found.listed.read_seq < last,
        earlier: (first > 1).then(|| format!("/conversations/{id}?before={first}")),
        later,
    })
}

/// The conversation as it stands on the page, at its newest messages or before one of them.
pub(crate) async fn open(
    door: &Door,
    person: &Person,
    id: ConversationId,
    before: Option<i64>,
) -> Result<Conversation, Problem> {
    let found = door.vault.own_conversation(&person.own, id).await?;
    let messages = messages(door, person, &found, Page { before, after: None, limit: MESSAGES }).await?;
    let viewer = person.page.viewer.as_ref();
    let me = viewer.map(|viewer| Participant {
        name: viewer.name.clone(),
        handle: Some(viewer.handle.clone()),
        is_you: true,
    });
    let others = found.others.iter().map(|other| Participant {
        name: other.face.name.as_str().into(),
        handle: other.face.handle.as_deref().map(Name::from),
        is_you: false,
    });
    let named = |app: &ActiveApp| {
        let whose = found.others.iter().find(|other| other.face.id == app.of);
        NamedApp {
            app: app.name.as_str().into(),
            whose: whose.map(|other| other.face.name.as_str().into()),
            may: deeds(app.actions),
        }
    };
    Ok(Conversation {
        id: id.to_string(),
        title: title(found.listed.title.as_deref(), &found.listed.others),
        participants: me.into_iter().chain(others).collect(),
        apps: AppsHere { apps: found.apps.iter().map(named).collect(), is_locked: found.locks > 0 },
        messages,
        draft: String::new(),
        draft_problem: None,
        send_key: BASE64URL_NOPAD.encode(&door.vault.world().random::<16>()),
        closed_because: None,
    })
}

/// The page around an open conversation.
pub(crate) async fn around(
    door: &Door,
    person: Person,
    status: StatusCode,
    open: Conversation,
) -> Result<Response, Problem> {
    let (rows, pager) = rows(door, &person.own, 0).await?;
    let view = Conversations { page: person.page, rows, pager, open: Some(open), is_list_first: false };
    Ok(page(status, &view))
}

/// `GET /conversations/{id}`
pub(crate) async fn conversation_see(
    State(door): State<Arc<Door>>,
    person: Person,
    At(id): At<ConversationId>,
    Queried(part): Queried<Part>,
) -> Result<Response, Problem> {
    if part.fragment.as_deref() == Some("messages") {
        let found = door.vault.own_conversation(&person.own, id).await?;
        let after = part.from.map(|first| first.saturating_sub(1));
        let page_of = Page { before: None, after, limit: MESSAGES_LIVE_MAX };
        return Ok(page(StatusCode::OK, &messages(&door, &person, &found, page_of).await?));
    }
    let open = open(&door, &person, id, part.before).await?;
    around(&door, person, StatusCode::OK, open).await
}
