//! `waxseal contain`: one of its three kinds, a reason, and the app's history tells it.
use crate::app::ceiling;
use crate::binary::on;

const SPAN: &str = "2020-01-01T00:00:00Z..2020-01-02T00:00:00Z";

#[test]
fn an_app_a_span_or_everything_can_be_contained() {
    let folder = testkit::folder();
    let (data, ceiling) = (folder.join("data"), ceiling(&folder));
    let ceiling = ceiling.to_str().unwrap();
    let uri = "https://jukebox.example/done";
    let add =
        ["app", "add", "--name", "Jukebox", "--partner", "J", "--redirect-uri", uri, "--ceiling", ceiling];
    let id = on(&data, &[&add[..], &["--json"]].concat()).expect(0).json()["client_id"].clone();
    let id = id.as_str().unwrap();
    let done = on(&data, &["contain", "--app", id, "--why", "its server was broken into"]).expect(0);
    assert!(done.out.starts_with("contained: every token and grant of app_"), "{}", done.out);
    on(&data, &["contain", "--issued-between", SPAN, "--why", "a leak"]).expect(0);
    on(&data, &["contain", "--app", id, "--issued-between", SPAN, "--why", "a leak"]).expect(0);
    on(&data, &["contain", "--everything", "--why", "a leak"]).expect(0);
    let shown = on(&data, &["app", "show", id, "--json"]).expect(0).json();
    let history = shown["history"].as_array().unwrap();
    assert_eq!(
        (&history[1]["what"], &history[1]["why"]),
        (&"contained".into(), &"its server was broken into".into())
    );
    assert_eq!(history[2]["terms"]["issued_between"][0], "2020-01-01T00:00:00.000000Z");
    // The other two ended nothing of an app that nobody had let in.
    assert_eq!(history.len(), 3);
}

#[test]
fn what_is_not_said_clearly_ends_nothing() {
    let folder = testkit::folder();
    let data = folder.path();
    let app = "app_00000000000000000000000000";
    for (args, exit) in [
        (vec!["contain", "--why", "x"], 2),
        (vec!["contain", "--everything"], 2),
        (vec!["contain", "--everything", "--why", " "], 2),
        (vec!["contain", "--everything", "--app", app, "--why", "x"], 2),
        (vec!["contain", "--everything", "--issued-between", SPAN, "--why", "x"], 2),
        (vec!["contain", "--issued-between", "yesterday", "--why", "x"], 2),
        (vec!["contain", "--issued-between", "2020-01-02T00:00:00Z..2020-01-01T00:00:00Z", "--why", "x"], 1),
        (vec!["contain", "--issued-between", "2020-01-02T00:00:00Z..2999-01-01T00:00:00Z", "--why", "x"], 1),
        (vec!["contain", "--app", app, "--why", "x"], 1),
    ] {
        on(data, &args).expect(exit);
    }
}
