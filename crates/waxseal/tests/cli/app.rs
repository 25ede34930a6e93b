//! `waxseal app`: what is registered is in order, and a secret is shown once.
use crate::binary::on;
use std::path::PathBuf;

const CEILING: &str = r#"[{"type":"messages","actions":["read"],"conversations":"started","since":"grant","kinds":["text"],"expires_in":86400}]"#;

pub(crate) fn ceiling(folder: &testkit::Folder) -> PathBuf {
    let path = folder.join("ceiling.json");
    std::fs::write(&path, CEILING).unwrap();
    path
}

fn add<'a>(ceiling: &'a str, uri: &'a str) -> Vec<&'a str> {
    vec![
        "app",
        "add",
        "--name",
        "Jukebox",
        "--partner",
        "Jukebox AB",
        "--redirect-uri",
        uri,
        "--ceiling",
        ceiling,
    ]
}

#[test]
fn an_app_is_added_suspended_resumed_and_retired() {
    let folder = testkit::folder();
    let (data, ceiling) = (folder.join("data"), ceiling(&folder));
    let mut args = add(ceiling.to_str().unwrap(), "https://jukebox.example/done");
    args.extend(["--redirect-uri", "http://127.0.0.1/done", "http://[::1]/done", "--secret", "--json"]);
    let told = on(&data, &args).expect(0).json();
    let id = told["client_id"].as_str().unwrap().to_owned();
    let secret = told["client_secret"].as_str().unwrap();
    assert!(secret.starts_with("wxs_"));
    on(&data, &["app", "suspend", &id, "--why", "asks too much"]).expect(0);
    on(&data, &["app", "suspend", &id, "--why", "again"]).expect(1);
    let shown = on(&data, &["app", "show", &id, "--json"]).expect(0);
    assert!(!shown.out.contains(secret));
    assert_eq!(shown.json()["why"], "asks too much");
    on(&data, &["app", "resume", &id]).expect(0);
    on(&data, &["app", "ceiling", &id, ceiling.to_str().unwrap()]).expect(0);
    on(&data, &["app", "retire", &id, "--on", "2030-01-31"]).expect(0);
    let (part, date) = (["--action", "read", "--kind", "text"], ["--on", "2029-12-31"]);
    on(&data, &[&["app", "retire", &id][..], &date, &part].concat()).expect(0);
    on(&data, &[&["app", "retire", &id][..], &date, &["--action", "dance"]].concat()).expect(2);
    let shown = on(&data, &["app", "show", &id]).expect(0).out;
    assert!(shown.contains("read 2029-12-31") && shown.contains("text 2029-12-31"), "{shown}");
    let listed = on(&data, &["app", "list", "--json"]).expect(0).json();
    assert_eq!(listed[0]["retires_at"], "2030-01-31T00:00:00.000000Z");
    assert_eq!(listed[0]["redirect_uris"].as_array().unwrap().len(), 3);
    let table = on(&data, &["app", "list"]).expect(0).out;
    assert!(table.starts_with("CLIENT_ID") && table.contains(&id), "{table}");
    on(&data, &["app", "show", "app_00000000000000000000000000"]).expect(1);
}

#[test]
fn what_is_not_in_order_is_not_registered() {
    let folder = testkit::folder();
    let (data, good) = (folder.join("data"), ceiling(&folder));
    let bad = folder.join("bad.json");
    std::fs::write(&bad, CEILING.replace("started", "everything")).unwrap();
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let cases = [
        (add(good, "http://jukebox.example/done"), "loopback"),
        (add(good, "https://jukebox.example/#done"), "fragment"),
        (add(bad, "https://jukebox.example/done"), "ceiling is not valid"),
        (add("/nowhere.json", "https://jukebox.example/done"), "cannot be read"),
    ];
    for (args, says) in cases {
        let ended = on(&data, &args).expect(2);
        assert!(ended.err.contains(says), "{says}: {}", ended.err);
    }
    assert!(!data.exists());
}

#[test]
fn grants_are_listed_and_one_that_is_not_there_is_refused() {
    let folder = testkit::folder();
    assert_eq!(on(folder.path(), &["grant", "list", "--json"]).expect(0).out, "[]\n");
    on(folder.path(), &["grant", "list", "--person", "nobody"]).expect(1);
    on(folder.path(), &["grant", "revoke", "gra_00000000000000000000000000"]).expect(1);
}

#[test]
fn an_app_with_keys_is_held_to_fapi_and_its_keys_are_looked_at() {
    let folder = testkit::folder();
    let (data, ceiling) = (folder.join("data"), ceiling(&folder));
    let uri = "https://vault.example/done";
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let with = |more: &[&str]| {
        let mut args = add(ceiling.to_str().unwrap(), uri);
        args.extend(more);
        on(&data, &args)
    };
    let good =
        file("good.json", &serde_json::json!({"keys": [testkit::es256().jwk_named("k1")]}).to_string());
    let told = with(&["--jwks", &good, "--json"]).expect(0).json();
    assert_eq!(told.get("client_secret"), None);
    with(&["--jwks", &good, "--profile", "oauth21"]).expect(0);
    with(&["--jwks-uri", "https://vault.example/jwks.json"]).expect(0);
    let listed = on(&data, &["app", "list", "--json"]).expect(0).json();
    let mut kinds: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|app| (app["kind"].as_str(), app["profile"].as_str()))
        .collect();
    kinds.sort();
    let wanted = [("keys", "fapi2"), ("keys", "fapi2"), ("keys", "oauth21")];
    assert_eq!(kinds, wanted.map(|(kind, profile)| (Some(kind), Some(profile))));

    let mut private = testkit::es256().jwk();
    private["d"] = "AQ".into();
    let leaked = file("leaked.json", &serde_json::json!({ "keys": [private] }).to_string());
    let nonsense = file("nonsense.json", "{}");
    for (more, exit) in [
        (&["--jwks", leaked.as_str()][..], 2),
        (&["--jwks", &nonsense], 2),
        (&["--jwks", "nowhere.json"], 2),
        (&["--jwks-uri", "http://vault.example/"], 2),
        (&["--jwks-uri", "https://10.0.0.1/"], 2),
        (&["--jwks", &good, "--secret"], 2),
        (&["--jwks", &good, "--profile", "strict"], 2),
        (&["--secret", "--profile", "fapi2"], 1),
        (&["--public", "--profile", "fapi2"], 1),
    ] {
        with(more).expect(exit);
    }
}
