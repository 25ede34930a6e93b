//! What a person takes back is taken back at once: the very next request knows, whoever took it back and how.
use crate::issuer::Fields;
use crate::stage::{Api, App, EVERYTHING, Form, Page, Person, Stage, Tokens};
use model::ConversationId;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

/// Ada let Jukebox do everything; she talks with Bea alone and with Bea and Cem.
struct Scene {
    stage: Stage,
    ada: Person,
    bea: Person,
    app: App,
    tokens: Tokens,
    talk: ConversationId,
    group: ConversationId,
}

impl Scene {
    fn new() -> Scene {
        let mut stage = Stage::new();
        stage.limit = None;
        stage.restart();
        let (ada, bea, cem) = (stage.person("ada"), stage.person("bea"), stage.person("cem"));
        stage.friends(&ada, &bea);
        stage.friends(&ada, &cem);
        let (talk, group) = (stage.conversation(&[&ada, &bea]), stage.conversation(&[&ada, &bea, &cem]));
        let app = stage.app(EVERYTHING);
        let everything =
            json!({"actions": ["list", "read", "send", "delete"], "conversations": "all", "since": "all"});
        let tokens = stage.grant(&ada, &app, everything);
        for conversation in [talk, group] {
            stage.say(&ada, conversation, "from ada");
            stage.say(&bea, conversation, "from bea");
        }
        Scene { stage, ada, bea, app, tokens, talk, group }
    }

    fn api(&self) -> Api<'_> {
        self.stage.api(&self.tokens.access)
    }

    /// What comes back of a conversation: the items, or the status that says no.
    fn read(&self, conversation: ConversationId) -> Result<Vec<Value>, u16> {
        let answer = self.api().get(&format!("/v1/conversations/{conversation}/messages"));
        match answer.status {
            200 => Ok(answer.json()["items"].as_array().unwrap().clone()),
            other => Err(other),
        }
    }

    fn say(&self, conversation: ConversationId) -> u16 {
        let key = format!("key-{}", self.stage.vault().world().now().micros());
        let text = json!({"content": {"type": "text", "text": "from the app"}});
        self.api().post(&format!("/v1/conversations/{conversation}/messages"), Some(&key), &text).status
    }

    /// A form of hers, sent as it stands but for what she changes.
    #[track_caller]
    fn press(&self, who: &Person, page: &str, action: &str, change: impl FnOnce(Form) -> Form) -> Page {
        let browser = self.stage.browser_of(who);
        let form = browser.open(page).expect(200).form(action);
        browser.press(&change(form), None).expect(200)
    }

    fn on_grant(&self, what: &str, change: impl FnOnce(Form) -> Form) -> Page {
        let grant = self.tokens.grant;
        self.press(&self.ada, &format!("/apps/{grant}"), &format!("/apps/{grant}/{what}"), change)
    }

    /// Nothing opens with any token of the grant.
    #[track_caller]
    fn is_over(&self) {
        let (talk, group) = (self.talk, self.group);
        for path in ["/v1/me", "/v1/grant", "/v1/friends", "/v1/conversations", "/v1/access"] {
            self.api().get(path).expect(401);
        }
        assert_eq!((self.read(talk), self.say(group)), (Err(401), 401));
        self.api().delete(&format!("/v1/conversations/{talk}/messages/1")).expect(401);
        let bearer = format!("Bearer {}", self.tokens.access);
        self.stage.send("GET", "/userinfo", &[("authorization", &bearer)], None).expect(401);
        let refresh = Fields::refresh(&self.app, self.tokens.refresh.as_deref().unwrap());
        refresh.post(&self.stage, "/token").expect(400);
    }
}

fn withheld(items: &[Value]) -> Vec<Option<&str>> {
    items.iter().map(|item| item["withheld"].as_str()).collect()
}

#[test]
fn a_grant_that_is_revoked_on_the_page_is_over() {
    let scene = Scene::new();
    assert_eq!(scene.read(scene.talk).unwrap().len(), 2);
    scene.on_grant("revoke", |form| form);
    scene.is_over();
}

#[test]
fn a_grant_that_the_app_hands_back_is_over() {
    let scene = Scene::new();
    assert_eq!(scene.api().delete("/v1/grant").status, 204);
    scene.is_over();
}

