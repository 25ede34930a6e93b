//! What comes out, comes with its receipt.
use vault::{JsonPage, Opened};

fn told(opened: Opened<JsonPage>) -> (String, String) {
    (opened.answer.items, opened.receipt)
}

fn main() {
    let _ = told;
}
