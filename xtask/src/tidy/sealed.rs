//! The sealed tables are named in SQL by the sealed folder and the schema only.
//! Invariant: with it, whoever reads a message has gone through `vault::sealed`, which asks for a permit.

use super::{File, Finding, rust};

const TABLES: [&str; 3] = ["messages", "hidden_messages", "access"];
/// The vault's own tests look at raw rows, to see that nothing is left of what was destroyed.
const AT_HOME: [&str; 4] = [
    "crates/vault/src/sealed",
    "crates/vault/src/schema",
    "crates/vault/tests/",
    "crates/vault/src/faults_tests.rs",
];
/// The words of SQL that a table's name follows.
const BEFORE_A_TABLE: [&str; 5] = ["from", "into", "update", "join", "table"];
/// One of these words must also stand in a text that follows the grammar of SQL rather than that of English.
const VERBS: [&str; 8] = ["select", "insert", "update", "delete", "create", "alter", "drop", "replace"];

/// Findings on the string literals of Rust files, and on SQL files.
pub(super) fn findings(files: &[File]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !AT_HOME.iter().any(|home| file.path.starts_with(home))) {
        let statements = match file.path.rsplit('.').next() {
            Some("rs") => rust::split(&file.text).strings,
            Some("sql") => vec![(1, file.text.clone())],
            _ => continue,
        };
        for (line, statement) in statements {
            let Some(table) = sealed_table(&statement) else { continue };
            let what = format!("names the sealed table `{table}`; only {} may", AT_HOME[..2].join(" and "));
            found.push(Finding { path: file.path.clone(), line, what });
        }
    }
    found
}

/// The sealed table that `statement` reads or writes, if it does.
fn sealed_table(statement: &str) -> Option<&'static str> {
    let statement = statement.to_lowercase().replace("\\n", " ");
    let words: Vec<&str> = statement
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty() && !["main", "public"].contains(word))
        .collect();
    let fragment = words.first().is_some_and(|word| ["from", "into", "join"].contains(word));
    if !fragment && !words.iter().any(|word| VERBS.contains(word)) {
        return None;
    }
    words
        .windows(2)
        .filter(|pair| BEFORE_A_TABLE.contains(&pair[0]))
        .find_map(|pair| TABLES.into_iter().find(|table| *table == pair[1]))
}
