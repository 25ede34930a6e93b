//! `POST /token` with a code: what it is worth, to whom, how long and how often.
use super::{Fields, basic, code_of, error, opens, post_raw, reading};
use crate::stage::{App, EVERYTHING, Person, Stage};
use serde_json::json;

fn scene() -> (Stage, Person, App) {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    (stage, ada, app)
}

#[test]
fn a_code_needs_its_verifier() {
    let (stage, ada, app) = scene();
    let code = code_of(&stage, &ada, &Fields::ask(&app));
    let ask = Fields::code(&app, &code);
    let challenge = oauth::pkce::challenge_of(super::VERIFIER);
    let wrong = super::VERIFIER.replace("the-", "one-");
    for verifier in ["", &wrong, &challenge, "short", &"x".repeat(129), &super::VERIFIER.to_uppercase()] {
        let answer = ask.clone().with("code_verifier", verifier).post(&stage, "/token").expect(400);
        assert_eq!(error(&answer), "invalid_grant", "{verifier}");
    }
    assert_eq!(
        error(&ask.clone().without("code_verifier").post(&stage, "/token").expect(400)),
        "invalid_grant"
    );
    // None of these used it up.
    ask.post(&stage, "/token").expect(200);
}

#[test]
fn a_verifier_of_the_wrong_shape_proves_nothing_even_if_its_hash_fits() {
    let (stage, ada, app) = scene();
    for verifier in ["x".repeat(42), "x".repeat(129), format!("{} ", "x".repeat(43)), "\u{e9}".repeat(43)] {
        let ask = Fields::ask(&app).with("code_challenge", &oauth::pkce::challenge_of(&verifier));
        let code = code_of(&stage, &ada, &ask);
        let answer = Fields::code(&app, &code).with("code_verifier", &verifier).post(&stage, "/token");
        assert_eq!(error(&answer.expect(400)), "invalid_grant", "{verifier}");
    }
    for verifier in ["x".repeat(43), "~._-".repeat(32)] {
        let ask = Fields::ask(&app).with("code_challenge", &oauth::pkce::challenge_of(&verifier));
        let code = code_of(&stage, &ada, &ask);
        Fields::code(&app, &code).with("code_verifier", &verifier).post(&stage, "/token").expect(200);
    }
}

#[test]
fn a_code_lives_a_minute() {
    let (stage, ada, app) = scene();
    let (in_time, late) =
        (code_of(&stage, &ada, &Fields::ask(&app)), code_of(&stage, &ada, &Fields::ask(&app)));
    stage.clock.advance_s(oauth::token::CODE_S - 1);
    Fields::code(&app, &in_time).post(&stage, "/token").expect(200);
    stage.clock.advance_s(2);
    assert_eq!(error(&Fields::code(&app, &late).post(&stage, "/token").expect(400)), "invalid_grant");
}

#[test]
fn a_code_that_comes_again_ends_its_tokens_but_only_if_it_could_have_been_the_first() {
    let (stage, ada, app) = scene();
    let other = stage.app_named("Other", EVERYTHING, true);
    let code = code_of(&stage, &ada, &Fields::ask_for(&app, reading()));
    let ask = Fields::code(&app, &code);
    let tokens = ask.post(&stage, "/token").expect(200).json();
    let refresh = tokens["refresh_token"].as_str().unwrap();

    let wrong = [
        ask.clone().with("code_verifier", &"x".repeat(43)),
        ask.clone().without("code_verifier"),
        ask.clone().with("redirect_uri", "https://app.example/other"),
        Fields::code(&other, &code),
    ];
    for replay in wrong {
        assert_eq!(error(&replay.post(&stage, "/token").expect(400)), "invalid_grant");
    }
    assert_eq!(
        error(&ask.clone().without("client_id").post(&stage, "/token").expect(400)),
        "invalid_request"
    );
    assert!(opens(&stage, &tokens["access_token"]));
    let next = Fields::refresh(&app, refresh).post(&stage, "/token").expect(200).json();

    stage.clock.advance_s(31);
    assert_eq!(error(&ask.post(&stage, "/token").expect(400)), "invalid_grant");
    assert!(!opens(&stage, &tokens["access_token"]) && !opens(&stage, &next["access_token"]));
    let refresh = next["refresh_token"].as_str().unwrap();
    assert_eq!(error(&Fields::refresh(&app, refresh).post(&stage, "/token").expect(400)), "invalid_grant");
    stage.api(next["access_token"].as_str().unwrap()).get("/v1/conversations").expect(401);
}

#[test]
fn of_eight_that_redeem_a_code_at_once_one_wins() {
    let (stage, ada, app) = scene();
    for _ in 0..3 {
        let code = code_of(&stage, &ada, &Fields::ask(&app));
        let ask = Fields::code(&app, &code);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| ask.post(&stage, "/token"))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 7));
        assert!(lost.iter().all(|answer| error(answer) == "invalid_grant"));
        // The others could have been the first: what the one got is dead.
        assert!(!opens(&stage, &won[0].json()["access_token"]));
    }
}

