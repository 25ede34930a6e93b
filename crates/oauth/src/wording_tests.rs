//! The sentences: short, and each limit said.
use super::*;
use model::{Actions, ConversationId, Reach, Scopes, Time};

fn terms() -> Terms {
    Terms {
        actions: Actions::NONE.with(Action::Read).with(Action::Send),
        reach: Reach::STARTED,
        since: Since::Grant,
        kinds: Kinds::ALL,
        ends_at: Time::from_micros(1_795_435_200_000_000),
        uses: None,
    }
}

#[test]
fn a_narrow_grant() {
    assert_eq!(
        sentences(&terms(), "Jukebox"),
        [
            "Jukebox may see conversations and who is in them, read messages and send messages as you, marked with its name.",
            "Only in conversations that it started.",
            "Only messages sent after you let it in.",
            "It ends by itself on 2026-11-23 (UTC).",
        ]
    );
}

#[test]
fn every_limit_is_said() {
    let limited = Terms {
        reach: Reach::only([ConversationId::from_bytes([1; 16])]),
        since: Since::Last(259_200),
        kinds: Kinds::NONE.with(Kind::Text).with(Kind::Card),
        uses: Some(1),
        ..terms()
    };
    let said = sentences(&limited, "Jukebox").join(" ");
    for limit in [
        "1 conversation that you picked",
        "the last 3 days",
        "Only texts and cards.",
        "It may do so once, and then no more.",
    ] {
        assert!(said.contains(limit), "{limit}: {said}");
    }
    let both = Terms { reach: Reach { started_only: true, ..limited.reach.clone() }, ..limited };
    assert!(sentences(&both, "Jukebox").join(" ").contains("only if it started them"));
    let wide = Terms { reach: Reach::ALL, since: Since::All, ..terms() };
    let said = sentences(&wide, "Jukebox").join(" ");
    assert!(
        said.contains("In all your conversations, new ones too.") && said.contains("however old"),
        "{said}"
    );
}

#[test]
fn a_sign_in_says_what_it_is_not() {
    let said = sentences(&Terms { actions: Actions::NONE, ..terms() }, "Jukebox");
    assert_eq!(said[..2], ["Jukebox may sign you in.", "It cannot see or touch your messages."]);
}

#[test]
fn sending_alone_says_nothing_of_windows() {
    let said = sentences(&Terms { actions: Actions::NONE.with(Action::Send), ..terms() }, "Jukebox");
    assert!(!said.join(" ").contains("Only messages"), "{said:?}");
}

#[test]
fn spans_are_counted_in_the_largest_whole_unit() {
    for (seconds, said) in [
        (1, "1 second"),
        (90, "90 seconds"),
        (120, "2 minutes"),
        (3_600, "1 hour"),
        (36 * 3_600, "36 hours"),
        (DAY_S, "1 day"),
        (90 * DAY_S, "90 days"),
    ] {
        assert_eq!(span(seconds), said);
    }
}

#[test]
fn every_scope_has_its_sentence() {
    assert!(Scopes::ALL.words().all(|word| scope_does(word).is_some()));
    assert_eq!(scope_does("email"), None);
}
