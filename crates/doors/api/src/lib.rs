//! The api door: what partners' apps reach over HTTP, and what anyone may fetch (the directory, the ledger).
//!
//! Invariant: a handler here gets at messages through `Asking::act` alone, which asks the gate and hands back what the
//! vault opened; errors leave as problem documents (RFC 9457), which `problem.rs` alone writes.

mod access_list;
mod answer;
mod app_caller;
mod body;
mod caller;
mod conversation_list;
mod conversation_see;
mod conversation_start;
mod delivery_list;
mod directory;
mod events_follow;
mod evidence_take;
mod friends_list;
mod grant_hand_back;
mod grant_see;
mod ledger_checkpoint;
mod ledger_cosigned;
mod ledger_key;
mod ledger_proof;
mod ledger_tile;
mod limit;
mod me;
mod message_delete;
mod message_list;
mod message_see;
mod message_send;
mod openapi;
mod paging;
mod partner_link;
mod power_see;
mod problem;
mod problem_see;
mod problems;
pub mod shapes;
mod typing_show;
mod webhook_add;
mod webhook_list;
mod webhook_remove;
mod webhook_resume;
pub mod webhook_shapes;

pub use limit::Limit;
pub use openapi::openapi;
pub use problems::{Listed, PROBLEMS, problem};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use http::{HeaderName, Method, header};
use oauth::metadata::Mutual;
use std::sync::Arc;
use tower_http::cors::{Any, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vault::Vault;

/// The longest body of a request, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// What this door needs of the house.
#[derive(Debug, Clone)]
pub struct Doors {
    /// The vault.
    pub vault: Arc<Vault>,
    /// Where what happens is followed.
    pub feed: feed::Feed,
    /// The way to addresses that apps name.
    pub outbound: outbound::Outbound,
    /// How much one grant may ask for; `None`: as much as the machine gives.
    pub limit: Option<Limit>,
    /// Where apps that show a certificate reach us.
    pub mutual: Option<Arc<Mutual>>,
}

/// What every handler shares.
struct Door {
    vault: Arc<Vault>,
    feed: feed::Feed,
    outbound: outbound::Outbound,
    meters: Option<limit::Meters>,
    /// Evidence is made for one app at a time: people who check their lists do not wait behind apps.
    evidence: tokio::sync::Semaphore,
    mutual: Option<Arc<Mutual>>,
}

/// Every route of this door.
pub fn routes(doors: Doors) -> Router {
    let Doors { vault, feed, outbound, limit, mutual } = doors;
    let (meters, evidence) = (limit.map(limit::Meters::new), tokio::sync::Semaphore::new(1));
    let door = Arc::new(Door { vault, feed, outbound, meters, evidence, mutual });
    let (router, _) = table().split_for_parts();
    router
        .route("/v1", any(problem::no_route))
        .route("/v1/", any(problem::no_route))
        .route("/v1/{*rest}", any(problem::no_route))
        .method_not_allowed_fallback(problem::no_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(door.clone(), problem::tell))
        .layer(cors())
        .with_state(door)
}

/// Apps that run in a browser page may call from any origin: a call is worth what its token is, and no cookie counts here.
fn cors() -> CorsLayer {
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            name("dpop"),
            name("idempotency-key"),
            name("last-event-id"),
        ])
        .expose_headers([
            header::LOCATION,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            name("dpop-nonce"),
            name("idempotency-replayed"),
            name("ratelimit"),
            name("ratelimit-policy"),
            name("waxseal-receipt"),
        ])
}

/// The route table; the OpenAPI document is made from the same one.
fn table() -> OpenApiRouter<Arc<Door>> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(me::me))
        .routes(routes!(friends_list::friends_list))
        .routes(routes!(grant_see::grant_see, grant_hand_back::grant_hand_back))
        .routes(routes!(conversation_list::conversation_list, conversation_start::conversation_start))
        .routes(routes!(conversation_see::conversation_see))
        .routes(routes!(message_list::message_list, message_send::message_send))
        .routes(routes!(typing_show::typing_show))
        .routes(routes!(message_see::message_see, message_delete::message_delete))
        .routes(routes!(events_follow::events_follow))
        .routes(routes!(access_list::access_list))
        .routes(routes!(webhook_list::webhook_list, webhook_add::webhook_add))
        .routes(routes!(webhook_list::webhook_see, webhook_remove::webhook_remove))
        .routes(routes!(webhook_resume::webhook_resume))
        .routes(routes!(webhook_resume::webhook_turn))
        .routes(routes!(webhook_resume::webhook_replay))
        .routes(routes!(delivery_list::delivery_list))
        .routes(routes!(power_see::power_see))
        .routes(routes!(evidence_take::evidence_take))
        .routes(routes!(partner_link::partner_link))
        .routes(routes!(directory::directory))
        .routes(routes!(ledger_checkpoint::ledger_checkpoint))
        .routes(routes!(ledger_cosigned::ledger_cosigned))
        .routes(routes!(ledger_proof::ledger_proof))
        .routes(routes!(ledger_tile::ledger_tile))
        .routes(routes!(ledger_key::ledger_key))
        .routes(routes!(openapi::openapi_see))
        .routes(routes!(problem_see::problem_see))
}
