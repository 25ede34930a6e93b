//! `cargo xtask tidy`: what the compiler and clippy cannot hold about the sources, held by reading them.
//! Invariant: a rule is a function from files to findings, so each is tested on invented files.

mod conformance;
mod floors;
mod names;
mod rust;
mod sealed;
mod shape;
mod words;

#[cfg(test)]
#[path = "tidy_tests.rs"]
mod tests;

use std::fmt;
use std::path::Path;
use std::process::Command;

/// Where the exceptions of the length rules stand.
const EXCEPTIONS: &str = "xtask/tidy-exceptions.txt";

/// A tracked file: its path from the root of the repository, with `/`, and its text (empty if it is not text).
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// One breach of one rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: String,
    /// From 1; 0 if the whole file is meant.
    pub(crate) line: usize,
    /// What is wrong and what to do, in a sentence.
    pub(crate) what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// Reads the tracked files and holds every rule to them. Errors are sentences.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let files = tracked(root)?;
    let findings = findings(&files);
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => {
            eprintln!("{} files are tidy", files.len());
            Ok(())
        }
        1 => Err("tidy found one thing to put right".to_owned()),
        many => Err(format!("tidy found {many} things to put right")),
    }
}

/// All findings of all rules, by path and line.
fn findings(files: &[File]) -> Vec<Finding> {
    let exceptions = files.iter().find(|file| file.path == EXCEPTIONS).map_or("", |file| &file.text);
    let mut all = shape::findings(files, exceptions);
    all.extend(names::findings(files));
    all.extend(words::findings(files));
    all.extend(sealed::findings(files));
    all.extend(floors::findings(files));
    all.extend(conformance::findings(files));
    all.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    all
}

/// What git tracks, and what it would with `git add`: a new file is judged before it is committed.
fn tracked(root: &Path) -> Result<Vec<File>, String> {
    let listed = Command::new("git")
        // A clone that another user owns is listed too: nothing of its configuration runs here.
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .map_err(|e| format!("git is needed to list the files, and did not start: {e}"))?;
    if !listed.status.success() {
        return Err(format!(
            "git could not list the files: {}",
            String::from_utf8_lossy(&listed.stderr).trim()
        ));
    }
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut files = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let Ok(bytes) = std::fs::read(root.join(path)) else {
            continue; // deleted, not yet committed as such; or a symbolic link to nowhere
        };
        files.push(File { path: path.to_owned(), text: String::from_utf8(bytes).unwrap_or_default() });
    }
    Ok(files)
}
