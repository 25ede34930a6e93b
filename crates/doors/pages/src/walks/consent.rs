use super::browser::{Answer, Browser, House, PASSWORD, REDIRECT, details};
use http::{StatusCode, header};
use model::AppId;
use oauth::token::{CodeProof, TokenRequest};

/// The code in the redirect back to the app, which must be whole.
fn code(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let (uri, query) = answer.location().split_once("&code=").unwrap();
    assert_eq!(uri, REDIRECT);
    let (code, rest) = query.split_once('&').unwrap();
    assert_eq!(rest, "state=s%201&iss=https%3A%2F%2Fwaxseal.example");
    assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer");
    code.to_owned()
}

/// What the app gets for it.
async fn granted(house: &House, app: AppId, code: &str) -> serde_json::Value {
    let proof = CodeProof { redirect_uri: REDIRECT.to_owned(), code_verifier: "v".repeat(43) };
    let answer = house.vault.token(app, TokenRequest::Code { code: code.to_owned(), proof }).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&answer.json()).unwrap();
    json["authorization_details"][0].clone()
}

async fn two(house: &House) -> (Browser, Browser) {
    (house.person("ada").await, house.person("grace").await)
}

#[tokio::test]
async fn from_the_app_through_signing_in_to_a_code() {
    let house = House::new();
    let (mut ada, grace) = two(&house).await;
    let talk = house.talk(("ada", &ada), ("grace", &grace)).await;
    for text in ["one", "two", "three"] {
        house.say(&grace, talk, text).await;
    }
    ada.cookies.clear();
    let app = house.app().await;
    let address = house.ask(app, &details("all"), "&login_hint=ada").await;
    let answer = ada.get(&address).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let page = ada.get(answer.location()).await;
    assert!(
        page.body.contains("Jukebox") && page.body.contains("value=\"ada\""),
        "who sent her, and who she is"
    );
    let answer = ada.send(page.form("sign-in").set("password", PASSWORD)).await;
    assert_eq!(answer.location(), address);
    let page = ada.get(&address).await;
    assert!(page.body.contains("read 3 messages in 1 conversation."), "{}", page.body);
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.ends_with("form-action 'self' https://jukebox.example"));
    let form = page.form("consent");
    assert_eq!(form.all("action"), ["list", "read", "send"]);
    let answer = ada.send(form.add("decision", "allow")).await;
    let terms = granted(&house, app, &code(&answer)).await;
    assert_eq!(terms["actions"], serde_json::json!(["list", "read", "send"]));
    assert_eq!(terms["conversations"], "all");
    // It is answered once.
    let again = ada.get(&address).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert!(again.body.contains("no longer open"));
}

#[tokio::test]
async fn every_axis_can_be_narrowed_and_the_preview_follows() {
    let house = House::new();
    let (mut ada, grace) = two(&house).await;
    let talk = house.talk(("ada", &ada), ("grace", &grace)).await;
    house.say(&grace, talk, "old").await;
    house.clock.forward(2 * 86_400);
    house.say(&grace, talk, "new").await;
    let app = house.app().await;
    let address = house.ask(app, &details("all"), "").await;
    let form = ada.get(&address).await.form("consent");
    let narrowed = form
        .set("reach", "chosen")
        .add("conversation", &talk.to_string())
        .set("since", "P1D")
        .set("expires_in", "3600")
        .set("kind", "text")
        .set("action", "read");
    let page = ada.send(narrowed.clone().add("decision", "update")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("read 1 message in 1 conversation."), "{}", page.body);
    let kept = page.form("consent");
    assert_eq!(
        (kept.all("since"), kept.all("expires_in"), kept.all("kind")),
        (vec!["P1D"], vec!["3600"], vec!["text"])
    );
    assert_eq!(
        (kept.all("reach"), kept.all("conversation")),
        (vec!["chosen"], vec![talk.to_string().as_str()])
    );
    let answer = ada.send(kept.add("decision", "allow")).await;
    let terms = granted(&house, app, &code(&answer)).await;
    assert_eq!(terms["actions"], serde_json::json!(["list", "read"]));
    assert_eq!(terms["conversations"], serde_json::json!([talk.to_string()]));
    assert_eq!((&terms["since"], &terms["kinds"]), (&serde_json::json!("P1D"), &serde_json::json!(["text"])));
}

/// The fields that the outside contract names, and the hidden ones: enough to answer.
#[tokio::test]
async fn the_contracts_fields_alone_are_enough() {
    let house = House::new();
    let (mut ada, grace) = two(&house).await;
    let talk = house.talk(("ada", &ada), ("grace", &grace)).await;
    let app = house.app().await;
    let address = house.ask(app, &details("chosen"), "").await;
    let page = ada.get(&address).await;
    let mut form = page.form("consent");
    form.fields.retain(|(name, _)| ["csrf", "request"].contains(&name.as_str()));
    let form = form
        .add("action", "read")
        .add("conversation", &talk.to_string())
        .add("since", "all")
        .add("expires_in", "7776000")
        .add("decision", "allow");
    let answer = ada.send(form).await;
    let terms = granted(&house, app, &code(&answer)).await;
    assert_eq!(terms["kinds"], serde_json::json!(["text", "card", "receipt"]));
    assert_eq!(terms["conversations"], serde_json::json!([talk.to_string()]));
}

