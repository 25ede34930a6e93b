//! The issuer door: OAuth 2.1 and OpenID Connect over HTTP.
//!
//! Invariant: this door only carries. What a request means is decided in the `oauth` room, what becomes of it in the
//! vault; here bytes become parameters and decisions become answers.

mod arrivals;
mod authorize;
mod challenges;
mod client;
mod device_authorization;
mod grants;
mod held;
mod introspect;
mod jwks;
mod keys;
mod metadata;
mod par;
mod problem;
mod revoke;
mod token;
mod userinfo;

use arrivals::{Address, Arrivals};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use http::{HeaderName, Method, header};
use model::AppId;
use oauth::metadata::{
    AUTHORIZE_PATH, DEVICE_AUTHORIZATION_PATH, GRANTS_PATH, INTROSPECT_PATH, Issuer, JWKS_PATH, Mutual,
    OPENID_PATH, PAR_PATH, RESOURCE_PATH, REVOKE_PATH, SERVER_PATH, TOKEN_PATH, USERINFO_PATH,
};
use outbound::Outbound;
use std::sync::Arc;
use tower_http::cors::{Any, CorsLayer};
use tower_http::limit::RequestBodyLimitLayer;
use vault::Vault;

/// The longest form that is taken, in bytes.
const FORM_BYTES_MAX: usize = oauth::params::PARAMS_BYTES_MAX;

/// What this door works with.
#[derive(Clone)]
pub struct Doors {
    /// The vault.
    pub vault: Arc<Vault>,
    /// Who we are: every URL that leaves here is made of it.
    pub issuer: Issuer,
    /// Where apps that show a certificate reach us.
    pub mutual: Option<Arc<Mutual>>,
    /// Draws a page that tells the person a title and a sentence.
    pub show: fn(&str, &str) -> String,
    inside: Arc<Inside>,
}

/// What this door keeps in memory.
struct Inside {
    keys: keys::Keys,
    questions: Arrivals<Address>,
    failures: Arrivals<Address>,
    pushes: Arrivals<AppId>,
    challenges: challenges::Challenges,
}

impl Doors {
    /// A door of this house; `outbound` is how it fetches the keys that apps publish.
    pub fn new(
        vault: Arc<Vault>,
        issuer: Issuer,
        mutual: Option<Arc<Mutual>>,
        outbound: Outbound,
        show: fn(&str, &str) -> String,
    ) -> Doors {
        let inside = Inside {
            keys: keys::Keys::new(outbound),
            questions: Arrivals::new(arrivals::QUESTIONS),
            failures: Arrivals::new(client::FAILURES),
            pushes: Arrivals::new(par::PUSHES),
            challenges: Default::default(),
        };
        Doors { vault, issuer, mutual, show, inside: Arc::new(inside) }
    }
}

impl std::fmt::Debug for Doors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "issuer::Doors({})", self.issuer)
    }
}

/// The route table: what people's browsers and what apps ask for. It wants the peer's address as `ConnectInfo<SocketAddr>` in the
/// request, and the certificate that was shown on its connection, if one was, as `Arc<Shown>`.
pub fn routes(doors: Doors) -> Router {
    let for_apps = endpoints(doors.clone());
    Router::new()
        .route(AUTHORIZE_PATH, get(authorize::authorize_get).post(authorize::authorize_post))
        .layer(RequestBodyLimitLayer::new(FORM_BYTES_MAX))
        .with_state(doors)
        .merge(for_apps)
}

/// The part of it that apps ask for. Only where a browser app must reach us is CORS granted, and never at the authorization
/// endpoint.
pub fn endpoints(doors: Doors) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("dpop")])
        .expose_headers([header::WWW_AUTHENTICATE, HeaderName::from_static("dpop-nonce")]);
    Router::new()
        .route(PAR_PATH, post(par::par))
        .route(TOKEN_PATH, post(token::token))
        .route(DEVICE_AUTHORIZATION_PATH, post(device_authorization::device_authorization))
        .route(REVOKE_PATH, post(revoke::revoke))
        .route(INTROSPECT_PATH, post(introspect::introspect))
        .route(&format!("{GRANTS_PATH}/{{grant_id}}"), get(grants::grant_query).delete(grants::grant_revoke))
        .route(USERINFO_PATH, get(userinfo::userinfo).post(userinfo::userinfo))
        .route(JWKS_PATH, get(jwks::jwks))
        .route(OPENID_PATH, get(metadata::server))
        .route(SERVER_PATH, get(metadata::server))
        .route(RESOURCE_PATH, get(metadata::resource))
        .layer(from_fn_with_state(doors.clone(), held::next_nonce))
        .layer(cors)
        .layer(RequestBodyLimitLayer::new(FORM_BYTES_MAX))
        .with_state(doors)
}
