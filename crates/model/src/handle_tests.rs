//! Handles: what is one, and which look alike.
use super::*;

#[test]
fn handles_are_folded_and_bounded() {
    assert_eq!(Handle::parse(" @Ada.L ").unwrap().as_str(), "ada.l");
    assert_eq!(Handle::parse("a"), Err(HandleInvalid::Length));
    assert_eq!(Handle::parse(&"a".repeat(31)), Err(HandleInvalid::Length));
    assert!(Handle::parse(&"a".repeat(30)).is_ok());
    for wrong in ["аda", "ada lovelace", "ada\u{0}", "ada\u{202e}", "ada/..", "ＡＤＡ"] {
        assert_eq!(Handle::parse(wrong), Err(HandleInvalid::Character), "{wrong:?}");
    }
    assert_eq!(Handle::parse("-_."), Err(HandleInvalid::Separator));
    assert!(Handle::parse("_a").is_ok());
}

#[test]
fn look_alikes_share_a_skeleton() {
    let skeleton = |text| Handle::parse(text).unwrap().skeleton();
    for (a, b) in [
        ("paypal", "paypa1"),
        ("bob", "b0b"),
        ("modern", "modem"),
        ("ann.b", "ann_b"),
        ("will", "wi1l"),
        ("vvill", "will"),
    ] {
        assert_eq!(skeleton(a), skeleton(b), "{a} {b}");
    }
    assert_ne!(skeleton("ada"), skeleton("adb"));
    assert_ne!(skeleton("ann.b"), skeleton("annb"));
}

#[test]
fn names_can_be_seen() {
    assert_eq!(person_name("  Ada Lovelace ").unwrap(), "Ada Lovelace");
    assert_eq!(person_name("李"), Ok("李".into()));
    for wrong in ["", "   ", "\u{200b}\u{200b}", &"x".repeat(81)] {
        assert_eq!(person_name(wrong), Err(NameInvalid::Length), "{wrong:?}");
    }
    assert_eq!(person_name("a\nb"), Err(NameInvalid::Control));
}
