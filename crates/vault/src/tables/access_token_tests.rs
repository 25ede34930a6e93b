//! Tokens come back as they went out, and nothing else comes in.
use super::*;
use model::{Clock, Entropy};
use proptest::prelude::*;
use std::collections::HashSet;

const NOW: Time = Time::from_micros(1_795_435_200_000_000);

struct Still;

impl Clock for Still {
    fn now(&self) -> Time {
        NOW
    }
}

struct Os;

impl Entropy for Os {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }
}

fn world() -> World {
    World::new(Still, Os)
}

fn key(number: u16, from_s: i64, until_s: Option<i64>) -> TokenKey {
    let until = until_s.map(|s| NOW.plus_seconds(s));
    TokenKey::new(number, &[u8::try_from(number).unwrap(); 32], (NOW.plus_seconds(from_s), until))
}

fn outcome(keys: &[TokenKey], text: &str) -> Result<(), Unread> {
    read(keys, text, NOW).map(|token| assert_eq!(token.into_clear(), text))
}

#[test]
fn a_token_is_made_with_the_newest_active_key_and_read_with_the_one_that_made_it() {
    let (old, present, coming) = (key(1, -900, Some(60)), key(2, -1, None), key(3, 1, None));
    let token = new(&[coming.clone(), old.clone(), present.clone()], &world()).unwrap().into_clear();
    assert_eq!(outcome(&[old.clone(), present], &token), Ok(()));
    assert_eq!(outcome(&[old.clone(), coming], &token), Err(Unread::KeyUnknown));
    let token = new(&[old], &world()).unwrap().into_clear();
    assert_eq!(outcome(&[key(1, -900, Some(1))], &token), Ok(()));
    assert_eq!(outcome(&[key(1, -900, Some(0))], &token), Err(Unread::Foreign), "its key has retired");
    assert!(new(&[key(1, 1, None)], &world()).is_none(), "no key is active");
}

#[test]
fn another_key_of_the_same_number_did_not_make_it() {
    let token = new(&[key(1, 0, None)], &world()).unwrap().into_clear();
    let other = TokenKey::new(1, &[9; 32], (NOW, None));
    assert_eq!(outcome(&[other], &token), Err(Unread::Foreign));
}

#[test]
fn ten_thousand_tokens_are_all_different_and_hold_192_random_bits() {
    let (keys, world) = ([key(1, 0, None)], world());
    let mut seen = HashSet::new();
    for _ in 0..10_000 {
        let token = new(&keys, &world).unwrap().into_clear();
        assert_eq!(token.len(), 60);
        assert!(seen.insert(decoded(&token).unwrap()[NUMBER_BYTES..TAGGED_BYTES].to_vec()));
    }
}

#[test]
fn no_bit_of_a_token_can_be_changed() {
    let keys = [key(1, 0, None)];
    let token = new(&keys, &world()).unwrap().into_clear();
    let bytes = decoded(&token).unwrap();
    for bit in 0..BYTES * 8 {
        let mut other = bytes;
        other[bit / 8] ^= 1 << (bit % 8);
        let text = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&other));
        let wanted = if bit < 16 { Unread::KeyUnknown } else { Unread::Foreign };
        assert_eq!(outcome(&keys, &text), Err(wanted), "bit {bit}");
    }
}

proptest! {
    #[test]
    fn what_is_not_a_token_is_not_read(text in "(wxa_)?[A-Za-z0-9_=+/ -]{0,64}|\\PC{0,80}") {
        prop_assert!(outcome(&[key(1, 0, None)], &text).is_err());
    }
}