#[test]
fn a_grant_that_the_operator_ends_is_over() {
    let scene = Scene::new();
    scene.stage.wait(scene.stage.vault().grant_end(scene.tokens.grant)).unwrap();
    scene.is_over();
}

#[test]
fn a_token_that_the_app_revokes_opens_nothing() {
    let scene = Scene::new();
    let refresh = scene.tokens.refresh.clone().unwrap();
    Fields::revoke(&scene.app, &refresh).post(&scene.stage, "/revoke").expect(200);
    scene.is_over();
}

#[test]
fn an_action_that_is_taken_away_is_gone() {
    let scene = Scene::new();
    let (talk, messages) = (scene.talk, format!("/v1/conversations/{}/messages", scene.talk));
    scene.on_grant("narrow", |form| form.tick("action", "send", false));
    assert_eq!(scene.say(talk), 403);
    assert_eq!(scene.read(talk).unwrap().len(), 2);
    scene.on_grant("narrow", |form| form.tick("action", "delete", false));
    let refused = scene.api().delete(&format!("{messages}/1")).expect(403);
    assert_eq!(refused.json()["action"], "delete");
    scene.on_grant("narrow", |form| form.tick("action", "read", false));
    assert_eq!(scene.api().get(&messages).expect(403).json()["action"], "read");
    scene.api().get(&format!("/v1/conversations/{talk}")).expect(200);
}

#[test]
fn a_reach_that_is_narrowed_leaves_the_rest_as_if_it_were_not_there() {
    let scene = Scene::new();
    let (talk, group) = (scene.talk, scene.group);
    scene.on_grant("narrow", |form| {
        form.choose("reach", "chosen").tick("conversation", &talk.to_string(), true)
    });
    assert!(scene.read(talk).is_ok());
    assert_eq!((scene.read(group), scene.say(group)), (Err(404), 404));
    let gone = scene.api().get(&format!("/v1/conversations/{group}/messages")).expect(404);
    let never = scene.api().get("/v1/conversations/con_00000000000000000000000000/messages").expect(404);
    assert_eq!(gone.body, never.body);
    let listed = scene.api().get("/v1/conversations").expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);

    scene.on_grant("narrow", |form| form.choose("reach", "started"));
    assert_eq!(scene.read(talk), Err(404));
    assert_eq!(scene.api().get("/v1/conversations").expect(200).json()["items"], json!([]));
}

#[test]
fn a_window_and_kinds_that_are_narrowed_withhold() {
    let scene = Scene::new();
    scene.stage.clock.advance_s(2 * 86_400);
    let refresh = Fields::refresh(&scene.app, scene.tokens.refresh.as_deref().unwrap());
    let next = refresh.post(&scene.stage, "/token").expect(200).json();
    let api = scene.stage.api(next["access_token"].as_str().unwrap());
    let path = format!("/v1/conversations/{}/messages", scene.talk);
    let read = || api.get(&path).expect(200).json()["items"].as_array().unwrap().clone();
    assert_eq!(withheld(&read()), [None, None]);
    scene.on_grant("narrow", |form| form.choose("since", "P1D"));
    assert_eq!(withheld(&read()), [Some("window"), Some("window")]);
    scene.stage.say(&scene.ada, scene.talk, "today");
    assert_eq!(withheld(&read()), [Some("window"), Some("window"), None]);
    scene.on_grant("narrow", |form| form.tick("kind", "text", false));
    let words = read();
    assert!(withheld(&words).iter().all(Option::is_some));
    assert_eq!(words[2]["withheld"], "kind");
    assert!(words.iter().all(|item| item.get("content").is_none() && item.get("from").is_none()));
}

#[test]
fn a_pause_holds_from_one_request_to_the_next() {
    let scene = Scene::new();
    for _ in 0..2 {
        assert!(scene.read(scene.talk).is_ok());
        scene.on_grant("pause", |form| form);
        assert_eq!((scene.read(scene.talk), scene.say(scene.talk)), (Err(403), 403));
        assert_eq!(scene.api().get("/v1/conversations").expect(403).problem(), "grant-paused");
        scene.on_grant("pause", |form| form);
    }
}

