//! What one request meets: a conversation, a message, a grant, a question of its own, so that no cell tells on another.
use super::callers::{Caller, Cast, Sends};
use super::routes::Route;
use crate::issuer::Fields;
use crate::raw;
use crate::stage::{App, PASSWORD, REDIRECT, encoded, form, query};
use model::ConversationId;
use serde_json::{Value, json};

/// Fresh ground.
pub(super) struct Ground {
    /// Where Ada, Bea and Dan talk, if the route asks about a conversation.
    conversation: Option<ConversationId>,
}

/// A request, before it is known who sends it.
pub(super) struct Asks {
    path: String,
    body: Body,
}

enum Body {
    None,
    Json(Value),
    Form(Vec<(String, String)>),
}

impl Ground {
    pub(super) fn new(cast: &Cast, route: &Route) -> Ground {
        let (stage, vault) = (&cast.stage, cast.stage.vault());
        if route.path.starts_with("/friends/") {
            befriended_by_nobody(cast);
        }
        if matches!(route.path.as_str(), "/settings/words" | "/settings/hide") {
            for name in ["ada", "bea", "cem"] {
                stage.wait(vault.wish_everywhere(&cast.own(name), false, false)).unwrap();
            }
        }
        if route.path.contains("/accesses/{n}/") {
            stage.api(&cast.token("all")).get("/v1/conversations").expect(200);
        }
        let asks_about_one = ["/conversations/{", "/deleted/{"].iter().any(|part| route.path.contains(part));
        Ground { conversation: asks_about_one.then(|| conversation(cast, route)) }
    }

    /// The path and body with which this route is asked in order.
    pub(super) fn asks(&self, cast: &Cast, route: &Route, caller: Caller) -> Asks {
        let id = self.conversation.map(|id| id.to_string()).unwrap_or_default();
        let mut path = route.path.clone();
        if path.starts_with("/apps/") {
            let grant = if route.method == "POST" { self.grant(cast) } else { cast.grant().to_string() };
            path = path.replace("{grant}", &grant).replace("{n}", "1");
        }
        path = match route.path.as_str() {
            "/friends/{id}/{answer}" => format!("/friends/{}/accept", cast.people["zed"].id),
            "/recover/{token}" => path.replace("{token}", &recovery(cast)),
            "/settings/sessions/{id}/end" => path.replace("{id}", &session(cast)),
            "/directory/{app}" => path.replace("{app}", &cast.jukebox.id.to_string()),
            "/static/{name}" => stylesheet(cast),
            "/problems/{name}" => "/problems/not-found".to_owned(),
            "/ledger/tile/{*path}" => tile(cast),
            "/ledger/proof/{index}" => "/ledger/proof/0".to_owned(),
            path if path.contains("/webhooks/{") => {
                path.replace("{webhook}", &model::WebhookId::from_bytes([0; 16]).to_string())
            }
            "/v1/{*rest}" => "/v1/nothing".to_owned(),
            "/grants/{grant_id}" => path.replace("{grant_id}", &cast.grant().to_string()),
            "/consent" if route.method == "GET" => format!("/consent?request={}", question(cast)),
            "/authorize" if route.method == "GET" => Fields::ask(&cast.jukebox).path(),
            "/share" if route.method == "GET" => format!("/share?{}", form(&share(cast))),
            _ => path.replace("{id}", &id).replace("{conversation}", &id).replace("{seq}", "1"),
        };
        assert!(!path.contains('{'), "{route}: say here which thing it is asked about");
        Asks { path, body: self.body(cast, route, caller) }
    }

