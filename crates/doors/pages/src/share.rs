//! `/share`: an app proposes a card, and the person sends it to friends whom she picks here.
//!
//! Invariant: the app learns that it was sent and nothing else; it needs no grant and gets none. Nobody is sent anywhere but
//! to an address that the app registered.

use crate::Door;
use crate::caller::Person;
use crate::consent_see::destination;
use crate::form::Form;
use crate::friends_list::friend;
use crate::messages_shown::card_shown;
use crate::page::{page_returning_to, query_value};
use crate::problem::{Problem, go_to, sentence};
use crate::view::{Hidden, Share};
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use model::{Content, PersonId};
use oauth::{Params, redirect};
use serde_json::{Map, Value};
use std::sync::Arc;
use vault::{AppFacts, Refusal};

/// What identifies the app, and what it proposes, as it came.
const CARRIED: [&str; 4] = ["client_id", "redirect_uri", "state", "card"];
/// The longest query that is taken, in bytes: a card that is full, each character escaped, in most scripts.
const QUERY_BYTES_MAX: usize = 12_288;

/// What an app asks of the person.
struct Sheet {
    app: Arc<AppFacts>,
    redirect_uri: String,
    state: Option<String>,
    card: Content,
    carried: Vec<Hidden>,
}

fn unsharable(why: impl Into<String>) -> Problem {
    Problem::Unsharable(why.into())
}

/// The card, from its JSON; `type` may be left out.
fn card(json: &str) -> Result<Content, Problem> {
    let mut object: Map<String, Value> = serde_json::from_str(json).map_err(|_| {
        unsharable("The parameter `card` is not a JSON object such as {\"kind\":\"film\",\"title\":\"…\"}.")
    })?;
    object.entry("type").or_insert_with(|| "card".into());
    let card: Content = serde_json::from_value(object.into())
        .map_err(|why| unsharable(format!("The parameter `card` cannot be read: {}", sentence(&why))))?;
    if !matches!(card, Content::Card { .. }) {
        return Err(unsharable("The `type` of the parameter `card` is not `card`."));
    }
    card.validate().map_err(|why| unsharable(format!("In the parameter `card`: {}", sentence(&why))))?;
    Ok(card)
}

/// Reads the sheet from what came in the query, or was carried in the form.
async fn sheet(door: &Door, value: impl Fn(&str) -> Option<String>) -> Result<Sheet, Problem> {
    let unknown = || unsharable("The parameter `client_id` names no app that is let in here.");
    let id = value("client_id").and_then(|id| id.parse().ok()).ok_or_else(unknown)?;
    let app = door.vault.app_find(id).await?.ok_or_else(unknown)?;
    if !app.live_at(door.vault.world().now()) {
        return Err(unsharable("The app that sent you here has been suspended or retired."));
    }
    let redirect_uri = value("redirect_uri").unwrap_or_default();
    if !redirect::is_registered(&app.redirect_uris, &redirect_uri) {
        return Err(unsharable("The parameter `redirect_uri` is not an address that this app registered."));
    }
    let card = card(&value("card").unwrap_or_default())?;
    let carried =
        CARRIED.iter().filter_map(|name| value(name).map(|value| Hidden { name: (*name).to_owned(), value }));
    let carried = carried.collect();
    Ok(Sheet { app, redirect_uri, state: value("state"), card, carried })
}

/// What was already chosen, and why it was not sent.
#[derive(Default)]
struct Chosen {
    ticked: Vec<String>,
    note: Option<String>,
    problem: Option<String>,
}

async fn draw(door: &Door, person: Person, sheet: Sheet, chosen: Chosen) -> Result<Response, Problem> {
    let friends = door.vault.friends(&person.own).await?.friends.into_iter().map(friend).collect();
    let (origin, returns_to) = destination(&sheet.redirect_uri);
    let query: Vec<String> =
        sheet.carried.iter().map(|field| format!("{}={}", field.name, query_value(&field.value))).collect();
    let proposed = match &sheet.card {
        Content::Card { note, .. } => note.clone().unwrap_or_default(),
        Content::Text { .. } | Content::Receipt { .. } => String::new(),
    };
    let key = BASE64URL_NOPAD.encode(&door.vault.world().random::<16>());
    let mut hidden = sheet.carried;
    hidden.push(Hidden { name: "key".to_owned(), value: key });
    let status = if chosen.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = Share {
        page: person.page,
        app: sheet.app.name.clone().into(),
        partner: sheet.app.partner.clone().into(),
        card: card_shown(sheet.card).ok_or(Problem::Malformed)?,
        note: chosen.note.unwrap_or(proposed),
        friends,
        ticked: chosen.ticked,
        problem: chosen.problem,
        return_to: format!("/share?{}", query.join("&")),
        returns_to,
        hidden,
    };
    Ok(page_returning_to(status, &origin, &view))
}

