//! One id, one spelling.
use super::*;

#[test]
fn an_id_is_spelled_in_one_way() {
    let id = MessageId::from_bytes([0xff; 16]);
    let text = id.to_string();
    assert_eq!(text, "msg_zzzzzzzzzzzzzzzzzzzzzzzzzw");
    assert_eq!(text.parse(), Ok(id));
    // The last character carries two spare bits; a spelling that sets them is another spelling.
    for wrong in [
        "msg_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        "msg_ZZZZZZZZZZZZZZZZZZZZZZZZZW",
        "con_zzzzzzzzzzzzzzzzzzzzzzzzzw",
        "msg_",
        "msg",
        "",
        "msg_zzzzzzzzzzzzzzzzzzzzzzzzzw ",
        "msgzzzzzzzzzzzzzzzzzzzzzzzzzzw",
        "msg_zzz\u{0}",
    ] {
        assert!(wrong.parse::<MessageId>().is_err(), "{wrong:?}");
    }
}
