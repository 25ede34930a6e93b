//! What follows along in the benchmark: clients of event streams, and a receiver of webhooks.
//!
//! Invariant: a moment is taken when the bytes are here, before anything is done with them.

use crate::drive::read_answer;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An open event stream.
pub(crate) struct Events {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub(crate) fn said(why: impl std::fmt::Display) -> String {
    why.to_string()
}

/// The first text between two others.
pub(crate) fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}

impl Events {
    /// Opens one; with a token at the server, without one at whoever gives a stream to anybody. It is open once its first
    /// event is here, which is returned with it.
    pub(crate) async fn open(address: SocketAddr, token: Option<&str>) -> Result<(Events, String), String> {
        let stream = TcpStream::connect(address).await.map_err(said)?;
        stream.set_nodelay(true).map_err(said)?;
        let mut events = Events { stream, buffer: Vec::new() };
        let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!("GET /v1/events HTTP/1.1\r\nHost: bench\r\n{bearer}\r\n");
        events.stream.write_all(request.as_bytes()).await.map_err(said)?;
        let mut first = String::new();
        while !first.contains("event: ") {
            let open = events.next(&mut |event, _| first.push_str(event)).await?;
            if !open || first.contains("HTTP/1.1 4") || first.contains("HTTP/1.1 5") {
                return Err(format!("a stream was not opened: {first}"));
            }
        }
        Ok((events, first))
    }

    /// Waits for more, and hands over each event that is whole with the moment when it was here. False at the end.
    pub(crate) async fn next(&mut self, take: &mut impl FnMut(&str, Instant)) -> Result<bool, String> {
        let mut piece = [0; 8 * 1024];
        let more = self.stream.read(&mut piece).await.map_err(said)?;
        let now = Instant::now();
        self.buffer.extend_from_slice(&piece[..more]);
        while let Some(end) = self.buffer.windows(2).position(|two| two == b"\n\n") {
            take(&String::from_utf8_lossy(&self.buffer[..end]), now);
            self.buffer.drain(..end + 2);
        }
        if self.buffer.is_empty() {
            // Ten thousand of these are open.
            self.buffer = Vec::new();
        }
        Ok(more > 0)
    }
}

/// A connection that an app asks on, one request after the other.
pub(crate) struct Asking {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Asking {
    pub(crate) async fn open(address: SocketAddr) -> Result<Asking, String> {
        let stream = TcpStream::connect(address).await.map_err(said)?;
        stream.set_nodelay(true).map_err(said)?;
        Ok(Asking { stream, buffer: vec![0; 16 * 1024] })
    }

    /// Asks, and waits for the answer, which must be good. Gives the moment before the request was written.
    async fn ask(&mut self, request: &str) -> Result<Instant, String> {
        let begun = Instant::now();
        self.stream.write_all(request.as_bytes()).await.map_err(said)?;
        read_answer(&mut self.stream, &mut self.buffer).await?;
        Ok(begun)
    }

    /// Sends a text.
    pub(crate) async fn send(
        &mut self,
        token: &str,
        conversation: model::ConversationId,
        text: &str,
    ) -> Result<Instant, String> {
        let key = text.replace(' ', "-");
        let body = format!("{{\"content\":{{\"type\":\"text\",\"text\":\"{text}\"}}}}");
        self.ask(&format!(
            "POST /v1/conversations/{conversation}/messages HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\
             Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await
    }

    /// Hands the grant back: it has ended when this returns.
    pub(crate) async fn hand_back(&mut self, token: &str) -> Result<Instant, String> {
        self.ask(&format!(
            "DELETE /v1/grant HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
        ))
        .await
    }
}

/// Takes webhooks until it is dropped: answers 204 to each after `takes`, and hands over what was posted with the moment when
/// all of it was here.
pub(crate) async fn receive(
    listener: TcpListener,
    takes: Duration,
    heard: impl Fn(&str, Instant) + Send + Sync + 'static,
) {
    let heard = Arc::new(heard);
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        tokio::spawn(conversation(stream, takes, heard.clone()));
    }
}

async fn conversation(
    mut stream: TcpStream,
    takes: Duration,
    heard: Arc<impl Fn(&str, Instant)>,
) -> Option<()> {
    let (mut buffer, mut have) = (vec![0; 16 * 1024], 0);
    loop {
        let more = stream.read(&mut buffer[have..]).await.ok().filter(|more| *more > 0)?;
        have += more;
        let Some(head) = buffer[..have].windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let length =
            between(&format!("{text}\r\n"), "content-length:", "\r\n")?.trim().parse::<usize>().ok()?;
        let whole = head + 4 + length;
        if buffer.len() < whole {
            buffer.resize(whole, 0);
        }
        if have < whole {
            continue;
        }
        heard(&String::from_utf8_lossy(&buffer[head + 4..whole]), Instant::now());
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.ok()?;
        buffer.copy_within(whole..have, 0);
        have -= whole;
    }
}