#[tokio::test]
async fn what_cannot_stand_is_said_and_nothing_is_lost() {
    let house = House::new();
    let (mut ada, grace) = two(&house).await;
    let talk = house.talk(("ada", &ada), ("grace", &grace)).await.to_string();
    let app = house.app().await;
    let address = house.ask(app, &details("chosen"), "").await;
    let first = ada.get(&address).await;
    assert!(first.body.contains("reach none of your conversations"), "nothing is picked yet");
    let form = first.form("consent").add("decision", "allow").set("expires_in", "86400");
    for (form, why) in [
        (form.clone(), "Pick at least one conversation"),
        (form.clone().drop("action"), "Tick at least one thing"),
        (form.clone().drop("kind"), "Tick at least one kind"),
        (form.clone().set("reach", "all"), "more in &#39;reach&#39;"),
        (form.clone().add("conversation", &talk).set("since", "yesterday"), "not known"),
        (
            form.clone().add("conversation", &talk).set("expires_in", "99999999"),
            "more in &#39;expires_in&#39;",
        ),
        (form.clone().add("conversation", "con_x"), "not known"),
    ] {
        let page = ada.send(form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}");
        assert!(page.body.contains(why), "{why} {}", page.body);
    }
    assert_eq!(ada.send(form).await.form("consent").all("expires_in"), ["86400"]);
}

#[tokio::test]
async fn conversations_of_others_cannot_be_let_in() {
    let house = House::new();
    let (mut ada, grace) = two(&house).await;
    let eve = house.person("eve").await;
    let theirs = house.talk(("eve", &eve), ("grace", &grace)).await;
    let app = house.app().await;
    let address = house.ask(app, &details("chosen"), "").await;
    let form = ada.get(&address).await.form("consent");
    let answer = ada.send(form.add("conversation", &theirs.to_string()).add("decision", "allow")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(ada.get(&address).await.status.is_success(), "the question still waits");
}

#[tokio::test]
async fn no_is_told_to_the_app() {
    let house = House::new();
    let mut ada = house.person("ada").await;
    let app = house.app().await;
    let address = house.ask(app, &details("all"), "").await;
    let form = ada.get(&address).await.form("consent");
    let answer = ada.send(form.clone().add("decision", "deny")).await;
    assert!(
        answer.location().starts_with(&format!("{REDIRECT}&error=access_denied&")),
        "{}",
        answer.location()
    );
    assert!(answer.location().contains("&state=s%201&iss="));
    assert_eq!(ada.send(form.add("decision", "allow")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_question_grows_old_and_an_app_can_be_suspended() {
    let house = House::new();
    let mut ada = house.person("ada").await;
    let app = house.app().await;
    let address = house.ask(app, &details("all"), "").await;
    house.vault.app_suspend(app, "a test").await.unwrap();
    let answer = ada.get(&address).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("suspended or retired"));
    house.vault.app_resume(app).await.unwrap();
    assert_eq!(ada.get(&address).await.status, StatusCode::OK);
    house.clock.forward(1801);
    assert_eq!(ada.get(&address).await.status, StatusCode::NOT_FOUND);
    for odd in ["/consent", "/consent?request=", "/consent?request=aut_1", "/consent?request=%ff"] {
        assert_eq!(ada.get(odd).await.status, StatusCode::NOT_FOUND, "{odd}");
    }
}

#[tokio::test]
async fn an_app_can_ask_her_to_sign_in_anew() {
    let house = House::new();
    let mut ada = house.person("ada").await;
    let app = house.app().await;
    house.clock.forward(60);
    for more in ["&prompt=login", "&max_age=30"] {
        let address = house.ask(app, &details("all"), more).await;
        let answer = ada.get(&address).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{more}");
        house.clock.forward(1);
        let page = ada.get(answer.location()).await;
        let answer = ada.send(page.form("sign-in").set("handle", "ada").set("password", PASSWORD)).await;
        assert_eq!(answer.location(), address);
        assert_eq!(ada.get(&address).await.status, StatusCode::OK);
        house.clock.forward(60);
    }
}

#[tokio::test]
async fn an_app_that_asks_for_no_messages_only_signs_her_in() {
    let house = House::new();
    let mut ada = house.person("ada").await;
    let app = house.app().await;
    // An empty value counts as absent.
    let address = house.ask(app, "", "").await;
    let page = ada.get(&address).await;
    assert!(page.body.contains("gets no access to your messages"), "{}", page.body);
    let answer = ada.send(page.form("consent").add("decision", "allow")).await;
    assert_eq!(granted(&house, app, &code(&answer)).await, serde_json::Value::Null);
}
