//! The load: so many keep-alive connections, each in a closed loop, over requests that were written beforehand.

use crate::house::House;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is measured, in the order in which a round measures it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum What {
    /// HTTP alone.
    Empty,
    /// Token check, decision, empty answer.
    Gate,
    /// 50 messages for the person herself: no record.
    Own,
    /// 50 messages for an app: recorded.
    Read,
    /// A message of an app: stored and recorded.
    Send,
    /// The proof that an entry is in the log.
    Proof,
    /// What a token is worth, asked by its app.
    Introspect,
    /// The next tokens of a sign-in, each for the one before.
    Refresh,
}

impl What {
    pub(crate) const EACH: [What; 5] = [What::Empty, What::Gate, What::Own, What::Read, What::Send];

    /// How it is asked for on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            What::Empty => "empty",
            What::Gate => "gate",
            What::Own => "own",
            What::Read => "read",
            What::Send => "send",
            What::Proof => "proof",
            What::Introspect => "introspect",
            What::Refresh => "refresh",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            What::Empty => "empty answer",
            What::Gate => "gate only",
            What::Own => "read of 50, own, unrecorded",
            What::Read => "read of 50, app, recorded",
            What::Send => "send, app, recorded",
            What::Proof => "inclusion proof",
            What::Introspect => "introspection",
            What::Refresh => "refresh",
        }
    }
}

/// How a run went.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) requests: usize,
    pub(crate) per_s: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// What the connections take their requests from.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    what: What,
    ready: Vec<Vec<u8>>,
    round: usize,
    /// Of a form: all of the request before its length. What is ready is then its body.
    head: String,
}

/// The requests of one kind, one for each resident.
pub(crate) fn requests(what: What, house: &House, round: usize) -> Requests {
    let ready = house.residents.iter().map(|one| {
        let (token, cookie, id) = (&one.token, &one.cookie, one.conversation);
        let bearer = format!("Authorization: Bearer {token}\r\n");
        let get = |path: String, header: &str| format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{header}\r\n");
        let text = match what {
            What::Empty | What::Proof | What::Introspect | What::Refresh => get("/bench/empty".into(), ""),
            What::Gate => get(format!("/bench/gate/{id}"), &bearer),
            What::Own => get(format!("/bench/own/{id}"), &format!("Cookie: waxseal={cookie}\r\n")),
            What::Read => get(format!("/v1/conversations/{id}/messages?limit=50"), &bearer),
            What::Send => format!("POST /v1/conversations/{id}/messages HTTP/1.1\r\nHost: bench\r\n{bearer}"),
        };
        text.into_bytes()
    });
    Requests { what, ready: ready.collect(), round, head: String::new() }
}

/// Requests for these paths, by anyone.
pub(crate) fn getting(what: What, paths: Vec<String>) -> Requests {
    let get = |path| format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes();
    Requests { what, ready: paths.into_iter().map(get).collect(), round: 0, head: String::new() }
}

/// Forms for this path, by an app that proves itself with `Authorization: Basic`.
pub(crate) fn posting(what: What, path: &str, basic: &str, bodies: Vec<String>) -> Requests {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {basic}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n"
    );
    Requests { what, ready: bodies.into_iter().map(String::into_bytes).collect(), round: 0, head }
}

/// The form with which a sign-in goes on.
pub(crate) fn refreshing(token: &str) -> String {
    format!("grant_type=refresh_token&refresh_token={token}")
}

