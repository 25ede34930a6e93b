//! Hints for an open conversation: while she may look, and without a word of it.

use super::any_form;
use crate::stage::Stage;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The lines of an open event stream.
fn listen(stage: &Stage, cookie: &str, path: &str) -> impl Iterator<Item = String> + use<> {
    let host = stage.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: waxseal={cookie}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "HTTP/1.1 200 OK");
    // The head has gone out, so the door listens.
    let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    assert!(head.iter().any(|line| line == "content-type: text/event-stream"), "{head:?}");
    lines
}

#[test]
fn hints_come_while_she_may_look_and_carry_nothing() {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    stage.friends(&ada, &grace);
    let talk = stage.conversation(&[&ada, &grace]);
    let at = format!("/conversations/{talk}");
    let mut heard = listen(&stage, &ada.cookie, &format!("{at}/live"));
    let browser = stage.browser_of(&grace);
    let say = |text: &str| {
        let page = browser.open(&at);
        browser.press(&page.form(&format!("{at}/send")).fill("text", text), None).expect(200);
    };
    say("a secret word");
    let event: Vec<String> = heard.by_ref().skip_while(|line| !line.starts_with("event")).take(2).collect();
    assert_eq!(event, ["event: messages", "data: new"]);
    // Signed out elsewhere: the next hint is not told, and the stream ends.
    let phone = stage.browser_of(&ada);
    any_form(&phone).send(&phone, "/settings/sessions/end").expect(303);
    say("another");
    let rest: Vec<String> = heard.collect();
    // Where others may write to the same data, a node that begins looks back some seconds: that the conversation began may
    // be a hint of its own, before she is signed out.
    let hints = rest.iter().filter(|line| line.starts_with("event")).count();
    assert!(hints <= usize::from(std::env::var("WAXSEAL_WIRE_ENGINE").is_ok()), "{rest:?}");
}
