//! `GET /apps/{grant}`: one grant, every access under it, and the ways to take it back.

use crate::Door;
use crate::caller::{At, Person, Queried};
use crate::deleted_list::titles;
use crate::grant_card::{contained_because, event, grant_card};
use crate::page::page;
use crate::problem::Problem;
use crate::reach::picks;
use crate::view::{
    Access, Change, Filter, Grant, Name, Pager, TermsForm, When, action_label, count, counted, deeds,
};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{Action, Actions, ConversationId, GrantId};
use oauth::consent::{Choice, offer_again};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use vault::{Connected, GrantHistory};

/// How many accesses stand on one page.
const ACCESSES: i64 = 50;

/// Which accesses.
#[derive(Deserialize, Default)]
pub(crate) struct Part {
    /// Those before this number.
    before: Option<i64>,
    /// Of this action alone.
    action: Option<String>,
}

/// The form that a narrowing came with, and why it cannot stand.
pub(crate) struct Refused {
    pub(crate) choice: Choice,
    pub(crate) why: String,
}

fn access(one: vault::Access, titles: &HashMap<ConversationId, Name>) -> Access {
    let messages = || counted(count(one.count), "message", "messages");
    let what = match (one.action, one.first_seq, one.outcome.as_str()) {
        ("list", _, _) if one.conversation.is_none() => {
            format!("Saw a list of {}", counted(count(one.count), "conversation", "conversations"))
        }
        ("list", _, _) => "Looked who is in it".to_owned(),
        ("read", _, _) => format!("Read {}", messages()),
        ("send", None, _) => "Started a conversation".to_owned(),
        ("send", _, _) => "Sent a message".to_owned(),
        (_, _, "none") => "Deleted what was deleted already".to_owned(),
        _ => "Deleted a message".to_owned(),
    };
    let numbers = match (one.first_seq, one.last_seq) {
        (Some(first), Some(last)) if first == last => Some(format!("number {first}")),
        (Some(first), Some(last)) => Some(format!("numbers {first} to {last}")),
        _ => None,
    };
    let withheld = (one.withheld > 0).then(|| format!("{} withheld", one.withheld));
    let which: Vec<String> = numbers.into_iter().chain(withheld).collect();
    let place = one.conversation.and_then(|id| Some((id.to_string(), titles.get(&id)?.clone())));
    Access {
        n: count(one.n),
        at: When::moment(one.at),
        what,
        conversation: place,
        which: (!which.is_empty()).then(|| which.join(", ")),
        is_refused: false,
    }
}

/// A page of accesses, newest first.
async fn accesses(
    door: &Door,
    person: &Person,
    grant: GrantId,
    (before, action): (Option<i64>, Option<Action>),
) -> Result<(Vec<Access>, Pager), Problem> {
    let (own, limit) = (&person.own, ACCESSES + 1);
    let mut found = match action {
        None => door.vault.accesses_of_own(own, grant, before, limit).await?,
        Some(action) => door.vault.accesses_of_own_doing(own, grant, action, before, limit).await?,
    };
    let is_more = found.len() as i64 > ACCESSES;
    found.truncate(ACCESSES as usize);
    let address = |before: Option<i64>| {
        let action = action.map(|action| format!("action={action}"));
        let query: Vec<String> = action.into_iter().chain(before.map(|n| format!("before={n}"))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/apps/{grant}{mark}{}#accesses", query.join("&"))
    };
    let pager = Pager {
        newer: before.map(|_| address(None)),
        older: found.last().filter(|_| is_more).map(|last| address(Some(last.n))),
    };
    let titles = titles(door, own, found.iter().filter_map(|one| one.conversation).collect()).await?;
    Ok((found.into_iter().map(|one| access(one, &titles)).collect(), pager))
}

fn change(history: &GrantHistory) -> Option<Change> {
    let event = event(history)?;
    let words = event.actions.unwrap_or_default();
    let actions: Actions = words.iter().filter_map(|word| Action::parse(word)).collect();
    let what = match actions.is_empty() {
        true => event.what.to_owned(),
        false => format!("{}: {}", event.what, deeds(actions)),
    };
    Some(Change { at: When::moment(event.at), what })
}

/// The form with which it can be narrowed, while it has not ended.
async fn terms(
    door: &Door,
    person: &Person,
    one: &Connected,
    refused: Option<&Refused>,
) -> Result<Option<TermsForm>, Problem> {
    let grant = &one.grant;
    let offer = offer_again(&grant.terms, grant.given_at, door.vault.world().now());
    if offer.actions.is_empty() {
        return Ok(None);
    }
    let picks = picks(door, &person.own, grant.app, &offer).await?;
    Ok(Some(TermsForm::new(&offer, picks, refused.map(|refused| &refused.choice))))
}

fn filters(grant: GrantId, of: Option<Action>) -> Vec<Filter> {
    let all = Filter { label: "All", href: format!("/apps/{grant}#accesses"), is_current: of.is_none() };
    let each = Action::EACH.iter().map(|&action| Filter {
        label: action_label(action),
        href: format!("/apps/{grant}?action={action}#accesses"),
        is_current: of == Some(action),
    });
    std::iter::once(all).chain(each).collect()
}

/// The page; with a narrowing that was refused.
pub(crate) async fn draw(
    door: &Door,
    person: Person,
    id: GrantId,
    part: Part,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let one = door.vault.connected_one(&person.own, id).await?;
    let app = door.vault.app(one.grant.app).await?;
    let card = grant_card(door, &person.own, &one, &app).await?;
    let action = part.action.as_deref().and_then(Action::parse);
    let (accesses, pager) = accesses(door, &person, id, (part.before, action)).await?;
    let terms = match card.ended_because {
        Some(_) => None,
        None => terms(door, &person, &one, refused.as_ref()).await?,
    };
    let lapsed = match card.ended_because {
        Some(_) => None,
        None => door.vault.grant_lapsed(&person.own, id).await?,
    };
    let total = match action {
        None => count(one.grant.used),
        Some(action) => card.usage.iter().find(|usage| usage.action == action).map_or(0, |usage| usage.times),
    };
    let history = door.vault.grant_history(&person.own, id).await?;
    // It ended with many others, by one line for all of them: that stands in no history of its own.
    let contained = one
        .contained
        .as_ref()
        .map(|contained| Change { at: When::moment(contained.at), what: contained_because(contained) });
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = Grant {
        page: person.page,
        card,
        lapsed: lapsed.map(|(actions, until)| (deeds(actions), When::date(until))),
        terms,
        terms_problem: refused.map(|refused| refused.why),
        accesses_total: total,
        filters: filters(id, action),
        accesses,
        pager,
        history: contained.into_iter().chain(history.iter().rev().filter_map(change)).collect(),
    };
    Ok(page(status, &view))
}

/// `GET /apps/{grant}`
pub(crate) async fn grant_see(
    State(door): State<Arc<Door>>,
    person: Person,
    At(grant): At<GrantId>,
    Queried(part): Queried<Part>,
) -> Result<Response, Problem> {
    draw(&door, person, grant, part, None).await
}
