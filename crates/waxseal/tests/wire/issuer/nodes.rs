//! Two nodes of one house: what is used up or ended at one is so at the other, at its very next request.
use super::dpop::Holder;
use super::{Fields, code_of, error, opens, reading};
use crate::stage::{Answer, App, EVERYTHING, Node, Person, Stage};
use oauth::assertion::ASSERTION_TYPE;
use serde_json::{Value, json};
use testkit::es256;
use vault::Demands;

struct Scene {
    stage: Stage,
    node: Node,
    ada: Person,
    app: App,
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

impl Scene {
    fn new() -> Scene {
        let mut stage = Stage::new();
        let node = stage.node();
        let (ada, app) = (stage.person("ada"), stage.app_with_secret(EVERYTHING));
        Scene { stage, node, ada, app }
    }

    /// Sends a request to the one or the other by turns.
    fn send(&self, nth: usize, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let body = (method == "POST").then_some(body.as_bytes());
        match nth % 2 {
            0 => self.stage.send(method, path, headers, body),
            _ => self.node.send(method, path, headers, body),
        }
    }

    fn post(&self, nth: usize, fields: &Fields, path: &str) -> Answer {
        self.send(nth, "POST", path, &[FORM], &fields.body())
    }

    fn get(&self, nth: usize, path: &str, token: &str) -> Answer {
        self.send(nth, "GET", path, &[("authorization", &format!("Bearer {token}"))], "")
    }

    /// The same eight times at once, over both.
    fn at_once(&self, ask: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|nth| {
                    let ask = &ask;
                    scope.spawn(move || ask(nth))
                })
                .collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        })
    }

    /// Nothing is to be had for these tokens, at either.
    #[track_caller]
    fn are_over(&self, tokens: &Value) {
        let text = |name: &str| tokens[name].as_str().unwrap();
        for nth in 0..2 {
            for path in ["/v1/me", "/v1/conversations", "/userinfo"] {
                self.get(nth, path, text("access_token")).expect(401);
            }
            for token in ["access_token", "refresh_token"] {
                let told = self.post(nth, &Fields::revoke(&self.app, text(token)), "/introspect").expect(200);
                assert_eq!(told.json(), json!({"active": false}), "{nth} {token}");
            }
            let refused =
                self.post(nth, &Fields::refresh(&self.app, text("refresh_token")), "/token").expect(400);
            assert_eq!(error(&refused), "invalid_grant");
        }
    }

    /// Tokens that both have seen, and may remember.
    #[track_caller]
    fn known_to_both(&self) -> Value {
        let code = code_of(&self.stage, &self.ada, &Fields::ask_for(&self.app, reading()));
        let tokens = self.post(1, &Fields::code(&self.app, &code), "/token").expect(200).json();
        for nth in 0..4 {
            for path in ["/v1/me", "/v1/conversations"] {
                self.get(nth, path, tokens["access_token"].as_str().unwrap()).expect(200);
            }
        }
        tokens
    }
}

#[test]
fn of_many_that_redeem_a_code_at_both_one_wins() {
    let scene = Scene::new();
    for _ in 0..5 {
        let code = code_of(&scene.stage, &scene.ada, &Fields::ask_for(&scene.app, reading()));
        let ask = Fields::code(&scene.app, &code);
        let answers = scene.at_once(|nth| scene.post(nth, &ask, "/token"));
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 7));
        assert!(lost.iter().all(|answer| error(answer) == "invalid_grant"));
        // Each of the others could have been the first: what the one got is dead, wherever it is shown.
        scene.are_over(&won[0].json());
    }
}

#[test]
fn many_that_refresh_at_both_get_the_same_one() {
    let scene = Scene::new();
    let mut last = scene.known_to_both();
    for _ in 0..3 {
        let ask = Fields::refresh(&scene.app, last["refresh_token"].as_str().unwrap());
        let answers = scene.at_once(|nth| scene.post(nth, &ask, "/token"));
        let all: Vec<Value> = answers.into_iter().map(|answer| answer.expect(200).json()).collect();
        assert!(all.iter().all(|answer| answer["refresh_token"] == all[0]["refresh_token"]), "{all:?}");
        last.clone_from(&all[0]);
    }
    // Stolen and used at the other node, it ends the family at both.
    let stolen = Fields::refresh(&scene.app, last["refresh_token"].as_str().unwrap());
    let next = scene.post(0, &stolen, "/token").expect(200).json();
    scene.stage.clock.advance_s(oauth::token::REFRESH_GRACE_S);
    assert_eq!(error(&scene.post(1, &stolen, "/token").expect(400)), "invalid_grant");
    scene.are_over(&next);
}

