//! Requests and answers, as any HTTP client has them.
use http::{HeaderMap, Method, Request};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use testkit::authority::Certified;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

/// Sends requests; follows no redirects and keeps no cookies.
#[derive(Clone)]
pub(crate) struct Client(ureq::Agent);

/// What came back.
pub(crate) struct Answer {
    pub(crate) asked: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new() -> Client {
        Client::in_tls(TlsConfig::default())
    }

    /// One that trusts this authority, and shows this certificate with the others behind it.
    pub(crate) fn showing(root: &[u8], certified: Option<&Certified>, others: &[&[u8]]) -> Client {
        let owned = |der: &[u8]| Certificate::from_der(der).to_owned();
        let own = certified.map(|certified| {
            let chain: Vec<_> =
                [certified.der.as_slice()].into_iter().chain(others.iter().copied()).map(owned).collect();
            let key = PrivateKey::from_pem(certified.pem.1.as_bytes()).unwrap();
            ClientCert::new_with_certs(&chain, key)
        });
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(outbound::crypto())
            .root_certs(RootCerts::Specific(Arc::new(vec![owned(root)])))
            .client_cert(own);
        Client::in_tls(tls.build())
    }

    fn in_tls(tls: TlsConfig) -> Client {
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .proxy(None)
            // A connection that the server has just closed on a request too large is not asked again.
            .max_idle_connections(0)
            .timeout_global(Some(Duration::from_secs(20)));
        Client(ureq::Agent::new_with_config(config.build()))
    }

    pub(crate) fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let method: Method = method.parse().unwrap();
        let asked = format!("{method} {url}");
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = match body {
            Some(body) => self.0.run(request.body(body).unwrap()),
            None => self.0.run(request.body(()).unwrap()),
        };
        let mut response = sent.unwrap_or_else(|why| panic!("{asked}: {why}"));
        let body = response.body_mut().with_config().limit(64 << 20).read_to_vec();
        let body = body.unwrap_or_else(|why| panic!("{asked}: {why}"));
        Answer { asked, status: response.status().as_u16(), headers: response.headers().clone(), body }
    }
}

impl Answer {
    /// The same, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|why| panic!("{}: {why}: {}", self.asked, self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Where a redirect leads.
    #[track_caller]
    pub(crate) fn location(&self) -> &str {
        self.header("location")
            .unwrap_or_else(|| panic!("{}: no redirect: {} {}", self.asked, self.status, self.text()))
    }

    /// The `type` of a problem, without its `/problems/`.
    #[track_caller]
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}: {}",
            self.asked,
            self.text()
        );
        let json = self.json();
        let name = json["type"].as_str().unwrap();
        name.rsplit('/').next().unwrap().to_owned()
    }
}

/// `name=value&…`, percent-encoded.
pub(crate) fn form(fields: &[(impl AsRef<str>, impl AsRef<str>)]) -> String {
    let pair = |(name, value): &(_, _)| {
        format!("{}={}", encoded(AsRef::as_ref(name)), encoded(AsRef::as_ref(value)))
    };
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A parameter of the query of a URL, decoded.
pub(crate) fn query(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(decoded(value))
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, more @ ..] = rest {
        rest = more;
        match (first, more) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [_, _, after @ ..]) => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&more[..2]).unwrap(), 16).unwrap());
                rest = after;
            }
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}
