//! Words that have no business in the repository: leftovers, sleeps, and places that only one machine knows.
//! Invariant: the words are written here in pieces or as code would never have them, so this file passes its own rule.

use super::{File, Finding, rust};

/// In Rust code outside strings and comments.
const IN_CODE: [(&str, &str); 4] = [
    ("todo!", "finish it, or refuse it with an error that says so"),
    ("dbg!", "remove it"),
    ("#[ignore", "a test that does not run holds nothing; run it or remove it"),
    ("thread::sleep", "wait for an event, with a limit"),
];

/// In Rust code of tests.
const IN_TESTS: [(&str, &str); 1] =
    [("time::sleep", "wait for an event, or advance the clock that is handed in")];

/// In scripts of tests.
const IN_SCRIPTS: [(&str, &str); 1] = [(concat!("waitFor", "Timeout"), "wait for what should appear")];

/// In any text: hosts of package registries, which belong into nobody's sources and no lock file.
const HOSTS: [&str; 7] = [
    concat!("crates", ".io"),
    concat!("registry.npm", "js.org"),
    concat!("registry.yarn", "pkg.com"),
    concat!("py", "pi.org"),
    concat!("python", "hosted.org"),
    concat!("deb.deb", "ian.org"),
    concat!("proxy.go", "lang.org"),
];

/// An absolute path of one machine. Inside a longer path (`crates/work/src`) it is innocent.
const PLACE: &str = concat!("/wo", "rk/");

/// Findings on `files`.
pub(super) fn findings(files: &[File]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in files {
        // Cargo names its registry by a host in every lock file; `cargo deny` holds that it is the usual one.
        if file.path.ends_with("Cargo.lock") {
            continue;
        }
        for host in HOSTS {
            search(file, &file.text, host, "leave package registries to their clients' settings", &mut found);
        }
        for (at, _) in file.text.match_indices(PLACE) {
            if !file.text[..at].ends_with(|c: char| c.is_alphanumeric() || "._-*}".contains(c)) {
                found.push(finding(file, &file.text, at, PLACE, "this path exists on one machine only"));
            }
        }
        if file.path.ends_with("package-lock.json") {
            search(file, &file.text, "\"resolved\":", "strip it; integrity is enough", &mut found);
        }
        if file.path.ends_with(".rs") {
            let code = rust::split(&file.text).code;
            let tests = tests_of(&file.path, &code);
            IN_CODE.iter().for_each(|(word, remedy)| search(file, &code, word, remedy, &mut found));
            IN_TESTS.iter().for_each(|(word, remedy)| search(file, tests, word, remedy, &mut found));
        }
        if file.path.ends_with(".mjs") || file.path.ends_with(".js") {
            IN_SCRIPTS.iter().for_each(|(word, remedy)| search(file, &file.text, word, remedy, &mut found));
        }
    }
    found
}

/// The tests in `code`: all of a test file, else what follows the opening of a test module.
pub(super) fn tests_of<'code>(path: &str, code: &'code str) -> &'code str {
    let names = ["/tests.rs", "_tests.rs"];
    if path.contains("/tests/") || path.starts_with("tests/") || names.iter().any(|name| path.ends_with(name))
    {
        return code;
    }
    let opens_here =
        |at: &usize| code[*at..].find(['{', ';']).is_some_and(|end| code[at + end..].starts_with('{'));
    code.match_indices("#[cfg(test)]").map(|(at, _)| at).find(opens_here).map_or("", |at| &code[at..])
}

fn search(file: &File, text: &str, word: &str, remedy: &str, found: &mut Vec<Finding>) {
    found.extend(text.match_indices(word).map(|(at, _)| finding(file, text, at, word, remedy)));
}

/// `text` may be the end of the file's text; lines are counted from the end, where the two agree.
fn finding(file: &File, text: &str, at: usize, word: &str, remedy: &str) -> Finding {
    let below = text[at..].matches('\n').count();
    let line = file.text.matches('\n').count() - below + 1;
    Finding { path: file.path.clone(), line, what: format!("`{word}`: {remedy}") }
}
