//! What becomes of each kind of message, on invented ones.

use super::{Read, read};
use crate::said::Remark;
use proptest::prelude::*;
use serde_json::value::RawValue;

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

/// A "Download your information" message of Ada's with these further keys.
fn dyi(rest: &str) -> Result<Read, Remark> {
    let comma = if rest.is_empty() { "" } else { "," };
    read(&raw(&format!(r#"{{"sender_name":"Ada","timestamp_ms":1700000000123{comma}{rest}}}"#)), true)
}

fn kept(rest: &str) -> (String, Vec<Remark>) {
    let read = dyi(rest).unwrap_or_else(|remark| panic!("{rest}: {remark:?}"));
    (read.text, read.remarks)
}

fn left_out(json: &str) -> Remark {
    read(&raw(json), true).err().unwrap()
}

#[test]
fn words() {
    let read =
        dyi(r#""content":"Ol\u00c3\u00a1\n\u00f0\u009f\u00a5\u00be","is_geoblocked_for_viewer":false"#)
            .unwrap();
    assert_eq!((read.sender.as_str(), read.at_us), ("Ada", 1_700_000_000_123_000));
    assert_eq!((read.text.as_str(), read.remarks), ("Olá\n🥾", vec![]));
}

#[test]
fn attachments_are_named() {
    assert_eq!(
        kept(
            r#""photos":[{"uri":"your_facebook_activity/messages/inbox/a_1/photos/caf\u00c3\u00a9.jpg","creation_timestamp":1}],
            "videos":[{"uri":"https://cdn.example/v/clip.mp4?oh=1#t","thumbnail":{"uri":"x"}}],"audio_files":[{"uri":"a.aac"}],
            "gifs":[{"uri":"g.gif"}],"files":[{"uri":"cv.pdf"},{"uri":null}],"sticker":{"uri":"messages/stickers_used/1.png","ai_stickers":[]}"#
        ),
        (
            "[photo: café.jpg, not kept]\n[video: clip.mp4, not kept]\n[recording: a.aac, not kept]\n\
             [GIF: g.gif, not kept]\n[file: cv.pdf, not kept]\n[file, not in the export]\n[sticker: 1.png, not kept]"
                .to_owned(),
            vec![
                Remark::Photo,
                Remark::Video,
                Remark::Audio,
                Remark::Gif,
                Remark::File,
                Remark::File,
                Remark::Sticker
            ]
        )
    );
    assert_eq!(kept(r#""content":"look","photos":[{"uri":"p/1.jpg"}]"#).0, "look\n[photo: 1.jpg, not kept]");
}

#[test]
fn shares_keep_their_link_once() {
    let share = r#""share":{"link":"https://a.example/x","share_text":"A thing"}"#;
    let (text, remarks) = kept(&format!(r#""content":"Ada sent a link.",{share}"#));
    assert_eq!(text, "Ada sent a link.\nA thing\nhttps://a.example/x");
    assert_eq!(remarks, [Remark::Link]);
    assert_eq!(
        kept(&format!(r#""content":"see https://a.example/x",{share}"#)).0,
        "see https://a.example/x\nA thing"
    );
    assert_eq!(kept(r#""share":{"link":null,"share_text":"only words"}"#), ("only words".to_owned(), vec![]));
}

#[test]
fn calls_say_how_long() {
    assert_eq!(
        kept(r#""content":"Ada called you.","call_duration":65"#).0,
        "Ada called you.\n[call: 1 min 5 s]"
    );
    assert_eq!(kept(r#""call_duration":9"#).0, "[call: 9 s]");
    assert_eq!(kept(r#""call_duration":0"#), ("[call, not answered]".to_owned(), vec![Remark::Call]));
}

#[test]
fn reactions_stand_last() {
    let reactions = r#""reactions":[{"reaction":"\u00e2\u009d\u00a4","actor":"Tom\u00c3\u00a1s"},{"reaction":"+1"},{"actor":"x"},null]"#;
    let (text, remarks) = kept(&format!(r#"{reactions},"content":"hi""#));
    assert_eq!((text.as_str(), remarks), ("hi\n[❤ by Tomás] [+1]", vec![Remark::Reaction, Remark::Reaction]));
    assert_eq!(dyi(reactions).err(), Some(Remark::Empty), "a reaction alone is no message");
}

#[test]
fn each_left_out_for_one_reason() {
    assert_eq!(dyi(r#""is_unsent":true,"content":"was here""#).err(), Some(Remark::Unsent));
    assert_eq!(dyi("").err(), Some(Remark::Empty));
    assert_eq!(dyi(r#""content":"","photos":[],"share":{},"sticker":null"#).err(), Some(Remark::Empty));
    assert_eq!(left_out(r#"{"sender_name":"Ada","content":"when?"}"#), Remark::Untimed);
    assert_eq!(left_out(r#"{"content":"when?","timestamp_ms":null}"#), Remark::Untimed);
    assert_eq!(left_out(r#"{"content":"when?","timestamp_ms":9223372036854775807}"#), Remark::Untimed);
    for json in ["null", "[]", "\"hi\"", "5", r#"{"content":5,"timestamp_ms":1}"#, r#"{"timestamp_ms":"1"}"#]
    {
        assert_eq!(left_out(json), Remark::Malformed, "{json}");
    }
}

#[test]
fn unknown_shapes_do_not_cost_the_words() {
    let (text, remarks) =
        kept(r#""content":"hi","photos":{"new":1},"share":"x","call_duration":-1,"reactions":7"#);
    assert_eq!((text.as_str(), remarks), ("hi", vec![Remark::Unknown; 4]));
    let nulls =
        r#""content":"hi","photos":null,"sticker":null,"share":null,"call_duration":null,"reactions":null"#;
    assert_eq!(kept(nulls), ("hi".to_owned(), vec![]));
    let deep = format!(r#""content":"hi","photos":{}{}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(kept(&deep), ("hi".to_owned(), vec![Remark::Unknown]));
}

#[test]
fn half_a_character_is_replaced() {
    let (text, remarks) = kept(r#""content":"a\ud83d b""#);
    assert_eq!((text.as_str(), remarks), ("a\u{fffd} b", vec![Remark::Replaced]));
    assert_eq!(kept(r#""content":"\ud83e\udd7e""#), ("🥾".to_owned(), vec![]));
}

#[test]
fn secure_storage_has_other_words_for_the_same() {
    let json = r#"{"isUnsent":false,"media":[{"uri":"./media/IMG_1.jpg"},{"uri":"Failed to download media"}],
        "reactions":[{"actor":"Me","reaction":"❤"}],"senderName":"Jana Nováková","text":"Ã© stays","timestamp":1711913758573,"type":"text"}"#;
    let read = read(&raw(json), false).ok().unwrap();
    assert_eq!((read.sender.as_str(), read.at_us), ("Jana Nováková", 1_711_913_758_573_000));
    assert_eq!(read.text, "Ã© stays\n[file: IMG_1.jpg, not kept]\n[file, not in the export]\n[❤ by Me]");
}

#[test]
fn identity_ignores_what_changes_between_exports() {
    let identity = |json: &str| read(&raw(json), true).ok().unwrap().identity;
    let base = identity(
        r#"{"sender_name":"Ada","timestamp_ms":5,"content":"hi","photos":[{"uri":"messages/inbox/p/1.jpg"}]}"#,
    );
    let newer = r#"{"sender_name":"Facebook user","timestamp_ms":5,"content":"hi","reactions":[{"reaction":"x"}],
        "photos":[{"uri":"your_facebook_activity/messages/inbox/p/1.jpg"}],"some_new_key":true}"#;
    assert_eq!(identity(newer), base);
    for other in [
        r#"{"sender_name":"Ada","timestamp_ms":6,"content":"hi","photos":[{"uri":"1.jpg"}]}"#,
        r#"{"sender_name":"Ada","timestamp_ms":5,"content":"ho","photos":[{"uri":"1.jpg"}]}"#,
        r#"{"sender_name":"Ada","timestamp_ms":5,"content":"hi","photos":[{"uri":"2.jpg"}]}"#,
        r#"{"sender_name":"Ada","timestamp_ms":5,"content":"hi"}"#,
    ] {
        assert_ne!(identity(other), base, "{other}");
    }
}

proptest! {
    #[test]
    fn any_text_mangled_and_escaped_arrives(text in prop::collection::vec(any::<char>(), 1..40)) {
        let text = String::from_iter(text);
        let escaped: String = text.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        prop_assert_eq!(kept(&format!(r#""content":"{escaped}""#)).0, text);
    }
}