#[test]
fn what_the_operator_says_of_an_app_binds_every_grant_of_it() {
    let scene = Scene::new();
    let vault = scene.stage.vault();
    scene.stage.wait(vault.app_suspend(scene.app.id, "a breach")).unwrap();
    assert_eq!((scene.read(scene.talk), scene.say(scene.talk)), (Err(401), 401));
    scene.stage.wait(vault.app_resume(scene.app.id)).unwrap();
    assert!(scene.read(scene.talk).is_ok());

    let ceiling = |text: &str| scene.stage.wait(vault.app_ceiling(scene.app.id, text)).unwrap();
    let wide =
        r#"[{"type":"messages","actions":["read"],"conversations":"all","since":"all","kinds":["text"]}]"#;
    ceiling(wide);
    assert_eq!(scene.say(scene.talk), 403);
    assert_eq!(scene.read(scene.talk).unwrap().len(), 2);
    ceiling(&wide.replace("[\"text\"]", "[\"card\"]"));
    assert_eq!(withheld(&scene.read(scene.talk).unwrap()), [Some("kind"), Some("kind")]);
    ceiling(&wide.replace("\"all\",\"since\"", "\"started\",\"since\""));
    assert_eq!(scene.read(scene.talk), Err(404));
    ceiling(EVERYTHING);
    assert_eq!(withheld(&scene.read(scene.talk).unwrap()), [None, None]);
}

#[test]
fn a_lock_of_another_participant_puts_the_conversation_out_of_reach() {
    let scene = Scene::new();
    let (page, action) =
        (format!("/conversations/{}/apps", scene.group), format!("/conversations/{}/apps/lock", scene.group));
    scene.press(&scene.bea, &page, &action, |form| form);
    assert_eq!((scene.read(scene.group), scene.say(scene.group)), (Err(404), 404));
    assert!(scene.read(scene.talk).is_ok());
    let listed = scene.api().get("/v1/conversations").expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    scene.press(&scene.bea, &page, &action, |form| form);
    assert_eq!(scene.read(scene.group).unwrap().len(), 2);
}

#[test]
fn words_that_another_participant_keeps_out_are_withheld() {
    let scene = Scene::new();
    let (page, action) =
        (format!("/conversations/{}/apps", scene.talk), format!("/conversations/{}/apps/words", scene.talk));
    let of = |conversation| {
        withheld(&scene.read(conversation).unwrap())
            .into_iter()
            .map(|why| why.map(str::to_owned))
            .collect::<Vec<_>>()
    };
    scene.press(&scene.bea, &page, &action, |form| form);
    assert_eq!(of(scene.talk), [None, Some("author".to_owned())]);
    assert_eq!(of(scene.group), [None, None]);
    let refused = scene.api().delete(&format!("/v1/conversations/{}/messages/2", scene.talk)).expect(403);
    assert_eq!(refused.json()["withheld"], "author");
    scene.press(&scene.bea, &page, &action, |form| form);
    assert_eq!(of(scene.talk), [None, None]);

    scene.press(&scene.bea, "/settings", "/settings/words", |form| form);
    assert_eq!(
        (of(scene.talk), of(scene.group)),
        (vec![None, Some("author".to_owned())], vec![None, Some("author".to_owned())])
    );
    let seen = scene.api().get(&format!("/v1/conversations/{}/messages/2", scene.group)).expect(200);
    assert_eq!(seen.json(), json!({"seq": 2, "withheld": "author"}));
}

#[test]
fn nothing_opens_after_a_revocation_however_many_are_under_way() {
    let scene = Scene::new();
    let path = format!("/v1/conversations/{}/messages", scene.talk);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut after = 0;
                while after < 5 {
                    let was_over = over.load(Ordering::SeqCst);
                    let status = scene.api().get(&path).status;
                    assert!(status == 401 || (status == 200 && !was_over), "{status}");
                    after += u32::from(was_over);
                }
            });
        }
        for _ in 0..20 {
            scene.api().get(&path).expect(200);
        }
        scene.on_grant("revoke", |form| form);
        over.store(true, Ordering::SeqCst);
    });
    scene.is_over();
}
