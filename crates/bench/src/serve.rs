//! The server under measurement: the API as it is, and beside it the two requests that it is compared with.

use axum::Router;
use axum::body::{Bytes, HttpBody as Body};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};
use http_body::Frame;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use model::{Clock, ConversationId, Entropy, Time, World};
use oauth::metadata::Issuer;
use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use vault::{Page, Place, ReadMessages, Refusal, Setup, Vault};
use waxseal::listener::Peer;
use waxseal::wiring::House;

/// Who we say we are.
pub(crate) const ISSUER: &str = "http://127.0.0.1:8080";

pub(crate) struct SystemClock;
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this program's one clock")]
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

pub(crate) struct OsEntropy;
impl Entropy for OsEntropy {
    #[expect(clippy::expect_used, reason = "without randomness nothing can go on")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A folder, or a PostgreSQL URL.
pub(crate) fn place(text: &str) -> Place {
    if text.starts_with("postgres") { Place::Postgres(text.into()) } else { Place::Folder(text.into()) }
}

/// Serves until it is killed; prints its address first.
pub(crate) fn run(at: &str) -> Result<(), String> {
    let world = World::new(SystemClock, OsEntropy);
    let setup = Setup { place: place(at), issuer: ISSUER.to_owned(), log: None };
    let vault = Arc::new(Vault::open(setup, world).map_err(|e| e.to_string())?);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let _workers = work::start(&vault, None);
        let feed = feed::Feed::new(vault.clone(), bus::Bus::default());
        let outbound = outbound::Outbound::new(outbound::Policy { private: outbound::Private::Refused });
        let show = |title: &str, what: &str| format!("{title}: {what}");
        let who = oauth::metadata::Issuer::parse(ISSUER).map_err(|e| e.to_string())?;
        let sign_in = issuer::Doors::new(vault.clone(), who, None, outbound.clone(), show);
        let doors = api::Doors { vault: vault.clone(), feed, outbound, limit: None, mutual: None };
        let beside = Router::new()
            .route("/bench/empty", get(|| async { StatusCode::NO_CONTENT }))
            .route("/bench/gate/{conversation}", get(gate))
            .route("/bench/own/{conversation}", get(own))
            .with_state(vault);
        let listener = listen().await?;
        let all = api::routes(doors).merge(issuer::routes(sign_in)).merge(beside);
        axum::serve(listener, all).await.map_err(|e| e.to_string())
    })
}

/// Serves as the program does, until it is killed; prints its address first.
pub(crate) fn run_whole(at: &str) -> Result<(), String> {
    waxseal::limits::raise_files();
    let issuer = Issuer::parse(ISSUER).map_err(|e| e.to_string())?;
    let mut house = House::open(place(at), issuer, None, World::new(SystemClock, OsEntropy))
        .map_err(|e| e.to_string())?;
    house.limit = None;
    house.outbound = outbound::Outbound::new(outbound::Policy { private: outbound::Private::Loopback });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|e| e.to_string())?.block_on(async {
        let mut workers = work::start(&house.vault, None);
        workers.spawn(house.webhooks().run());
        let listener = listen().await?;
        waxseal::listener::serve(listener, house.router(), Peer::Direct, std::future::pending()).await;
        Ok(())
    })
}

/// Gives anybody an event stream on which nothing happens: what hyper takes for one.
pub(crate) fn run_bare() -> Result<(), String> {
    waxseal::limits::raise_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|e| e.to_string())?.block_on(async {
        let listener = listen().await?;
        loop {
            let (stream, _) = listener.accept().await.map_err(|e| e.to_string())?;
            let service = service_fn(|_| async {
                let mut response = http::Response::new(Silent { begun: false });
                let kind = header::HeaderValue::from_static("text/event-stream");
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
                Ok::<_, Infallible>(response)
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}

async fn listen() -> Result<tokio::net::TcpListener, String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    let mut out = std::io::stdout();
    writeln!(out, "{address}").and_then(|()| out.flush()).map_err(|e| e.to_string())?;
    Ok(listener)
}

/// One event, and then nothing more.
struct Silent {
    begun: bool,
}

impl Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if std::mem::replace(&mut self.begun, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"event: open\ndata: {}\n\n")))))
    }
}

fn refused(refusal: &Refusal) -> Response {
    (StatusCode::FORBIDDEN, refusal.to_string()).into_response()
}

/// The yardstick: token check, decision, empty answer.
async fn gate(
    State(vault): State<Arc<Vault>>,
    Path(conversation): Path<ConversationId>,
    headers: HeaderMap,
) -> Response {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = header.strip_prefix("Bearer ").unwrap_or_default();
    let page = Page { limit: 50, ..Page::default() };
    let permit = match vault.caller(token).await {
        Ok(caller) => caller.permit(ReadMessages { conversation, page }),
        Err(refusal) => Err(refusal),
    };
    match permit {
        Ok(_unspent) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => refused(&refusal),
    }
}

/// The same page, read by the person herself: no record.
async fn own(
    State(vault): State<Arc<Vault>>,
    Path(conversation): Path<ConversationId>,
    headers: HeaderMap,
) -> Response {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookie = vault::session_of(cookies, false).unwrap_or_default();
    let page = Page { limit: 50, ..Page::default() };
    let read = async {
        let own = vault.own(cookie).await?;
        vault.own_page(&own, conversation, page).await
    };
    match read.await {
        Ok(page) => {
            let next = page.next.map_or("null".to_owned(), |next| format!("\"{next}\""));
            let body = format!("{{\"items\":{},\"next\":{next}}}", page.items);
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Err(refusal) => refused(&refusal),
    }
}