#[test]
fn a_code_is_worth_nothing_to_another_app_and_to_the_wrong_secret() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app_with_secret(EVERYTHING));
    let (other, public) = (stage.app_with_secret(EVERYTHING), stage.app(EVERYTHING));
    let code = code_of(&stage, &ada, &Fields::ask(&app));
    let ask = Fields::code(&app, &code);
    let secret = app.secret.clone().unwrap();
    for (spoilt, status, wanted) in [
        (Fields::code(&other, &code), 400, "invalid_grant"),
        (Fields::code(&public, &code), 400, "invalid_grant"),
        (ask.clone().with("client_secret", "wrong"), 401, "invalid_client"),
        (ask.clone().with("client_secret", &secret[..secret.len() - 1]), 401, "invalid_client"),
        (ask.clone().without("client_secret"), 401, "invalid_client"),
        (Fields::code(&public, &code).with("client_secret", &secret), 401, "invalid_client"),
        (ask.clone().with("client_id", "app_unknown"), 401, "invalid_client"),
        (ask.clone().without("client_id"), 400, "invalid_request"),
        (ask.clone().with("client_assertion", "eyJ"), 400, "invalid_request"),
        (ask.clone().without("client_secret").with("client_assertion", "eyJ"), 401, "invalid_client"),
        (ask.clone().with("client_assertion_type", "urn:x"), 401, "invalid_client"),
        (ask.clone().with("code", "wxc_unknown"), 400, "invalid_grant"),
        (ask.clone().with("code", &format!("{code}x")), 400, "invalid_grant"),
        (ask.clone().without("code"), 400, "invalid_request"),
        (ask.clone().without("grant_type"), 400, "invalid_request"),
        (ask.clone().with("grant_type", "password"), 400, "unsupported_grant_type"),
        (ask.clone().with("resource", "https://elsewhere.example"), 400, "invalid_target"),
        (ask.clone().and("code", "x"), 400, "invalid_request"),
        (ask.clone().and("redirect_uri", ""), 400, "invalid_request"),
        (ask.clone().and("client_id", &app.id.to_string()), 400, "invalid_request"),
    ] {
        let answer = spoilt.post(&stage, "/token").expect(status);
        assert_eq!(error(&answer), wanted, "{}", spoilt.body());
        assert_eq!(answer.header("www-authenticate"), None);
    }
    ask.with("resource", &stage.url).with("state", "ignored").post(&stage, "/token").expect(200);
}

#[test]
fn the_authorization_header_proves_one_app_in_one_way() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app_with_secret(EVERYTHING));
    let (id, secret) = (app.id.to_string(), app.secret.clone().unwrap());
    let code = code_of(&stage, &ada, &Fields::ask(&app));
    let bare = Fields::code(&app, &code).without("client_id").without("client_secret");
    let right = basic(&id, &secret);
    for (header, form, status) in [
        (basic(&id, "wrong"), bare.clone(), 401),
        (basic(&id, ""), bare.clone(), 401),
        (basic("app_unknown", &secret), bare.clone(), 401),
        (basic(&id, &format!("{secret}%")), bare.clone(), 401),
        ("Basic".to_owned(), bare.clone(), 401),
        ("Basic !!!".to_owned(), bare.clone(), 401),
        ("Basic YWRh".to_owned(), bare.clone(), 401),
        (format!("Bearer {secret}"), bare.clone(), 401),
        (right.clone(), bare.clone().with("client_secret", &secret), 400),
        (right.clone(), bare.clone().with("client_id", "app_other"), 400),
    ] {
        let answer = post_raw(&stage, "/token", &[("authorization", &header)], form.body().as_bytes());
        let answer = answer.expect(status);
        let challenge = (status == 401).then_some("Basic realm=\"waxseal\"");
        assert_eq!(answer.header("www-authenticate"), challenge, "{header}");
        assert_eq!(error(&answer), if status == 401 { "invalid_client" } else { "invalid_request" });
    }
    let twice = [("authorization", right.as_str()), ("authorization", right.as_str())];
    post_raw(&stage, "/token", &twice, bare.body().as_bytes()).expect(400);
    let form = bare.with("client_id", &id);
    post_raw(&stage, "/token", &[("authorization", &right)], form.body().as_bytes()).expect(200);
}

