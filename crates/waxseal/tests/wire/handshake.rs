//! TLS of our own, from the outside: what is offered, what is proved, and what becomes of those who only pretend.
use crate::stage::{Gate, Stage};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use testkit::authority::{Certified, params, self_signed};
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    CipherSuite, ClientConfig, ClientConnection, RootCertStore, SignatureScheme, StreamOwned,
    SupportedProtocolVersion,
};

/// Shows the certificate of the one, and signs with the key of the other.
#[derive(Debug)]
struct Pretends(Arc<CertifiedKey>);

impl Pretends {
    fn to_be(certified: &Certified, key: &[u8]) -> Arc<Pretends> {
        let secret = PrivateKeyDer::try_from(key.to_vec()).unwrap();
        let key = outbound::crypto().key_provider.load_private_key(secret).unwrap();
        let chain = vec![CertificateDer::from(certified.der.clone())];
        Arc::new(Pretends(Arc::new(CertifiedKey::new(chain, key))))
    }
}

impl ResolvesClientCert for Pretends {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Is there an answer to a request in TLS of this version and with these ciphers, and with this certificate?
fn answers(
    gate: &Gate,
    version: &'static SupportedProtocolVersion,
    ciphers: Option<&[CipherSuite]>,
    shows: Option<Arc<Pretends>>,
) -> bool {
    let mut provider = CryptoProvider::clone(&outbound::crypto());
    if let Some(ciphers) = ciphers {
        provider.cipher_suites.retain(|suite| ciphers.contains(&suite.suite()));
    }
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(gate.root().to_vec())).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(&[version]);
    let config = config.unwrap().with_root_certificates(roots);
    let config = match shows {
        Some(shows) => config.with_client_cert_resolver(shows),
        None => config.with_no_client_auth(),
    };
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(client, connected(gate));
    let sent = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let read = sent.and_then(|()| stream.read_to_end(&mut answer));
    read.is_ok() && answer.starts_with(b"HTTP/1.1 200")
}

fn connected(gate: &Gate) -> TcpStream {
    let stream = TcpStream::connect(gate.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

#[test]
fn versions_and_ciphers_are_those_of_bcp_195() {
    let stage = Stage::new().asks_for_certificates();
    let gate = stage.gate();
    assert!(answers(gate, &TLS13, None, None) && answers(gate, &TLS12, None, None));
    for cipher in [
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ] {
        assert!(answers(gate, &TLS12, Some(&[cipher]), None), "{cipher:?}");
    }
    let chacha = CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
    assert!(!answers(gate, &TLS12, Some(&[chacha]), None));
    // What no library here would ask for: TLS 1.0 and 1.1, and TLS 1.2 with CBC or without ECDHE.
    let gcm = [0xC0, 0x2B];
    for (version, ciphers, alert) in [
        ([3, 1], &[gcm][..], 70),
        ([3, 2], &[gcm], 70),
        ([3, 3], &[[0x00, 0x2F], [0x00, 0x9C], [0xC0, 0x09], [0xC0, 0x23]], 40),
        ([3, 3], &[gcm], 22),
    ] {
        let mut stream = connected(gate);
        stream.write_all(&hello(version, ciphers)).unwrap();
        let mut head = [0; 7];
        stream.read_exact(&mut head).unwrap();
        // An alert (21), fatal, of this kind; or the server's part of the handshake (22).
        let said = if head[0] == 21 { head[6] } else { head[0] };
        assert_eq!(said, alert, "{version:?} {ciphers:?}: {head:?}");
    }
}

/// A ClientHello as it was before TLS 1.3.
fn hello(version: [u8; 2], ciphers: &[[u8; 2]]) -> Vec<u8> {
    let joined = |parts: &[&[u8]]| parts.concat();
    let sized = |bytes: &[u8]| joined(&[&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes]);
    let extension = |kind: u8, body: &[u8]| joined(&[&[0, kind], &sized(body)]);
    let extensions = joined(&[
        &extension(10, &sized(&[0, 23, 0, 29])),
        &extension(11, &[1, 0]),
        &extension(13, &sized(&[4, 3, 8, 4, 4, 1])),
        &extension(23, &[]),
    ]);
    let ciphers = sized(&ciphers.concat());
    let body = joined(&[&version, &[7; 32], &[0], &ciphers, &[1, 0], &sized(&extensions)]);
    joined(&[&[22, 3, 1], &sized(&joined(&[&[1, 0], &sized(&body)]))])
}

#[test]
fn a_certificate_without_its_key_is_not_shown() {
    let stage = Stage::new().asks_for_certificates();
    let (own, thief) = (self_signed(&params("teller")), self_signed(&params("thief")));
    for version in [&TLS12, &TLS13] {
        assert!(answers(stage.gate(), version, None, Some(Pretends::to_be(&own, &own.key))));
        assert!(!answers(stage.gate(), version, None, Some(Pretends::to_be(&own, &thief.key))));
        let nonsense =
            Certified { der: vec![0x30; 64], key: Vec::new(), pem: Default::default(), public: Vec::new() };
        assert!(!answers(stage.gate(), version, None, Some(Pretends::to_be(&nonsense, &thief.key))));
    }
}

#[test]
fn who_says_nothing_or_nonsense_holds_up_nobody() {
    let stage = Stage::new().asks_for_certificates();
    let gate = stage.gate();
    // More than may be under way at once, and all of them silent.
    let mut silent: Vec<TcpStream> = (0..300).map(|_| connected(gate)).collect();
    assert!(answers(gate, &TLS13, None, None));
    // The oldest had to make room for those who came after them.
    let mut byte = [0];
    for stream in &mut silent[..20] {
        assert!(matches!(stream.read(&mut byte), Ok(0) | Err(_)));
    }
    for nonsense in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x16\x03\x01\xff\xff",
        &[0; 4_096],
        b"\x15\x03\x03\x00\x02\x02\x28",
    ] {
        let mut stream = connected(gate);
        let _ = stream.write_all(nonsense);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP"), "{nonsense:?}");
    }
    assert!(answers(gate, &TLS12, None, None));
    drop(silent);
}
