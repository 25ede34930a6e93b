//! The tables of attacks and of what standards ask, `docs/attacks.md` and `docs/conformance.md`, name tests that are there; the
//! second counts itself too.
//! Invariant: whether a test holds its line is for people to see; that it exists, and how many lines are held, is not.

use super::{File, Finding, rust, words};
use std::collections::BTreeSet;

/// Where the table stands.
const TABLE: &str = "docs/conformance.md";
/// What attackers try, and where it fails.
const ATTACKS: &str = "docs/attacks.md";
/// What a link to a test is made of: the name as code, and the file it is in as seen from `docs/`.
const LINK: [&str; 3] = ["[`", "`](../", ")"];

/// Findings on the documents among `files`.
pub(super) fn findings(files: &[File]) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in files.iter().filter(|file| file.path == TABLE || file.path == ATTACKS) {
        for (line, text) in (1..).zip(document.text.lines()) {
            for (name, path) in links(text) {
                if !files.iter().any(|file| file.path == path && has_test(file, name)) {
                    let what =
                        format!("there is no test `{name}` in {path}; name the one that holds this line");
                    found.push(Finding { path: document.path.clone(), line, what });
                }
            }
        }
    }
    if let Some(table) = files.iter().find(|file| file.path == TABLE) {
        found.extend(of_table(table));
    }
    found
}

/// Findings on the table itself.
fn of_table(table: &File) -> Vec<Finding> {
    let mut found = Vec::new();
    let (mut ids, mut counts) = (BTreeSet::new(), [0, 0, 0]);
    for (line, text) in (1..).zip(table.text.lines()) {
        let mut say = |line, what: String| found.push(Finding { path: TABLE.to_owned(), line, what });
        let Some((id, held)) = row(text) else { continue };
        if !ids.insert(id) {
            say(line, format!("{id} has two lines; leave one"));
        }
        let kind = ["not yet: ", "does not apply: "].iter().position(|word| held.starts_with(word));
        counts[kind.map_or(0, |kind| kind + 1)] += 1;
        if kind.is_none() && !held.starts_with(LINK[0]) {
            say(
                line,
                format!("{id} names no test; name one, or write `not yet: ` or `does not apply: ` and why"),
            );
        }
    }
    let [held, open, none] = counts;
    let all = held + open + none;
    let sentence = format!("{all} lines: **{held} held, {open} not yet, {none} do not apply.**");
    if !table.text.contains(&sentence) {
        found.push(Finding { path: TABLE.to_owned(), line: 0, what: format!("count again: `{sentence}`") });
    }
    found
}

/// The id of a line of the table (`OA-01`), and who holds it.
fn row(text: &str) -> Option<(&str, &str)> {
    let mut cells = text.strip_prefix("| ")?.strip_suffix(" |")?.splitn(3, " | ");
    let (id, _, held) = (cells.next()?, cells.next()?, cells.next()?);
    let (topic, number) = id.split_once('-')?;
    let is_id = topic.len() == 2
        && topic.bytes().all(|b| b.is_ascii_uppercase())
        && number.len() == 2
        && number.bytes().all(|b| b.is_ascii_digit());
    is_id.then_some((id, held))
}

/// The tests that are linked to, with their files.
fn links(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(LINK[0]).skip(1).filter_map(|link| {
        let (name, rest) = link.split_once(LINK[1])?;
        Some((name, rest.split_once(LINK[2])?.0))
    })
}

fn has_test(file: &File, name: &str) -> bool {
    if file.path.ends_with(".rs") {
        let code = rust::split(&file.text).code;
        return words::tests_of(&file.path, &code).contains(&format!("fn {name}("));
    }
    file.text.contains(&format!("test(\"{name}\""))
}
