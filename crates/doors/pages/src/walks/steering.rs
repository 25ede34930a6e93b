use super::browser::{Browser, House, PASSWORD, REDIRECT, details};
use http::StatusCode;
use model::AppId;
use oauth::token::{CodeProof, TokenRequest};
use vault::{Caller, ReadMessages, Refusal};

/// Lets the app in as the page offers it; its token.
async fn let_in(house: &House, who: &mut Browser, app: AppId) -> String {
    let address = house.ask(app, &details("all"), "").await;
    let form = who.get(&address).await.form("consent");
    let answer = who.send(form.add("decision", "allow")).await;
    let code = answer.location().split_once("&code=").unwrap().1.split_once('&').unwrap().0.to_owned();
    let proof = CodeProof { redirect_uri: REDIRECT.to_owned(), code_verifier: "v".repeat(43) };
    house.vault.token(app, TokenRequest::Code { code, proof }).await.unwrap().access_token
}

async fn read(house: &House, token: &str, conversation: model::ConversationId) -> Result<usize, Refusal> {
    let caller: Caller = house.vault.caller(token).await?;
    let page = vault::Page { before: None, after: None, limit: 50 };
    let permit = caller.permit(ReadMessages { conversation, page })?;
    let opened = house.vault.read_messages(permit).await?;
    let items: Vec<serde_json::Value> = serde_json::from_str(&opened.answer.items).unwrap();
    Ok(items.iter().filter(|item| item["withheld"].is_null()).count())
}

#[tokio::test]
async fn could_beside_did_and_then_less_and_then_nothing() {
    let house = House::new();
    let (mut ada, grace) = (house.person("ada").await, house.person("grace").await);
    let talk = house.talk(("ada", &ada), ("grace", &grace)).await;
    for text in ["one", "two"] {
        house.say(&grace, talk, text).await;
    }
    let app = house.app().await;
    let token = let_in(&house, &mut ada, app).await;
    let page = ada.get("/apps").await;
    assert!(
        page.body.contains("2 messages in 1 conversation") && page.body.contains("never used"),
        "{}",
        page.body
    );
    assert_eq!(read(&house, &token, talk).await.unwrap(), 2);
    let page = ada.get("/apps").await;
    assert!(page.body.contains("2 messages read, 1 time"));
    let grant = page.body.split_once("href=\"/apps/gra_").unwrap().1.split_once('"').unwrap().0;
    let address = format!("/apps/gra_{grant}");
    let page = ada.get(&address).await;
    assert!(page.body.contains("Read 2 messages") && page.body.contains("numbers 1 to 2"));
    assert!(page.body.contains("You let it in: see, read and send"));
    assert!(ada.get(&format!("{address}?action=send")).await.body.contains("It has not done this."));
    // Paused, and let go on.
    assert_eq!(
        ada.send(page.form("pause").add("pause", "on")).await.location(),
        format!("{address}?done=paused")
    );
    assert!(read(&house, &token, talk).await.is_err());
    assert!(ada.get("/apps").await.body.contains(">paused<"));
    let page = ada.get(&address).await;
    ada.send(page.form("pause").add("pause", "off")).await;
    assert!(read(&house, &token, talk).await.is_ok());
    // Narrowed: what is wider is refused, with the form as it was.
    let narrow = ada.get(&address).await.form("/narrow");
    let wider = ada.send(narrow.clone().add("action", "delete")).await;
    assert_eq!(wider.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wider.body.contains("more in &#39;action&#39;"), "{}", wider.body);
    let answer = ada.send(narrow.set("action", "list").add("action", "send")).await;
    assert_eq!(answer.location(), format!("{address}?done=narrowed"));
    assert!(read(&house, &token, talk).await.is_err());
    let page = ada.get(&address).await;
    assert!(page.body.contains("You narrowed it: see and send"));
    // Revoked.
    assert_eq!(ada.send(page.form("revoke")).await.location(), format!("{address}?done=revoked"));
    assert_eq!(house.vault.caller(&token).await.unwrap_err(), Refusal::Token);
    let page = ada.get(&address).await;
    assert!(page.body.contains("You revoked it on") && !page.body.contains("id=\"revoke\""));
    assert!(ada.get("/apps").await.body.contains("Ended"));
}

