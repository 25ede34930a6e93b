//! A browser without script, on a door over a vault of its own: keeps cookies, fills in forms as they stand on the page.

use crate::{Doors, routes};
use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode, header};
use model::{AppId, Clock, Content, ConversationId, Entropy, Handle, Time, World};
use oauth::metadata::Issuer;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tower::ServiceExt;
use vault::{NewApp, Own, Place, Setup, Vault};

pub(super) const ORIGIN: &str = "https://waxseal.example";
pub(super) const REDIRECT: &str = "https://jukebox.example/back?kept=1";
pub(super) const PASSWORD: &str = "a long enough one";

#[derive(Clone)]
pub(super) struct HandMoved(Arc<AtomicI64>);

impl HandMoved {
    pub(super) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for HandMoved {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// SplitMix64: looks random, and is the same in every run.
struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A door and what is behind it.
pub(super) struct House {
    pub(super) vault: Arc<Vault>,
    pub(super) clock: HandMoved,
    router: Router,
    _folder: testkit::Folder,
}

impl House {
    pub(super) fn new() -> Self {
        let folder = testkit::folder();
        let clock = HandMoved(Arc::new(AtomicI64::new(1_795_435_200_000_000)));
        let world = World::new(clock.clone(), Seeded(AtomicU64::new(7)));
        let place = Place::Folder(folder.join("data"));
        let setup = Setup { place, issuer: ORIGIN.to_owned(), log_origin: None };
        let vault = std::thread::scope(|scope| scope.spawn(|| Vault::open(setup, world)).join().unwrap());
        let vault = Arc::new(vault.unwrap());
        let issuer = Issuer::parse(ORIGIN).unwrap();
        let router = routes(Doors { vault: vault.clone(), bus: bus::Bus::default(), issuer });
        House { vault, clock, router, _folder: folder }
    }

    pub(super) fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), cookies: BTreeMap::new() }
    }

    /// A new person, signed in.
    pub(super) async fn person(&self, handle: &str) -> Browser {
        let mut browser = self.browser();
        let page = browser.get("/sign-up").await;
        let form = page.form("sign-up").set("handle", handle).set("name", handle).set("password", PASSWORD);
        let answer = browser.send(form).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"), "{}", answer.body);
        browser
    }

    pub(super) async fn own(&self, browser: &Browser) -> Own {
        self.vault.own(&browser.cookies["__Host-waxseal"]).await.unwrap()
    }

    /// Friends with a conversation of their own.
    pub(super) async fn talk(&self, one: (&str, &Browser), other: (&str, &Browser)) -> ConversationId {
        let handle = |text| Handle::parse(text).unwrap();
        self.vault.person_befriend(&handle(one.0), &handle(other.0)).await.unwrap();
        let (own, friend) = (self.own(one.1).await, self.own(other.1).await.person());
        self.vault.own_start(&own, vec![friend], None).await.unwrap()
    }

    pub(super) async fn say(&self, who: &Browser, conversation: ConversationId, text: &str) -> i64 {
        let content = Content::Text { text: text.to_owned() };
        self.vault.own_send(&self.own(who).await, conversation, content, text).await.unwrap()
    }

    /// A public app that may have everything.
    pub(super) async fn app(&self) -> AppId {
        let ceiling = r#"[{"type":"messages","actions":["list","read","send","delete"],"conversations":"all","since":"all","expires_in":31536000}]"#;
        let new = NewApp {
            name: "Jukebox".to_owned(),
            partner: "Northwind Music".to_owned(),
            redirect_uris: vec![REDIRECT.to_owned()],
            ceiling: ceiling.to_owned(),
            secret: false,
        };
        self.vault.app_add(new).await.unwrap().0
    }

    /// The address to which the issuer sends a person whom the app asks for these details.
    pub(super) async fn ask(&self, app: AppId, details: &str, more: &str) -> String {
        use oauth::client::{Client, ClientKind};
        let facts = self.vault.app(app).await.unwrap();
        let client = Client {
            id: app,
            kind: ClientKind::Public,
            redirect_uris: facts.redirect_uris,
            ceiling: facts.ceiling,
            live: true,
        };
        let challenge = oauth::pkce::challenge_of(&"v".repeat(43));
        let details = crate::page::query_value(details);
        let redirect = crate::page::query_value(REDIRECT);
        let query = format!(
            "client_id={app}&redirect_uri={redirect}&response_type=code&state=s%201&code_challenge={challenge}\
             &code_challenge_method=S256&scope=openid%20profile&authorization_details={details}{more}"
        );
        let params = oauth::Params::parse(query.as_bytes()).unwrap();
        let issuer = Issuer::parse(ORIGIN).unwrap();
        let request = oauth::authorize::authorize(&params, Some(&client), &issuer).unwrap();
        format!("/consent?request={}", self.vault.authorization_add(&request).await.unwrap())
    }
}

