//! OAuth 2.1 and OpenID Connect over HTTP: what apps ask of the issuer, right and wrong.
mod again;
mod attacks;
mod authorize;
mod certificate;
mod client;
mod details;
mod device;
pub(crate) mod dpop;
mod fapi2;
mod grants;
mod introspect;
mod jar;
mod jwks;
mod listed;
mod logout;
mod metadata;
mod nodes;
mod par;
mod redirect;
mod refresh;
mod revoke;
mod token;
mod userinfo;
mod walk;

use crate::stage::{Answer, App, Person, REDIRECT, Stage, form, query};
use data_encoding::BASE64;
use serde_json::{Value, json};

const VERIFIER: &str = "the-verifier-of-these-tests-has-more-than-43-characters";

/// The parameters of a request, in order unless a test spoils them.
#[derive(Clone)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    fn of(fields: &[(&str, &str)]) -> Fields {
        Fields(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// An authorization request for a mere sign-in.
    pub(crate) fn ask(app: &App) -> Fields {
        Fields::of(&[
            ("response_type", "code"),
            ("client_id", &app.id.to_string()),
            ("redirect_uri", REDIRECT),
            ("scope", "openid profile friends offline_access"),
            ("state", "s-1"),
            ("code_challenge", &oauth::pkce::challenge_of(VERIFIER)),
            ("code_challenge_method", "S256"),
        ])
    }

    /// The same, for access to messages.
    pub(crate) fn ask_for(app: &App, details: Value) -> Fields {
        Fields::ask(app).with("authorization_details", &crate::stage::asked(details).to_string())
    }

    /// A token request with a code, by an app that sends what it must in the form.
    pub(crate) fn code(app: &App, code: &str) -> Fields {
        Fields::of(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ])
        .by(app)
    }

    /// A token request with a refresh token.
    pub(crate) fn refresh(app: &App, token: &str) -> Fields {
        Fields::of(&[("grant_type", "refresh_token"), ("refresh_token", token)]).by(app)
    }

    /// A revocation.
    pub(crate) fn revoke(app: &App, token: &str) -> Fields {
        Fields::of(&[("token", token)]).by(app)
    }

    fn by(self, app: &App) -> Fields {
        let fields = self.with("client_id", &app.id.to_string());
        match &app.secret {
            Some(secret) => fields.with("client_secret", secret),
            None => fields,
        }
    }

    /// With this value in the place of the one before, if there was one.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Fields {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some(field) => value.clone_into(&mut field.1),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// With one more, whether or not it is there already.
    fn and(mut self, name: &str, value: &str) -> Fields {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Fields {
        self.0.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn body(&self) -> String {
        form(&self.0)
    }

    /// The path of this authorization request.
    pub(crate) fn path(&self) -> String {
        format!("/authorize?{}", self.body())
    }

    /// Posts it.
    #[track_caller]
    pub(crate) fn post(&self, stage: &Stage, path: &str) -> Answer {
        post_raw(stage, path, &[], self.body().as_bytes())
    }
}

/// Posts a form as it comes.
#[track_caller]
fn post_raw(stage: &Stage, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend(headers);
    stage.send("POST", path, &all, Some(body))
}

/// The `Authorization: Basic` of an app with a secret.
fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()))
}

/// She agrees to all that is asked; where she is sent comes back.
#[track_caller]
pub(crate) fn allow(stage: &Stage, person: &Person, ask: &Fields) -> String {
    let (browser, page) = stage.asked(person, &ask.path());
    match page.answer.status {
        303 => page.answer.location().to_owned(),
        _ => stage.consent(&browser, page.expect(200).form("/consent"), "allow"),
    }
}

/// The same; the code comes back.
#[track_caller]
pub(crate) fn code_of(stage: &Stage, person: &Person, ask: &Fields) -> String {
    let left = allow(stage, person, ask);
    query(&left, "code").unwrap_or_else(|| panic!("no code in {left}"))
}

/// The `error` of an answer in JSON that nobody keeps.
#[track_caller]
fn error(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.asked);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.asked);
    let json = answer.json();
    let said = json["error_description"].as_str().unwrap();
    assert!(!said.is_empty() && said.chars().all(is_allowed), "{said}");
    json["error"].as_str().unwrap().to_owned()
}

/// What RFC 6749 lets a description hold.
fn is_allowed(c: char) -> bool {
    matches!(c, ' '..='~') && c != '"' && c != '\\'
}

/// Asks, and is sent straight back to the app with this error, the state and the issuer.
#[track_caller]
fn sent_back(stage: &Stage, ask: &Fields, wanted: &str) -> String {
    let answer = stage.get(&ask.path()).expect(303);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.asked);
    let left = answer.location().to_owned();
    assert!(left.starts_with(&format!("{REDIRECT}?error=")), "{}: {left}", answer.asked);
    assert_eq!(query(&left, "error").as_deref(), Some(wanted), "{}: {left}", answer.asked);
    assert_eq!(query(&left, "state").as_deref(), Some("s-1"), "{left}");
    assert_eq!(query(&left, "iss").as_deref(), Some(stage.url.as_str()), "{left}");
    assert_eq!(query(&left, "code"), None, "{left}");
    left
}

/// Asks, and is told on a page that nothing can be done, and sent nowhere.
#[track_caller]
fn told_on_a_page(stage: &Stage, ask: &Fields) -> String {
    let answer = stage.get(&ask.path()).expect(400);
    assert_eq!(answer.header("location"), None, "{}", answer.asked);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{}", answer.asked);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.asked);
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
    answer.text()
}

/// Asks, and the person may be asked: the consent page comes next.
#[track_caller]
fn goes_on(stage: &Stage, ask: &Fields) -> String {
    let answer = stage.get(&ask.path()).expect(303);
    let next = answer.location().to_owned();
    assert!(next.starts_with("/consent?request=aut_"), "{}: {next}", answer.asked);
    next
}

/// Reading is allowed, in all conversations.
fn reading() -> Value {
    json!({"actions": ["read"], "conversations": "all", "since": "all"})
}

/// Does this access token still open something?
fn opens(stage: &Stage, token: &Value) -> bool {
    match stage.api(token.as_str().unwrap()).get("/v1/me").status {
        200 => true,
        401 => false,
        other => panic!("{other}"),
    }
}
