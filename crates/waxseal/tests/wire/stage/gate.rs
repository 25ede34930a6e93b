//! The second listener, which asks for certificates, and clients that show theirs.
use super::{Answer, Client, Stage, form};
use axum::Router;
use oauth::certificate::Authorities;
use oauth::metadata::{Issuer, Mutual};
use std::net::TcpListener;
use std::sync::Arc;
use testkit::authority::{Authority, Certified, SanType, params};
use waxseal::handshakes::Tls;
use waxseal::listener::{Peer, serve_in};
use waxseal::tls::Identity;

/// Where certificates are asked for.
pub(crate) struct Gate {
    /// `https://localhost:…`
    pub(crate) url: String,
    /// Who vouches for apps.
    pub(crate) authority: Authority,
    /// Who vouches for the server.
    root: Vec<u8>,
    identity: Arc<Identity>,
}

impl Gate {
    /// One whose port is not known yet.
    pub(crate) fn new() -> Gate {
        let folder = testkit::folder();
        let root = Authority::new("The server's authority");
        let mut own = params("localhost");
        own.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
        let (certificate, key) = root.vouches(&own).pem;
        let file = |name: &str, text: String| {
            std::fs::write(folder.join(name), text).unwrap();
            folder.join(name)
        };
        let identity = Identity::read(&file("own.pem", certificate), &file("key.pem", key)).unwrap();
        let authority = Authority::new("The authority of apps");
        Gate { url: String::new(), authority, root: root.der, identity }
    }

    /// Listens; and what the house has to know of it.
    pub(super) fn open(&mut self) -> (TcpListener, Tls, Arc<Mutual>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        self.url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let authorities = Authorities::read(&[self.authority.der.as_slice().into()]).unwrap();
        let mutual = Mutual { url: Issuer::parse(&self.url).unwrap(), authorities };
        (listener, Tls::mutual(self.identity.clone()).unwrap(), Arc::new(mutual))
    }

    /// Its address, without a name.
    pub(crate) fn address(&self) -> String {
        self.url.replace("https://localhost", "127.0.0.1")
    }

    /// Who shows this certificate, with the others behind it, or none.
    pub(crate) fn shows(&self, certified: Option<&Certified>, others: &[&[u8]]) -> Shows {
        let client = Client::showing(&self.root, certified, others);
        Shows { url: self.url.clone(), client }
    }

    /// The authority of the server, for a client made otherwise.
    pub(crate) fn root(&self) -> &[u8] {
        &self.root
    }
}

/// Serves there what is for apps.
pub(super) async fn serve((listener, tls): (TcpListener, Tls), for_apps: Router) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    serve_in(Some(tls), listener, for_apps, Peer::Direct, std::future::pending()).await;
}

impl Stage {
    /// Asks for certificates from now on.
    pub(crate) fn asks_for_certificates(mut self) -> Stage {
        self.gate = Some(Gate::new());
        self.restart();
        self
    }

    /// Where it does.
    pub(crate) fn gate(&self) -> &Gate {
        self.gate.as_ref().unwrap()
    }
}

/// A client of the listener that asks for certificates.
pub(crate) struct Shows {
    url: String,
    client: Client,
}

impl Shows {
    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        self.client.send(method, &format!("{}{path}", self.url), headers, body)
    }

    /// Asks with an access token.
    #[track_caller]
    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], None)
    }

    /// Posts a form.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, fields: &[(String, String)]) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &headers, Some(form(fields).as_bytes()))
    }
}
