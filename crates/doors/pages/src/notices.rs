//! `/notices`: what happened that concerns her, and that she has read it.
//!
//! Looking marks nothing as read: a page that is fetched ahead, or by a link from elsewhere, changes nothing.

use crate::Door;
use crate::caller::{Person, Queried};
use crate::form::Form;
use crate::page::page;
use crate::problem::{Problem, go_to};
use crate::settings::browser;
use crate::view::{Name, Notice, Notices, Pager, When, contents, count, counted, deeds};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{Actions, Kinds, NoticeId};
use serde::Deserialize;
use std::sync::Arc;
use vault::Told;

/// How many notices stand on one page.
const NOTICES: i64 = 50;

/// Which notices.
#[derive(Deserialize, Default)]
pub(crate) struct Part {
    /// Those before this one.
    before: Option<NoticeId>,
}

/// What is told of her own account.
fn said_of_account(notice: &vault::Notice) -> Option<String> {
    Some(match notice {
        vault::Notice::SignedIn { agent } => {
            let browser = browser(agent).plain();
            format!(
                "You signed in in a browser that was not known before: {browser}. If it was not you, change your password."
            )
        }
        vault::Notice::StaffRecovery { why } => {
            let why = Name::from(why.as_str()).plain();
            format!(
                "Whoever runs this server made a link that sets a new password for your account. Their reason: {why}. It opens \
                 a day after it was made; if it was not you who asked, stop it in the settings."
            )
        }
        vault::Notice::PasswordRecovered {} => {
            "A new password was set with the link that whoever runs this server had made, and every session was signed \
             out. Your passkeys still open your account: look in the settings that each is yours.".to_owned()
        }
        vault::Notice::CodeWrong {} => {
            "Somebody typed your password, and then a one-time or recovery code that was wrong, in a browser that was not \
             known. If it was not you, change your password.".to_owned()
        }
        vault::Notice::PasswordChanged {} => "Your password was changed.".to_owned(),
        vault::Notice::PasskeyAdded { name } => {
            let name = Name::from(name.as_str()).plain();
            format!("A passkey was added: {name}. If it was not you, remove it and change your password.")
        }
        vault::Notice::PasskeyRemoved { name } => {
            format!("A passkey was removed: {}.", Name::from(name.as_str()).plain())
        }
        vault::Notice::PasskeyCopied { name } => {
            let name = Name::from(name.as_str()).plain();
            format!("The passkey {name} counted backwards, so there may be a copy of it. If you do not know why, remove it.")
        }
        vault::Notice::CodesOn {} => {
            "One-time codes were set up. One is asked for after your password.".to_owned()
        }
        vault::Notice::CodesOff {} => {
            "One-time codes were turned off. Your password alone opens your account.".to_owned()
        }
        vault::Notice::RecoveryCodesMade {} => {
            "New recovery codes were made. Those before open nothing any more.".to_owned()
        }
        vault::Notice::RecoveryCodeUsed { left } => {
            format!("A recovery code was used. {} left.", counted(count(*left), "code is", "codes are"))
        }
        _ => return None,
    })
}