#[test]
fn only_a_form_in_the_body_of_a_post_is_read() {
    let (stage, ada, app) = scene();
    let code = code_of(&stage, &ada, &Fields::ask(&app));
    let ask = Fields::code(&app, &code);
    for path in ["/token", "/revoke"] {
        for method in ["GET", "PUT", "DELETE", "PATCH", "TRACE"] {
            stage.send(method, &format!("{path}?{}", ask.body()), &[], None).expect(405);
        }
        let json =
            json!({"grant_type": "authorization_code", "code": code, "client_id": app.id, "token": "x"});
        for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
            let answer =
                stage.send("POST", path, &[("content-type", kind)], Some(json.to_string().as_bytes()));
            assert_eq!(error(&answer.expect(400)), "invalid_request", "{path} {kind}");
        }
        for name in ["client_secret", "code", "code_verifier", "refresh_token", "token", "access_token"] {
            let answer = ask.post(&stage, &format!("{path}?{name}=x")).expect(400);
            assert!(answer.json()["error_description"].as_str().unwrap().contains("query"), "{path} {name}");
        }
        for body in [&b""[..], b"\xff=\xfe", b"%ff=1", b"a=%00", b"grant_type", b"&&&&", &[0; 64]] {
            assert_eq!(error(&post_raw(&stage, path, &[], body).expect(400)), "invalid_request");
        }
        let huge = ask.clone().with("x", &"x".repeat(70_000));
        assert_eq!(huge.post(&stage, path).status, 413);
        let fits = ask.clone().with("x", &"x".repeat(60_000)).without("client_id");
        assert_eq!(error(&fits.post(&stage, path).expect(400)), "invalid_request");
    }
    let kind = [("content-type", "Application/X-WWW-Form-URLencoded; charset=UTF-8")];
    stage.send("POST", "/token", &kind, Some(ask.body().as_bytes())).expect(200);
}

#[test]
fn an_app_that_was_suspended_redeems_nothing() {
    let (stage, ada, app) = scene();
    let code = code_of(&stage, &ada, &Fields::ask(&app));
    stage.wait(stage.vault().app_suspend(app.id, "a breach")).unwrap();
    let answer = Fields::code(&app, &code).post(&stage, "/token").expect(400);
    assert_eq!(error(&answer), "unauthorized_client");
    stage.wait(stage.vault().app_resume(app.id)).unwrap();
    Fields::code(&app, &code).post(&stage, "/token").expect(200);
}

#[test]
fn a_grant_that_ended_before_its_code_was_redeemed_gives_nothing() {
    let (stage, ada, app) = scene();
    let code = code_of(&stage, &ada, &Fields::ask_for(&app, reading()));
    let own = stage.own(&ada);
    let grant = stage.wait(stage.vault().connected(&own)).unwrap()[0].grant.id;
    stage.wait(stage.vault().grant_revoke(&own, grant)).unwrap();
    assert_eq!(error(&Fields::code(&app, &code).post(&stage, "/token").expect(400)), "invalid_grant");
}

#[test]
fn an_access_token_never_outlives_its_grant() {
    let (stage, ada, app) = scene();
    let short = json!({"actions": ["list"], "expires_in": 100});
    let tokens = stage.grant(&ada, &app, short);
    assert_eq!(tokens.answer["expires_in"], 100);
    stage.clock.advance_s(101);
    stage.api(&tokens.access).get("/v1/me").expect(401);
    let refresh = Fields::refresh(&app, &tokens.refresh.unwrap());
    assert_eq!(error(&refresh.post(&stage, "/token").expect(400)), "invalid_grant");
}

#[test]
fn secrets_are_random_and_never_repeat() {
    let (stage, ada, app) = scene();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..10 {
        let tokens = stage.grant(&ada, &app, reading());
        for secret in [tokens.access.clone(), tokens.refresh.unwrap()] {
            let (_, random) = secret.split_once('_').unwrap();
            assert!(random.len() >= 43, "fewer than 256 bits: {secret}");
            assert!(seen.insert(secret));
        }
    }
}

#[test]
fn less_can_be_asked_for_with_a_code_and_never_more() {
    let (stage, ada, app) = scene();
    let code = code_of(&stage, &ada, &Fields::ask_for(&app, reading()));
    let ask = Fields::code(&app, &code);
    let asked = |actions: &[&str], more: serde_json::Value| {
        let mut details = json!([{"type": "messages", "purpose": "Shows and answers chats in a test",
            "actions": actions, "conversations": "all", "since": "all"}]);
        details[0].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask.clone().with("authorization_details", &details.to_string())
    };
    for wider in [
        asked(&["list", "read", "send"], json!({})),
        asked(&["delete"], json!({})),
        asked(&["list"], json!({"expires_in": 31_536_000})),
        asked(&["list"], json!({"type": "payments"})),
        asked(&["list"], json!({"more": true})),
        ask.clone().with("authorization_details", "[]"),
        ask.clone().with("authorization_details", "{"),
    ] {
        let refused = wider.post(&stage, "/token").expect(400);
        assert_eq!(error(&refused), "invalid_authorization_details", "{}", wider.body());
    }
    // What was refused has not used it up.
    let told = asked(&["list"], json!({})).post(&stage, "/token").expect(200).json();
    assert_eq!(told["authorization_details"][0]["actions"], json!(["list"]));
    let api = stage.api(told["access_token"].as_str().unwrap());
    api.get("/v1/conversations").expect(200);
    let read = api.get("/v1/conversations/con_00000000000000000000000000/messages").expect(403);
    assert_eq!(read.json()["action"], "read");
    // The refresh token keeps the breadth of the grant.
    let refresh = Fields::refresh(&app, told["refresh_token"].as_str().unwrap());
    let all = refresh.post(&stage, "/token").expect(200).json();
    assert_eq!(all["authorization_details"][0]["actions"], json!(["list", "read"]));
}
