//! A server that says what it is told, byte for byte, and keeps what it heard.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A server on a free port of loopback.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The heads of the requests that came.
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Says `answer` to each request, over TLS if it is given a certificate, and closes.
    pub(crate) async fn saying(answer: impl Into<Vec<u8>>, tls: Option<TlsAcceptor>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (answer, kept): (Arc<[u8]>, _) = (answer.into().into(), heard.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, kept, tls) = (answer.clone(), kept.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                talk(stream, &answer, &kept).await;
                            }
                        }
                        None => talk(stream, &answer, &kept).await,
                    }
                });
            }
        });
        Server { address, heard }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8], kept: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !is_whole(&request) {
        match stream.read(&mut piece).await {
            Ok(n) if n > 0 => request.extend_from_slice(&piece[..n]),
            _ => break,
        }
    }
    kept.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
    // The rest of what the peer says is awaited, lest its answer be lost to a reset.
    while matches!(stream.read(&mut piece).await, Ok(n) if n > 0) {}
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// An authority of the test's own, that vouches for `name`: what trusts it, and what proves the name.
pub(crate) fn vouched(name: &str) -> (RootCertStore, TlsAcceptor) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(root.der().clone()).unwrap();
    let own_key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(authority, key);
    let own = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&own_key, &issuer).unwrap();
    let secret = PrivateKeyDer::try_from(own_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], secret)
        .unwrap();
    (roots, TlsAcceptor::from(Arc::new(config)))
}
