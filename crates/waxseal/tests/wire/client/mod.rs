//! The client of this very server (`crates/client`), as a partner uses it: over HTTP, with people in browsers of their own.
mod api;
mod events;
mod receipt;
mod sign_in;
mod webhook;

use crate::stage::{App, Browser, EVERYTHING, Front, Person, REDIRECT, Stage};
use model::ConversationId;
use std::sync::Arc;
use vault::{Demands, NewApp, NewKind};
use waxseal_client::{self as sdk, Action, Ask, AskedReach, MemoryKeep, Messages, Session, Since, Waxseal};

/// What is asked for: everything.
fn everything() -> Ask {
    let actions = [Action::List, Action::Read, Action::Send, Action::Delete];
    let messages = Messages::new("Shows and answers chats in a test").actions(actions);
    let ask = messages.conversations(AskedReach::All).since(Since::All).ask();
    ask.with_profile().with_friends().while_away()
}

/// Ada and Bea are friends and talk; Ada uses a public app.
struct Scene {
    stage: Stage,
    ada: Person,
    bea: Person,
    talk: ConversationId,
    app: App,
}

impl Scene {
    fn new() -> Scene {
        Scene::on(Stage::new())
    }

    /// Behind a relay that a test can spoil.
    fn behind_front() -> Scene {
        let mut stage = Stage::new();
        stage.front = Some(Front::new());
        stage.restart();
        Scene::on(stage)
    }

    fn on(stage: Stage) -> Scene {
        let (ada, bea) = (stage.person("ada"), stage.person("bea"));
        stage.friends(&ada, &bea);
        let talk = stage.conversation(&[&ada, &bea]);
        let app = app(&stage, NewKind::Public, &["http://127.0.0.1/callback", REDIRECT]);
        Scene { stage, ada, bea, talk, app }
    }

    fn talk(&self) -> String {
        self.talk.to_string()
    }

    fn front(&self) -> &Front {
        self.stage.front.as_ref().unwrap()
    }

    /// The server as the public app sees it.
    fn waxseal(&self) -> Waxseal {
        discover(&self.stage, sdk::App::public(self.app.id.to_string()))
    }

    /// A session in which Ada let the app do all that it asked for.
    fn session(&self) -> Session {
        signed_in(&self.stage, &self.ada, &self.waxseal(), &everything()).unwrap()
    }
}

/// Registers an app that proves itself like this.
fn app(stage: &Stage, kind: NewKind, redirect_uris: &[&str]) -> App {
    let new = NewApp {
        name: "Jukebox".to_owned(),
        partner: "Tunes Ltd".to_owned(),
        redirect_uris: redirect_uris.iter().map(|&uri| uri.to_owned()).collect(),
        ceiling: EVERYTHING.to_owned(),
        kind,
        demands: Demands::default(),
    };
    let (id, secret) = stage.wait(stage.vault().app_add(new)).unwrap();
    App { id, secret, signer: None }
}

/// The server as this app sees it, by the clock of the stage.
fn discover(stage: &Stage, app: sdk::App) -> Waxseal {
    let clock = stage.clock.clone();
    let lookup = Waxseal::at(&stage.url, app).clock(Arc::new(move || clock.seconds()));
    stage.wait(lookup.discover()).unwrap()
}

/// Where her browser is sent when she has answered, or at once if she need not be asked.
fn answered(stage: &Stage, person: &Person, url: &str, decision: &str) -> String {
    let path = url.strip_prefix(&stage.url).unwrap();
    let (browser, page) = stage.asked(person, path);
    match page.answer.status {
        303 => page.answer.location().to_owned(),
        _ => decide(stage, &browser, page.expect(200).form("/consent"), decision),
    }
}

fn decide(stage: &Stage, browser: &Browser, form: crate::stage::Form, decision: &str) -> String {
    stage.consent(browser, form, decision)
}

/// The query of an address.
fn query(url: &str) -> &str {
    url.split_once('?').unwrap().1
}

/// Signs her in on a web site of the app's.
fn signed_in(stage: &Stage, person: &Person, waxseal: &Waxseal, ask: &Ask) -> Result<Session, sdk::Error> {
    let begun = stage.wait(waxseal.begin(ask, REDIRECT))?;
    let back = answered(stage, person, begun.url(), "allow");
    stage.wait(waxseal.finish(begun, query(&back), MemoryKeep::new()))
}
