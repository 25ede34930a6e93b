//! `GET /notices`: what others did that concerns her: staff, apps, people.
//!
//! Nothing is stored for it: it is read from what is on record already.

use crate::Door;
use crate::caller::Person;
use crate::page::page;
use crate::problem::Problem;
use crate::view::{Name, Notice, Notices, Pager, When};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::record::StaffRecord;
use model::Time;
use std::sync::Arc;
use vault::{Deleted, Friend, StaffAct};

type Dated = (Time, String, Option<&'static str>);

fn staff(act: &StaffAct) -> Option<Dated> {
    let record: StaffRecord = serde_json::from_str(&act.record).ok()?;
    let why = Name::from(record.why).plain();
    let sentence =
        format!("Whoever runs this server took a copy of all that you can read. The reason given: {why}");
    Some((record.at.parse().ok()?, sentence, None))
}

fn deleted(one: &Deleted) -> Option<Dated> {
    let app = Name::from(one.by_app.as_deref()?).plain();
    Some((
        one.deleted_at,
        format!("{app} deleted a message. You can restore it for 30 days."),
        Some("/deleted"),
    ))
}

fn asking(one: &Friend) -> Dated {
    let who = Name::from(one.face.name.as_str()).plain();
    (one.since, format!("{who} asks to be your friend."), Some("/friends"))
}

/// `GET /notices`
pub(crate) async fn notices(State(door): State<Arc<Door>>, person: Person) -> Result<Response, Problem> {
    let own = &person.own;
    let acts = door.vault.staff_acts(own).await?;
    let gone = door.vault.own_deleted(own).await?;
    let friends = door.vault.friends(own).await?;
    let mut all: Vec<Dated> = acts.iter().filter_map(staff).collect();
    all.extend(gone.iter().filter_map(deleted));
    all.extend(friends.asking.iter().map(asking));
    all.sort_by_key(|notice| std::cmp::Reverse(notice.0));
    let notices = all.into_iter().map(|(at, sentence, link)| Notice {
        at: When::moment(at),
        sentence,
        link: link.map(str::to_owned),
        is_unread: false,
    });
    let view = Notices { page: person.page, notices: notices.collect(), pager: Pager::default() };
    Ok(page(StatusCode::OK, &view))
}
