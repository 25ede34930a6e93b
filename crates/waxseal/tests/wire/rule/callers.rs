//! The kinds of callers, and the people and apps that play them.
use crate::issuer::{Fields, code_of};
use crate::stage::{App, EVERYTHING, PASSWORD, Person, Stage};
use model::{GrantId, Handle};
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Caller {
    Nobody,
    /// An app, with the token of this name.
    App(&'static str),
    /// A person in her browser: her cookie, and how her form comes.
    Person(&'static str, Sends),
}

/// How a form comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sends {
    Form,
    NoToken,
    FromElsewhere,
}

pub(super) const CALLERS: &[Caller] = &[
    Caller::Nobody,
    Caller::App("garbage"),
    Caller::App("expired"),
    Caller::App("revoked"),
    Caller::App("paused"),
    Caller::App("spent"),
    Caller::App("halted"),
    Caller::App("face"),
    Caller::App("list"),
    Caller::App("read"),
    Caller::App("send"),
    Caller::App("delete"),
    Caller::App("all"),
    Caller::App("far"),
    Caller::App("other"),
    Caller::App("session"),
    Caller::Person("ada", Sends::Form),
    Caller::Person("bea", Sends::Form),
    Caller::Person("cem", Sends::Form),
    Caller::Person("ada", Sends::NoToken),
    Caller::Person("ada", Sends::FromElsewhere),
    Caller::Person("token", Sends::Form),
    Caller::Person("left", Sends::Form),
];

impl Caller {
    pub(super) fn name(self) -> &'static str {
        match self {
            Caller::Nobody => "nobody",
            Caller::App(name) | Caller::Person(name, Sends::Form) => name,
            Caller::Person(_, Sends::NoToken) => "no-form",
            Caller::Person(_, Sends::FromElsewhere) => "cross",
        }
    }
}

/// Everyone, and what they hold.
pub(super) struct Cast {
    pub(super) stage: Stage,
    pub(super) people: BTreeMap<&'static str, Person>,
    pub(super) jukebox: App,
    other: App,
    /// Session cookies by name; a session that a request ended is begun again.
    cookies: RefCell<BTreeMap<&'static str, String>>,
    /// The form token of a cookie.
    forms: RefCell<BTreeMap<String, String>>,
    /// Access tokens by name.
    tokens: RefCell<BTreeMap<&'static str, String>>,
    grant: RefCell<Option<GrantId>>,
}

impl Cast {
    pub(super) fn new() -> Cast {
        let mut stage = Stage::new();
        stage.limit = None;
        stage.restart();
        let people: BTreeMap<_, _> =
            ["ada", "bea", "cem", "dan", "zed", "left"].map(|handle| (handle, stage.person(handle))).into();
        for (one, other) in [("ada", "bea"), ("ada", "dan"), ("bea", "dan")] {
            stage.friends(&people[one], &people[other]);
        }
        let (jukebox, other) = (stage.app(EVERYTHING), stage.app_named("Other", EVERYTHING, false));
        let cookies = people.iter().map(|(name, person)| (*name, person.cookie.clone())).collect();
        let (forms, tokens, grant) = Default::default();
        let cast =
            Cast { stage, people, jukebox, other, cookies: RefCell::new(cookies), forms, tokens, grant };
        cast.form_token(&cast.people["left"].cookie);
        cast.stage.wait(cast.stage.vault().sign_out(&cast.people["left"].cookie)).unwrap();
        cast.keep("expired", cast.grant_by(&cast.an_app(), "ada", json!({"conversations": "all"})).0);
        cast.stage.clock.advance_s(oauth::token::ACCESS_TOKEN_S + 1);
        cast.mint();
        cast
    }

    fn keep(&self, name: &'static str, token: String) {
        self.tokens.borrow_mut().insert(name, token);
    }

    /// An app that nobody has let in yet, so that what it is let is a grant of its own.
    pub(super) fn an_app(&self) -> App {
        self.stage.app(EVERYTHING)
    }

    /// A grant of every action unless it says otherwise: its access token, and its id.
    fn grant_by(&self, app: &App, person: &'static str, details: serde_json::Value) -> (String, GrantId) {
        let mut all = json!({"actions": ["list", "read", "send", "delete"], "since": "all"});
        all.as_object_mut().unwrap().extend(details.as_object().unwrap().clone());
        let tokens = self.stage.grant(&self.person(person), app, all);
        (tokens.access, tokens.grant)
    }

