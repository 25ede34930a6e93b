//! What the pages say of an ask and of a grant: the sentences of consent.
//!
//! Invariant: every sentence is made from the same values that are stored and enforced; nothing here is a promise of its own.

use model::{Action, Kind, Kinds, ReachCap, Since, Terms, Time};

use crate::since::DAY_S;

/// What the action lets the app do.
pub const fn action_does(action: Action) -> &'static str {
    match action {
        Action::List => "See that these conversations exist, what they are called and who is in them.",
        Action::Read => "Read messages in these conversations.",
        Action::Send => {
            "Send messages as you, each marked with the app's name, and start conversations with your friends."
        }
        Action::Delete => {
            "Delete messages: your own for everyone, others' only for you. You can restore them for 30 days."
        }
    }
}

/// What will not work without the action.
pub const fn action_without(action: Action) -> &'static str {
    match action {
        Action::List => "Without this, the app cannot show you which conversations it can use.",
        Action::Read => "Without this, the app cannot show or answer what was written to you.",
        Action::Send => "Without this, the app cannot write anything for you.",
        Action::Delete => "Without this, the app cannot remove anything; you still can.",
    }
}

/// What the scope lets the app do; none if it is not one of ours.
pub fn scope_does(scope: &str) -> Option<&'static str> {
    match scope {
        "openid" => Some("Sign you in: the app learns a number that stands for you here."),
        "profile" => Some("Learn your handle and your name."),
        "friends" => Some("See your friends, except those who hid themselves from apps."),
        "offline_access" => Some("Go on while you are signed out here, until the day this ends."),
        _ => None,
    }
}

/// A kind of content, for people.
pub const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "Texts",
        Kind::Card => "Cards, such as a film or a track",
        Kind::Receipt => "Receipts of payments",
    }
}

/// A reach, for people.
pub const fn reach_name(reach: ReachCap) -> &'static str {
    match reach {
        ReachCap::Started => "Only conversations that the app starts",
        ReachCap::Chosen => "Only conversations that I pick",
        ReachCap::All => "All my conversations, new ones too",
    }
}

/// A window, for people, of a grant given at `given_at`.
pub fn since_name(since: Since, given_at: Time, now: Time) -> String {
    match since {
        Since::Grant if given_at < now => {
            format!("Only messages sent after you let it in, on {} (UTC)", given_at.date())
        }
        Since::Grant => "Only messages sent after you let it in".to_owned(),
        Since::At(time) => format!("Messages sent since {} (UTC)", time.date()),
        Since::Last(seconds) => format!("Messages of the last {}", span(seconds)),
        Since::All => "All messages, however old".to_owned(),
    }
}

/// A span of time, for people: `3 days`, in the largest unit that fits exactly.
pub fn span(seconds: i64) -> String {
    let units = [(DAY_S, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (unit_s, unit) = units.into_iter().find(|(unit_s, _)| seconds % unit_s == 0).unwrap_or((1, "second"));
    counted(seconds / unit_s, unit)
}

/// How often: `once`, `twice`, `3 times`.
pub fn times(uses: u64) -> String {
    match uses {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        uses => format!("{uses} times"),
    }
}

fn counted(count: impl std::fmt::Display, noun: &str) -> String {
    let count = count.to_string();
    let s = if count == "1" { "" } else { "s" };
    format!("{count} {noun}{s}")
}

/// `a`, `a and b`, `a, b and c`.
fn joined(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// What a grant lets the app do, each sentence one limit. `app` is its name, already fit to be shown.
pub fn sentences(terms: &Terms, app: &str) -> Vec<String> {
    let ends = format!("It ends by itself on {} (UTC).", terms.ends_at.date());
    let actions = terms.actions.closed();
    if actions.is_empty() {
        return vec![
            format!("{app} may sign you in."),
            "It cannot see or touch your messages.".to_owned(),
            ends,
        ];
    }
    let deeds: Vec<&str> = actions
        .iter()
        .map(|action| match action {
            Action::List => "see conversations and who is in them",
            Action::Read => "read messages",
            Action::Send => "send messages as you, marked with its name",
            Action::Delete => "delete messages, which you can restore for 30 days",
        })
        .collect();
    let mut said = vec![format!("{app} may {}.", joined(&deeds)), reach_sentence(terms)];
    if actions.has(Action::Read) || actions.has(Action::Delete) {
        said.push(since_sentence(terms.since));
    }
    if terms.kinds != Kinds::ALL {
        said.push(kinds_sentence(terms.kinds));
    }
    if let Some(uses) = terms.uses {
        said.push(match uses {
            1 => "It may do so once, and then no more.".to_owned(),
            uses => format!("It may do so {} in all, and then no more.", times(uses)),
        });
    }
    said.push(ends);
    said
}

fn reach_sentence(terms: &Terms) -> String {
    match (&terms.reach.chosen, terms.reach.started_only) {
        (None, true) => "Only in conversations that it started.".to_owned(),
        (None, false) => "In all your conversations, new ones too.".to_owned(),
        (Some(ids), false) => format!("Only in {} that you picked.", counted(ids.len(), "conversation")),
        (Some(ids), true) => {
            format!(
                "Only in {} that you picked, and there only if it started them.",
                counted(ids.len(), "conversation")
            )
        }
    }
}

fn since_sentence(since: Since) -> String {
    match since {
        Since::Grant => "Only messages sent after you let it in.".to_owned(),
        Since::At(time) => format!("Only messages sent since {} (UTC).", time.date()),
        Since::Last(seconds) => {
            format!("Only messages of the last {}; older ones close again.", span(seconds))
        }
        Since::All => "All messages, however old.".to_owned(),
    }
}

fn kinds_sentence(kinds: Kinds) -> String {
    let names: Vec<&str> = kinds
        .iter()
        .map(|kind| match kind {
            Kind::Text => "texts",
            Kind::Card => "cards",
            Kind::Receipt => "receipts of payments",
        })
        .collect();
    if names.is_empty() { "No content of any kind.".to_owned() } else { format!("Only {}.", joined(&names)) }
}

#[cfg(test)]
#[path = "wording_tests.rs"]
mod tests;
