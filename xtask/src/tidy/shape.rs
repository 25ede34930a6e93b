//! Every Rust file says what it is for, and is short enough to be read at once.
//! Invariant: an exception names exactly today's length, so the list of exceptions can only shrink.

use super::{EXCEPTIONS, File, Finding, rust};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// Findings on `files`, with the `exceptions` as the file of that name has them: a line each,
/// `path lines` for a file, `path function lines` for a function; `#` starts a comment.
pub(super) fn findings(files: &[File], exceptions: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut unused: Vec<(usize, &str)> = exceptions
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let mut excepted = |key: String| {
        let at = unused.iter().position(|(_, line)| *line == key);
        at.map(|at| unused.swap_remove(at)).is_some()
    };
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let path = &file.path;
        if !file.text.starts_with("//!") {
            let what = "open the file with `//!`: one sentence on what it is for, then its invariant";
            found.push(Finding { path: path.clone(), line: 1, what: what.to_owned() });
        }
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX && !excepted(format!("{path} {lines}")) {
            let what = format!("{lines} lines; split it, {FILE_LINES_MAX} are the most");
            found.push(Finding { path: path.clone(), line: 0, what });
        }
        for function in rust::functions(&rust::split(&file.text).code) {
            let rust::Function { name, line, lines } = function;
            if lines > FUNCTION_LINES_MAX && !excepted(format!("{path} {name} {lines}")) {
                let what = format!("`{name}` has {lines} lines; split it, {FUNCTION_LINES_MAX} are the most");
                found.push(Finding { path: path.clone(), line, what });
            }
        }
    }
    found.extend(unused.into_iter().map(|(line, exception)| Finding {
        path: EXCEPTIONS.to_owned(),
        line,
        what: format!("`{exception}` is not the case; remove the line, or lower its number"),
    }));
    found
}
