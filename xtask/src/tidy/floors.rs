//! A room imports only from floors below its own: nothing sideways, nothing upward.
//! Invariant: every crate under `crates/` has a floor here, so a new room is a decision.

use super::{File, Finding};

/// Rooms by floor, as ARCHITECTURE.md draws them.
const FLOORS: [(&str, u8); 16] = [
    ("model", 1),
    ("oauth", 2),
    ("factors", 2),
    ("ledger", 2),
    ("archive", 2),
    ("vault", 3),
    ("bus", 3),
    ("outbound", 3),
    ("client", 3),
    ("feed", 4),
    ("pages", 5),
    ("api", 5),
    ("issuer", 5),
    ("witness", 5),
    ("work", 5),
    ("waxseal", 6),
];
/// Rooms that others take home by themselves, each with all the rooms that it may import: an auditor the ledger, an importer the
/// archive, a partner the client.
const ALONE: [(&str, &[&str]); 3] = [("archive", &[]), ("ledger", &[]), ("client", &["ledger"])];
/// For chores and tests, or for partners; no room may import them except for its own tests. Chores may import any room.
const TOOLS: [&str; 4] = ["xtask", "testkit", "bench", "waxseal-client"];

/// Findings on the `Cargo.toml` of each crate.
pub(super) fn findings(files: &[File]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in
        files.iter().filter(|file| file.path.starts_with("crates/") && file.path.ends_with("/Cargo.toml"))
    {
        let Some(name) = file.path.rsplit('/').nth(1).filter(|name| !TOOLS.contains(name)) else { continue };
        let mut report = |line, what| found.push(Finding { path: file.path.clone(), line, what });
        let Some(own) = floor(name) else {
            report(
                0,
                format!("`{name}` has no floor; a new crate is a new room, give it one in {}", file!()),
            );
            continue;
        };
        for (line, dependency) in dependencies(&file.text) {
            if TOOLS.contains(&dependency) {
                report(line, format!("`{name}` may import `{dependency}` in [dev-dependencies] only"));
            } else if let Some(theirs) = floor(dependency) {
                let alone = ALONE.iter().find(|(room, _)| *room == name);
                if alone.is_some_and(|(_, allowed)| !allowed.contains(&dependency)) {
                    report(line, format!("`{name}` stands alone, and imports `{dependency}`"));
                } else if theirs >= own {
                    let way = if theirs == own { "sideways" } else { "upward" };
                    report(
                        line,
                        format!("`{name}` (floor {own}) imports {way}: `{dependency}` (floor {theirs})"),
                    );
                }
            }
        }
    }
    found
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(room, _)| *room == name).map(|(_, floor)| *floor)
}

/// What a manifest depends on outside its tests, with the line of each.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut listing = false;
    for (index, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            let of_tests = header.contains("dev-dependencies");
            listing = !of_tests && header.ends_with("dependencies");
            if let Some((_, name)) = header.rsplit_once("dependencies.").filter(|_| !of_tests) {
                found.push((index + 1, name));
            }
        } else if listing && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default().trim_matches('"');
            found.extend((!name.is_empty()).then_some((index + 1, name)));
        }
    }
    found
}
