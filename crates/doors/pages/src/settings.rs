//! `GET /settings`: her own account.

use crate::Door;
use crate::caller::Person;
use crate::page::page;
use crate::problem::Problem;
use crate::view::{Alerts, Name, Session, Settings, When, count};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// The night, until she says when it is: 22:00 to 6:00.
const NIGHT: (i64, i64) = (22, 6);

/// What was refused, when the page is shown again.
#[derive(Default)]
pub(crate) struct Refused {
    /// The name that was typed, and why it cannot be.
    pub(crate) name: Option<(Name, String)>,
    /// Why the old password cannot be.
    pub(crate) password: Option<String>,
    /// Why the new password cannot be.
    pub(crate) password_new: Option<String>,
    /// Why what she wants to be told cannot be.
    pub(crate) alerts: Option<String>,
}

/// A browser by what it says of itself: `Firefox on Linux`. Each pretends to be all before it, so the order matters.
pub(crate) fn browser(agent: &str) -> Name {
    const BROWSERS: [(&str, &str); 7] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find =
        |list: &[(&str, &'static str)]| list.iter().find(|(mark, _)| agent.contains(mark)).map(|one| one.1);
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}").into(),
        (Some(browser), None) => browser.into(),
        _ if agent.is_empty() => "A browser that does not say".into(),
        _ => agent.chars().take(60).collect::<String>().into(),
    }
}

/// The page; with what was refused.
pub(crate) async fn draw(
    door: &Door,
    person: Person,
    status: StatusCode,
    refused: Refused,
) -> Result<Response, Problem> {
    let wishes = door.vault.wishes(&person.own).await?;
    let alerts = door.vault.alerts(&person.own).await?;
    let factor = door.vault.second_factor(&person.own).await?;
    let recovery = door.vault.recovery_of_own(&person.own).await?;
    let passkeys = door.vault.passkeys(&person.own).await?;
    let mut sessions = door.vault.sessions(&person.own).await?;
    sessions.sort_by_key(|session| !session.this);
    let session = |one: vault::Session| Session {
        id: one.id.to_string(),
        browser: browser(&one.agent),
        since: When::date(one.created_at),
        last_used: When::date(one.seen_at),
        is_this: one.this,
    };
    let present = person.page.viewer.as_ref().map(|viewer| viewer.name.clone()).unwrap_or_default();
    let (name, name_problem) = refused.name.map_or((present, None), |(name, why)| (name, Some(why)));
    let view = Settings {
        page: person.page,
        name,
        name_problem,
        password_problem: refused.password,
        password_new_problem: refused.password_new,
        is_hidden_from_apps: wishes.hidden,
        are_words_kept: wishes.words_out,
        alerts: Alerts {
            first_read: alerts.first_read,
            first_delete: alerts.first_delete,
            per_day: alerts.per_day.map(|most| most.to_string()).unwrap_or_default(),
            is_night: alerts.night.is_some(),
            night: alerts.night.unwrap_or(NIGHT),
            east_min: alerts.east_min,
        },
        alerts_problem: refused.alerts,
        passkeys: passkeys.len() as u64,
        recovery_opens: recovery.map(|recovery| When::moment(recovery.opens_at)),
        are_codes_on: factor.codes_since.is_some(),
        recovery_left: count(factor.recovery_codes),
        sessions: sessions.into_iter().map(session).collect(),
    };
    Ok(page(status, &view))
}

/// `GET /settings`
pub(crate) async fn settings(State(door): State<Arc<Door>>, person: Person) -> Result<Response, Problem> {
    draw(&door, person, StatusCode::OK, Refused::default()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_by_what_they_say() {
        for (agent, shown) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.5", "curl/8.5"),
            ("", "A browser that does not say"),
        ] {
            assert_eq!(browser(agent).to_string(), shown);
        }
    }
}
