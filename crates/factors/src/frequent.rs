//! Passwords that many people have, and words and names that they are made of.
//!
//! The list is made of the frequency lists of the crate `zxcvbn` 3.1.1 (MIT, see NOTICE): its passwords, which come from
//! breaches, its names, and the 10,000 most frequent of each of its two lists of words; of these, what has 8 characters or
//! more, in lower case. It is sorted and stored front-coded: a byte below 32 that says how many bytes an entry shares with
//! the one before it, and the bytes in which it differs. `examples/pack_frequent.rs` packs it.

const PACKED: &[u8] = include_bytes!("frequent.bin");

/// Is it on the list? Compared as it is; the caller folds.
pub(crate) fn is_frequent(text: &str) -> bool {
    entries().any(|entry| entry == text.as_bytes())
}

/// Every entry, in order.
fn entries() -> impl Iterator<Item = Vec<u8>> {
    let mut rest = PACKED;
    let mut before: Vec<u8> = Vec::new();
    std::iter::from_fn(move || {
        let (&shared, more) = rest.split_first()?;
        let end = more.iter().position(|&byte| byte < 32).unwrap_or(more.len());
        before.truncate(shared.into());
        before.extend_from_slice(&more[..end]);
        rest = &more[end..];
        Some(before.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_long_sorted_and_whole() {
        let all: Vec<Vec<u8>> = entries().collect();
        assert!(all.len() > 20_000, "{}", all.len());
        assert!(all.is_sorted_by(|one, other| one < other));
        assert!(all.iter().all(|entry| entry.len() >= 8 && std::str::from_utf8(entry).is_ok()));
        assert!(is_frequent("football") && is_frequent(std::str::from_utf8(&all[0]).unwrap()));
        assert!(!is_frequent("footballx") && !is_frequent(""));
    }
}
