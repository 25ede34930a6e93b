//! Signing out that an app asks for, and apps that are told of it.
use super::jwks::{keys, verified_as};
use super::{Fields, code_of, opens};
use crate::stage::{App, Browser, EVERYTHING, Person, Stage, form};
use outbound::Private;
use serde_json::{Value, json};
use testkit::Site;
use vault::{LOGOUT_WAITS_S, LogoutUris};

const OUT: &str = "https://app.example/out";

struct Scene {
    stage: Stage,
    ada: Person,
    app: App,
}

impl Scene {
    fn new() -> Scene {
        let stage = Stage::new();
        let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
        let uris = LogoutUris { post_logout: vec![OUT.to_owned()], back_channel: None };
        stage.wait(stage.vault().app_logout_uris(app.id, uris)).unwrap();
        Scene { stage, ada, app }
    }

    /// What an app gets when she signs in to it in her browser.
    fn signed_in(&self, app: &App, scope: &str) -> Value {
        let code = code_of(&self.stage, &self.ada, &Fields::ask(app).with("scope", scope));
        Fields::code(app, &code).post(&self.stage, "/token").expect(200).json()
    }

    fn id_token(&self) -> String {
        self.signed_in(&self.app, "openid")["id_token"].as_str().unwrap().to_owned()
    }

    fn browser(&self) -> Browser {
        self.stage.browser_of(&self.ada)
    }

    fn is_signed_in(&self) -> bool {
        self.stage.wait(self.stage.vault().own(&self.ada.cookie)).is_ok()
    }
}

fn path(fields: &[(&str, &str)]) -> String {
    format!("/end-session?{}", form(fields))
}

#[test]
fn the_id_token_of_the_very_session_signs_her_out() {
    let scene = Scene::new();
    let hint = scene.id_token();
    let page = scene.browser().open(&path(&[
        ("id_token_hint", &hint),
        ("post_logout_redirect_uri", OUT),
        ("state", "s 1&2"),
    ]));
    assert_eq!(page.answer.expect(303).location(), format!("{OUT}?state=s%201%262"));
    assert!(!scene.is_signed_in());
    // Who is signed out already goes on at once; and stays here if the app did not register where to.
    let answer = scene.stage.get(&path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", OUT)]));
    assert_eq!(answer.expect(303).location(), OUT);
    for (odd, client) in [(OUT, ""), ("https://evil.example/", &*scene.app.id.to_string()), ("", "")] {
        let answer = scene.stage.get(&path(&[("post_logout_redirect_uri", odd), ("client_id", client)]));
        assert!(answer.expect(303).location().starts_with("/sign-in?"), "{odd}");
    }
}

#[test]
fn an_old_id_token_of_ours_will_do() {
    let scene = Scene::new();
    let hint = scene.id_token();
    scene.stage.clock.advance_s(3_600);
    let page = scene.browser().open(&path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", OUT)]));
    assert_eq!(page.answer.expect(303).location(), OUT);
    assert!(!scene.is_signed_in());
}

#[test]
fn without_it_she_is_asked() {
    let scene = Scene::new();
    let hint = scene.id_token();
    let id = scene.app.id.to_string();
    let other = scene.stage.app_named("Other", EVERYTHING, false).id.to_string();
    let elsewhere = {
        let cookie = scene.stage.vault().sign_in("ada", crate::stage::PASSWORD.to_owned(), "another");
        let again = Person {
            cookie: scene.stage.wait(cookie).unwrap().cookies().unwrap().session,
            ..scene.stage.person("zoe")
        };
        let ask = Fields::ask(&scene.app).with("scope", "openid");
        let code = code_of(&scene.stage, &again, &ask);
        let told = Fields::code(&scene.app, &code).post(&scene.stage, "/token").expect(200).json();
        told["id_token"].as_str().unwrap().to_owned()
    };
    let mut forged = hint.clone();
    forged.replace_range(hint.len() - 4.., "AAAA");
    for fields in [
        vec![],
        vec![("client_id", &*id)],
        vec![("id_token_hint", "x")],
        vec![("id_token_hint", &*forged)],
        vec![("id_token_hint", &*elsewhere)],
        vec![("id_token_hint", &*hint), ("client_id", &*other)],
        vec![("id_token_hint", &*hint), ("id_token_hint", &*hint)],
    ] {
        let page = scene.browser().open(&path(&fields)).expect(200);
        page.form_with("/sign-out", "return_to");
        assert!(scene.is_signed_in(), "{fields:?}");
    }
    // She says yes, and goes on to the app.
    let browser = scene.browser();
    let page = browser.open(&path(&[("client_id", &id), ("post_logout_redirect_uri", OUT), ("state", "s")]));
    let policy = page.answer.header("content-security-policy").unwrap().to_owned();
    assert!(policy.ends_with("form-action 'self' https://app.example"), "{policy}");
    let page = browser.press(&page.expect(200).form_with("/sign-out", "return_to"), None);
    assert_eq!(page.answer.expect(303).location(), format!("{OUT}?state=s"));
    assert!(!scene.is_signed_in());
}

#[test]
fn a_form_of_another_site_comes_by_again_with_the_cookie() {
    let scene = Scene::new();
    let hint = scene.id_token();
    let fields = [("id_token_hint", &*hint), ("post_logout_redirect_uri", OUT)];
    let posted = |body: &str| {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "https://app.example"),
            ("sec-fetch-site", "cross-site"),
        ];
        scene.stage.send("POST", "/end-session", &headers, Some(body.as_bytes())).expect(303)
    };
    assert_eq!(posted(&form(&fields)).location(), path(&fields));
    assert!(scene.is_signed_in());
    for odd in ["\u{1F9A6}", "a b", "x\r\ny", "\\"] {
        assert_eq!(posted(odd).location(), "/end-session", "{odd}");
    }
}

