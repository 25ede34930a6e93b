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
pub(crate) struct Requests {
    what: What,
    ready: Vec<Vec<u8>>,
    round: usize,
}

/// The requests of one kind, one for each resident.
pub(crate) fn requests(what: What, house: &House, round: usize) -> Requests {
    let ready = house.residents.iter().map(|one| {
        let (token, cookie, id) = (&one.token, &one.cookie, one.conversation);
        let bearer = format!("Authorization: Bearer {token}\r\n");
        let get = |path: String, header: &str| format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{header}\r\n");
        let text = match what {
            What::Empty | What::Proof => get("/bench/empty".into(), ""),
            What::Gate => get(format!("/bench/gate/{id}"), &bearer),
            What::Own => get(format!("/bench/own/{id}"), &format!("Cookie: waxseal={cookie}\r\n")),
            What::Read => get(format!("/v1/conversations/{id}/messages?limit=50"), &bearer),
            What::Send => format!("POST /v1/conversations/{id}/messages HTTP/1.1\r\nHost: bench\r\n{bearer}"),
        };
        text.into_bytes()
    });
    Requests { what, ready: ready.collect(), round }
}

/// Requests for these paths, by anyone.
pub(crate) fn getting(what: What, paths: Vec<String>) -> Requests {
    let get = |path| format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes();
    Requests { what, ready: paths.into_iter().map(get).collect(), round: 0 }
}

impl Requests {
    fn write(&self, connection: usize, n: usize, out: &mut Vec<u8>) {
        out.clear();
        let at = connection.wrapping_mul(7919).wrapping_add(n.wrapping_mul(31)) % self.ready.len().max(1);
        out.extend_from_slice(&self.ready[at]);
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
    let shared =
        Arc::new(Requests { what: requests.what, ready: requests.ready.clone(), round: requests.round });
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
    for n in 0.. {
        requests.write(connection, n, &mut out);
        let sent = Instant::now();
        stream.write_all(&out).await.map_err(|e| e.to_string())?;
        read_answer(&mut stream, &mut answer).await?;
        let now = Instant::now();
        if now >= end {
            break;
        }
        if now >= begin {
            took.push(u32::try_from((now - sent).as_micros()).unwrap_or(u32::MAX));
        }
    }
    Ok(took)
}

/// Reads one answer to its end; anything but 2xx stops the run.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), String> {
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
            return Ok(());
        }
    }
}