impl Requests {
    /// Writes the next request of a connection; `next` is the form that the answer before it asks for.
    fn write(&self, connection: usize, n: usize, next: Option<&[u8]>, out: &mut Vec<u8>) {
        out.clear();
        let at = match self.what {
            // Each connection is one sign-in.
            What::Refresh => connection % self.ready.len().max(1),
            _ => connection.wrapping_mul(7919).wrapping_add(n.wrapping_mul(31)) % self.ready.len().max(1),
        };
        let ready = next.unwrap_or(&self.ready[at]);
        if !self.head.is_empty() {
            let head = format!("{}Content-Length: {}\r\n\r\n", self.head, ready.len());
            out.extend_from_slice(head.as_bytes());
        }
        out.extend_from_slice(ready);
        if self.what == What::Send {
            let body = r#"{"content":{"type":"text","text":"a short message, as most are"}}"#;
            let key = format!("{}-{connection}-{n}", self.round);
            let rest = format!(
                "Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            out.extend_from_slice(rest.as_bytes());
        }
    }
}

/// Runs the load for so many seconds after a short warm-up.
pub(crate) fn run(
    address: SocketAddr,
    requests: &Requests,
    connections: usize,
    seconds: f64,
) -> Result<Run, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let shared = Arc::new(requests.clone());
    let begin = Instant::now() + Duration::from_millis(300);
    let end = begin + Duration::from_secs_f64(seconds);
    let took = runtime.block_on(async {
        let loops: Vec<_> = (0..connections)
            .map(|connection| tokio::spawn(closed_loop(address, shared.clone(), connection, begin, end)))
            .collect();
        let mut took = Vec::new();
        for one in loops {
            took.extend(one.await.map_err(|e| e.to_string())??);
        }
        Ok::<_, String>(took)
    });
    let mut took = took?;
    took.sort_unstable();
    let at = |part: f64| {
        took.get(((took.len() as f64 - 1.0) * part) as usize).map_or(0.0, |us| f64::from(*us) / 1000.0)
    };
    Ok(Run { requests: took.len(), per_s: took.len() as f64 / seconds, p50_ms: at(0.5), p99_ms: at(0.99) })
}

/// Microseconds of each request that ended inside the window.
async fn closed_loop(
    address: SocketAddr,
    requests: Arc<Requests>,
    connection: usize,
    begin: Instant,
    end: Instant,
) -> Result<Vec<u32>, String> {
    let mut stream = TcpStream::connect(address).await.map_err(|e| e.to_string())?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    let (mut out, mut answer, mut took) = (Vec::new(), vec![0; 64 * 1024], Vec::new());
    let mut next = None;
    for n in 0.. {
        requests.write(connection, n, next.as_deref(), &mut out);
        let sent = Instant::now();
        stream.write_all(&out).await.map_err(|e| e.to_string())?;
        let length = read_answer(&mut stream, &mut answer).await?;
        let now = Instant::now();
        if requests.what == What::Refresh {
            next = Some(refreshing(&refresh_token(&answer[..length])?).into_bytes());
        }
        if now >= end {
            break;
        }
        if now >= begin {
            took.push(u32::try_from((now - sent).as_micros()).unwrap_or(u32::MAX));
        }
    }
    Ok(took)
}

/// The refresh token that an answer brings.
fn refresh_token(answer: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(answer);
    let found = text.split_once("\"refresh_token\":\"").and_then(|(_, rest)| rest.split_once('"'));
    found.map(|(token, _)| token.to_owned()).ok_or(format!("no refresh token in {text}"))
}

/// Reads one answer to its end, and tells its length; anything but 2xx stops the run.
pub(crate) async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<usize, String> {
    let mut have = 0;
    loop {
        if have == buffer.len() {
            buffer.resize(have * 2, 0);
        }
        let more = stream.read(&mut buffer[have..]).await.map_err(|e| e.to_string())?;
        if more == 0 {
            return Err("the server closed the connection".into());
        }
        have += more;
        let Some(head) = buffer[..have].windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&buffer[..head]);
        if !text.starts_with("HTTP/1.1 2") {
            return Err(format!(
                "the server answered: {}",
                String::from_utf8_lossy(&buffer[..have.min(800)])
            ));
        }
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        if have >= head + 4 + length.unwrap_or(0) {
            return Ok(have);
        }
    }
}
