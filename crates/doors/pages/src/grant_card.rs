//! A grant in short: what the app could do today beside what it did, as the list and its own page show it.
//!
//! Invariant: *could* is counted by the rule that is enforced, *did* is counted from the access records.

use crate::Door;
use crate::problem::Problem;
use crate::reach::{self, Given};
use crate::view::{AppCard, Name, ReadsSince, Usage, When, count, counted};
use model::{Action, GrantState, Time};
use vault::{AppFacts, Connected, Contained, Deeds, GrantHistory, Own, WithinReach};

/// One thing that happened to a grant.
pub(crate) struct Event {
    pub(crate) what: &'static str,
    pub(crate) at: Time,
    /// With the terms from then on, where they changed: the actions, in the words of the API.
    pub(crate) actions: Option<Vec<String>>,
}

/// Reads what happened from its record. A record of a later version, with words unknown here, is left out.
pub(crate) fn event(history: &GrantHistory) -> Option<Event> {
    let record: serde_json::Value = serde_json::from_str(&history.record).ok()?;
    let what = match (record["what"].as_str()?, record["by"].as_str()?) {
        ("given", _) => "You let it in",
        ("narrowed", "hygiene") => "It lost what it had not used for 30 days",
        ("narrowed", "retired") => "It lost what was retired",
        ("narrowed", "app") => "The app asked for less, and has less",
        ("narrowed", _) => "You narrowed it",
        ("widened", _) => "You let it do more, or for longer",
        ("paused", _) => "You paused it",
        ("resumed", _) => "You let it go on",
        ("ended", "person") => "You revoked it",
        ("ended", "app") => "The app handed it back",
        ("ended", "operator") => "Whoever runs this server ended it",
        ("ended", "spent") => "It was used as often as it could be",
        ("ended", "hygiene") => "It was not used for 90 days, and ended",
        ("ended", "retired") => "The app was retired",
        ("ended", _) => "It ended by itself",
        _ => return None,
    };
    let details = &record["terms"]["authorization_details"][0]["actions"];
    let words =
        details.as_array().map(|words| words.iter().filter_map(|word| word.as_str().map(str::to_owned)));
    Some(Event { what, at: record["at"].as_str()?.parse().ok()?, actions: words.map(Iterator::collect) })
}

/// When the grant ends by itself: by its own terms, or sooner by the ceiling.
fn ends_at(one: &Connected, app: &AppFacts) -> Time {
    one.grant.terms.ends_at.min(one.grant.agreed_at.plus_seconds(app.ceiling.expires_in_s))
}

/// What a containment says to her.
pub(crate) fn contained_because(contained: &Contained) -> String {
    format!("Whoever runs this server ended it: {}", Name::from(contained.why.as_str()).plain())
}

/// Why and when it ended, if it has.
async fn ended(
    door: &Door,
    own: &Own,
    one: &Connected,
    app: &AppFacts,
) -> Result<Option<(String, Time)>, Problem> {
    let by_itself = ends_at(one, app);
    if let Some(contained) = &one.contained {
        return Ok(Some((contained_because(contained), contained.at)));
    }
    match one.grant.state {
        GrantState::Active | GrantState::Paused if by_itself > door.vault.world().now() => Ok(None),
        GrantState::Active | GrantState::Paused => Ok(Some(("It ended by itself".to_owned(), by_itself))),
        GrantState::Ended | GrantState::Spent => {
            let history = door.vault.grant_history(own, one.grant.id).await?;
            let last = history.iter().rev().find_map(event);
            let (why, at) = last.map_or(("It ended", by_itself), |last| (last.what, last.at));
            Ok(Some((why.to_owned(), at)))
        }
    }
}

fn could(action: Action, within: &WithinReach) -> String {
    let conversations = |number| counted(count(number), "conversation", "conversations");
    match action {
        Action::List => conversations(within.conversations),
        Action::Send => format!("In {}", conversations(within.conversations)),
        Action::Read | Action::Delete => format!(
            "{} in {}",
            counted(count(within.messages), "message", "messages"),
            conversations(within.with_messages)
        ),
    }
}

/// The card of one of her grants.
pub(crate) async fn grant_card(
    door: &Door,
    own: &Own,
    one: &Connected,
    app: &AppFacts,
) -> Result<AppCard, Problem> {
    let grant = &one.grant;
    let given = Given {
        terms: &grant.terms,
        state: grant.state,
        at: grant.given_at,
        agreed_at: grant.agreed_at,
        used: count(grant.used),
    };
    let (limits, allowed) = reach::limits(app, own, &given, door.vault.world().now());
    let within = reach::within(door, own, limits, &grant.terms).await?;
    let did: Vec<Deeds> = door.vault.access_summary_of_own(own, grant.id).await?;
    let read = did.iter().find(|deeds| deeds.action == Action::Read);
    let reads = ReadsSince {
        at: When::moment(read.map_or(grant.given_at, |deeds| deeds.last_at)),
        is_ever: read.is_some(),
    };
    let usage = Action::EACH.iter().map(|&action| {
        let deeds = did.iter().find(|deeds| deeds.action == action);
        Usage {
            action,
            could: allowed.contains(&action).then(|| could(action, &within)),
            times: deeds.map_or(0, |deeds| count(deeds.times)),
            messages: deeds.map_or(0, |deeds| count(deeds.count)),
        }
    });
    let name = Name::from(one.app.as_str());
    let (ended_because, until) = match ended(door, own, one, app).await? {
        Some((why, at)) => (Some(why), at),
        None => (None, ends_at(one, app)),
    };
    Ok(AppCard {
        grant: grant.id.to_string(),
        partner: one.partner.as_str().into(),
        purpose: if grant.purpose.is_empty() { "Sign you in".into() } else { grant.purpose.as_str().into() },
        says: oauth::wording::sentences(&grant.terms, &name.plain()),
        app: name,
        usage: usage.collect(),
        since: When::date(grant.given_at),
        until: When::date(until),
        ended_because,
        is_paused: grant.state == GrantState::Paused,
        is_suspended: !one.app_live,
        last_used: grant.used_at.map(When::moment),
        reads,
    })
}