#[tokio::test]
async fn a_grant_of_somebody_else_is_not_there() {
    let house = House::new();
    let (mut ada, grace) = (house.person("ada").await, house.person("grace").await);
    let mut eve = house.person("eve").await;
    let theirs = house.talk(("grace", &grace), ("eve", &eve)).await;
    let app = house.app().await;
    let token = let_in(&house, &mut ada, app).await;
    let grant = house.vault.caller(&token).await.unwrap().grant();
    let address = format!("/apps/{grant}");
    assert_eq!(eve.get(&address).await.status, StatusCode::NOT_FOUND);
    let form = eve.get("/settings").await.form("/settings/name");
    for path in ["narrow", "pause", "revoke"] {
        let form = form.clone().to(&format!("{address}/{path}")).add("action", "list").add("pause", "on");
        assert_eq!(eve.send(form).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(house.vault.caller(&token).await.is_ok());
    // Nor can she put a conversation on its list that she is not in.
    let narrow = ada.get(&address).await.form("/narrow").set("conversation", &theirs.to_string());
    assert_eq!(ada.send(narrow).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn wishes_hold_and_are_shown() {
    let house = House::new();
    let (mut ada, mut grace) = (house.person("ada").await, house.person("grace").await);
    let talk = house.talk(("ada", &ada), ("grace", &grace)).await;
    house.say(&grace, talk, "one").await;
    house.say(&ada, talk, "two").await;
    let app = house.app().await;
    let token = let_in(&house, &mut ada, app).await;
    assert_eq!(read(&house, &token, talk).await.unwrap(), 2);
    let address = format!("/conversations/{talk}/apps");
    let page = grace.get(&address).await;
    assert!(page.body.contains("Jukebox") && page.body.contains("May see, read and send."), "{}", page.body);
    assert!(grace.get(&format!("/conversations/{talk}")).await.body.contains("1 app is here"));
    grace.send(page.form("words").add("words", "kept")).await;
    assert_eq!(read(&house, &token, talk).await.unwrap(), 1);
    let page = grace.get(&address).await;
    assert!(page.body.contains("Other people’s apps do not get your words"));
    grace.send(page.form("words").add("words", "shared")).await;
    grace.send(page.form("lock").add("lock", "on")).await;
    assert_eq!(read(&house, &token, talk).await.unwrap_err(), Refusal::NotFound);
    assert!(ada.get(&address).await.body.contains("Locked by"));
    grace.send(page.form("lock").add("lock", "off")).await;
    // Everywhere; the two wishes do not undo each other.
    let page = grace.get("/settings").await;
    grace.send(page.form("hide").add("hide", "on")).await;
    grace.send(page.form("words").add("words", "kept")).await;
    assert_eq!(read(&house, &token, talk).await.unwrap(), 1);
    let page = grace.get("/settings").await;
    assert!(page.body.contains("You are hidden") && page.body.contains("do not get your words"));
    assert_eq!(grace.send(page.form("words").add("words", "perhaps")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_account() {
    let house = House::new();
    let (mut ada, mut phone) = (house.person("ada").await, house.browser());
    let page = phone.get("/sign-in").await;
    phone.send(page.form("sign-in").set("handle", "ada").set("password", PASSWORD)).await;
    let page = ada.get("/settings").await;
    let name = page.form("/settings/name");
    let refused = ada.send(name.clone().set("name", " ")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ada.send(name.set("name", "Ada L.")).await.location(), "/settings?done=renamed");
    let password = page.form("/settings/password");
    let wrong = password.clone().set("password", "no").set("password_new", "another long one");
    assert!(ada.send(wrong).await.body.contains("not your present password"));
    let short = password.clone().set("password", PASSWORD).set("password_new", "short");
    assert!(ada.send(short).await.body.contains("at least 8 characters"));
    let right = password.set("password", PASSWORD).set("password_new", "another long one");
    assert_eq!(ada.send(right).await.location(), "/settings?done=password");
    assert_eq!(phone.get("/settings").await.location(), "/sign-in?return_to=/settings");
    let page = phone.get("/sign-in").await;
    phone.send(page.form("sign-in").set("handle", "ada").set("password", "another long one")).await;
    let page = ada.get("/settings").await;
    assert_eq!(ada.send(page.form("/end")).await.location(), "/settings?done=session-ended");
    assert_eq!(phone.get("/").await.status, StatusCode::SEE_OTHER);
    let page = ada.get("/settings").await;
    assert_eq!(ada.send(page.form("/sessions/end")).await.location(), "/sign-in?done=signed-out");
    assert_eq!(ada.get("/").await.location(), "/sign-in");
}

#[tokio::test]
async fn the_directory_is_for_anyone() {
    let house = House::new();
    let app = house.app().await;
    let mut nobody = house.browser();
    let narrower = r#"[{"type":"messages","actions":["send"],"conversations":"started"}]"#;
    house.vault.app_ceiling(app, narrower).await.unwrap();
    let page = nobody.get("/directory").await;
    assert!(page.body.contains("Jukebox") && page.body.contains("Fewer than 10 people"));
    assert!(
        page.body.contains("Conversations that it starts") && page.body.contains("Any conversation"),
        "now, and before"
    );
    assert!(nobody.cookies.is_empty());
}
