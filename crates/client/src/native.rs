//! Signing in from a program on somebody's machine (RFC 8252): her browser comes back to a port that only this program holds.
//!
//! Invariant: it listens on loopback alone, answers whatever comes with a page that says nothing secret, and ends with the first
//! answer that belongs to this sign-in; anything else on the machine that knocks is told no and changes nothing.

use crate::ask::Ask;
use crate::error::Error;
use crate::keep::Keep;
use crate::session::Session;
use crate::waxseal::Waxseal;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The path of the redirect address: `http://127.0.0.1/callback` is registered, and any port matches it (RFC 8252 7.3).
const PATH: &str = "/callback";
/// How long she may take.
const BACK_S: u64 = 900;
/// How long one request may take.
const REQUEST_S: u64 = 10;
/// How many connections are heard at once; more are closed.
const CONNECTIONS_MAX: usize = 32;
/// The longest head of a request that is read.
const HEAD_BYTES_MAX: usize = 16 * 1024;

impl Waxseal {
    /// Signs a person in through her browser, which `open_browser` opens at the address that it is given, and keeps what comes of it
    /// in `keep`. Register `http://127.0.0.1/callback` as the app's redirect address.
    pub async fn sign_in(
        &self,
        ask: &Ask,
        keep: impl Keep,
        open_browser: impl FnOnce(&str),
    ) -> Result<Session, Error> {
        let unheard =
            |why: std::io::Error| Error::Invalid(format!("no port on 127.0.0.1 can be listened on: {why}"));
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(unheard)?;
        let port = listener.local_addr().map_err(unheard)?.port();
        let begun = self.begin(ask, &format!("http://127.0.0.1:{port}{PATH}")).await?;
        open_browser(begun.url());
        let back = timeout(Duration::from_secs(BACK_S), back(&listener, begun.state())).await;
        let query = back.map_err(|_| Error::NobodyCameBack)?;
        drop(listener);
        self.finish(begun, &query, keep).await
    }
}

/// The query with which she came back. Connections are heard beside each other: browsers open some ahead, and say nothing on them.
async fn back(listener: &TcpListener, state: &str) -> String {
    let state: Arc<str> = state.into();
    let mut heard = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if heard.len() < CONNECTIONS_MAX => {
                    let answer = answer(stream, state.clone());
                    heard.spawn(timeout(Duration::from_secs(REQUEST_S), answer));
                }
                Ok(_) => {}
                // Out of file descriptors, most likely.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(done) = heard.join_next() => {
                if let Ok(Ok(Some(query))) = done {
                    return query;
                }
            }
        }
    }
}

/// Answers one request; the query, if it is the one that is waited for.
async fn answer(mut stream: TcpStream, state: Arc<str>) -> Option<String> {
    let head = head(&mut stream).await?;
    let query = query(&head, &state);
    let is_no = |query: &str| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "error");
    let (status, words) = match &query {
        Some(query) if is_no(query) => ("200 OK", "Nothing was allowed. You can close this window."),
        Some(_) => ("200 OK", "Done. You can close this window and go back to the app."),
        None => ("404 Not Found", "There is nothing here."),
    };
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>Waxseal</title><body style=\"font:1.2rem system-ui;margin:3rem\"><p>{words}</p></body></html>"
    );
    let told = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         content-security-policy: default-src 'none'; style-src 'unsafe-inline'\r\nreferrer-policy: no-referrer\r\n\
         connection: close\r\n\r\n{page}",
        page.len()
    );
    // Whether the page arrives does not matter: the query did.
    let _ = stream.write_all(told.as_bytes()).await;
    let _ = stream.shutdown().await;
    query
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut piece) = (Vec::new(), [0_u8; 1024]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(piece.get(..read)?);
        if head.len() > HEAD_BYTES_MAX {
            return None;
        }
    }
    String::from_utf8(head).ok()
}

/// The query of a request for our path with our state, asked for at our address: a page elsewhere cannot knock in its place.
fn query(head: &str, state: &str) -> Option<String> {
    let mut lines = head.split("\r\n");
    let target = lines.next()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
    let (path, query) = target.split_once('?')?;
    let host =
        lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let is_here = host.is_some_and(|(_, host)| host.trim().starts_with("127.0.0.1:"));
    let is_ours =
        form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "state" && value == state);
    (path == PATH && is_here && is_ours).then(|| query.to_owned())
}