    /// Fresh tokens, if the row before has ended them.
    pub(super) fn mint_what_is_worn(&self) {
        if self.stage.wait(self.stage.vault().caller(&self.token("all"))).is_err() {
            self.mint();
        }
    }

    /// Tokens of every kind.
    fn mint(&self) {
        let (stage, vault) = (&self.stage, self.stage.vault());
        let (ada, all) = (self.own("ada"), json!({"conversations": "all"}));
        for action in ["list", "read", "send", "delete"] {
            let alone = json!({"actions": [action], "conversations": "all"});
            self.keep(action, self.grant_by(&self.an_app(), "ada", alone).0);
        }
        let (token, grant) = self.grant_by(&self.an_app(), "ada", all.clone());
        self.keep("all", token.clone());
        self.keep("token", token);
        *self.grant.borrow_mut() = Some(grant);
        self.keep("far", self.grant_by(&self.an_app(), "ada", json!({"conversations": "started"})).0);
        self.keep("other", self.grant_by(&self.other, "cem", all.clone()).0);

        let (revoked, grant) = self.grant_by(&self.an_app(), "ada", all.clone());
        stage.wait(vault.grant_revoke(&ada, grant)).unwrap();
        self.keep("revoked", revoked);
        let (paused, grant) = self.grant_by(&self.an_app(), "ada", all.clone());
        stage.wait(vault.grant_pause(&ada, grant, true)).unwrap();
        self.keep("paused", paused);
        let spent = self.grant_by(&self.an_app(), "ada", json!({"conversations": "all", "uses": 1})).0;
        stage.api(&spent).get("/v1/conversations").expect(200);
        self.keep("spent", spent);
        let halted = stage.app_named("Halted", EVERYTHING, false);
        self.keep("halted", self.grant_by(&halted, "ada", all).0);
        stage.wait(vault.app_suspend(halted.id, "a breach")).unwrap();

        let app = self.an_app();
        let ask = Fields::ask(&app).with("scope", "openid profile offline_access");
        let code = code_of(stage, &self.person("ada"), &ask);
        let told = Fields::code(&app, &code).post(stage, "/token").expect(200).json();
        self.keep("face", told["access_token"].as_str().unwrap().to_owned());
        self.keep("garbage", "wxa_garbage".to_owned());
    }

    /// The grant that Ada's pages show.
    pub(super) fn grant(&self) -> GrantId {
        self.grant.borrow().unwrap()
    }

    /// What an app sends as its token.
    pub(super) fn token(&self, name: &'static str) -> String {
        match name {
            "session" => self.cookie("ada"),
            name => self.tokens.borrow()[name].clone(),
        }
    }

    /// What a browser sends as its session.
    pub(super) fn cookie(&self, name: &'static str) -> String {
        match name {
            "token" => self.token("all"),
            "left" => self.people["left"].cookie.clone(),
            name => {
                let cookie = self.cookies.borrow()[name].clone();
                let own = self.stage.wait(self.stage.vault().own(&cookie));
                if own.is_ok_and(|own| self.stage.vault().fresh_within(&own, 600)) {
                    return cookie;
                }
                let fresh = self.stage.vault().sign_in(name, PASSWORD.to_owned(), "wire test");
                let fresh = self.stage.wait(fresh).unwrap().cookies().unwrap().session;
                self.cookies.borrow_mut().insert(name, fresh.clone());
                fresh
            }
        }
    }

    /// She, with a session that is good.
    pub(super) fn person(&self, name: &'static str) -> Person {
        Person { handle: name.to_owned(), id: self.people[name].id, cookie: self.cookie(name) }
    }

    /// Her session, for calling the vault.
    pub(super) fn own(&self, name: &'static str) -> vault::Own {
        self.stage.wait(self.stage.vault().own(&self.cookie(name))).unwrap()
    }

    pub(super) fn handle(name: &str) -> Handle {
        Handle::parse(name).unwrap()
    }

    /// The token that our forms carry in a browser with this cookie.
    pub(super) fn form_token(&self, cookie: &str) -> String {
        if let Some(token) = self.forms.borrow().get(cookie) {
            return token.clone();
        }
        let browser = self.stage.browser();
        browser.set_cookie(vault::session_cookie(false), cookie);
        let form = browser.open("/sign-in").expect(200).form("/sign-in");
        let token = form.values("csrf")[0].to_owned();
        self.forms.borrow_mut().insert(cookie.to_owned(), token.clone());
        token
    }
}
