//! Messages from the vault as a page shows them.

use crate::Door;
use crate::problem::Problem;
use crate::view::{Card, Content, Erasable, Message, Name, Receipt, When, Words, count};
use model::Content as Said;
use vault::{Deleted, Own};

/// The messages, for her: what was deleted says by whom, and whether she can bring it back.
pub(crate) async fn messages_shown(
    door: &Door,
    own: &Own,
    messages: Vec<vault::Message>,
) -> Result<Vec<Message>, Problem> {
    let deleted = match messages.iter().any(|message| message.content.is_none()) {
        true => door.vault.own_deleted(own).await?,
        false => Vec::new(),
    };
    Ok(messages.into_iter().map(|message| shown(own, message, &deleted)).collect())
}

fn shown(own: &Own, message: vault::Message, deleted: &[Deleted]) -> Message {
    let is_own = message.from.id == own.person();
    let erasable = match (&message.content, is_own) {
        (None, _) => Erasable::No,
        (Some(_), true) => Erasable::ForEveryone,
        (Some(_), false) => Erasable::ForMe,
    };
    let content = match message.content {
        Some(said) => content(said),
        None => gone(deleted.iter().find(|one| one.message.id == message.id)),
    };
    Message {
        seq: count(message.seq),
        from: message.from.name.into(),
        is_own,
        via: message.via.map(|app| app.name.into()),
        sent: When::clock(message.sent_at),
        day: When::day(message.sent_at),
        content,
        erasable,
        is_continued: false,
    }
}

/// The card that is said, if it is one.
pub(crate) fn card_shown(said: Said) -> Option<Card> {
    match content(said) {
        Content::Card(card) => Some(card),
        Content::Text(_) | Content::Receipt(_) | Content::Deleted { .. } => None,
    }
}

fn content(said: Said) -> Content {
    match said {
        Said::Text { text } => Content::Text(text.into()),
        Said::Card { kind, title, url, image, note } => Content::Card(Card {
            kind: kind.into(),
            title: title.into(),
            url,
            has_image: image.is_some(),
            note: note.map(Words::from),
        }),
        Said::Receipt { amount, currency, reference, note } => Content::Receipt(Receipt {
            amount,
            currency,
            reference: reference.map(Name::from),
            note: note.map(Words::from),
        }),
    }
}

/// Whoever else deleted it, or long ago, is not told: it may have been its author, or she herself.
fn gone(restorable: Option<&Deleted>) -> Content {
    let Some(deleted) = restorable else {
        return Content::Deleted { sentence: "This message was deleted".to_owned(), is_restorable: false };
    };
    let who = deleted.by_app.as_ref().map_or("You".to_owned(), |app| Name::from(app.as_str()).plain());
    let whom = if deleted.for_everyone { "everyone" } else { "you" };
    Content::Deleted { sentence: format!("{who} deleted this for {whom}"), is_restorable: true }
}

/// The beginning of a message, for a list.
pub(crate) fn beginning(said: Option<Said>) -> Words {
    match said {
        Some(Said::Text { text }) => text.into(),
        Some(Said::Card { title, .. }) => title.into(),
        Some(Said::Receipt { amount, currency, .. }) => format!("{amount} {currency}").into(),
        None => "Deleted".into(),
    }
}
