//! TLS on the command line: `waxseal verify --url https://…` behind a proxy, and a server that speaks it itself.
use crate::binary::{Ended, Server, on, waxseal};
use crate::verify::logged;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use testkit::authority::{Authority, SanType, params};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, SignatureScheme, StreamOwned,
};

/// An authority of the test's own, as PEM, and a certificate by it for `localhost`.
fn localhost() -> (String, TlsAcceptor) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&key).unwrap().pem();
    let own_key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(authority, key);
    let own = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&own_key, &issuer).unwrap();
    let secret = PrivateKeyDer::try_from(own_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![own.der().clone()], secret).unwrap();
    (pem, TlsAcceptor::from(Arc::new(config)))
}

/// Takes TLS at a port of its own, and hands on what is in it.
fn proxy(runtime: &Runtime, tls: TlsAcceptor, to: String) -> u16 {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, to) = (tls.clone(), to.clone());
            tokio::spawn(async move {
                if let (Ok(mut one), Ok(mut other)) =
                    (tls.accept(stream).await, TcpStream::connect(&to).await)
                {
                    let _ = tokio::io::copy_bidirectional(&mut one, &mut other).await;
                }
            });
        }
    });
    port
}

#[test]
fn a_log_is_verified_over_tls_by_who_trusts_the_authority() {
    let folder = testkit::folder();
    let server = Server::on(&logged(&folder));
    let runtime = Runtime::new().unwrap();
    let (pem, tls) = localhost();
    let port = proxy(&runtime, tls, server.url.strip_prefix("http://").unwrap().to_owned());
    let authority = folder.join("authority.pem");
    std::fs::write(&authority, pem).unwrap();
    let verify = |authority: Option<&std::path::Path>, host: &str| {
        let mut command = waxseal();
        command.args(["verify", "--url", &format!("https://{host}:{port}")]);
        authority.map(|file| command.env("SSL_CERT_FILE", file));
        Ended::from(command.output().unwrap())
    };
    let ended = verify(Some(&authority), "localhost").expect(0);
    assert!(ended.out.contains("holds exactly the 3 entries"), "{}", ended.out);
    // Somebody else's authority, and somebody else's name.
    verify(None, "localhost").expect(3);
    verify(Some(&authority), "127.0.0.1").expect(3);
}

/// Shows no certificate, and notes that it was asked for one.
#[derive(Debug, Default)]
struct Asked(AtomicBool);

impl ResolvesClientCert for Asked {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The answer from this server, whom this authority vouches for; and whether it asked for a certificate.
fn get(root: &[u8], url: &str, path: &str) -> (String, bool) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.to_vec())).unwrap();
    let asked = Arc::new(Asked::default());
    let config = ClientConfig::builder().with_root_certificates(roots);
    let config = Arc::new(config.with_client_cert_resolver(asked.clone()));
    let client = ClientConnection::new(config, ServerName::try_from("127.0.0.1").unwrap()).unwrap();
    let address = url.strip_prefix("https://").unwrap();
    let mut stream = StreamOwned::new(client, std::net::TcpStream::connect(address).unwrap());
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    (answer.split_once("\r\n\r\n").unwrap().1.to_owned(), asked.0.load(Ordering::Relaxed))
}

#[test]
fn only_the_listener_for_it_asks_for_a_certificate() {
    let folder = testkit::folder();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    };
    let root = Authority::new("Somebody");
    let mut own = params("127.0.0.1");
    own.subject_alt_names = vec![SanType::IpAddress("127.0.0.1".parse().unwrap())];
    let (certified, other) = (root.vouches(&own), root.vouches(&own));
    let (certificate, key) = (file("own.pem", &certified.pem.0), file("key.pem", &certified.pem.1));
    let authorities = file("authorities.pem", &root.pem);
    let mut command = waxseal();
    command.args(["serve", "--listen", "127.0.0.1:0", "--mtls-listen", "127.0.0.1:0"]);
    let given: [(&str, &Path); 4] = [
        ("--tls-cert", &certificate),
        ("--tls-key", &key),
        ("--mtls-ca", &authorities),
        ("--data", &folder.join("data")),
    ];
    for (name, path) in given {
        command.arg(name).arg(path);
    }
    let begin = ["Waxseal is listening on ", "Apps that show a certificate reach it at "];
    let (server, [main, mutual]) = Server::saying(command, begin);
    assert_eq!(get(&root.der, &main, "/healthz"), ("alive\n".to_owned(), false));
    assert_eq!(get(&root.der, &mutual, "/healthz"), ("alive\n".to_owned(), true));
    let (metadata, _) = get(&root.der, &main, "/.well-known/oauth-authorization-server");
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata["issuer"], main.as_str());
    assert_eq!(metadata["mtls_endpoint_aliases"]["token_endpoint"], format!("{mutual}/token"));
    assert_eq!(server.stop("-INT"), 0);
    // What does not fit together is said before anything is opened.
    let [certificate, key, authorities] =
        [&certificate, &key, &authorities].map(|path| path.to_str().unwrap());
    let foreign = file("foreign.pem", &other.pem.1);
    for (options, says) in [
        (&["--tls-cert", certificate][..], "--tls-key"),
        (&["--mtls-listen", "127.0.0.1:0"], "tls_cert and tls_key"),
        (&["--mtls-ca", authorities], "need mtls_listen"),
        (&["--tls-cert", certificate, "--tls-key", foreign.to_str().unwrap()], "no pair"),
        (&["--tls-cert", key, "--tls-key", key], "there is no certificate in it"),
        (
            &[
                "--tls-cert",
                certificate,
                "--tls-key",
                key,
                "--mtls-listen",
                "127.0.0.1:0",
                "--mtls-url",
                "http://a",
            ],
            "mtls_url must be https",
        ),
    ] {
        let args = [&["serve", "--listen", "127.0.0.1:0"], options].concat();
        let ended = on(&folder.join("other"), &args).expect(2);
        assert!(ended.err.contains(says), "{says}: {}", ended.err);
    }
}
