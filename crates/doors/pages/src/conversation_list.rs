//! `GET /`: her conversations, newest activity first, and the newest of them open beside the list.

use crate::Door;
use crate::caller::{Person, Queried};
use crate::conversation_see::open;
use crate::messages_shown::beginning;
use crate::page::page;
use crate::problem::Problem;
use crate::reach::title;
use crate::view::{Conversations, Pager, Row, When, count};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use vault::{Listed, Own};

/// How many stand on one page of the list.
const ROWS: i64 = 30;

#[derive(Deserialize, Default)]
pub(crate) struct From {
    /// How many to leave out before the first.
    #[serde(default)]
    from: u32,
}

fn row(one: Listed, newest: Option<vault::Message>, today: &str) -> Row {
    let at = if one.last_at.date() == today { When::clock(one.last_at) } else { When::date(one.last_at) };
    Row {
        id: one.id.to_string(),
        title: title(one.title.as_deref(), &one.others),
        last: newest.map(|message| beginning(message.content)),
        at,
        unread: count(one.last_seq - one.read_seq),
        is_group: one.title.is_some() || one.others.len() > 1,
    }
}

/// A page of the list.
pub(crate) async fn rows(door: &Door, own: &Own, from: i64) -> Result<(Vec<Row>, Pager), Problem> {
    let mut list = door.vault.own_conversations(own, ROWS + 1, from).await?;
    let address = |from: i64| if from == 0 { "/".to_owned() } else { format!("/?from={from}") };
    let pager = Pager {
        newer: (from > 0).then(|| address((from - ROWS).max(0))),
        older: (list.len() as i64 > ROWS).then(|| address(from + ROWS)),
    };
    list.truncate(ROWS as usize);
    let newest = door.vault.own_newest(own, list.iter().map(|one| one.id).collect()).await?;
    let today = door.vault.world().now().date();
    Ok((list.into_iter().zip(newest).map(|(one, newest)| row(one, newest, &today)).collect(), pager))
}

/// `GET /`
pub(crate) async fn conversation_list(
    State(door): State<Arc<Door>>,
    person: Person,
    Queried(From { from }): Queried<From>,
) -> Result<Response, Problem> {
    let (rows, pager) = rows(&door, &person.own, from.into()).await?;
    let newest = rows.first().and_then(|row| row.id.parse().ok());
    let open = match newest {
        Some(newest) => Some(open(&door, &person, newest, None).await?),
        None => None,
    };
    let view = Conversations { page: person.page, rows, pager, open, is_list_first: true };
    Ok(page(StatusCode::OK, &view))
}
