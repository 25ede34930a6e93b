//! Arguments that can be given as they are, or as the name of a file that holds them.
//!
//! Invariant: what is given can never be mistaken for a file: receipts and keys have a shape of their own.

use ledger::cosignature::CosignerKey;
use ledger::note::VerifierKey;
use std::path::PathBuf;

/// The text of a file.
pub(super) fn file(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|why| format!("it cannot be read: {why}"))
}

/// Receipts and keys, or a file with one a line.
pub(super) fn file_or_text(text: &str) -> Result<String, String> {
    let is_receipt = text.split('.').count() == 3 && text.starts_with("ey");
    let is_key = text.parse::<VerifierKey>().is_ok() || text.parse::<CosignerKey>().is_ok();
    if is_receipt || is_key { Ok(text.to_owned()) } else { file(text) }
}

/// The same path wherever the command runs in the end.
pub(super) fn absolute(path: &str) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|why| why.to_string())
}

/// What a file or an argument lists, one a line; empty lines and those that begin with `#` are left out.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}
