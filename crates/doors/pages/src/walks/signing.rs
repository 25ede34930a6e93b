use super::browser::{Filled, House, PASSWORD};
use crate::attempts::HANDLE_ATTEMPTS_MAX;
use http::StatusCode;

fn sign_in(page: &super::browser::Answer, handle: &str, password: &str) -> Filled {
    page.form("sign-in").set("handle", handle).set("password", password)
}

#[tokio::test]
async fn up_out_and_in() {
    let house = House::new();
    let mut ada = house.person("ada").await;
    let first = ada.cookies["__Host-waxseal"].clone();
    let page = ada.get("/sign-out").await;
    let answer = ada.send(page.form("/sign-out")).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/sign-in?done=signed-out"));
    assert!(house.vault.own(&first).await.is_err(), "the session ended on the server");
    let page = ada.get(answer.location()).await;
    assert!(page.body.contains("You are signed out."));
    let answer = ada.send(sign_in(&page, " @Ada ", PASSWORD)).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"));
    let second = ada.cookies["__Host-waxseal"].clone();
    assert_ne!(first, second);
    // Signing in again makes a new session and ends the old one.
    let page = ada.get("/sign-in").await;
    ada.send(sign_in(&page, "ada", PASSWORD)).await;
    assert!(house.vault.own(&second).await.is_err());
    assert!(house.vault.own(&ada.cookies["__Host-waxseal"]).await.is_ok());
}

#[tokio::test]
async fn a_wrong_handle_and_a_wrong_password_answer_alike() {
    let house = House::new();
    house.person("ada").await;
    let mut nobody = house.browser();
    let page = nobody.get("/sign-in").await;
    let wrong = nobody.send(sign_in(&page, "ada", "not hers at all")).await;
    let unknown = nobody.send(sign_in(&page, "eve", "not hers at all")).await;
    let odd = nobody.send(sign_in(&page, "\u{430}da \u{202e}", "")).await;
    assert_eq!(
        (wrong.status, unknown.status, odd.status),
        (StatusCode::UNPROCESSABLE_ENTITY, wrong.status, wrong.status)
    );
    assert_eq!(wrong.body.replace("\"ada\"", ""), unknown.body.replace("\"eve\"", ""));
    assert!(wrong.body.contains("The handle or the password is not right."));
}

#[tokio::test]
async fn what_was_typed_is_kept_and_each_mistake_named() {
    let house = House::new();
    house.person("ada").await;
    let mut nobody = house.browser();
    let page = nobody.get("/sign-up").await;
    let form = page.form("sign-up").set("handle", "a d\"a<").set("name", "A\u{7}").set("password", "short");
    let answer = nobody.send(form.clone()).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("handle-problem") && answer.body.contains("name-problem"));
    assert!(answer.body.contains("value=\"a d&#34;a&#60;\""));
    let form = form.set("handle", "4da").set("name", "Ada").set("password", "short");
    let answer = nobody.send(form.clone()).await;
    assert!(answer.body.contains("A password has at least 8 characters."));
    // 4da is free; look-alikes are not.
    let answer = nobody.send(form.set("handle", "ADA").set("password", PASSWORD)).await;
    assert!(answer.body.contains("is taken; choose another."));
}

#[tokio::test]
async fn guessing_is_slowed() {
    let house = House::new();
    house.person("ada").await;
    let mut eve = house.browser();
    let page = eve.get("/sign-in").await;
    for _ in 0..HANDLE_ATTEMPTS_MAX {
        assert_eq!(
            eve.send(sign_in(&page, "ada", "guess guess")).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    let answer = eve.send(sign_in(&page, "ada", PASSWORD)).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers["retry-after"], "900");
    house.clock.forward(900);
    assert_eq!(eve.send(sign_in(&page, "ada", PASSWORD)).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nobody_is_led_away() {
    let house = House::new();
    let mut ada = house.person("ada").await;
    for away in ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"] {
        let page = ada.get(&format!("/sign-in?return_to={}", crate::page::query_value(away))).await;
        assert_eq!(page.form("sign-in").all("return_to"), [""], "{away}");
        let answer = ada.send(sign_in(&page, "ada", PASSWORD).set("return_to", away)).await;
        assert_eq!(answer.location(), "/", "{away}");
        let page = ada.get("/sign-out").await;
        let answer = ada.send(page.form("/sign-out").set("return_to", away)).await;
        assert_eq!(answer.location(), "/sign-in?done=signed-out", "{away}");
        ada = house.browser();
        let page = ada.get("/sign-in").await;
        ada.send(sign_in(&page, "ada", PASSWORD)).await;
    }
}

#[tokio::test]
async fn only_our_own_form_in_this_browser_is_taken() {
    let house = House::new();
    let mut ada = house.person("ada").await;
    let mut eve = house.person("eve").await;
    let hers = ada.get("/sign-out").await.form("/sign-out");
    let eves = eve.get("/sign-out").await.form("/sign-out");
    let token = eves.all("csrf")[0].to_owned();
    for foreign in [
        hers.clone().drop("csrf"),
        hers.clone().set("csrf", ""),
        hers.clone().set("csrf", &token),
        hers.clone().says("sec-fetch-site", "cross-site"),
        hers.clone().says("sec-fetch-site", "same-site"),
        hers.clone().says("origin", "null"),
    ] {
        let answer = ada.send(foreign.clone()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{foreign:?}");
        assert!(answer.body.contains("load the page again"), "it says what to do");
    }
    assert!(house.vault.own(&ada.cookies["__Host-waxseal"]).await.is_ok(), "nothing was done");
    // Before signing in, too.
    let mut nobody = house.browser();
    let page = nobody.get("/sign-in").await;
    let mut other = house.browser();
    other.get("/sign-in").await;
    let form = sign_in(&page, "ada", PASSWORD);
    assert_eq!(other.send(form.clone()).await.status, StatusCode::FORBIDDEN, "another browser's token");
    assert_eq!(house.browser().send(form.clone()).await.status, StatusCode::FORBIDDEN, "no cookie");
    assert_eq!(nobody.send(form.drop("csrf")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_no_form_is_answered_clearly() {
    let house = House::new();
    let mut ada = house.person("ada").await;
    let form = ada.get("/sign-out").await.form("/sign-out");
    let json = form.clone().says("content-type", "application/json");
    assert_eq!(ada.send(json).await.status, StatusCode::BAD_REQUEST);
    let large = form.clone().set("return_to", &"x".repeat(300_000));
    assert_eq!(ada.send(large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let nul = form.clone().set("return_to", "\0");
    assert_eq!(ada.send(nul).await.status, StatusCode::BAD_REQUEST);
    let nowhere = ada.get("/nowhere").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert!(nowhere.body.contains("There is nothing here") && nowhere.body.contains("Sign out @ada"));
    let wrong = ada.send(form.to("/static/app.css")).await;
    assert_eq!(
        (wrong.status, &wrong.headers["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"GET,HEAD".parse().unwrap())
    );
}
