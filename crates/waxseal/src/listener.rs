//! Takes connections and serves them: HTTP/1.1, in TLS or without, with limits on how long a handshake, a head and a whole request
//! may take.
//!
//! Invariant: a stop lets requests that were begun be answered, for a while; after that nothing of ours waits for a peer.

use crate::handshakes::Tls;
use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use oauth::certificate::Shown;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep, timeout};

/// How long a peer may take over the head of a request, and stay silent between two.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long a request may take from its head to the head of its answer: who sends a body drop by drop would else hold a
/// socket for ever. What was queued to be stored is stored nevertheless.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long a peer may take nothing of what it is sent: then it is gone, or does not read.
const TAKE_WITHIN: Duration = Duration::from_secs(30);
/// How long requests that were begun may go on after a stop.
const FINISH_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait when the process has no more sockets to give.
const BREATH: Duration = Duration::from_millis(100);

/// Whom a request is taken to come from, for the doors that slow those who guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Whoever is at the other end of the connection.
    Direct,
    /// Whoever a proxy at the other end says last in `X-Forwarded-For`.
    Forwarded,
}

/// On a request: the proxy says that it came to it in plain, not over TLS.
#[derive(Debug, Clone, Copy)]
pub struct InPlain;

impl Peer {
    fn address(self, connected: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        let last = headers.get_all("x-forwarded-for").iter().next_back().filter(|_| self == Peer::Forwarded);
        let text = last.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        let ip = text.and_then(|text| text.trim().parse().ok()).unwrap_or(connected.ip());
        SocketAddr::new(ip, connected.port())
    }

    /// Did it come to the proxy in plain, as that says last in `X-Forwarded-Proto`?
    fn in_plain(self, headers: &HeaderMap) -> Option<InPlain> {
        let last =
            headers.get_all("x-forwarded-proto").iter().next_back().filter(|_| self == Peer::Forwarded);
        let text = last.and_then(|value| value.to_str().ok()?.rsplit(',').next())?;
        text.trim().eq_ignore_ascii_case("http").then_some(InPlain)
    }
}

/// Serves until `stop` comes, then lets what was begun finish.
pub async fn serve(listener: TcpListener, router: Router, peer: Peer, stop: impl Future<Output = ()>) {
    serve_in(None, listener, router, peer, stop).await;
}

/// The same in TLS, if there is some.
pub async fn serve_in(
    tls: Option<Tls>,
    listener: TcpListener,
    router: Router,
    peer: Peer,
    stop: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            (stream, connected) = accept(&listener) => {
                let talk = Talk { http: http.clone(), router: router.clone(), peer, connected };
                let (watcher, tls) = (graceful.watcher(), tls.clone());
                tokio::spawn(async move {
                    let stream = Taking::new(stream);
                    let Some(tls) = tls else { return talk.go_on(stream, None, watcher).await };
                    if let Some((stream, shown)) = tls.shake(stream).await {
                        talk.go_on(stream, shown, watcher).await;
                    }
                });
            }
            () = &mut stop => break,
        }
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = sleep(FINISH_WITHIN) => tracing::warn!("some requests were still open when the server stopped"),
    }
}

/// One connection.
struct Talk {
    http: http1::Builder,
    router: Router,
    peer: Peer,
    connected: SocketAddr,
}

impl Talk {
    /// Serves what comes, until it ends. `shown` is the certificate of who is at the other end; nothing else tells the doors.
    async fn go_on<S>(self, stream: S, shown: Option<Arc<Shown>>, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Talk { http, router, peer, connected } = self;
        let service = TowerToHyperService::new(router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            let from = peer.address(connected, request.headers());
            request.extensions_mut().insert(ConnectInfo(from));
            if let Some(plain) = peer.in_plain(request.headers()) {
                request.extensions_mut().insert(plain);
            }
            if let Some(shown) = &shown {
                request.extensions_mut().insert(shown.clone());
            }
            let length = Length::of(request.headers());
            length.answered(within(ANSWER_WITHIN, service.call(request)))
        });
        // A peer that breaks off or sends nonsense is nobody's fault here.
        if let Err(error) = watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// A connection whose peer must take what it is sent, or it ends: one that does not read would else hold it for ever.
struct Taking {
    stream: TcpStream,
    /// Since it takes nothing: until when it is waited for.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl Taking {
    fn new(stream: TcpStream) -> Taking {
        Taking { stream, stuck: None }
    }

    fn written(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(TAKE_WITHIN)));
        ready!(stuck.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Taking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Taking {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// How a request says where its body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// In one way, or not at all.
    Clear,
    /// By pieces. A length beside them is dropped by the HTTP library if it comes second.
    InPieces,
    /// By pieces and by a length, so somebody on the way may have read it otherwise than we.
    Two,
}

impl Length {
    fn of(headers: &HeaderMap) -> Length {
        let has = |name| headers.contains_key(name);
        match (has(header::TRANSFER_ENCODING), has(header::CONTENT_LENGTH)) {
            (false, _) => Length::Clear,
            (true, false) => Length::InPieces,
            (true, true) => Length::Two,
        }
    }

    /// The answer, if it has one reading. After a body in pieces the connection ends, so nothing that a proxy took for its
    /// rest is ever a request of its own.
    async fn answered<E>(self, answer: impl Future<Output = Result<Response, E>>) -> Result<Response, E> {
        let mut answer = match self {
            Length::Two => StatusCode::BAD_REQUEST.into_response(),
            Length::Clear | Length::InPieces => answer.await?,
        };
        if self != Length::Clear {
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(answer)
    }
}

/// The answer, or after so long that it took too long; then the connection ends, for nobody knows where its body would.
async fn within<E>(
    limit: Duration,
    answer: impl Future<Output = Result<Response, E>>,
) -> Result<Response, E> {
    timeout(limit, answer).await.unwrap_or_else(|_| {
        Ok((StatusCode::REQUEST_TIMEOUT, [(header::CONNECTION, "close")]).into_response())
    })
}

/// The next connection.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, connected)) => {
                // Answers are small and whole: waiting for more to send with them only costs time.
                let _ = stream.set_nodelay(true);
                return (stream, connected);
            }
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                sleep(BREATH).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[tokio::test]
    async fn what_takes_too_long_is_given_up() {
        let never = std::future::pending::<Result<Response, Infallible>>();
        let Ok(answer) = within(Duration::ZERO, never).await;
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(answer.headers()[header::CONNECTION], "close");
        let at_once = std::future::ready(Ok::<_, Infallible>(StatusCode::OK.into_response()));
        let Ok(answer) = within(Duration::ZERO, at_once).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }

    #[test]
    fn only_a_proxy_is_believed_and_only_its_own_word() {
        let connected: SocketAddr = "10.0.0.1:4000".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "1.1.1.1".parse().unwrap());
        headers.append("x-forwarded-for", "2.2.2.2, 3.3.3.3".parse().unwrap());
        assert_eq!(Peer::Direct.address(connected, &headers), connected);
        assert_eq!(Peer::Forwarded.address(connected, &headers).ip().to_string(), "3.3.3.3");
        headers.insert("x-forwarded-for", "nonsense".parse().unwrap());
        assert_eq!(Peer::Forwarded.address(connected, &headers), connected);
        headers.append("x-forwarded-proto", "https".parse().unwrap());
        assert!(Peer::Forwarded.in_plain(&headers).is_none());
        headers.append("x-forwarded-proto", "https, HTTP".parse().unwrap());
        assert!(Peer::Forwarded.in_plain(&headers).is_some());
        assert!(Peer::Direct.in_plain(&headers).is_none());
    }
}
