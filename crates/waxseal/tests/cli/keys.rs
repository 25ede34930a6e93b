//! `waxseal keys`: listed without secrets, and turned by command.
use crate::binary::on;
use std::path::Path;

fn states(data: &Path, purpose: &str) -> Vec<String> {
    let keys = on(data, &["keys", "list", "--json"]).expect(0).json();
    let of_it = keys.as_array().unwrap().iter().filter(|key| key["purpose"] == purpose);
    of_it.map(|key| key["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn keys_are_listed_and_turned() {
    let folder = testkit::folder();
    let data = folder.path();
    for purpose in ["log", "id_token", "token"] {
        assert_eq!(states(data, purpose), ["active"]);
    }
    on(data, &["keys", "rotate", "id_token"]).expect(0);
    on(data, &["keys", "rotate", "token", "--at-once"]).expect(0);
    assert_eq!(states(data, "id_token"), ["coming", "leaving"]);
    assert_eq!(states(data, "token"), ["active", "retired"]);
    let table = on(data, &["keys", "list"]).expect(0).out;
    assert!(table.starts_with("PURPOSE") && table.contains("token-2"), "{table}");
}

#[test]
fn the_log_keeps_its_key_and_an_unknown_purpose_is_told() {
    let folder = testkit::folder();
    let ended = on(folder.path(), &["keys", "rotate", "log"]).expect(1);
    assert!(ended.err.contains("does not turn"), "{}", ended.err);
    let ended = on(folder.path(), &["keys", "rotate", "tea"]).expect(2);
    assert!(ended.err.contains("log, id_token and token"), "{}", ended.err);
}
