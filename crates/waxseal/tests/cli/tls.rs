//! `waxseal verify --url https://…`: behind a proxy with TLS, as servers stand in the world.
use crate::binary::{Ended, Server, waxseal};
use crate::verify::logged;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

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