    fn body(&self, cast: &Cast, route: &Route, caller: Caller) -> Body {
        if route.method == "GET" || route.method == "DELETE" {
            return Body::None;
        }
        let form = |fields: &[(&str, &str)]| {
            Body::Form(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        match route.path.as_str() {
            "/v1/conversations" => Body::Json(json!({"participants": ["@dan"], "title": "New"})),
            "/v1/conversations/{conversation}/messages" => {
                Body::Json(json!({"content": {"type": "text", "text": "from the app"}}))
            }
            "/authorize" | "/par" => Body::Form(Fields::ask(&cast.jukebox).0),
            "/device_authorization" => form(&[("client_id", &cast.jukebox.id.to_string())]),
            "/device" => form(&[("user_code", &user_code(cast))]),
            "/token" => {
                let (app, token) = self.refresh(cast);
                Body::Form(Fields::refresh(&app, &token).0)
            }
            "/revoke" => {
                let (app, token) = self.refresh(cast);
                Body::Form(Fields::revoke(&app, &token).0)
            }
            "/introspect" => {
                let (app, token) = self.refresh(cast);
                Body::Form(Fields::revoke(&app, &token).0)
            }
            "/consent" => form(&[("request", &question(cast)), ("decision", "deny")]),
            "/share" => {
                let friend = cast.people["dan"].id.to_string();
                let rest = [("friend", friend.as_str()), ("key", "once"), ("decision", "send")];
                form(
                    &[share(cast).each_ref().map(|(name, value)| (*name, value.as_str())).as_slice(), &rest]
                        .concat(),
                )
            }
            "/sign-in" => form(&[("handle", "zed"), ("password", PASSWORD)]),
            "/sign-in/again" => form(&[("password", PASSWORD)]),
            "/sign-up" => {
                let handle = format!("new{}", cast.stage.vault().world().now().micros() % 1_000_000_000);
                form(&[("handle", &handle), ("name", "New"), ("password", PASSWORD)])
            }
            "/conversations" => {
                form(&[("participant", &cast.people["dan"].id.to_string()), ("title", "Of a page")])
            }
            "/conversations/{id}/send" => form(&[("text", "from the page"), ("key", "once")]),
            "/conversations/{id}/read" => form(&[("seq", "1")]),
            "/conversations/{id}/apps/words" => form(&[("words", "kept")]),
            "/conversations/{id}/apps/lock" => form(&[("lock", "on")]),
            "/apps/{grant}/narrow" => form(&[("action", "list")]),
            "/apps/{grant}/pause" => form(&[("pause", "on")]),
            "/friends/request" => form(&[("handle", "zed")]),
            "/notices/read" => form(&[("until", &model::NoticeId::from_bytes([0; 16]).to_string())]),
            "/recover/{token}" => form(&[("password", "a new one of hers")]),
            "/settings/name" => form(&[("name", caller.name())]),
            "/settings/password" => form(&[("password", PASSWORD), ("password_new", PASSWORD)]),
            "/settings/alerts" => form(&[("first_read", "on"), ("east_min", "0")]),
            "/settings/words" => form(&[("words", "kept")]),
            "/settings/hide" => form(&[("hide", "on")]),
            _ => form(&[]),
        }
    }

    /// A grant of Ada's for this request alone.
    fn grant(&self, cast: &Cast) -> String {
        let details = json!({"actions": ["list", "read"], "conversations": "all"});
        cast.stage.grant(&cast.person("ada"), &cast.an_app(), details).grant.to_string()
    }

    fn refresh(&self, cast: &Cast) -> (App, String) {
        let (app, details) = (cast.an_app(), json!({"actions": ["list"], "conversations": "all"}));
        let refresh = cast.stage.grant(&cast.person("ada"), &app, details).refresh.unwrap();
        (app, refresh)
    }
}

/// Ada, Bea and Dan talk; Ada has written one message, and has deleted it if the route is to restore it.
fn conversation(cast: &Cast, route: &Route) -> ConversationId {
    let (stage, vault, ada) = (&cast.stage, cast.stage.vault(), cast.own("ada"));
    let others = vec![cast.people["bea"].id, cast.people["dan"].id];
    let conversation = stage.wait(vault.own_start(&ada, others, Some("A group".to_owned()))).unwrap();
    let text = model::Content::Text { text: "hello".to_owned() };
    stage.wait(vault.own_send(&ada, conversation, text, &conversation.to_string())).unwrap();
    if route.path.ends_with("/restore") {
        stage.wait(vault.own_delete(&ada, conversation, 1)).unwrap();
    }
    conversation
}

/// Zed is nobody's friend, and asks to be Ada's.
fn befriended_by_nobody(cast: &Cast) {
    let (stage, vault, zed) = (&cast.stage, cast.stage.vault(), cast.own("zed"));
    for name in ["ada", "bea", "cem"] {
        let _ = stage.wait(vault.friend_remove(&zed, cast.people[name].id));
        let _ = stage.wait(vault.friend_answer(&cast.own(name), cast.people["zed"].id, false));
    }
    stage.wait(vault.friend_ask(&zed, &Cast::handle("ada"))).unwrap();
}

/// A question that waits for an answer.
fn question(cast: &Cast) -> String {
    let answer = cast.stage.get(&Fields::ask(&cast.an_app()).path()).expect(303);
    query(answer.location(), "request").unwrap()
}

/// What an app would have shared.
fn share(cast: &Cast) -> [(&'static str, String); 3] {
    let card = json!({"kind": "film", "title": "A film"}).to_string();
    [("client_id", cast.jukebox.id.to_string()), ("redirect_uri", REDIRECT.to_owned()), ("card", card)]
}

/// The code of a device that waits.
fn user_code(cast: &Cast) -> String {
    let ask = [("client_id", cast.an_app().id.to_string())];
    let ask = ask.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = cast.stage.post_form("/device_authorization", &ask).expect(200).json();
    answer["user_code"].as_str().unwrap().to_owned()
}

/// A link that sets a new password for Zed, open.
fn recovery(cast: &Cast) -> String {
    let (stage, vault) = (&cast.stage, cast.stage.vault());
    let made =
        stage.wait(vault.staff_recovery(&model::Handle::parse("zed").unwrap(), "a wire test")).unwrap();
    made.token
}

/// Another session of Ada's.
fn session(cast: &Cast) -> String {
    let (stage, vault) = (&cast.stage, cast.stage.vault());
    let cookie = stage
        .wait(vault.sign_in("ada", PASSWORD.to_owned(), "another browser"))
        .unwrap()
        .cookies()
        .unwrap()
        .session;
    stage.wait(vault.own(&cookie)).unwrap().session().to_string()
}

/// A file that every page needs.
fn stylesheet(cast: &Cast) -> String {
    let page = cast.stage.get("/sign-in").expect(200).text();
    let (_, rest) = page.split_once("/static/").unwrap();
    format!("/static/{}", rest.split('"').next().unwrap())
}

/// The newest tile of the log.
fn tile(cast: &Cast) -> String {
    cast.stage.sequence();
    let size: u64 = cast.stage.get("/ledger/checkpoint").text().lines().nth(1).unwrap().parse().unwrap();
    match size % 256 {
        0 => format!("/ledger/tile/0/{:03}", size / 256 - 1),
        part => format!("/ledger/tile/0/{:03}.p/{part}", size / 256),
    }
}

impl Asks {
    /// The request as this caller sends it.
    pub(super) fn bytes(self, cast: &Cast, route: &Route, caller: Caller) -> Vec<u8> {
        let mut headers: Vec<(&str, String)> = Vec::new();
        let mut body = self.body;
        match caller {
            Caller::Nobody => {}
            Caller::App(name) => headers.push(("authorization", format!("Bearer {}", cast.token(name)))),
            Caller::Person(name, sends) => {
                let cookie = cast.cookie(name);
                headers.push(("cookie", format!("{}={cookie}", vault::session_cookie(false))));
                let (site, origin) = match sends {
                    Sends::FromElsewhere => ("cross-site", "https://evil.example"),
                    Sends::Form | Sends::NoToken => ("same-origin", cast.stage.url.as_str()),
                };
                headers.extend([("sec-fetch-site", site.to_owned()), ("origin", origin.to_owned())]);
                if let (Body::Form(fields), true) = (&mut body, sends != Sends::NoToken) {
                    fields.push(("csrf".to_owned(), cast.form_token(&cookie)));
                }
            }
        }
        let (kind, body) = match body {
            Body::None => ("", Vec::new()),
            Body::Json(json) => ("application/json", json.to_string().into_bytes()),
            Body::Form(fields) => ("application/x-www-form-urlencoded", form(&fields).into_bytes()),
        };
        if !kind.is_empty() {
            headers.push(("content-type", kind.to_owned()));
            headers.push(("idempotency-key", encoded(caller.name())));
        }
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        raw::request(&cast.stage, &route.method, &self.path, &headers, &body)
    }
}
