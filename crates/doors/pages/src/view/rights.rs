//! Rights in few words, for labels and lists; their sentences are those of `oauth::wording`.
//!
//! Invariant: each match is exhaustive over `model`'s own types, so that a right cannot be granted that no page can name.

use model::{Action, Actions, Ceiling, Kind, Kinds, ReachCap, Since};
use oauth::wording::span;

/// The name of an action as a line of a form or a table.
pub(crate) const fn action_label(action: Action) -> &'static str {
    match action {
        Action::List => "See conversations",
        Action::Read => "Read messages",
        Action::Send => "Send messages as you",
        Action::Delete => "Delete messages",
    }
}

pub(super) const fn kind_label(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "Texts",
        Kind::Card => "Cards",
        Kind::Receipt => "Receipts",
    }
}

pub(super) const fn kind_meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "what people write",
        Kind::Card => "such as a film or a track",
        Kind::Receipt => "of payments made elsewhere",
    }
}

/// Actions as deeds, in a sentence: `see, read and send`.
pub(crate) fn deeds(actions: Actions) -> String {
    joined(actions.iter().map(|action| match action {
        Action::List => "see",
        Action::Read => "read",
        Action::Send => "send",
        Action::Delete => "delete",
    }))
}

/// Kinds of content, in a sentence: `texts and cards`.
pub(crate) fn contents(kinds: Kinds) -> String {
    joined(kinds.iter().map(kind_label)).to_lowercase()
}

/// A ceiling for the directory, a phrase a line: `See and read`, `Any conversation`, `Back to the first message`, …
pub(crate) fn ceiling_lines(ceiling: &Ceiling) -> Vec<String> {
    if ceiling.actions.is_empty() {
        return vec!["Sign people in; no messages".to_owned()];
    }
    let reach = match ceiling.reach {
        ReachCap::Started => "Conversations that it starts",
        ReachCap::Chosen => "Conversations that people pick",
        ReachCap::All => "Any conversation",
    };
    let since = match ceiling.since {
        Since::Grant => "Messages sent after it was let in".to_owned(),
        Since::At(time) => format!("Messages since {}", crate::when::When::date(time).text),
        Since::Last(seconds) => format!("Messages of the last {}", span(seconds)),
        Since::All => "Messages of any age".to_owned(),
    };
    let kinds =
        (ceiling.kinds != Kinds::ALL).then(|| capitalised(&joined(ceiling.kinds.iter().map(kind_label))));
    let actions = capitalised(&deeds(ceiling.actions));
    let end = format!("For at most {}", span(ceiling.expires_in_s));
    [Some(actions), Some(reach.to_owned()), Some(since), kinds, Some(end)].into_iter().flatten().collect()
}

/// The first letter large, the others small.
fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let rest = |chars: std::str::Chars<'_>| chars.as_str().to_lowercase();
    chars.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), rest(chars)))
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Scopes;

    #[test]
    fn ceilings_in_few_words() {
        let ceiling = Ceiling {
            actions: Actions::ALL.without(Action::Delete),
            reach: ReachCap::Started,
            since: Since::Last(259_200),
            kinds: Kinds::ALL.without(Kind::Text),
            expires_in_s: 7_776_000,
            scopes: Scopes::OPENID,
            retiring: model::Retiring::default(),
        };
        assert_eq!(
            ceiling_lines(&ceiling),
            [
                "See, read and send",
                "Conversations that it starts",
                "Messages of the last 3 days",
                "Cards and receipts",
                "For at most 90 days",
            ]
        );
        assert_eq!(
            ceiling_lines(&Ceiling { actions: Actions::NONE, ..ceiling }),
            ["Sign people in; no messages"]
        );
    }
}
