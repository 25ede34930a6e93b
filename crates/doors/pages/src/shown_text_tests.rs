//! What guarded text lets through, closes, marks and links.
//!
//! Invariant: ordinary text of every script comes out as it went in.

use super::*;

fn shown(text: &str) -> String {
    Words::from(text).to_string()
}

#[test]
fn words_close_what_they_open_in_each_paragraph() {
    assert_eq!(shown("a\u{202E}b"), "a\u{202E}b\u{202C}");
    assert_eq!(shown("a\u{2067}b\nc"), "a\u{2067}b\u{2069}\nc");
    assert_eq!(shown("\u{2066}\u{202E}x\u{2069}y"), "\u{2066}\u{202E}x\u{202C}\u{2069}y");
}

#[test]
fn words_close_nothing_they_did_not_open() {
    assert_eq!(shown("a\u{2069}b\u{202C}c"), "abc");
    assert_eq!(shown("\u{202E}\u{2067}\u{202C}x"), "\u{202E}\u{2067}x\u{2069}\u{202C}");
}

#[test]
fn a_flood_of_openings_is_cut() {
    let flood = "\u{202E}".repeat(10_000);
    assert_eq!(shown(&flood).chars().count(), 2 * DEPTH_MAX);
}

#[test]
fn controls_are_seen_and_every_line_ending_is_one() {
    assert_eq!(shown("a\u{1b}[31m\tb\r\nc\u{2029}d\u{7f}"), "a\u{241b}[31m\tb\nc\nd\u{2421}");
}

#[test]
fn ordinary_text_of_any_script_stays_as_it_is() {
    for text in ["Grüße, Ωραία!", "👩‍👩‍👧‍👦 می‌خواهم", "שלום עולם\nمرحبا", "نص\u{200F} عربي", "Ẑ̶̛a̷l̴g̵o̶"]
    {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn names_hold_no_controls_and_are_never_empty() {
    assert_eq!(Name::from("Ada\u{202E}nimda").to_string(), "Ada\u{FFFD}nimda");
    assert_eq!(Name::from("A\nB\u{200B}").to_string(), "A\u{FFFD}B\u{FFFD}");
    assert_eq!(Name::from("  ").to_string(), "(no name)");
    assert_eq!(Name::from("Ada").plain(), "Ada");
    assert_eq!(Name::from("עדה").plain(), "\u{2068}עדה\u{2069}");
    assert_eq!(Name::from("(ada)").initial(), "A");
    assert_eq!(Name::from("\u{202E}").initial(), "?");
}

fn links(text: &str) -> Vec<String> {
    let is_link = |span| if let Span::Link(url) = span { Some(url) } else { None };
    Words::from(text).spans().into_iter().filter_map(is_link).collect()
}

#[test]
fn addresses_become_links_and_nothing_else_does() {
    assert_eq!(
        links("see https://a.example/x?y=1#z, or (http://b.example)."),
        ["https://a.example/x?y=1#z", "http://b.example"]
    );
    assert_eq!(links("https://a.example/wiki/Seal_(emblem)"), ["https://a.example/wiki/Seal_(emblem)"]);
    for text in [
        "javascript:alert(1)",
        "http",
        "http://",
        "https://\u{430}pple.example",
        "http://a.example@b.example",
        "http://<b>",
    ] {
        assert!(links(text).is_empty(), "{text}");
    }
}

#[test]
fn pieces_add_up_to_the_words() {
    let text = "Hé http://a.example/é http://b.example\nhttphttp://c.example";
    let pieces: String =
        Words::from(text).spans().into_iter().map(|(Span::Plain(s) | Span::Link(s))| s).collect();
    assert_eq!(pieces, text);
}
