//! The OpenAPI document: made of the route table, once, and checked in as docs/openapi.json.
//!
//! Invariant: an operation's problems stand in one table here, and come with status and words from the table of problems.

use crate::Door;
use crate::ledger_tile::published;
use crate::problems::problem;
use crate::shapes::ProblemDocument;
use axum::extract::State;
use axum::response::Response;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, Ref, RefOr,
    ResponseBuilder, Schema, Type,
};
use utoipa::{PartialSchema, ToSchema};

/// What any request of an app may be answered with.
const OF_ANY: &[&str] = &[
    "malformed",
    "token-missing",
    "token-invalid",
    "token-unproven",
    "dpop-proof-invalid",
    "dpop-nonce",
    "too-many-requests",
    "broken",
    "unavailable",
];
/// What a request that needs an action may be answered with besides.
const OF_ACTION: &[&str] = &["action-missing", "grant-paused", "grant-spent", "grant-over", "changed"];
/// What a request with a body may be answered with besides.
const OF_BODY: &[&str] = &["body-too-large", "body-type", "invalid"];

/// What each operation may be answered with besides, by the name of its handler.
const OF_EACH: &[(&str, &[&[&str]])] = &[
    ("me", &[OF_ANY]),
    ("friends_list", &[OF_ANY, &["scope-missing", "grant-paused", "grant-spent", "grant-over"]]),
    ("grant_see", &[OF_ANY]),
    ("grant_hand_back", &[OF_ANY]),
    ("conversation_list", &[OF_ANY, OF_ACTION]),
    ("conversation_start", &[OF_ANY, OF_ACTION, OF_BODY, &["not-friends", "too-many-people"]]),
    ("conversation_see", &[OF_ANY, OF_ACTION, &["not-found"]]),
    ("message_list", &[OF_ANY, OF_ACTION, &["not-found"]]),
    (
        "message_send",
        &[
            OF_ANY,
            OF_ACTION,
            OF_BODY,
            &["kind-missing", "not-found", "idempotency-key-missing", "idempotency-key-reused"],
        ],
    ),
    ("message_see", &[OF_ANY, OF_ACTION, &["not-found"]]),
    ("message_delete", &[OF_ANY, OF_ACTION, &["not-found", "withheld"]]),
    ("typing_show", &[OF_ANY, OF_ACTION, &["not-found"]]),
    ("events_follow", &[OF_ANY, OF_ACTION, &["too-many-streams"]]),
    ("access_list", &[OF_ANY]),
    ("webhook_list", &[OF_ANY]),
    ("webhook_add", &[OF_ANY, OF_BODY]),
    ("webhook_see", &[OF_ANY, &["not-found"]]),
    ("webhook_remove", &[OF_ANY, &["not-found"]]),
    ("webhook_resume", &[OF_ANY, &["not-found"]]),
    ("webhook_turn", &[OF_ANY, &["not-found"]]),
    ("webhook_replay", &[OF_ANY, OF_BODY, &["not-found"]]),
    ("power_see", &[OF_ANY]),
    ("evidence_take", &[OF_ANY]),
    ("partner_link", &[OF_ANY]),
    ("delivery_list", &[OF_ANY, &["not-found"]]),
    ("directory", &[&["broken", "unavailable"]]),
    ("ledger_checkpoint", &[&["broken", "unavailable"]]),
    ("ledger_cosigned", &[&["not-found", "broken", "unavailable"]]),
    ("ledger_proof", &[&["not-found", "broken", "unavailable"]]),
    ("ledger_tile", &[&["not-found", "broken", "unavailable"]]),
    ("ledger_key", &[]),
    ("openapi_see", &[]),
    ("problem_see", &[&["not-found"]]),
];

const ABOUT: &str = "What an app may do with a person's messages, as far as she let it.\n\n\
Sign people in with OAuth 2.1 (see `/.well-known/openid-configuration`) and ask for access to messages with \
`authorization_details` of type `messages`. Send the access token as `Authorization: Bearer`. Times are RFC 3339 in UTC \
with microseconds. Lists are `{\"items\": […], \"next\": cursor or null}`. Every answer that touched messages carries \
`Waxseal-Receipt`: the access record, signed (a compact JWS). A conversation outside the reach of the grant and one that \
does not exist are the same 404. Errors are `application/problem+json` (RFC 9457).";

