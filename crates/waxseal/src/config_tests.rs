//! What counts when an option stands in several places. (That a flag beats its variable is clap's; tests/cli.rs has it.)
use super::*;

fn file(text: &str) -> StoreOptions {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    let (_, path) = file.keep().unwrap();
    StoreOptions { config: Some(path), ..StoreOptions::default() }
}

fn settle(store: &StoreOptions) -> Result<Settings, Stop> {
    let settled = Settings::settle(store, &ListenOptions::default());
    if let Some(path) = &store.config {
        std::fs::remove_file(path).unwrap();
    }
    settled
}

#[test]
fn without_anything_the_defaults_count() {
    let settings = settle(&StoreOptions::default()).unwrap();
    assert_eq!(settings.place, Place::Folder("waxseal-data".into()));
    assert_eq!((settings.listen.as_str(), settings.public_url), ("127.0.0.1:8080", None));
}

#[test]
fn the_file_counts_before_the_default_and_after_the_command_line() {
    let mut store = file("data = \"/a\"\npublic_url = \"https://a.example\"\nlog_json = true\n");
    store.data = Some("/b".into());
    let settings = settle(&store).unwrap();
    assert_eq!(settings.place, Place::Folder("/b".into()));
    assert_eq!(settings.public_url.as_deref(), Some("https://a.example"));
    assert!(settings.log_json);
}

#[test]
fn an_unknown_option_in_the_file_is_named() {
    let sentence = settle(&file("listne = \"127.0.0.1:1\"\n")).unwrap_err().to_string();
    assert!(sentence.contains("listne") && sentence.contains("is not valid"), "{sentence}");
}

#[test]
fn a_missing_file_is_named() {
    let store = StoreOptions { config: Some("/nowhere/waxseal.toml".into()), ..StoreOptions::default() };
    let sentence = Settings::settle(&store, &ListenOptions::default()).unwrap_err().to_string();
    assert!(sentence.contains("/nowhere/waxseal.toml"), "{sentence}");
}

#[test]
fn nats_joins_nodes_on_one_database_alone() {
    let joined = "nats_url = \"nats://127.0.0.1:4222\"\n";
    let sentence = settle(&file(joined)).unwrap_err().to_string();
    assert!(sentence.contains("give database_url too"), "{sentence}");
    let with_database = format!("{joined}database_url = \"postgres://localhost/waxseal\"\n");
    assert!(settle(&file(&with_database)).unwrap().nats.is_some());
    let elsewhere = with_database.replace("nats://", "http://");
    let sentence = settle(&file(&elsewhere)).unwrap_err().to_string();
    assert!(sentence.contains("nats://host:port"), "{sentence}");
}
