//! Files are named for what they do.
//! Invariant: a name that could stand on any file stands on none.

use super::{File, Finding};

const BANNED: [&str; 9] = ["manager", "helper", "util", "utils", "service", "data", "info", "misc", "common"];

/// Findings on the names of source files and of the folders they are in.
pub(super) fn findings(files: &[File]) -> Vec<Finding> {
    files.iter().filter_map(|file| banned(&file.path).map(|name| (file, name))).map(finding).collect()
}

fn finding((file, name): (&File, &str)) -> Finding {
    Finding {
        path: file.path.clone(),
        line: 0,
        what: format!("`{name}` says nothing; name it for what it does"),
    }
}

/// The first part of `path` that says nothing, alone or as a word of a longer name (`token_helper.rs`).
fn banned(path: &str) -> Option<&str> {
    let source =
        [".rs", ".js", ".mjs", ".html", ".css", ".sql", ".sh"].iter().any(|ending| path.ends_with(ending));
    path.split('/').filter(|_| source).find(|part| {
        let stem = part.split('.').next().unwrap_or(part).to_lowercase();
        stem.split(['_', '-']).any(|word| BANNED.contains(&word))
    })
}
