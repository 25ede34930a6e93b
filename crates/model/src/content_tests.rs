//! Contents: limits, exactness, and that words do not leak into logs.
use super::*;

fn read(json: &str) -> Result<Content, String> {
    let content: Content = serde_json::from_str(json).map_err(|e| e.to_string())?;
    content.validate().map_err(|e| e.to_string())?;
    Ok(content)
}

#[test]
fn text_is_counted_in_scalar_values_and_kept() {
    let woman_technologist = "👩\u{200d}💻"; // three scalar values, one picture
    let text = woman_technologist.repeat(6_666) + "ab";
    let content = Content::Text { text: text.clone() };
    assert_eq!(content.validate(), Ok(()));
    assert_eq!(
        Content::Text { text: text + "c" }.validate(),
        Err(ContentInvalid::TooLong { field: "text", max: 20_000 })
    );
    assert_eq!(read(r#"{"type":"text","text":""}"#), Err("`text` is empty".into()));
    assert_eq!(
        read("{\"type\":\"text\",\"text\":\"a\\u0000\"}").unwrap_err(),
        ContentInvalid::Nul("text").to_string()
    );
    assert!(read(r#"{"type":"text","text":"\ud800"}"#).is_err());
    assert!(read(r#"{"type":"text","text":"a","more":1}"#).is_err());
    assert!(read(r#"{"type":"sealed","text":"a"}"#).is_err());
}

#[test]
fn cards_and_receipts() {
    let card =
        read(r#"{"type":"card","kind":"film","title":"Alien","url":"https://films.example/alien"}"#).unwrap();
    assert_eq!(
        serde_json::to_string(&card).unwrap(),
        r#"{"type":"card","kind":"film","title":"Alien","url":"https://films.example/alien","image":null,"note":null}"#
    );
    for url in
        ["javascript:alert(1)", "https://", "https://a@b", "ftp://a", "https://a b", "//a", "https://a\\b"]
    {
        assert!(
            read(&serde_json::json!({"type":"card","kind":"x","title":"y","url":url}).to_string()).is_err(),
            "{url}"
        );
    }
    assert!(read(r#"{"type":"card","kind":"x","title":"y","image":"http://a/b.png"}"#).is_err());
    assert!(read(r#"{"type":"receipt","amount":"12.50","currency":"EUR"}"#).is_ok());
    assert!(read(r#"{"type":"receipt","amount":12.5,"currency":"EUR"}"#).is_ok());
    for amount in ["", "-1", "1e9", "1.", ".5", "1,5", "NaN", "1234567890123456"] {
        assert!(
            read(&serde_json::json!({"type":"receipt","amount":amount,"currency":"EUR"}).to_string())
                .is_err(),
            "{amount}"
        );
    }
    assert!(read(r#"{"type":"receipt","amount":"1","currency":"eur"}"#).is_err());
}

#[test]
fn debug_shows_no_words() {
    let shown = format!("{:?}", Content::Text { text: "a secret".into() });
    assert_eq!(shown, "Text(8 bytes)");
}