/// What is told, in a sentence, and where there is more.
fn said(told: &Told) -> (String, Option<String>) {
    let someone =
        || told.person.as_ref().map_or_else(Name::default, |face| face.name.as_str().into()).plain();
    let app = || Name::from(told.app.as_deref().unwrap_or("An app")).plain();
    let to = |address: &str| Some(address.to_owned());
    if let Some(sentence) = said_of_account(&told.notice) {
        return (sentence, to("/settings"));
    }
    match &told.notice {
        vault::Notice::StaffExport { why } => {
            let why = Name::from(why.as_str()).plain();
            let what = "Whoever runs this server took a copy of all that you can read. The reason given: ";
            (format!("{what}{why}"), None)
        }
        vault::Notice::StaffReport { why } => {
            let why = Name::from(why.as_str()).plain();
            let what = "Whoever runs this server took the list of what was done to your messages, and no message. The \
                        reason given: ";
            (format!("{what}{why}"), None)
        }
        vault::Notice::FirstRead { .. } => {
            (format!("{} read messages for the first time.", app()), to("/apps"))
        }
        vault::Notice::FirstDelete { .. } => {
            (format!("{} deleted a message for the first time.", app()), to("/apps"))
        }
        vault::Notice::Often { most, .. } => {
            let times = counted(count(*most), "thing", "things");
            (format!("{} did more than {times} in one day.", app()), to("/apps"))
        }
        vault::Notice::AtNight { .. } => {
            (format!("{} did something in the hours that you named.", app()), to("/apps"))
        }
        vault::Notice::FriendAsked { .. } => {
            (format!("{} asks to be your friend.", someone()), to("/friends"))
        }
        vault::Notice::Contained { why, .. } => {
            let why = Name::from(why.as_str()).plain();
            let what = "Whoever runs this server ended all that it could do for you. The reason given:";
            (format!("{}: {what} {why}", app()), to("/apps"))
        }
        vault::Notice::Reused { .. } => {
            let what = "a token of it that works only once came a second time, so somebody may have copied it. What it \
                        opened is shut; the app may ask you to sign in there again.";
            (format!("{}: {what}", app()), to("/apps"))
        }
        vault::Notice::Lapsed { grant, .. }
        | vault::Notice::LapsedWhole { grant, .. }
        | vault::Notice::Retired { grant, .. } => {
            (format!("{} {}.", app(), ended(&told.notice)), to(&format!("/apps/{grant}")))
        }
        vault::Notice::Deleted { .. } => {
            (format!("{} deleted {} for 30 days.", app(), deleted(told.count)), to("/deleted"))
        }
        // Said above; named here, so that a new notice without a sentence does not compile.
        vault::Notice::SignedIn { .. }
        | vault::Notice::StaffRecovery { .. }
        | vault::Notice::PasswordRecovered { .. }
        | vault::Notice::CodeWrong { .. }
        | vault::Notice::PasswordChanged { .. }
        | vault::Notice::PasskeyAdded { .. }
        | vault::Notice::PasskeyRemoved { .. }
        | vault::Notice::PasskeyCopied { .. }
        | vault::Notice::CodesOn { .. }
        | vault::Notice::CodesOff { .. }
        | vault::Notice::RecoveryCodesMade { .. }
        | vault::Notice::RecoveryCodeUsed { .. } => (String::new(), None),
    }
}

/// How many messages an app deleted, and what she can do about it.
fn deleted(messages: i64) -> String {
    match messages {
        1 => "a message. You can restore it".to_owned(),
        many => format!("{}. You can restore them", counted(count(many), "message", "messages")),
    }
}

/// What an app lost by itself; nothing for any other notice.
fn ended(notice: &vault::Notice) -> String {
    match notice {
        vault::Notice::Lapsed { actions, .. } => {
            let right = deeds(Actions::from_bits(*actions));
            format!(
                "had not used its right to {right} for 30 days, and has lost it. You can let it have that again"
            )
        }
        vault::Notice::LapsedWhole { .. } => {
            "was not used for 90 days, so what you let it do has ended".to_owned()
        }
        vault::Notice::Retired { actions, kinds, .. } => {
            let (actions, kinds) = (Actions::from_bits(*actions), Kinds::from_bits(*kinds));
            match (actions.is_empty(), kinds.is_empty()) {
                (true, true) => "was retired, so what you let it do has ended".to_owned(),
                (true, false) => format!("has no access to {} any more; it was retired", contents(kinds)),
                (false, _) => format!("may not {} any more; that was retired", deeds(actions)),
            }
        }
        _ => String::new(),
    }
}

fn notice(told: &Told) -> Notice {
    let (sentence, link) = said(told);
    Notice { at: When::moment(told.at), sentence, link, is_unread: told.is_unread }
}

/// `GET /notices`
pub(crate) async fn notices(
    State(door): State<Arc<Door>>,
    person: Person,
    Queried(part): Queried<Part>,
) -> Result<Response, Problem> {
    let mut told = door.vault.notices(&person.own, part.before, NOTICES + 1).await?;
    let is_more = told.len() as i64 > NOTICES;
    told.truncate(NOTICES as usize);
    let view = Notices {
        page: person.page,
        notices: told.iter().map(notice).collect(),
        unread_until: told.iter().find(|told| told.is_unread).map(|told| told.id.to_string()),
        pager: Pager {
            newer: part.before.map(|_| "/notices".to_owned()),
            older: told.last().filter(|_| is_more).map(|last| format!("/notices?before={}", last.id)),
        },
    };
    Ok(page(StatusCode::OK, &view))
}

/// `POST /notices/read`
pub(crate) async fn notices_read(
    State(door): State<Arc<Door>>,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    door.vault.notices_read(&person.own, form.read("until")?).await?;
    Ok(go_to("/notices"))
}
