//! The way out: the only room that dials addresses which others chose (keys of apps, webhooks, logout, witnesses).
//!
//! Invariant: what is dialled was looked at. A name is resolved once, every address that it has must be public, and the
//! connection goes to one of those very addresses. Redirects are not followed, nothing is decompressed, no proxy of the
//! environment is asked, and time and size are bounded before anything is allocated for them.

mod dial;
mod guard;
mod target;

pub use guard::is_public;
pub use target::UrlInvalid;

use bytes::{Bytes, BytesMut};
use dial::Dialled;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use target::Target;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How many exchanges go on at once; more wait, within their own time.
pub const EXCHANGES_MAX: usize = 64;
/// How many names are looked up at once. A look-up cannot be broken off, so it counts until it really ends.
pub const LOOKUPS_MAX: usize = 32;
/// The longest head of an answer, in bytes.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Which addresses may be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What becomes of addresses that are not public.
    pub private: Private,
}

/// What becomes of addresses that are not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Private {
    /// None of them is dialled.
    Refused,
    /// Loopback is dialled too, also over plain http: for development and tests.
    Loopback,
    /// All are dialled, also over plain http: for addresses that the operator chose, and nobody else.
    Chosen,
}

/// What to send, and how much of an answer to take.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to: `https://…`.
    pub url: String,
    /// Headers. Those that frame the message (`Host`, `Content-Length`, …) are ours to set.
    pub headers: HeaderMap,
    /// The body; may be empty.
    pub body: Bytes,
    /// How long the whole exchange may take, from the look-up of the name to the last byte of the answer.
    pub timeout: Duration,
    /// The longest body of an answer, in bytes. A longer one is an error, not a part of it.
    pub answer_bytes_max: usize,
}

/// What came back, whatever its status is: a redirect is an answer like any other.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came: `Content-Encoding` is not undone.
    pub body: Bytes,
}

/// Why there is no answer. None of the sentences says where a name leads to, for they may be told to whoever chose it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// The URL is none that is dialled.
    #[error(transparent)]
    Url(#[from] UrlInvalid),
    /// The name has no address.
    #[error("the host name could not be resolved")]
    NameUnknown,
    /// One of the name's addresses is not public.
    #[error("the host is not at a public address, so it is not dialled")]
    AddressRefused,
    /// There was no connection.
    #[error("the host did not take the connection ({0})")]
    Unreachable(io::ErrorKind),
    /// The connection is not secure.
    #[error("the host did not prove who it is: {0}")]
    Tls(String),
    /// It took too long.
    #[error("the exchange was not over in time")]
    TimedOut,
    /// The answer is longer than was asked for.
    #[error("the answer is longer than {0} bytes")]
    AnswerTooLong(usize),
    /// What came back is not HTTP.
    #[error("the answer broke off or is not valid HTTP/1.1")]
    AnswerInvalid,
}

/// A look-up of a host's addresses.
pub type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;
/// Looks up the addresses of a host and port.
pub type Resolver = Arc<dyn Fn(String, u16) -> Lookup + Send + Sync>;

/// Made when the first host is dialled: the list of authorities is long, and many a process never dials any.
type LazyTls = LazyLock<TlsConnector, Box<dyn FnOnce() -> TlsConnector + Send>>;

/// The way out. Cheap to clone; its clones share their limits.
#[derive(Clone)]
pub struct Outbound {
    policy: Policy,
    tls: Arc<LazyTls>,
    resolver: Resolver,
    exchanges: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbound({:?})", self.policy)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.method, self.body.len())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.len())
    }
}

/// May this URL be dialled, as far as can be said without looking its host up? For telling whoever registers it.
pub fn check_url(url: &str, private: Private) -> Result<(), UrlInvalid> {
    Target::parse(url, private).map(|_| ())
}

/// The authorities that this machine trusts, as certificates in DER (`SSL_CERT_FILE` names others). What cannot be read is
/// not trusted.
pub fn authorities() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// The one implementation of TLS that everything here uses.
pub fn crypto() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

impl Outbound {
    /// The way out of this machine: its resolver, and the authorities that it trusts (`SSL_CERT_FILE` names others).
    pub fn new(policy: Policy) -> Outbound {
        let tls = || {
            let mut roots = rustls::RootCertStore::empty();
            // Whatever cannot be read is not trusted; with none, every host is refused as not proven.
            roots.add_parsable_certificates(authorities());
            dial::connector(roots)
        };
        Outbound::made(policy, LazyLock::new(Box::new(tls)), dial::system_resolver())
    }

    /// With authorities and a resolver of the caller's choice.
    pub fn with(policy: Policy, roots: rustls::RootCertStore, resolver: Resolver) -> Outbound {
        Outbound::made(policy, LazyLock::new(Box::new(|| dial::connector(roots))), resolver)
    }

