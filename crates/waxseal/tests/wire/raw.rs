//! Requests byte for byte, past every HTTP library: what a library would not send, and answers without waiting for bodies.
use crate::stage::Stage;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The longest head of an answer that is read.
const HEAD_BYTES_MAX: usize = 16_384;

/// A request in order: `Host`, `Connection: close` and `Content-Length` are added.
pub(crate) fn request(
    stage: &Stage,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let host = stage.url.strip_prefix("http://").unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if method != "GET" || !body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// The head of an answer.
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Where a redirect leads.
    pub(crate) location: Option<String>,
    /// Who may keep the answer.
    pub(crate) cache: Option<String>,
}

/// The status of what comes back, if anything does.
pub(crate) fn status(stage: &Stage, bytes: &[u8]) -> Option<u16> {
    head(stage, bytes).map(|head| head.status)
}

/// Sends bytes on a connection of their own; the head of what comes back, if anything does. The body is not waited for.
pub(crate) fn head(stage: &Stage, bytes: &[u8]) -> Option<Head> {
    let mut stream = TcpStream::connect(stage.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // A server that has heard enough may close before all is sent, and has answered then.
    let _ = stream.write_all(bytes);
    let (mut head, mut piece) = (Vec::new(), [0; 1024]);
    while head.len() < HEAD_BYTES_MAX && !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => head.extend_from_slice(&piece[..read]),
            Err(why) if why.kind() == std::io::ErrorKind::ConnectionReset => break,
            // Somebody stopped us and let us go on.
            Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
            Err(why) => panic!("no answer: {why}"),
        }
    }
    let head = String::from_utf8_lossy(&head);
    let status = head.get(9..12)?.parse().ok()?;
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    Some(Head { status, location: value("location: "), cache: value("cache-control: ") })
}

/// All that comes back on one connection until it is closed.
fn all(stage: &Stage, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(stage.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => {}
        Err(why) if why.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(why) => panic!("the connection goes on: {why}: {}", String::from_utf8_lossy(&all)),
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// What cannot be read in one way only is refused, so that nothing hides in it behind a proxy that reads it in the other.
#[test]
fn what_has_two_readings_is_refused() {
    let stage = Stage::new();
    for head in [
        "POST /token HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n",
        "POST /token HTTP/1.1\r\nhost: a\r\ncontent-length: 3, 4\r\n",
        "POST /token HTTP/1.1\r\nhost: a\r\ncontent-length: +3\r\n",
        "POST /token HTTP/1.1\r\nhost: a\r\ncontent-length: -3\r\n",
        "POST /token HTTP/1.1\r\nhost: a\r\ncontent-length: 0x3\r\n",
        "POST /token HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, identity\r\n",
        "POST /token HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n",
        "POST /token HTTP/1.1\r\nhost: a\r\ncontent-length : 3\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a\r\n: b\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a\r\nx\r\n",
        "GET /health z HTTP/1.1\r\nhost: a\r\n",
        "GET /healthz HTTP/9.9\r\nhost: a\r\n",
        "GET /healthz\r\nhost: a\r\n",
        "\x16\x03\x01\x02\r\n",
    ] {
        let answered = status(&stage, format!("{head}\r\nabcd").as_bytes());
        assert!(matches!(answered, Some(400) | None), "{answered:?}: {}", head.escape_debug());
    }
    stage.get("/healthz").expect(200);
}

/// A proxy that ends a body elsewhere than we do would take what comes behind it for another's request, or the other way round.
#[test]
fn nothing_hides_behind_a_body_that_may_end_in_two_places() {
    let stage = Stage::new();
    let (length, pieces) = ("content-length: 5\r\n", "transfer-encoding: chunked\r\n");
    for (framing, wanted) in [
        (format!("{length}{pieces}"), Some("400")),
        (format!("{pieces}{length}"), None),
        (pieces.to_owned(), None),
        (format!("content-length: 0\r\n{pieces}"), Some("400")),
        (format!("{pieces}{pieces}"), None),
    ] {
        let hidden = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
        let bytes = format!("POST /token HTTP/1.1\r\nhost: a\r\n{framing}\r\n0\r\n\r\n{hidden}");
        let told = all(&stage, bytes.as_bytes());
        assert_eq!(told.matches("HTTP/1.1 ").count(), 1, "{framing:?}: {told}");
        assert!(!told.contains("alive"), "{framing:?}: {told}");
        if let Some(status) = wanted {
            assert!(told.starts_with(&format!("HTTP/1.1 {status}")), "{framing:?}: {told}");
        }
    }
    // A plain one goes on, as it should.
    let two = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nGET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert_eq!(all(&stage, two.as_bytes()).matches("alive").count(), 2);
}
