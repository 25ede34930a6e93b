//! How much and how long is taken.

use crate::server::Server;
use crate::{PLENTY, get, loopback};
use outbound::{HEAD_BYTES_MAX, Unsent};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn an_answer_of_the_longest_length_is_taken_and_a_longer_one_is_not() {
    for (length, taken) in [(0, true), (1_000, true), (1_001, false), (1_000_000, false)] {
        let body = "x".repeat(length);
        let framed = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        let chunked =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunks(&body));
        let until_close = format!("HTTP/1.1 200 OK\r\n\r\n{body}");
        for (how, answer) in [("framed", framed), ("chunked", chunked), ("until close", until_close)] {
            let server = Server::saying(answer, None).await;
            match loopback().send(get(&server.url("/"))).await {
                Ok(answer) => assert_eq!((answer.body.len(), taken), (length, true), "{how}"),
                Err(why) => assert_eq!((why, taken), (Unsent::AnswerTooLong(1_000), false), "{how} {length}"),
            }
        }
    }
}

fn chunks(body: &str) -> String {
    body.as_bytes()
        .chunks(300)
        .map(|part| format!("{:x}\r\n{}\r\n", part.len(), "x".repeat(part.len())))
        .collect()
}

#[tokio::test]
async fn a_length_that_is_only_claimed_allocates_nothing() {
    let claims = "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551000\r\n\r\nx";
    let server = Server::saying(claims, None).await;
    assert_eq!(loopback().send(get(&server.url("/"))).await.unwrap_err(), Unsent::AnswerTooLong(1_000));
}

#[tokio::test]
async fn compressed_is_what_it_is() {
    // Ten bytes that say they are gzip: nobody unpacks them.
    let bomb = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
    let server = Server::saying(&bomb[..], None).await;
    let answer = loopback().send(get(&server.url("/"))).await.unwrap();
    assert_eq!((answer.body.len(), answer.headers["content-encoding"].as_bytes()), (10, &b"gzip"[..]));
}

#[tokio::test]
async fn what_is_not_http_or_breaks_off_is_no_answer() {
    let long_head = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(HEAD_BYTES_MAX));
    let many_headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(200));
    for answer in [
        "",
        "nonsense",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "SSH-2.0-OpenSSH_9.2\r\n",
        &long_head,
        &many_headers,
    ] {
        let server = Server::saying(answer, None).await;
        let heard = loopback().send(get(&server.url("/"))).await;
        assert_eq!(heard.unwrap_err(), Unsent::AnswerInvalid, "{}", &answer[..answer.len().min(60)]);
    }
}

/// A server that answers drop by drop and never ends: each byte in time, the whole never.
#[tokio::test]
async fn the_time_is_that_of_the_whole_exchange() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut request = get(&format!("http://{}/", silent.local_addr().unwrap()));
    request.timeout = Duration::from_millis(200);
    assert_eq!(loopback().send(request).await.unwrap_err(), Unsent::TimedOut, "silent");

    let dripping = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut request = get(&format!("http://{}/", dripping.local_addr().unwrap()));
    request.timeout = Duration::from_millis(400);
    let gone = tokio::spawn(async move {
        let (mut stream, _) = dripping.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let mut drops = tokio::time::interval(Duration::from_millis(20));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n").await.unwrap();
        while stream.write_all(b"x").await.is_ok() {
            drops.tick().await;
        }
    });
    assert_eq!(loopback().send(request).await.unwrap_err(), Unsent::TimedOut, "dripping");
    // And whoever dripped is no longer listened to.
    tokio::time::timeout(PLENTY, gone).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_look_up_that_never_ends_ends_in_time() {
    let never: outbound::Resolver = std::sync::Arc::new(|_, _| Box::pin(std::future::pending()));
    let policy = outbound::Policy { private: outbound::Private::Refused };
    let outbound = outbound::Outbound::with(policy, rustls::RootCertStore::empty(), never);
    let ask = || {
        let mut request = get("https://keys.example/");
        request.timeout = Duration::from_millis(100);
        let outbound = outbound.clone();
        async move { outbound.send(request).await }
    };
    // More than there are turns: the last ones wait for a turn, and no longer than they would for an answer.
    let all: Vec<_> = (0..outbound::LOOKUPS_MAX + 4).map(|_| tokio::spawn(ask())).collect();
    for one in all {
        assert_eq!(one.await.unwrap().unwrap_err(), Unsent::TimedOut);
    }
}
