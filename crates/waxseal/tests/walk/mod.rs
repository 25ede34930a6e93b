//! Waxseal as a program, a person in a browser and an app of hers over HTTP, for the tests that use the whole house.
//!
//! Invariant: nothing here reaches into the server while it runs; [`House::vault`] opens its data when it does not.
#![allow(dead_code, unused_imports, reason = "what one of these tests does not need, the other does")]

#[path = "../wire/stage/answer.rs"]
mod answer;
#[path = "../cli/binary.rs"]
mod binary;
#[path = "../wire/stage/browser.rs"]
mod browser;
#[path = "../wire/stage/html.rs"]
mod html;

pub(crate) use answer::{Answer, Client, encoded, form, query};
pub(crate) use binary::{Server, run};
pub(crate) use browser::Browser;

use binary::{Ended, waxseal};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use vault::{Place, Setup, Vault};

/// The password of everyone.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
const REDIRECT: &str = "http://127.0.0.1/callback";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-x";
/// A ceiling that allows everything.
const EVERYTHING: &str = r#"[{"type":"messages","actions":["list","read","send","delete"],
    "conversations":"all","since":"all","kinds":["text","card","receipt"],"expires_in":31536000}]"#;
/// An access token lasts 300 s; a new one is fetched in good time.
const TOKEN_FRESH: Duration = Duration::from_secs(200);

/// The data of one Waxseal.
pub(crate) struct House {
    place: Place,
    /// For whatever else there is; the data too, if it is in a folder.
    folder: testkit::Folder,
}

impl House {
    /// One whose data is in a folder.
    pub(crate) fn in_folder() -> House {
        let folder = testkit::folder();
        House { place: Place::Folder(folder.join("data")), folder }
    }

    /// One whose data is in a PostgreSQL database.
    pub(crate) fn in_postgres(url: String) -> House {
        House { place: Place::Postgres(url), folder: testkit::folder() }
    }

    /// A path for a file beside the data.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// The data folder, if it is one.
    pub(crate) fn data(&self) -> Option<&str> {
        match &self.place {
            Place::Folder(folder) => folder.to_str(),
            Place::Postgres(_) => None,
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = waxseal();
        command.args(args);
        match &self.place {
            Place::Folder(folder) => command.arg("--data").arg(folder),
            Place::Postgres(url) => command.args(["--database-url", url]),
        };
        command
    }

    /// Runs a command on the data.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.command(args).output().unwrap().into()
    }

    /// Serves the data, without a limit on requests.
    pub(crate) fn serve(&self) -> Server {
        Server::of(self.command(&["serve", "--listen", "127.0.0.1:0", "--requests-per-minute", "0"]))
    }

    /// Opens the data; no server may be running on it.
    pub(crate) fn vault(&self) -> Vault {
        let setup =
            Setup { place: self.place.clone(), issuer: "http://127.0.0.1:8080".to_owned(), log: None };
        Vault::open(setup, waxseal::world::world()).unwrap()
    }

    /// Adds a person who can sign in.
    pub(crate) fn person(&self, handle: &str) {
        let mut command = self.command(&["person", "add", handle, "--name", handle, "--password-stdin"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
        Ended::from(child.wait_with_output().unwrap()).expect(0);
    }

    /// Registers a public app that may be let do everything; its client_id.
    pub(crate) fn app(&self) -> String {
        self.app_called("Jukebox")
    }

    /// The same, with a name of its own.
    pub(crate) fn app_called(&self, name: &str) -> String {
        let ceiling = self.file("ceiling.json");
        std::fs::write(&ceiling, EVERYTHING).unwrap();
        let args = ["app", "add", "--name", name, "--partner", "Jukebox AB", "--redirect-uri", REDIRECT];
        let more = ["--ceiling", &ceiling, "--public", "--json"];
        self.run(&[&args[..], &more].concat()).expect(0).json()["client_id"].as_str().unwrap().to_owned()
    }
}

/// What an app has in hand.
struct Tokens {
    access: String,
    refresh: String,
    since: Instant,
}

/// An app that a person let in.
pub(crate) struct App {
    /// Its `client_id`.
    pub(crate) id: String,
    /// The grant.
    pub(crate) grant: String,
    client: Client,
    tokens: Mutex<Tokens>,
}

impl App {
    /// The whole way: the app sends her to us, she signs in, agrees to all that it asks for, and it redeems the code.
    pub(crate) fn let_in(url: &str, id: &str, handle: &str, browser: &Browser) -> App {
        let details = json!([{"type": "messages", "actions": ["list", "read", "send", "delete"],
            "conversations": "all", "since": "all", "purpose": "Shows and answers chats in a test"}]);
        let page = browser.open(&format!(
            "/authorize?response_type=code&client_id={id}&redirect_uri={}&scope=openid%20profile%20offline_access\
             &state=s-1&code_challenge={}&code_challenge_method=S256&authorization_details={}",
            encoded(REDIRECT),
            oauth::pkce::challenge_of(VERIFIER),
            encoded(&details.to_string()),
        ));
        let form = page.expect(200).form("/sign-in").fill("handle", handle).fill("password", PASSWORD);
        let consent = browser.press(&form, None).expect(200).form("/consent");
        assert_eq!(consent.ticked("action"), ["list", "read", "send", "delete"]);
        let consent = consent.choose("reach", "all").choose("since", "all");
        let left = browser.press(&consent, Some(("decision", "allow"))).answer.location().to_owned();
        let code = query(&left, "code").unwrap_or_else(|| panic!("no code in {left}"));
        let client = Client::new();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
            ("client_id", id),
        ];
        let told = token(&client, url, &fields);
        let granted = &told["authorization_details"][0];
        assert_eq!((&granted["conversations"], &granted["since"]), (&json!("all"), &json!("all")));
        let grant = told["grant_id"].as_str().unwrap().to_owned();
        App { id: id.to_owned(), grant, client, tokens: Mutex::new(Tokens::read(&told)) }
    }

    /// A new access token, for the old refresh token.
    pub(crate) fn refresh(&self, url: &str) {
        let mut tokens = self.tokens.lock().unwrap();
        *tokens = self.refreshed(url, &tokens);
    }

    fn refreshed(&self, url: &str, tokens: &Tokens) -> Tokens {
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh), ("client_id", &self.id)];
        Tokens::read(&token(&self.client, url, &fields))
    }

    /// `Bearer …`, with a token that has not run out.
    pub(crate) fn bearer(&self, url: &str) -> String {
        let mut tokens = self.tokens.lock().unwrap();
        if tokens.since.elapsed() > TOKEN_FRESH {
            *tokens = self.refreshed(url, &tokens);
        }
        format!("Bearer {}", tokens.access)
    }
}

fn token(client: &Client, url: &str, fields: &[(&str, &str)]) -> Value {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = client.send("POST", &format!("{url}/token"), &headers, Some(form(fields).as_bytes()));
    answer.expect(200).json()
}

impl Tokens {
    fn read(told: &Value) -> Tokens {
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        Tokens { access: text("access_token"), refresh: text("refresh_token"), since: Instant::now() }
    }
}