/// Details that ask to read, send and (optionally) delete.
pub(super) fn details(conversations: &str) -> String {
    format!(
        r#"[{{"type":"messages","actions":["read","send","delete"],"optional":["delete"],"conversations":"{conversations}",
            "since":"all","purpose":"Shows and answers chats beside the music"}}]"#
    )
}

/// A browser.
#[derive(Clone)]
pub(super) struct Browser {
    router: Router,
    pub(super) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form as the page has it, with the headers that a browser adds.
    pub(super) async fn send(&mut self, form: Filled) -> Answer {
        let mut request = Request::post(&form.action)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, ORIGIN)
            .header("sec-fetch-site", "same-origin");
        for (name, value) in &form.headers {
            request.headers_mut().unwrap().insert(*name, value.parse().unwrap());
        }
        let encoded = form.fields.iter().map(|(name, value)| {
            format!("{}={}", crate::page::query_value(name), crate::page::query_value(value))
        });
        self.ask(request.body(Body::from(encoded.collect::<Vec<_>>().join("&"))).unwrap()).await
    }

    pub(super) async fn ask(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let (pair, rest) = set.to_str().unwrap().split_once("; ").unwrap();
            assert!(rest.contains("HttpOnly; SameSite=Lax; Secure") && rest.contains("Path=/"), "{set:?}");
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: http::HeaderMap,
    pub(super) body: String,
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split_once('"')?.0;
    Some(
        value
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&")
            .replace("&#38;", "&")
            .replace("&#60;", "<")
            .replace("&#62;", ">"),
    )
}

impl Answer {
    pub(super) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// A form of the page, by its id or by the end of its address, with its fields as they stand.
    pub(super) fn form(&self, which: &str) -> Filled {
        let forms = self.body.split("<form ").skip(1).map(|form| form.split_once("</form>").unwrap().0);
        let open = |form: &str| format!(" {}", form.split_once('>').unwrap().0);
        let found = forms.into_iter().find(|form| {
            let tag = open(form);
            attribute(&tag, "id").is_some_and(|id| id == which)
                || attribute(&tag, "action").is_some_and(|action| action.ends_with(which))
        });
        let form = found.unwrap_or_else(|| panic!("no form {which} in {} {}", self.status, self.body));
        let mut fields = Vec::new();
        for piece in form.split('<').skip(1) {
            let tag = piece.split_once('>').map_or(piece, |(tag, _)| tag);
            let Some(name) = attribute(tag, "name") else { continue };
            let value = attribute(tag, "value").unwrap_or_default();
            let kind = attribute(tag, "type").unwrap_or_default();
            if tag.starts_with("input ") {
                let tickable = matches!(kind.as_str(), "checkbox" | "radio");
                if !tickable || tag.contains(" checked") {
                    fields.push((name, value));
                }
            } else if tag.starts_with("select ") {
                let options = form
                    .split_once(&format!("name=\"{name}\""))
                    .unwrap()
                    .1
                    .split_once("</select>")
                    .unwrap()
                    .0;
                let option = options.split("<option").find(|option| option.contains(" selected")).unwrap();
                fields.push((name, attribute(option, "value").unwrap()));
            } else if tag.starts_with("textarea ") {
                fields.push((name, piece.split_once('>').unwrap().1.to_owned()));
            }
        }
        Filled { action: attribute(&open(form), "action").unwrap_or_default(), fields, headers: Vec::new() }
    }
}

/// A form, filled in.
#[derive(Debug, Clone)]
pub(super) struct Filled {
    pub(super) action: String,
    pub(super) fields: Vec<(String, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Filled {
    /// This field with this value alone.
    pub(super) fn set(mut self, name: &str, value: &str) -> Self {
        self = self.drop(name);
        self.add(name, value)
    }

    pub(super) fn add(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn drop(mut self, name: &str) -> Self {
        self.fields.retain(|(other, _)| other != name);
        self
    }

    pub(super) fn to(mut self, action: &str) -> Self {
        self.action = action.to_owned();
        self
    }

    pub(super) fn says(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
    }
}
