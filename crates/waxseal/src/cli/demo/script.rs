//! Reads the invented conversations of the demo.
//!
//! Invariant: the script is part of the program, and a test reads it whole, so a line that cannot be read is found there.

use model::Content;

const TALK: &str = include_str!("talk.txt");

/// A conversation of the demo.
pub(super) struct Talk {
    pub(super) title: Option<&'static str>,
    pub(super) people: Vec<&'static str>,
    /// How many hours ago it ended.
    pub(super) ended_h: i64,
    pub(super) lines: Vec<(&'static str, Content)>,
}

/// Every conversation; what cannot be read is left out.
pub(super) fn talks() -> Vec<Talk> {
    let sections = TALK.split("\n== ").skip(1);
    sections.filter_map(|section| talk(section.trim_end())).collect()
}

fn talk(section: &'static str) -> Option<Talk> {
    let mut lines = section.lines();
    let (head, ended) = lines.next()?.split_once(" @ ")?;
    let (people, title) =
        head.split_once(" : ").map_or((head, None), |(people, title)| (people, Some(title)));
    let lines = lines.filter(|line| !line.is_empty()).map(line).collect::<Option<Vec<_>>>()?;
    Some(Talk { title, people: people.split(' ').collect(), ended_h: ended.parse().ok()?, lines })
}

fn line(line: &'static str) -> Option<(&'static str, Content)> {
    let (who, said) = line.split_once(": ")?;
    let Some(parts) = said.strip_prefix('[').and_then(|said| said.strip_suffix(']')) else {
        return Some((who, Content::Text { text: said.to_owned() }));
    };
    let [kind, first, second, note] = parts.split(" | ").collect::<Vec<_>>().try_into().ok()?;
    let note = Some(note.to_owned());
    let content = match first.split_once(' ') {
        Some((amount, currency)) if kind == "receipt" => Content::Receipt {
            amount: amount.to_owned(),
            currency: currency.to_owned(),
            reference: Some(second.to_owned()),
            note,
        },
        _ => Content::Card {
            kind: kind.to_owned(),
            title: first.to_owned(),
            url: Some(second.to_owned()),
            image: None,
            note,
        },
    };
    Some((who, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_script_is_read_and_may_be_stored() {
        let talks = talks();
        assert_eq!(talks.len(), TALK.matches("\n== ").count());
        let lines = talks.iter().flat_map(|talk| talk.lines.iter().map(move |line| (talk, line)));
        for (talk, (who, content)) in lines.clone() {
            assert!(talk.people.contains(who), "{who}");
            content.validate().unwrap();
        }
        let written = TALK.lines().filter(|line| !line.starts_with(['#', '=']) && !line.is_empty()).count();
        assert_eq!(lines.clone().count(), written);
        let kinds = |kind| lines.clone().filter(|(_, (_, content))| content.kind() == kind).count();
        assert!(kinds(model::Kind::Card) > 4 && kinds(model::Kind::Receipt) > 3);
    }
}