    fn made(policy: Policy, tls: LazyTls, resolver: Resolver) -> Outbound {
        Outbound {
            policy,
            tls: Arc::new(tls),
            resolver,
            exchanges: Arc::new(Semaphore::new(EXCHANGES_MAX)),
            lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)),
        }
    }

    /// May this URL be dialled from here, as far as can be said without looking its host up?
    pub fn check(&self, url: &str) -> Result<(), UrlInvalid> {
        check_url(url, self.policy.private)
    }

    /// A way out with limits of its own, so that its exchanges do not hold up those of others.
    #[must_use]
    pub fn apart(&self) -> Outbound {
        Outbound {
            exchanges: Arc::new(Semaphore::new(EXCHANGES_MAX)),
            lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)),
            ..self.clone()
        }
    }

    /// Sends a request and takes the answer.
    pub async fn send(&self, request: Request) -> Result<Answer, Unsent> {
        let within = request.timeout;
        timeout(within, self.exchange(request)).await.unwrap_or(Err(Unsent::TimedOut))
    }

    async fn exchange(&self, request: Request) -> Result<Answer, Unsent> {
        let target = Target::parse(&request.url, self.policy.private)?;
        let answer_bytes_max = request.answer_bytes_max;
        let request = framed(request, &target)?;
        // Never closed, so never an error.
        let _turn = self.exchanges.acquire().await.map_err(|_| Unsent::TimedOut)?;
        let addresses = self.addresses(&target).await?;
        match dial::dial(&addresses, &target, &self.tls).await? {
            Dialled::Plain(stream) => converse(stream, request, answer_bytes_max).await,
            Dialled::Tls(stream) => converse(stream, request, answer_bytes_max).await,
        }
    }

    /// The host's addresses: looked up once, all of them fit to be dialled.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Unsent> {
        let addresses = match target.literal() {
            Some(ip) => vec![SocketAddr::new(ip, target.port)],
            None => {
                let turn = self.lookups.clone().acquire_owned().await.map_err(|_| Unsent::TimedOut)?;
                let lookup = (self.resolver)(target.host.clone(), target.port);
                let looked_up = tokio::spawn(async move {
                    let _turn = turn;
                    lookup.await
                });
                looked_up.await.map_err(|_| Unsent::NameUnknown)?.map_err(|_| Unsent::NameUnknown)?
            }
        };
        if addresses.is_empty() {
            return Err(Unsent::NameUnknown);
        }
        let fit = |address: &SocketAddr| match (guard::is_loopback(address.ip()), self.policy.private) {
            (_, Private::Chosen) => true,
            (true, private) => private == Private::Loopback,
            // Plain http goes nowhere but to loopback.
            (false, _) => target.secure && guard::is_public(address.ip()),
        };
        // The port is the URL's, whatever a resolver says.
        let dialled = addresses.iter().map(|address| SocketAddr::new(address.ip(), target.port)).collect();
        if addresses.iter().all(fit) { Ok(dialled) } else { Err(Unsent::AddressRefused) }
    }
}

/// The request as it is written: one exchange a connection, framed by us.
fn framed(request: Request, target: &Target) -> Result<http::Request<Full<Bytes>>, UrlInvalid> {
    const OURS: [HeaderName; 8] = [
        header::HOST,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::TE,
        header::UPGRADE,
        header::EXPECT,
        header::ACCEPT_ENCODING,
    ];
    let mut framed = http::Request::new(Full::new(request.body));
    *framed.method_mut() = request.method;
    *framed.uri_mut() = target.path.parse().map_err(|_| UrlInvalid::Characters)?;
    *framed.headers_mut() = request.headers;
    let headers = framed.headers_mut();
    for name in OURS {
        headers.remove(name);
    }
    let host = HeaderValue::from_str(&target.authority).map_err(|_| UrlInvalid::Characters)?;
    headers.insert(header::HOST, host);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(concat!("waxseal/", env!("CARGO_PKG_VERSION"))));
    Ok(framed)
}

/// Says the request and hears the answer. Nothing outlives the future: who stops waiting ends the connection.
async fn converse<S>(
    stream: S,
    request: http::Request<Full<Bytes>>,
    answer_bytes_max: usize,
) -> Result<Answer, Unsent>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let mut http = http1::Builder::new();
    http.max_buf_size(HEAD_BYTES_MAX);
    let (mut sender, connection) =
        http.handshake(TokioIo::new(stream)).await.map_err(|_| Unsent::AnswerInvalid)?;
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(async move {
        let answer = sender.send_request(request).await.map_err(|_| Unsent::AnswerInvalid)?;
        let (parts, body) = answer.into_parts();
        let body = whole(body, answer_bytes_max).await?;
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    });
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        // What it brought may still be waiting to be taken.
        _ = &mut connection => {}
    }
    answer.await
}

async fn whole(mut body: Incoming, bytes_max: usize) -> Result<Bytes, Unsent> {
    let too_long = Unsent::AnswerTooLong(bytes_max);
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_long);
    }
    let mut taken = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| Unsent::AnswerInvalid)?.into_data() else { continue };
        if taken.len() + piece.len() > bytes_max {
            return Err(too_long);
        }
        taken.extend_from_slice(&piece);
    }
    Ok(taken.freeze())
}
