//! Over TLS, with authorities of the test's own.

use crate::get;
use crate::server::{Server, vouched};
use outbound::{Outbound, Policy, Private, Resolver, Unsent};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// Every name is at 127.0.0.1.
fn at_home() -> Resolver {
    Arc::new(|_, port| {
        Box::pin(async move { Ok(vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)]) })
    })
}

const POLICY: Policy = Policy { private: Private::Loopback };

#[tokio::test]
async fn a_host_that_proves_its_name_is_asked() {
    let (roots, tls) = vouched("keys.example");
    let server = Server::saying(OK, Some(tls)).await;
    let outbound = Outbound::with(POLICY, roots, at_home());
    let url = format!("https://Keys.Example:{}/jwks.json?a=b", server.address.port());
    let mut request = get(&url);
    request.headers.insert("accept", "application/json".parse().unwrap());
    request.headers.insert("host", "elsewhere.example".parse().unwrap());
    request.headers.insert("transfer-encoding", "chunked".parse().unwrap());
    let answer = outbound.send(request).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"{}"[..]));
    let heard = server.heard().remove(0).to_lowercase();
    assert!(heard.starts_with("get /jwks.json?a=b http/1.1\r\n"), "{heard}");
    assert!(heard.contains(&format!("\r\nhost: keys.example:{}\r\n", server.address.port())), "{heard}");
    assert!(heard.contains("\r\naccept: application/json\r\n"), "{heard}");
    for word in ["elsewhere", "transfer-encoding", "accept-encoding", "cookie"] {
        assert!(!heard.contains(word), "{heard}");
    }
}

#[tokio::test]
async fn a_body_is_sent_whole() {
    let (roots, tls) = vouched("hooks.example");
    let server = Server::saying("HTTP/1.1 204 No Content\r\n\r\n", Some(tls)).await;
    let outbound = Outbound::with(POLICY, roots, at_home());
    let mut request = get(&format!("https://hooks.example:{}/", server.address.port()));
    request.method = http::Method::POST;
    request.body = "x".repeat(100_000).into();
    assert_eq!(outbound.send(request).await.unwrap().status.as_u16(), 204);
    let heard = server.heard().remove(0);
    assert!(heard.contains("content-length: 100000\r\n") && heard.ends_with(&"x".repeat(100_000)));
}

#[tokio::test]
async fn a_host_that_does_not_prove_its_name_is_told_nothing() {
    let (roots, tls) = vouched("keys.example");
    let server = Server::saying(OK, Some(tls)).await;
    let port = server.address.port();
    let outbound = Outbound::with(POLICY, roots, at_home());
    for (outbound, name) in [
        (outbound.clone(), "other.example"), // another's certificate
        (outbound, "127.0.0.1"),             // a name, but not this one
        (Outbound::with(POLICY, vouched("x").0, at_home()), "keys.example"), // another's authority
        (Outbound::new(POLICY), "localhost"), // not one that the world trusts
    ] {
        let refused = outbound.send(get(&format!("https://{name}:{port}/"))).await.unwrap_err();
        assert!(matches!(refused, Unsent::Tls(_)), "{name}: {refused:?}");
    }
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn plain_http_is_not_taken_for_tls() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://keys.example:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(OK.as_bytes()).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let refused = Outbound::with(POLICY, vouched("x").0, at_home()).send(get(&url)).await.unwrap_err();
    assert!(matches!(refused, Unsent::Tls(_)), "{refused:?}");
}