/// A site that is told, and the app whose it is.
fn told_app(scene: &Scene, site: &Site) -> App {
    let app = scene.stage.app_named("Told", EVERYTHING, true);
    let uris = LogoutUris { post_logout: Vec::new(), back_channel: Some(site.url("/logout")) };
    scene.stage.wait(scene.stage.vault().app_logout_uris(app.id, uris)).unwrap();
    app
}

fn tell(scene: &Scene) -> usize {
    let house = scene.stage.house();
    scene.stage.wait(work::logouts_tell(&house.vault, &house.outbound)).unwrap()
}

#[test]
fn apps_are_told_that_she_signed_out() {
    let mut scene = Scene::new();
    scene.stage.private = Private::Loopback;
    scene.stage.restart();
    let site = Site::new("");
    let app = told_app(&scene, &site);
    let unheard = Site::new("");
    told_app(&scene, &unheard);
    let told = scene.signed_in(&app, "openid");
    assert_eq!(tell(&scene), 0);
    let session = scene.stage.own(&scene.ada).session();
    scene.stage.wait(scene.stage.vault().sign_out(&scene.ada.cookie)).unwrap();
    assert!(!opens(&scene.stage, &told["access_token"]));
    assert_eq!((tell(&scene), site.asked(), unheard.asked()), (1, 1, 0));
    let heard = site.heard();
    let token = heard.strip_prefix("logout_token=").unwrap();
    let claims = verified_as("logout+jwt", &keys(&scene.stage), token).unwrap();
    let now = scene.stage.vault().world().now().seconds();
    let wanted = json!({
        "iss": scene.stage.url, "aud": app.id, "sub": scene.ada.id, "sid": session, "iat": now, "exp": now + 120,
        "jti": claims["jti"], "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    assert_eq!(claims, wanted);
    // Once it has taken it, it is not told again; and the token is no hint at anybody.
    scene.stage.clock.advance_s(30 * 24 * 3_600);
    assert_eq!((tell(&scene), site.asked()), (0, 1));
    let hinted = scene.stage.wait(scene.stage.vault().id_token_hint(token)).unwrap();
    assert!(hinted.is_none());
}

#[test]
fn an_app_that_she_revoked_hears_no_more_of_her() {
    let mut scene = Scene::new();
    scene.stage.private = Private::Loopback;
    scene.stage.restart();
    let site = Site::new("");
    let app = told_app(&scene, &site);
    let told = scene.signed_in(&app, "openid");
    let own = scene.stage.own(&scene.ada);
    let grant = told["grant_id"].as_str().unwrap().parse().unwrap();
    scene.stage.wait(scene.stage.vault().grant_revoke(&own, grant)).unwrap();
    scene.stage.wait(scene.stage.vault().sign_out(&scene.ada.cookie)).unwrap();
    assert_eq!((tell(&scene), site.asked()), (0, 0));
}

#[test]
fn an_app_that_does_not_take_it_is_told_again_some_times() {
    let mut scene = Scene::new();
    scene.stage.private = Private::Loopback;
    scene.stage.restart();
    let site = Site::new("");
    let app = told_app(&scene, &site);
    scene.signed_in(&app, "openid");
    site.says(500, "");
    scene.stage.wait(scene.stage.vault().sign_out(&scene.ada.cookie)).unwrap();
    let (mut tries, mut last) = (0, String::new());
    for wait_s in LOGOUT_WAITS_S {
        tries += 1;
        assert_eq!((tell(&scene), site.asked()), (0, tries));
        assert_ne!(std::mem::replace(&mut last, site.heard()), site.heard(), "a fresh token each time");
        // Not before its time; and across a restart.
        assert_eq!((tell(&scene), site.asked()), (0, tries));
        scene.stage.restart();
        scene.stage.clock.advance_s(wait_s);
    }
    site.says(200, "");
    scene.stage.clock.advance_s(30 * 24 * 3_600);
    assert_eq!((tell(&scene), site.asked()), (0, tries), "nobody tries for ever");
}

#[test]
fn an_address_inside_is_not_dialled() {
    let scene = Scene::new();
    let site = Site::new("");
    let app = told_app(&scene, &site);
    scene.signed_in(&app, "openid");
    scene.stage.wait(scene.stage.vault().sign_out(&scene.ada.cookie)).unwrap();
    assert_eq!((tell(&scene), site.asked()), (0, 0));
}
