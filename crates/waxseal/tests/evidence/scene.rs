//! A server with two people and two apps, what the apps did, and the receipts that they kept.
use crate::walk::{App, Browser, Client, House, Server, run};
use std::sync::Mutex;

/// All of it.
pub(crate) struct Scene {
    pub(crate) house: House,
    pub(crate) server: Server,
    /// Ada's, which read three times.
    pub(crate) jukebox: App,
    /// Ada's, which listed once.
    pub(crate) marquee: App,
    /// Bea's grant for the first one, which read once.
    pub(crate) of_bea: App,
    conversation: String,
    kept: Mutex<Vec<String>>,
}

impl Scene {
    pub(crate) fn new() -> Scene {
        let house = House::in_folder();
        for handle in ["ada", "bea"] {
            house.person(handle);
        }
        house.run(&["person", "befriend", "ada", "bea"]).expect(0);
        let (jukebox, marquee) = (house.app_called("Jukebox"), house.app_called("Marquee"));
        let server = house.serve();
        let let_in = |id: &str, handle: &str| {
            App::let_in(&server.url, id, handle, &Browser::new(Client::new(), &server.url))
        };
        let (jukebox, of_bea) = (let_in(&jukebox, "ada"), let_in(&jukebox, "bea"));
        let marquee = let_in(&marquee, "ada");
        let mut scene = Scene {
            house,
            server,
            jukebox,
            marquee,
            of_bea,
            conversation: String::new(),
            kept: Mutex::default(),
        };
        scene.conversation = scene.start();
        for _ in 0..3 {
            scene.read(&scene.jukebox);
        }
        scene.read(&scene.of_bea);
        scene.ask(&scene.marquee, "/v1/conversations");
        scene
    }

    /// Ada writes to Bea; where.
    fn start(&self) -> String {
        let browser = Browser::new(Client::new(), &self.server.url);
        let form = browser.open("/sign-in").expect(200).form("/sign-in");
        let form = form.fill("handle", "ada").fill("password", crate::walk::PASSWORD);
        browser.press(&form, None).expect(200);
        let form = browser.open("/conversations/new").expect(200).form("/conversations");
        let friend = form.values("participant").first().expect("a friend to pick").to_string();
        let page = browser.press(&form.tick("participant", &friend, true), None).expect(200);
        let id = page.at.split(['/', '?', '#']).nth(2).unwrap().to_owned();
        let form = page.form(&format!("/conversations/{id}/send")).fill("text", "Hello, Bea");
        browser.press(&form, None).expect(200);
        id
    }

    fn ask(&self, app: &App, path: &str) {
        let (url, bearer) = (&self.server.url, app.bearer(&self.server.url));
        let answer = Client::new().send("GET", &format!("{url}{path}"), &[("authorization", &bearer)], None);
        let receipt = answer.expect(200).header("waxseal-receipt").unwrap().to_owned();
        self.kept.lock().unwrap().push(receipt);
    }

    /// The app reads the conversation.
    pub(crate) fn read(&self, app: &App) {
        self.ask(app, &format!("/v1/conversations/{}/messages", self.conversation));
    }

    /// Writes the receipts that the apps have into a file.
    pub(crate) fn receipts(&self, name: &str) -> String {
        let path = self.house.file(name);
        std::fs::write(&path, self.kept.lock().unwrap().join("\n")).unwrap();
        path
    }

    /// Makes an evidence file.
    #[track_caller]
    pub(crate) fn report(&self, name: &str, about: &[&str]) -> String {
        let path = self.house.file(name);
        self.house.run(&[&["report", "--out", &path][..], about].concat()).expect(0);
        path
    }

    /// The key of the log, as the server gives it.
    pub(crate) fn key(&self) -> String {
        let answer = Client::new().send("GET", &format!("{}/ledger/key", self.server.url), &[], None);
        answer.expect(200).text().trim().to_owned()
    }

    /// The same with the server stopped, and the log's newest checkpoint kept in a file.
    pub(crate) fn stopped(self) -> (House, String) {
        let kept = self.house.file("stopped");
        run(&["verify", "--url", &self.server.url, "--save", &kept]).expect(0);
        assert_eq!(self.server.stop("-TERM"), 0);
        (self.house, kept)
    }
}
