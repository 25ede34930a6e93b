//! Codes and descriptions as RFC 6749 5.2 allows them.
use super::*;
use proptest::prelude::*;

#[test]
fn it_is_json_with_a_code_and_a_sentence() {
    let error = OAuthError::new(ErrorCode::InvalidScope, "the scope 'x' was not granted");
    assert_eq!(
        serde_json::to_string(&error).unwrap(),
        r#"{"error":"invalid_scope","error_description":"the scope 'x' was not granted"}"#
    );
    assert_eq!(OAuthError::new(ErrorCode::InvalidClient, "").status(), 401);
    assert_eq!(error.status(), 400);
}

#[test]
fn codes_are_distinct_words() {
    let words: std::collections::BTreeSet<_> = ErrorCode::EACH.iter().map(|code| code.as_str()).collect();
    assert_eq!(words.len(), ErrorCode::EACH.len());
    assert!(words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
}

proptest! {
    #[test]
    fn whatever_is_reflected_stays_in_the_allowed_set(text in any::<String>()) {
        let error = OAuthError::new(ErrorCode::InvalidRequest, format!("{text}\"\\\r\n\u{202E}é"));
        let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        prop_assert!(error.description().bytes().all(allowed), "{}", error);
        prop_assert!(error.description().len() <= 300);
    }
}