/// `GET /share?client_id&redirect_uri&state&card`
pub(crate) async fn share_see(
    State(door): State<Arc<Door>>,
    person: Person,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = uri.query().unwrap_or_default();
    if query.len() > QUERY_BYTES_MAX {
        return Err(unsharable(format!(
            "The address is too long; its query holds at most {QUERY_BYTES_MAX} bytes."
        )));
    }
    let params = Params::parse(query.as_bytes())
        .map_err(|why| unsharable(format!("The query cannot be read: {}", sentence(&why))))?;
    let sheet = sheet(&door, |name| params.value(name).map(str::to_owned)).await?;
    draw(&door, person, sheet, Chosen::default()).await
}

/// The card with the note as the person left it.
fn noted(card: Content, text: &str) -> Result<Content, String> {
    let Content::Card { kind, title, url, image, .. } = card else { return Ok(card) };
    let note = Some(text.trim().replace("\r\n", "\n")).filter(|note| !note.is_empty());
    let card = Content::Card { kind, title, url, image, note };
    card.validate().map_err(|why| sentence(&why))?;
    Ok(card)
}

/// `POST /share`
pub(crate) async fn share(
    State(door): State<Arc<Door>>,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let sheet =
        sheet(&door, |name| form.get(name).filter(|value| !value.is_empty()).map(str::to_owned)).await?;
    let back = |sent| go_to(&redirect::shared(&sheet.redirect_uri, sheet.state.as_deref(), sent));
    match form.text("decision") {
        "cancel" => return Ok(back(false)),
        "" | "send" => {}
        _ => return Err(Problem::Malformed),
    }
    let key = form.get("key").filter(|key| !key.is_empty()).ok_or(Problem::Malformed)?.to_owned();
    let ticked = form.all("friend");
    let mut friends: Vec<PersonId> =
        ticked.iter().map(|id| id.parse()).collect::<Result<_, _>>().map_err(|_| Problem::Malformed)?;
    friends.sort_unstable();
    friends.dedup();
    let problem = match (friends.is_empty(), noted(sheet.card.clone(), form.text("note"))) {
        (true, _) => "Pick at least one friend.".to_owned(),
        (false, Err(why)) => why,
        (false, Ok(card)) => {
            match door.vault.own_share(&person.own, sheet.app.id, friends, card, &key).await {
                Ok(_) => return Ok(back(true)),
                Err(Refusal::KeyReused) => {
                    "This page has sent something else already. Go back to the app and share again."
                        .to_owned()
                }
                Err(refusal @ (Refusal::NotFriends | Refusal::Invalid(_))) => sentence(&refusal),
                Err(refusal) => return Err(refusal.into()),
            }
        }
    };
    let note = Some(form.text("note").to_owned());
    draw(&door, person, sheet, Chosen { ticked, note, problem: Some(problem) }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_read_with_or_without_its_type() {
        for json in
            [r#"{"kind":"film","title":"T"}"#, r#"{"type":"card","kind":"film","title":"T","note":"n"}"#]
        {
            assert!(card(json).is_ok(), "{json}");
        }
        for json in [
            "",
            "[]",
            "{",
            r#"{"kind":"film"}"#,
            r#"{"kind":"film","title":""}"#,
            r#"{"type":"text","text":"x"}"#,
            r#"{"kind":"film","title":"T","url":"javascript:alert(1)"}"#,
            r#"{"kind":"film","title":"T","colour":"red"}"#,
        ] {
            assert!(card(json).is_err(), "{json}");
        }
    }

    #[test]
    fn the_note_is_the_persons() {
        let from_app = card(r#"{"kind":"film","title":"T","note":"Buy now"}"#).unwrap();
        let Ok(Content::Card { note, .. }) = noted(from_app.clone(), "  ") else { panic!() };
        assert_eq!(note, None);
        let Ok(Content::Card { note, .. }) = noted(from_app.clone(), "a\r\nb") else { panic!() };
        assert_eq!(note.as_deref(), Some("a\nb"));
        assert!(noted(from_app, &"x".repeat(2_001)).is_err());
    }
}
