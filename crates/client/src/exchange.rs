//! Requests and answers: hyper with rustls, with limits on time and size.
//!
//! Invariant: https only, but to loopback; redirects are not followed, so a token goes nowhere but where it was meant for.

use crate::error::Error;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::timeout;

/// The longest body of an answer: a page of 200 messages of 20,000 characters each fits.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long a connection may take to come about.
const CONNECT_S: u64 = 10;
/// How long an exchange may take.
const EXCHANGE_S: u64 = 30;
/// How long an unused connection is kept.
const IDLE_S: u64 = 60;

/// A client; its clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct Http(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// A request that is yet to be sent; it can be sent again.
#[derive(Clone)]
pub(crate) struct Sending {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An answer that came whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Http {
    /// With the authorities that this machine trusts (`SSL_CERT_FILE` names others).
    pub(crate) fn new() -> Result<Http, Error> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(Duration::from_secs(CONNECT_S)));
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|why| Error::Unreachable(format!("this machine trusts no authority: {why}")))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(IDLE_S))
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Http(client))
    }

    /// Sends a request and takes the answer, whatever its status is.
    pub(crate) async fn send(&self, sending: &Sending) -> Result<Answer, Error> {
        let exchange = async {
            let (head, body) = self.exchange(sending).await?.into_parts();
            let body =
                Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|why| match why
                    .downcast_ref::<LengthLimitError>()
                {
                    Some(_) => Error::Unexpected(format!("an answer of more than {ANSWER_BYTES_MAX} bytes")),
                    None => Error::Unreachable("the answer broke off".to_owned()),
                })?;
            Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
        };
        timeout(Duration::from_secs(EXCHANGE_S), exchange).await.map_err(|_| late())?
    }

    /// Sends a request; the body of the answer is read as it comes.
    pub(crate) async fn open(&self, sending: &Sending) -> Result<http::Response<Incoming>, Error> {
        timeout(Duration::from_secs(EXCHANGE_S), self.exchange(sending)).await.map_err(|_| late())?
    }

    async fn exchange(&self, sending: &Sending) -> Result<http::Response<Incoming>, Error> {
        let mut request = Request::new(Full::new(sending.body.clone()));
        *request.method_mut() = sending.method.clone();
        *request.uri_mut() = vetted(&sending.url)?;
        *request.headers_mut() = sending.headers.clone();
        self.0.request(request).await.map_err(|why| {
            let cause = std::error::Error::source(&why)
                .map_or_else(|| why.to_string(), |cause| format!("{why}: {cause}"));
            Error::Unreachable(cause)
        })
    }
}

fn late() -> Error {
    Error::Unreachable(format!("nothing came within {EXCHANGE_S} seconds"))
}

/// The URL, if it is one to which a secret may go: https, or plain http on this machine.
pub(crate) fn vetted(url: &str) -> Result<Uri, Error> {
    let invalid =
        || Error::Invalid(format!("{url} is not https (http only for 127.0.0.1, [::1] or localhost)"));
    let uri: Uri = url.parse().map_err(|_| invalid())?;
    let here = matches!(uri.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
    match uri.scheme_str() {
        Some("https") if uri.host().is_some() => Ok(uri),
        Some("http") if here => Ok(uri),
        _ => Err(invalid()),
    }
}

impl Sending {
    pub(crate) fn new(method: Method, url: impl Into<String>) -> Sending {
        Sending { method, url: url.into(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    pub(crate) fn get(url: impl Into<String>) -> Sending {
        Sending::new(Method::GET, url)
    }

    /// Posts a form.
    pub(crate) fn form(url: impl Into<String>, fields: &[(&str, &str)]) -> Sending {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut sending = Sending::new(Method::POST, url);
        sending.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        sending.body = body.into();
        sending
    }

    /// Posts JSON.
    pub(crate) fn json(url: impl Into<String>, body: &serde_json::Value) -> Sending {
        let mut sending = Sending::new(Method::POST, url);
        sending.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        sending.body = body.to_string().into();
        sending
    }

    /// With a header; a secret one is marked so, and nothing prints it.
    pub(crate) fn header(&mut self, name: HeaderName, value: &str, secret: bool) -> Result<(), Error> {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Error::Invalid(format!("{name} cannot hold that: visible ASCII only")))?;
        value.set_sensitive(secret);
        self.headers.insert(name, value);
        Ok(())
    }
}

impl Answer {
    /// Its body as JSON.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        // The reason names fields and places, never values.
        serde_json::from_slice(&self.body)
            .map_err(|why| Error::Unexpected(format!("{} at line {}", category(&why), why.line())))
    }

    /// A header, if it is there once and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?.to_str().ok();
        if values.next().is_none() { first } else { None }
    }
}

fn category(why: &serde_json::Error) -> &'static str {
    match why.classify() {
        serde_json::error::Category::Data => "JSON of another shape than documented",
        _ => "no JSON",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_https_or_stay_on_this_machine() {
        for url in ["https://chat.example", "http://127.0.0.1:8080/x", "http://[::1]:1/", "http://localhost/"]
        {
            assert!(vetted(url).is_ok(), "{url}");
        }
        for url in
            ["http://chat.example", "http://127.0.0.1.example", "ftp://127.0.0.1", "chat.example", "/x", ""]
        {
            assert!(vetted(url).is_err(), "{url}");
        }
    }
}
