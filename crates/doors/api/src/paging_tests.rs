//! Numbers, pages and cursors: one spelling each, and forged ones refused.
use super::*;
use model::ConversationId;

fn page(query: &str) -> Option<(Option<i64>, Option<i64>, i64)> {
    let page = Query::read(query).and_then(|query| query.page()).ok()?;
    Some((page.before, page.after, page.limit))
}

#[test]
fn pages_are_asked_for_with_before_after_and_limit() {
    assert_eq!(page(""), Some((None, None, 50)));
    assert_eq!(page("limit=1"), Some((None, None, 1)));
    assert_eq!(page("limit=200&before=7"), Some((Some(7), None, 200)));
    assert_eq!(page("after=0&unknown=x"), Some((None, Some(0), 50)));
    assert_eq!(page("before=9&after=3"), Some((Some(9), Some(3), 50)));
}

#[test]
fn a_cursor_goes_on_in_the_direction_that_was_asked_for() {
    assert_eq!(page("cursor=40"), Some((Some(40), None, 50)));
    assert_eq!(page("before=90&cursor=40"), Some((Some(40), None, 50)));
    assert_eq!(page("after=3&cursor=40"), Some((None, Some(40), 50)));
    assert_eq!(page("after=3&before=90&cursor=40"), Some((Some(40), Some(3), 50)));
}

#[test]
fn a_number_has_one_spelling() {
    for bad in
        ["-1", "+1", "01", "1.0", "1e3", "0x10", "%20 1", "1 ", "９", "9223372036854775808", "null", "NaN"]
    {
        for name in ["before", "after", "limit", "cursor"] {
            assert_eq!(page(&format!("{name}={bad}")), None, "{name}={bad}");
        }
    }
    assert_eq!(page("limit=0"), None);
    assert_eq!(page("limit=201"), None);
    assert_eq!(page("limit=1&limit=2"), None);
    assert_eq!(page("limit=%zz"), None);
    assert_eq!(page("before=%ff"), None);
    assert_eq!(page("before=9223372036854775807"), Some((Some(i64::MAX), None, 50)));
}

#[test]
fn a_cursor_of_conversations_comes_back_as_it_went() {
    let id = ConversationId::from_bytes([7; 16]);
    let at = Time::from_micros(1_700_000_000_123_456);
    let text = cursor(&format!("{}.{id}", at.micros()));
    assert_eq!(place(&text), Some((at, id)));
}

#[test]
fn a_forged_cursor_is_not_one() {
    let id = ConversationId::from_bytes([7; 16]);
    let sure = cursor(&format!("17.{id}"));
    for forged in [
        "".to_owned(),
        "17".to_owned(),
        "!!!".to_owned(),
        format!("17.{id}"),
        format!("{sure}="),
        sure[1..].to_owned(),
        cursor(""),
        cursor("."),
        cursor(&format!("+17.{id}")),
        cursor(&format!("017.{id}")),
        cursor(&format!("99999999999999999999.{id}")),
        cursor(&format!("{}.{id}", i64::MAX)),
        cursor("17.con_0"),
        cursor(&format!("17.{}", model::PersonId::from_bytes([7; 16]))),
        BASE64URL_NOPAD.encode(b"17.\xff\xfe"),
    ] {
        assert_eq!(place::<ConversationId>(&forged), None, "{forged}");
    }
}
