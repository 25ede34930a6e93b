//! A film night: starts a conversation about a film with friends who are named by their handles.
//!
//! Invariant: Marquee never asks for a list of friends; who is not one is refused by Waxseal like one who does not exist.

use crate::browse::no_film;
use crate::films::Film;
use crate::inbox::went_wrong;
use crate::sign_in::{Member, let_in};
use crate::view::Plan;
use crate::{Marquee, films};
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use waxseal_client::{Content, Error};

#[derive(Deserialize, Default)]
pub(crate) struct Planned {
    #[serde(default)]
    friends: String,
    #[serde(default)]
    note: String,
}

fn draw(
    marquee: &Marquee,
    member: &Member,
    film: &'static Film,
    planned: Planned,
    problem: Option<String>,
) -> Response {
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let Planned { friends, note } = planned;
    frame::page(status, &Plan { frame: marquee.frame("films", Some(member)), film, friends, note, problem })
}

/// `GET /films/{slug}/plan`
pub(crate) async fn plan_see(
    State(marquee): State<Arc<Marquee>>,
    headers: HeaderMap,
    Path(slug): Path<String>,
) -> Response {
    let Some(film) = films::film(&slug) else { return no_film(&marquee) };
    match marquee.members.of(&headers) {
        Some(member) => draw(&marquee, &member, film, Planned::default(), None),
        None => let_in(&marquee, "films", &format!("/films/{slug}/plan"), false),
    }
}

/// `@ada, ben` as handles, each once.
fn handles(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let mut handles: Vec<String> = words.map(|word| format!("@{}", word.trim_start_matches('@'))).collect();
    handles.sort_unstable();
    handles.dedup();
    handles
}

/// `POST /films/{slug}/plan`
pub(crate) async fn plan(
    State(marquee): State<Arc<Marquee>>,
    headers: HeaderMap,
    Path(slug): Path<String>,
    Form(planned): Form<Planned>,
) -> Response {
    let Some(film) = films::film(&slug) else { return no_film(&marquee) };
    let to = format!("/films/{slug}/plan");
    let Some(member) = marquee.members.of(&headers) else { return let_in(&marquee, "films", &to, false) };
    let friends = handles(&planned.friends);
    if friends.is_empty() {
        let problem = "Name at least one friend by their handle.".to_owned();
        return draw(&marquee, &member, film, planned, Some(problem));
    }
    match begin(&marquee, &member, film, &friends, planned.note.trim()).await {
        Ok(conversation) => frame::to(&format!("/inbox/{conversation}"), None),
        Err(Error::Problem(problem)) => {
            let why = match problem.name() {
                "not-friends" => {
                    "Somebody you named is not your friend in Waxseal. Check the handles.".to_owned()
                }
                _ => problem.detail.clone(),
            };
            draw(&marquee, &member, film, planned, Some(why))
        }
        Err(why) => went_wrong(&marquee, &headers, &to, &why),
    }
}

/// Starts the conversation, and says in it what it is about.
async fn begin(
    marquee: &Marquee,
    member: &Member,
    film: &Film,
    friends: &[String],
    note: &str,
) -> Result<String, Error> {
    let friends: Vec<&str> = friends.iter().map(String::as_str).collect();
    let title = format!("Film night: {}", film.title);
    let conversation = member.session.start(&friends, Some(&title)).await?.into_answer().id;
    let card = Content::Card {
        kind: "film".to_owned(),
        title: film.title.clone(),
        url: Some(marquee.own.at(&format!("/films/{}", film.slug))),
        image: None,
        note: (!note.is_empty()).then(|| note.replace("\r\n", "\n")),
    };
    member.session.send(&conversation, &card).await?;
    Ok(conversation)
}

#[cfg(test)]
mod tests {
    #[test]
    fn handles_are_read_however_they_are_written() {
        assert_eq!(super::handles(" @ben,dario\n@ben  , "), ["@ben", "@dario"]);
        assert!(super::handles(" , ").is_empty());
    }
}
