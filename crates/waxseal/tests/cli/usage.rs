//! What is not understood ends with 2, and says how it is done.
use crate::binary::{Server, on, run, waxseal};
use std::net::TcpListener;

#[test]
fn what_is_not_understood_ends_with_2() {
    let folder = testkit::folder();
    let wrong: [&[&str]; 14] = [
        &[],
        &["frobnicate"],
        &["serve", "--bogus"],
        &["person", "add", "x", "--name", "One letter"],
        &["person", "add", "ada"],
        &["app", "show", "app_nonsense"],
        &["app", "retire", "app_00000000000000000000000000", "--on", "soon"],
        &["verify"],
        &["verify", "--url", "http://127.0.0.1:1", "--quorum", "1"],
        &["verify", "--proof", "/dev/null"],
        &["serve", "--witness", "waxseal.example"],
        &["witness", "--name", "w"],
        &["witness", "--name", "w", "--log", "waxseal.example+00000000+AAAA"],
        &["import", "icq", "/tmp", "--for", "ada"],
    ];
    for args in wrong {
        let ended = waxseal().args(args).current_dir(folder.path()).output().unwrap();
        assert_eq!(ended.status.code(), Some(2), "{args:?}");
        assert!(!ended.stderr.is_empty(), "{args:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_configuration_with_an_unknown_option_ends_with_2_and_names_it() {
    let folder = testkit::folder();
    let config = folder.join("waxseal.toml");
    std::fs::write(&config, "listne = \"127.0.0.1:0\"\n").unwrap();
    let ended = run(&["serve", "--config", config.to_str().unwrap()]).expect(2);
    assert!(ended.err.contains("listne"), "{}", ended.err);
}

#[test]
fn a_flag_counts_before_the_environment_and_that_before_the_file() {
    let folder = testkit::folder();
    let (file, env, flag) = (folder.join("file"), folder.join("env"), folder.join("flag"));
    let config = folder.join("waxseal.toml");
    std::fs::write(&config, format!("data = {:?}\n", file.to_str().unwrap())).unwrap();
    let mut command = waxseal();
    command.args(["person", "add", "ada", "--name", "Ada", "--config"]).arg(&config);
    assert!(command.status().unwrap().success());
    assert!(command.env("WAXSEAL_DATA", &env).status().unwrap().success());
    assert!(command.arg("--data").arg(&flag).status().unwrap().success());
    for used in [file, env, flag] {
        assert!(used.join("waxseal.db").exists(), "{}", used.display());
    }
}

#[test]
fn a_public_url_that_is_none_ends_with_2() {
    let folder = testkit::folder();
    let ended =
        on(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--public-url", "talk.example"]).expect(2);
    assert!(ended.err.contains("https://host"), "{}", ended.err);
}

#[test]
fn an_address_in_use_is_refused_in_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = testkit::folder();
    let ended = on(folder.path(), &["serve", "--listen", &address]).expect(1);
    assert!(ended.err.contains("something is listening on"), "{}", ended.err);
}

#[test]
fn metrics_are_told_on_their_own_address_only() {
    let folder = testkit::folder();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = waxseal();
    command.args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", &port.to_string(), "--data"]);
    command.arg(folder.path());
    let server = Server::of(command);
    assert_eq!(ureq::get(format!("{}/healthz", server.url)).call().unwrap().status(), 200);
    assert!(ureq::get(format!("{}/metrics", server.url)).call().is_err());
    let text =
        ureq::get(format!("http://{port}/metrics")).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(text.contains("waxseal_transactions_total{name=\"open\"} 1"), "{text}");
}

#[test]
fn a_signal_stops_the_server_in_order() {
    let folder = testkit::folder();
    for signal in ["-INT", "-TERM"] {
        assert_eq!(Server::on(folder.path()).stop(signal), 0, "{signal}");
        assert!(!folder.join("waxseal.sock").exists());
    }
}

#[test]
fn the_description_of_the_api_is_printed() {
    assert_eq!(run(&["openapi"]).expect(0).json()["openapi"].as_str().unwrap().split('.').next(), Some("3"));
}

#[test]
fn the_demo_answers_and_leaves_nothing_behind() {
    let folder = testkit::folder();
    let mut command = waxseal();
    command.args(["demo", "--listen", "127.0.0.1:0"]).env("TMPDIR", folder.path());
    let demo = Server::of(command);
    assert_eq!(ureq::get(format!("{}/readyz", demo.url)).call().unwrap().status(), 200);
    let directory =
        ureq::get(format!("{}/directory.json", demo.url)).call().unwrap().body_mut().read_to_string();
    assert!(directory.unwrap().contains("Jukebox"));
    assert_eq!(demo.stop("-INT"), 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
