//! What the log says of signing in, and what it never says.

use crate::stage::{PASSWORD, Stage};
use std::io::Write;
use std::sync::{Arc, Mutex};

/// What was logged so far.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn sign_ins_and_refusals_are_logged_without_secrets() {
    let log = Log::default();
    let writer = log.clone();
    // All that the server says; the client of the test is not its business.
    let all = tracing_subscriber::fmt().with_env_filter("trace,ureq=off,ureq_proto=off").with_ansi(false);
    all.with_writer(move || writer.clone()).init();
    let stage = Stage::new();
    let ada = stage.person("ada-of-the-log");
    let browser = stage.browser();
    let page = browser.open("/sign-in");
    let typed = |password: &str| {
        let form = page.form("/sign-in").fill("handle", "ada-of-the-log").fill("password", password);
        browser.press(&form, None)
    };
    typed(PASSWORD).expect(200);
    let session = browser.cookie(vault::session_cookie(false)).unwrap();
    let known = browser.cookie("waxseal-browser").unwrap();
    let stranger = stage.browser();
    let page = stranger.open("/sign-in");
    let wrong = "a secret that was mistyped";
    let guess = page.form("/sign-in").fill("handle", "ada-of-the-log").fill("password", wrong);
    for _ in 0..10 {
        stranger.press(&guess, None).expect(422);
    }
    stranger.press(&guess, None).expect(429);
    stage
        .wait(stage.vault().staff_recovery(&model::Handle::parse("ada-of-the-log").unwrap(), "lost"))
        .unwrap();

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let says = |words: &str, of: &str| {
        let line = logged.lines().find(|line| line.contains(words) && line.contains(of));
        assert!(line.is_some_and(|line| line.contains(" INFO ")), "{words}: {logged}");
    };
    says("signed in", &ada.id.to_string());
    says("a password was wrong", &ada.id.to_string());
    says("too many attempts", "");
    for secret in [PASSWORD, wrong, session.as_str(), &session[4..], known.as_str(), "ada-of-the-log"] {
        assert!(!logged.contains(secret), "{secret} is in the log");
    }
}