/// What the document says besides its paths.
pub(crate) fn frame() -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("Waxseal")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license))
        .build();
    let mut document = OpenApi::new(info, utoipa::openapi::Paths::new());
    let tags = [
        ("person", "For whom the app acts"),
        ("grant", "What the app may do, and what it did"),
        ("conversations", "Conversations within reach"),
        ("messages", "Messages within reach"),
        ("webhooks", "Where the app is told of what happens, with a token of its own"),
        ("for anyone", "Public: the directory of apps, the ledger, and what problems mean"),
    ];
    let tags = tags.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build());
    document.tags = Some(tags.into());
    document
}

/// The OpenAPI document, as JSON with a line break at its end.
pub fn openapi() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let mut document = finish(crate::table().split_for_parts().1).to_pretty_json().unwrap_or_default();
        document.push('\n');
        document
    });
    &DOCUMENT
}

/// Adds what the route table does not say: how to prove oneself, and the problems.
fn finish(mut document: OpenApi) -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token of this server's token endpoint (RFC 6750)."))
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let mut schemas = Vec::new();
    ProblemDocument::schemas(&mut schemas);
    schemas.push((ProblemDocument::name().into_owned(), ProblemDocument::schema()));
    components.schemas.extend(schemas);
    components.schemas.iter_mut().for_each(|(name, schema)| open_to_more(name, schema));
    document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    for item in document.paths.paths.values_mut() {
        operations(item).for_each(add_problems);
    }
    // A catch-all of the router is an ordinary parameter in a document.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    document
}

/// Answers may have more members one day, so no client is told that they have not. Bodies of requests may not.
fn open_to_more(name: &str, schema: &mut RefOr<Schema>) {
    if let (false, RefOr::T(Schema::Object(object))) = (name.ends_with("New"), schema) {
        object.additional_properties = None;
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete].into_iter().filter_map(Option::as_mut)
}

/// One response a status, which lists the problems that come with it.
fn add_problems(operation: &mut Operation) {
    let name = operation.operation_id.as_deref().unwrap_or_default();
    let names = OF_EACH.iter().find(|(of, _)| *of == name).map_or(&[] as &[&[&str]], |(_, names)| names);
    let mut by_status: BTreeMap<u16, String> = BTreeMap::new();
    for listed in names.iter().copied().flatten().filter_map(|name| problem(name)) {
        let text = by_status.entry(listed.status).or_default();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("`{}`: {}. {}", listed.name, listed.title, listed.remedy));
    }
    for (status, text) in by_status {
        let schema = RefOr::Ref(Ref::from_schema_name(ProblemDocument::name()));
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let mut response =
            ResponseBuilder::new().description(text).content("application/problem+json", content);
        for (header, about) in headers(status) {
            let schema = ObjectBuilder::new().schema_type(Type::String).build();
            let header_object = HeaderBuilder::new().schema(Some(schema)).description(Some(*about)).build();
            response = response.header(*header, header_object);
        }
        operation.responses.responses.insert(status.to_string(), RefOr::T(response.build()));
    }
}

/// The headers that come with a status.
fn headers(status: u16) -> &'static [(&'static str, &'static str)] {
    match status {
        401 | 403 => {
            &[("WWW-Authenticate", "The challenge of RFC 6750, with `resource_metadata` (RFC 9728)")]
        }
        429 => &[
            ("Retry-After", "How many seconds to wait"),
            ("RateLimit", "What is left of the limit"),
            ("RateLimit-Policy", "The limit: `q` requests in `w` seconds"),
        ],
        503 => &[("Retry-After", "How many seconds to wait")],
        _ => &[],
    }
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "for anyone", security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json")))]
pub(crate) async fn openapi_see(State(_): State<Arc<Door>>) -> Response {
    published(openapi(), "application/json", "public, max-age=300")
}

#[cfg(test)]
#[path = "openapi_tests.rs"]
mod tests;
