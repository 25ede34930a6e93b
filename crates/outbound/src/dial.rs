//! Connects to an address that was looked at, and has the host prove its name.
//!
//! Invariant: only the addresses that are handed in are dialled; a name is used for nothing here but to check a certificate.

use crate::target::Target;
use crate::{Resolver, Unsent};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How many of a name's addresses are tried.
const ADDRESSES_TRIED_MAX: usize = 4;

/// A connection.
pub(crate) enum Dialled {
    /// To loopback, in development.
    Plain(TcpStream),
    /// To anywhere.
    Tls(Box<TlsStream<TcpStream>>),
}

/// The resolver of this machine.
pub(crate) fn system_resolver() -> Resolver {
    Arc::new(|host, port| {
        Box::pin(async move { Ok(tokio::net::lookup_host((host.as_str(), port)).await?.collect()) })
    })
}

/// TLS 1.2 or 1.3, to hosts that one of these authorities vouches for.
pub(crate) fn connector(roots: RootCertStore) -> TlsConnector {
    TlsConnector::from(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

/// Connects to the first of the addresses that takes the connection.
pub(crate) async fn dial(
    addresses: &[SocketAddr],
    target: &Target,
    tls: &TlsConnector,
) -> Result<Dialled, Unsent> {
    let stream = connected(addresses).await.map_err(|error| Unsent::Unreachable(error.kind()))?;
    // A request is one piece; waiting for more to send with it only costs time.
    let _ = stream.set_nodelay(true);
    if !target.secure {
        return Ok(Dialled::Plain(stream));
    }
    let name = ServerName::try_from(target.host.clone())
        .map_err(|_| Unsent::Tls("its name is not one that a certificate can have".to_owned()))?;
    match tls.connect(name, stream).await {
        Ok(stream) => Ok(Dialled::Tls(Box::new(stream))),
        Err(error) => Err(Unsent::Tls(error.to_string())),
    }
}

async fn connected(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses.iter().take(ADDRESSES_TRIED_MAX) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
