//! Joins the rooms into one server: a vault, a bus, the feed, and the doors in one router.
//!
//! Invariant: the program and the wire tests are wired here and nowhere else, so what is tested is what is served.

use crate::health;
use crate::listener::InPlain;
use api::Limit;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bus::Bus;
use feed::Feed;
use http::{HeaderName, HeaderValue, StatusCode, header};
use model::World;
use oauth::metadata::{Issuer, Mutual};
use outbound::{Outbound, Policy, Private};
use std::sync::Arc;
use vault::{LogIdentity, OpenError, Place, Setup, Vault};

/// A server that is wired, and does not yet listen.
#[derive(Debug, Clone)]
pub struct House {
    /// The open vault.
    pub vault: Arc<Vault>,
    /// Where what happens is followed.
    pub feed: Feed,
    /// How much one grant may ask of the API; `None`: as much as the machine gives.
    pub limit: Option<Limit>,
    /// The way to addresses that others chose.
    pub outbound: Outbound,
    /// Where apps that show a certificate reach us.
    pub mutual: Option<Arc<Mutual>>,
    bus: Bus,
    issuer: Issuer,
}

impl House {
    /// Opens the vault. Blocks; for start-up.
    pub fn open(
        place: Place,
        issuer: Issuer,
        log: Option<LogIdentity>,
        world: World,
    ) -> Result<House, OpenError> {
        let setup = Setup { place, issuer: issuer.as_str().to_owned(), log };
        let vault = Arc::new(Vault::open(setup, world)?);
        let bus = Bus::default();
        let teller = bus.clone();
        vault.tell(move |hint| teller.tell(hint));
        let outbound = Outbound::new(Policy { private: Private::Refused });
        let feed = Feed::new(vault.clone(), bus.clone());
        Ok(House { vault, feed, limit: Some(Limit::default()), outbound, mutual: None, bus, issuer })
    }

    /// Comes when `stop` has come and every stream was told to end: they would else hold up the stop.
    pub async fn closed_after(&self, stop: impl Future) {
        stop.await;
        self.feed.close().await;
    }

    /// Joins this node with the others on its database: what carries hints between them, while it is awaited.
    #[cfg(feature = "nats")]
    pub fn join(&self, nats: bus::NatsUrl) -> impl Future<Output = ()> + Send + use<> {
        self.bus.join(nats, self.issuer.as_str()).run()
    }

    /// Those who tell webhooks.
    pub fn webhooks(&self) -> work::Webhooks {
        work::Webhooks::new(self.vault.clone(), &self.outbound, self.bus.clone())
    }

    /// Every route of every door.
    pub fn router(&self) -> Router {
        self.routers().0
    }

    /// The same; and what of it is for apps alone, for where certificates are asked for. There is no page there, so nobody's
    /// browser has to go there. The two share their limits.
    pub fn routers(&self) -> (Router, Router) {
        let House { vault, feed, limit, outbound, mutual, issuer, .. } = self.clone();
        let secure = issuer.is_secure();
        let (for_pages, to_keys) = (feed.clone(), outbound.clone());
        let pages = pages::Doors { vault: vault.clone(), feed: for_pages, issuer: issuer.clone() };
        let sign_in = issuer::Doors::new(vault.clone(), issuer, mutual.clone(), to_keys, pages::error_page);
        let api = api::routes(api::Doors { vault: vault.clone(), feed, outbound, limit, mutual });
        let of_both = Router::new().merge(api).merge(health::routes(vault));
        let apps = of_both.clone().merge(issuer::endpoints(sign_in.clone()));
        let all = of_both.merge(issuer::routes(sign_in)).merge(pages::routes(pages));
        let guarded = |router: Router| router.layer(from_fn_with_state(secure, guard));
        (guarded(all), guarded(apps))
    }
}

/// What every answer says to browsers, unless a door says otherwise. What may be kept says so itself.
const GUARDS: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];
/// Who came over https once asks this host in plain no more, for a year.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// `secure`: we are reached over https, so a request that its sender made in plain has shown its secrets on the way. It is
/// refused and not led to https, or its sender would never notice.
async fn guard(State(secure): State<bool>, request: Request, next: Next) -> Response {
    let mut response = if secure && request.extensions().get::<InPlain>().is_some() {
        (StatusCode::FORBIDDEN, "This server is reached over https only.\n").into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in GUARDS {
        headers.entry(name).or_insert(value);
    }
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    response
}