#[test]
fn a_proof_that_one_has_taken_the_other_refuses() {
    let scene = Scene::new();
    let holder = Holder::new(&scene.stage, es256());
    let code = code_of(&scene.stage, &scene.ada, &Fields::ask_for(&scene.app, reading()));
    let told = holder.post(&Fields::code(&scene.app, &code), "/token").expect(200).json();
    let token = told["access_token"].as_str().unwrap();
    let authorization = format!("DPoP {token}");
    for path in ["/v1/me", "/v1/conversations", "/userinfo"] {
        let call = |nth: usize, proof: &str| {
            let headers = [("authorization", authorization.as_str()), ("dpop", proof)];
            scene.send(nth, "GET", path, &headers, "")
        };
        for first in 0..2 {
            // The nonce is the first node's; both know it.
            let proof = holder.proof("GET", path, Some(token));
            call(first, &proof).expect(200);
            let again = call(first + 1, &proof).expect(401);
            assert!(again.header("www-authenticate").unwrap().contains("invalid_dpop_proof"), "{path}");
            call(first, &proof).expect(401);
        }
        let proof = holder.proof("GET", path, Some(token));
        let answers = scene.at_once(|nth| call(nth, &proof));
        let served = answers.iter().filter(|answer| answer.status == 200).count();
        let refused = answers.iter().filter(|answer| answer.status == 401).count();
        assert_eq!((served, refused), (1, 7), "{path}");
    }
    for path in ["/token", "/par"] {
        let ask = match path {
            "/par" => Fields::ask(&scene.app).with("client_secret", scene.app.secret.as_deref().unwrap()),
            _ => Fields::refresh(&scene.app, told["refresh_token"].as_str().unwrap()),
        };
        let proof = holder.proof("POST", path, None);
        let post = |nth| scene.send(nth, "POST", path, &[FORM, ("dpop", &proof)], &ask.body());
        let first = post(1);
        assert!((200..300).contains(&first.status), "{path}: {}", first.text());
        assert_eq!(error(&post(0).expect(400)), "invalid_dpop_proof", "{path}");
    }
}

#[test]
fn a_statement_that_one_has_heard_the_other_does_not_hear() {
    let scene = Scene::new();
    let app = scene.stage.app_with_key(EVERYTHING, es256(), Demands::default());
    let asks = || {
        let statement = app.assertion(&scene.stage);
        Fields::of(&[
            ("token", "x"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &statement),
        ])
    };
    let ask = asks();
    scene.post(0, &ask, "/revoke").expect(200);
    assert_eq!(error(&scene.post(1, &ask, "/revoke").expect(401)), "invalid_client");
    let ask = asks();
    let answers = scene.at_once(|nth| scene.post(nth, &ask, "/revoke"));
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 7);
}

#[test]
fn what_is_revoked_at_one_opens_nothing_at_the_other() {
    let scene = Scene::new();
    for nth in 0..2 {
        let tokens = scene.known_to_both();
        let refresh = Fields::revoke(&scene.app, tokens["refresh_token"].as_str().unwrap());
        scene.post(nth, &refresh, "/revoke").expect(200);
        scene.are_over(&tokens);
        // A code that comes again, at the other node than before.
        let code = code_of(&scene.stage, &scene.ada, &Fields::ask_for(&scene.app, reading()));
        let ask = Fields::code(&scene.app, &code);
        let tokens = scene.post(nth, &ask, "/token").expect(200).json();
        scene.get(nth, "/v1/conversations", tokens["access_token"].as_str().unwrap()).expect(200);
        scene.post(nth + 1, &ask, "/token").expect(400);
        scene.are_over(&tokens);
    }
    // An access token alone.
    let tokens = scene.known_to_both();
    let access = tokens["access_token"].as_str().unwrap();
    scene.post(0, &Fields::revoke(&scene.app, access), "/revoke").expect(200);
    for nth in [1, 0] {
        scene.get(nth, "/v1/me", access).expect(401);
        scene.get(nth, "/v1/conversations", access).expect(401);
    }
    // What she, the operator or the app itself ends at the first node, by whichever way.
    let tokens = scene.known_to_both();
    let access = tokens["access_token"].as_str().unwrap();
    scene.stage.wait(scene.stage.vault().app_suspend(scene.app.id, "a breach")).unwrap();
    scene.get(1, "/v1/conversations", access).expect(401);
    scene.get(1, "/v1/me", access).expect(401);
    scene.stage.wait(scene.stage.vault().app_resume(scene.app.id)).unwrap();
    scene.get(1, "/v1/conversations", access).expect(200);
    let grant = tokens["grant_id"].as_str().unwrap().parse().unwrap();
    scene.stage.wait(scene.stage.vault().grant_pause(&scene.stage.own(&scene.ada), grant, true)).unwrap();
    scene.get(1, "/v1/conversations", access).expect(403);
    scene.stage.wait(scene.stage.vault().grant_pause(&scene.stage.own(&scene.ada), grant, false)).unwrap();
    scene.get(1, "/v1/conversations", access).expect(200);
    scene.stage.wait(scene.stage.vault().grant_revoke(&scene.stage.own(&scene.ada), grant)).unwrap();
    scene.are_over(&tokens);
    assert!(!opens(&scene.stage, &tokens["access_token"]));
}
