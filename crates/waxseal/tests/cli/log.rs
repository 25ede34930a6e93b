//! A log of its own name, or with a key from elsewhere: said once, at the beginning.
use crate::binary::{Ended, Server, on, run, waxseal};
use ledger::note::LogKey;
use std::path::Path;

fn fetched(server: &Server, name: &str) -> String {
    ureq::get(format!("{}/ledger/{name}", server.url)).call().unwrap().body_mut().read_to_string().unwrap()
}

fn serve(data: &Path, args: &[&str]) -> Ended {
    on(data, &[&["serve", "--listen", "127.0.0.1:0"], args].concat())
}

#[test]
fn a_log_has_the_name_that_it_is_given_first() {
    let folder = testkit::folder();
    let data = folder.join("data");
    // Whichever command comes first.
    on(&data, &["person", "list", "--log-name", "transparency.example/chat"]).expect(0);
    let server = Server::on(&data);
    assert!(fetched(&server, "checkpoint").starts_with("transparency.example/chat\n0\n"));
    assert!(fetched(&server, "key").starts_with("transparency.example/chat+"));
    run(&["verify", "--url", &server.url]).expect(0);
    assert_eq!(server.stop("-TERM"), 0);
    let other = serve(&data, &["--log-name", "other.example"]).expect(1);
    assert!(other.err.contains("holds the log transparency.example/chat+"), "{}", other.err);
    on(&data, &["person", "list", "--log-name", "transparency.example/chat"]).expect(0);
}

#[test]
fn a_log_takes_a_key_from_elsewhere() {
    let folder = testkit::folder();
    let (data, file) = (folder.join("data"), folder.join("log.key"));
    let key = LogKey::new("kept.example/log", &[42; 32]).unwrap();
    std::fs::write(&file, format!("{}\n", key.secret_text())).unwrap();
    let mut command = waxseal();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    command.env("WAXSEAL_LOG_KEY", &file);
    let server = Server::of(command);
    assert_eq!(fetched(&server, "key").trim(), key.public().to_string());
    run(&["verify", "--url", &server.url, "--key", &key.public().to_string()]).expect(0);
    assert_eq!(server.stop("-TERM"), 0);
    // The same name under another key is another log.
    let other = LogKey::new("kept.example/log", &[43; 32]).unwrap();
    std::fs::write(&file, other.secret_text()).unwrap();
    let ended = serve(&data, &["--log-key", file.to_str().unwrap()]).expect(1);
    assert!(ended.err.contains("keeps its name and its key for ever"), "{}", ended.err);
    assert!(!ended.err.contains("PRIVATE"), "{}", ended.err);
}

#[test]
fn what_cannot_be_a_log_is_refused_before_there_is_one() {
    let folder = testkit::folder();
    let (data, file) = (folder.join("data"), folder.join("log.key"));
    std::fs::write(&file, "PRIVATE+KEY+a+b+c").unwrap();
    for (args, says) in [
        (["--log-name", "https://log.example"], "host/path, without http"),
        (["--log-name", "two words"], "no spaces"),
        (["--log-name", ""], "must not be empty"),
        (["--log-key", file.to_str().unwrap()], "not a private key for signed notes"),
        (["--log-key", "/nowhere"], "/nowhere"),
    ] {
        let ended = serve(&data, &args).expect(2);
        assert!(ended.err.contains(says), "{}", ended.err);
    }
    serve(&data, &["--log-name", "a.example", "--log-key", file.to_str().unwrap()]).expect(2);
    let config = folder.join("waxseal.toml");
    std::fs::write(&config, "log_name = \"a.example\"\nlog_key = \"b\"\n").unwrap();
    let both = serve(&data, &["--config", config.to_str().unwrap()]).expect(2);
    assert!(both.err.contains("log_name or log_key, not both"), "{}", both.err);
    assert!(!data.exists());
}
