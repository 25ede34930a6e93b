//! Where it does not go: to anything but public addresses, whatever a name or a redirect says.

use crate::server::Server;
use crate::{get, loopback};
use outbound::{Outbound, Policy, Private, Resolver, Unsent, UrlInvalid};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const PUBLIC: Policy = Policy { private: Private::Refused };
const HOME: Policy = Policy { private: Private::Loopback };
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// Answers each look-up with the next of these lists, the last one for ever, and counts them.
fn resolver(lists: &[&[&str]]) -> (Resolver, Arc<AtomicUsize>) {
    let lists: Vec<Vec<IpAddr>> =
        lists.iter().map(|list| list.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let resolver = move |_: String, port| {
        let turn = count.fetch_add(1, Ordering::SeqCst).min(lists.len() - 1);
        let found = lists[turn].iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        Box::pin(async move { Ok(found) }) as outbound::Lookup
    };
    (Arc::new(resolver), asked)
}

fn outbound(policy: Policy, lists: &[&[&str]]) -> (Outbound, Arc<AtomicUsize>) {
    let (resolver, asked) = resolver(lists);
    (Outbound::with(policy, rustls::RootCertStore::empty(), resolver), asked)
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_not_dialled() {
    let server = Server::saying(OK, None).await;
    let url = format!("https://keys.example:{}/", server.address.port());
    for leads_to in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["2002:7f00:1::"],
        &["0.0.0.0"],
        &["10.0.0.1"],
        &["172.16.0.1"],
        &["192.168.0.1"],
        &["169.254.169.254"],
        &["fe80::1"],
        &["fd00::1"],
        &["100.64.0.1"],
        &["224.0.0.1"],
        &["1.1.1.1", "127.0.0.1"], // one that is public does not excuse another
        &["127.0.0.1", "1.1.1.1"],
    ] {
        let (outbound, asked) = outbound(PUBLIC, &[leads_to]);
        assert_eq!(outbound.send(get(&url)).await.unwrap_err(), Unsent::AddressRefused, "{leads_to:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn numbers_that_only_a_resolver_reads_as_addresses_are_looked_at_after_it_did() {
    let server = Server::saying(OK, None).await;
    let real = Outbound::new(PUBLIC);
    for host in ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "LOCALHOST", "127.0.0.1."] {
        let url = format!("https://{host}:{}/", server.address.port());
        let refused = real.send(get(&url)).await.unwrap_err();
        let kept_in = [Unsent::AddressRefused, Unsent::NameUnknown, UrlInvalid::Host.into()];
        assert!(kept_in.contains(&refused), "{host}: {refused:?}");
    }
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_that_address_is_dialled() {
    // A rebinding name: first the one, from then on the other.
    let server = Server::saying(OK, None).await;
    let url = format!("http://keys.example:{}/", server.address.port());
    let (rebinding, asked) = outbound(HOME, &[&["127.0.0.1"], &["10.0.0.1"]]);
    assert_eq!(rebinding.send(get(&url)).await.unwrap().status.as_u16(), 200);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(rebinding.send(get(&url)).await.unwrap_err(), Unsent::AddressRefused);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_resolver_does_not_choose_the_port() {
    let (asked, other) = (Server::saying(OK, None).await, Server::saying(OK, None).await);
    let elsewhere = other.address;
    let resolver: Resolver = Arc::new(move |_, _| Box::pin(async move { Ok(vec![elsewhere]) }));
    let outbound = Outbound::with(HOME, rustls::RootCertStore::empty(), resolver);
    outbound.send(get(&format!("http://keys.example:{}/", asked.address.port()))).await.unwrap();
    assert_eq!((asked.heard().len(), other.heard().len()), (1, 0));
}

#[tokio::test]
async fn plain_http_goes_to_loopback_only_and_only_where_it_is_let() {
    let server = Server::saying(OK, None).await;
    let url = server.url("/");
    assert_eq!(Outbound::new(PUBLIC).send(get(&url)).await.unwrap_err(), UrlInvalid::Scheme.into());
    assert_eq!(loopback().send(get(&url)).await.unwrap().status.as_u16(), 200);
    let (named, _) = outbound(HOME, &[&["1.1.1.1"]]);
    let refused = named.send(get("http://public.example/")).await.unwrap_err();
    assert_eq!(refused, Unsent::AddressRefused);
    // Loopback is let, its neighbours are not.
    for address in ["10.0.0.1", "169.254.169.254", "0.0.0.0", "[fe80::1]"] {
        let refused = loopback().send(get(&format!("http://{address}/"))).await.unwrap_err();
        assert_eq!(refused, UrlInvalid::Host.into(), "{address}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let there = Server::saying(OK, None).await;
    for status in [301, 302, 303, 307, 308] {
        let redirect =
            format!("HTTP/1.1 {status} Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", there.url("/"));
        let here = Server::saying(redirect, None).await;
        let answer = loopback().send(get(&here.url("/"))).await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), answer.headers["location"].to_str().unwrap()),
            (status, &*there.url("/"))
        );
    }
    assert_eq!(there.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_without_addresses_and_a_port_without_a_listener_are_told_apart() {
    let (nobody, _) = outbound(PUBLIC, &[&[]]);
    assert_eq!(nobody.send(get("https://keys.example/")).await.unwrap_err(), Unsent::NameUnknown);
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = loopback().send(get(&format!("http://{closed}/"))).await.unwrap_err();
    assert_eq!(refused, Unsent::Unreachable(std::io::ErrorKind::ConnectionRefused));
}

#[test]
fn whoever_registers_a_url_is_told_at_once() {
    let check = |url| outbound::check_url(url, Private::Refused);
    assert_eq!(check("https://keys.example/jwks.json"), Ok(()));
    assert_eq!(check("http://keys.example/"), Err(UrlInvalid::Scheme));
    assert_eq!(check("https://127.0.0.1/"), Err(UrlInvalid::Host));
    assert_eq!(outbound::check_url("http://127.0.0.1:9000/", Private::Loopback), Ok(()));
}
