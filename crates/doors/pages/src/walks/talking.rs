use super::browser::House;
use http::StatusCode;

#[tokio::test]
async fn a_message_is_sent_once_and_kept_as_written() {
    let house = House::new();
    let (mut ada, mut grace) = (house.person("ada").await, house.person("grace").await);
    let talk = house.talk(("ada", &ada), ("grace", &grace)).await;
    let address = format!("/conversations/{talk}");
    let page = ada.get(&address).await;
    assert!(page.body.contains("No messages yet"));
    // Line breaks come as a form writes them; the joined letters and the direction marks stay.
    let form = page.form("/send").set("text", "one\r\ntwo \u{1f469}\u{200d}\u{1f469} \u{202e}three");
    for _ in 0..2 {
        let answer = ada.send(form.clone()).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, address.as_str()));
    }
    let own = house.own(&grace).await;
    let all = house.vault.own_messages(&own, talk, vault::Page { before: None, after: None, limit: 9 }).await;
    let all = all.unwrap();
    let [message] = all.as_slice() else { panic!("sent {} times", all.len()) };
    let text = "one\ntwo \u{1f469}\u{200d}\u{1f469} \u{202e}three".to_owned();
    assert_eq!(message.content, Some(model::Content::Text { text }));
    let list = grace.get("/").await;
    assert!(list.body.contains("one two") && list.body.contains("1<span class=\"unseen\"> unread"));
    // Reading marks it, for both.
    let page = grace.get(&address).await;
    assert!(page.body.contains("id=\"new\""));
    let answer = grace.send(page.form("/read")).await;
    assert_eq!(answer.location(), address);
    assert!(!grace.get("/").await.body.contains("unread</span>"));
    assert!(ada.get(&address).await.body.contains("Read by"));
}

#[tokio::test]
async fn what_is_refused_stands_in_the_field_again() {
    let house = House::new();
    let (mut ada, grace) = (house.person("ada").await, house.person("grace").await);
    let talk = house.talk(("ada", &ada), ("grace", &grace)).await;
    let form = ada.get(&format!("/conversations/{talk}")).await.form("/send");
    // 20,000 of the widest characters fit; one more does not.
    let widest = "\u{1f600}".repeat(20_000);
    let long = format!("{widest}<");
    let page = ada.send(form.clone().set("text", &long)).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("That is 20,001 characters; a message holds at most 20,000."));
    assert!(page.body.contains(&format!("{widest}&#60;</textarea>")));
    assert_eq!(ada.send(form.clone().set("text", &widest)).await.status, StatusCode::SEE_OTHER);
    let page = ada.send(form.clone().set("text", "another text, from a page gone stale")).await;
    assert!(page.body.contains("send it once more") && page.body.contains("gone stale</textarea>"));
    let retry = page.form("/send");
    assert_ne!(retry.all("key"), form.all("key"));
    assert_eq!(ada.send(retry).await.status, StatusCode::SEE_OTHER);
    let page = ada.send(form.clone().set("text", "")).await;
    assert!(page.body.contains("Write something first."));
    assert_eq!(ada.send(form.drop("key").set("text", "x")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn deleted_and_restored() {
    let house = House::new();
    let (mut ada, mut grace) = (house.person("ada").await, house.person("grace").await);
    let talk = house.talk(("ada", &ada), ("grace", &grace)).await;
    let (hers, theirs) = (house.say(&ada, talk, "mine").await, house.say(&grace, talk, "yours").await);
    let address = format!("/conversations/{talk}");
    let page = ada.get(&address).await;
    assert!(page.body.contains("Delete for everyone") && page.body.contains("Delete for me"));
    for seq in [hers, theirs] {
        let form = page.form("erase").to(&format!("{address}/messages/{seq}/delete"));
        assert_eq!(ada.send(form).await.location(), format!("{address}?done=deleted"));
    }
    let page = ada.get(&address).await;
    assert!(
        page.body.contains("You deleted this for everyone") && page.body.contains("You deleted this for you")
    );
    let seen = grace.get(&address).await;
    assert!(seen.body.contains("This message was deleted") && seen.body.contains("yours"));
    // What is hers to restore is not another's.
    let mut deleted = ada.get("/deleted").await;
    let foreign = grace.get("/settings").await.form("/settings/name");
    let restore = format!("/deleted/{talk}/{hers}/restore");
    assert_eq!(grace.send(foreign.to(&restore)).await.status, StatusCode::NOT_FOUND);
    for seq in [hers, theirs] {
        let answer = ada.send(deleted.form(&format!("/{seq}/restore"))).await;
        assert_eq!(answer.location(), "/deleted?done=restored");
        deleted = ada.get(answer.location()).await;
        assert!(deleted.body.contains("The message is back where it was."));
    }
    assert!(deleted.body.contains("Nothing is waiting here."));
    assert!(grace.get(&address).await.body.contains("mine"));
}

#[tokio::test]
async fn a_strangers_conversation_is_not_there() {
    let house = House::new();
    let (mut ada, grace) = (house.person("ada").await, house.person("grace").await);
    let eve = house.person("eve").await;
    let talk = house.talk(("eve", &eve), ("grace", &grace)).await;
    let seq = house.say(&eve, talk, "not for ada").await;
    for path in ["", "?fragment=messages&from=1", "/live", "/apps"] {
        let answer = ada.get(&format!("/conversations/{talk}{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        let nothing = ada.get(&format!("/conversations/con_00000000000000000000000000{path}")).await;
        assert_eq!((nothing.status, &nothing.body), (answer.status, &answer.body), "{path}");
    }
    let form = ada.get("/settings").await.form("/settings/name");
    for (path, field, value) in [
        ("send", "text", "hello"),
        ("read", "seq", "1"),
        (&format!("messages/{seq}/delete"), "x", ""),
        ("apps/words", "words", "kept"),
        ("apps/lock", "lock", "on"),
    ] {
        let filled =
            form.clone().to(&format!("/conversations/{talk}/{path}")).add("key", "k").add(field, value);
        assert_eq!(ada.send(filled).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for odd in ["con_x", "per_00000000000000000000000000", "%ff", "..%2f"] {
        assert_eq!(ada.get(&format!("/conversations/{odd}")).await.status, StatusCode::NOT_FOUND, "{odd}");
    }
    let mut nobody = house.browser();
    let answer = nobody.get(&format!("/conversations/{talk}?before=9")).await;
    let address = format!("/sign-in?return_to=/conversations/{talk}%3Fbefore%3D9");
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, address.as_str()));
}

#[tokio::test]
async fn a_long_conversation_in_parts() {
    let house = House::new();
    let (mut ada, grace) = (house.person("ada").await, house.person("grace").await);
    let talk = house.talk(("ada", &ada), ("grace", &grace)).await;
    for n in 1..=120 {
        house.say(&grace, talk, &format!("word {n}")).await;
    }
    let address = format!("/conversations/{talk}");
    let page = ada.get(&address).await;
    assert!(
        page.body.contains(">word 120<")
            && page.body.contains(">word 71<")
            && !page.body.contains(">word 70<")
    );
    assert!(page.body.contains(&format!("{address}?before=71")));
    let page = ada.get(&format!("{address}?before=71")).await;
    assert!(
        page.body.contains(">word 70<")
            && page.body.contains(">word 21<")
            && !page.body.contains(">word 71<")
    );
    assert!(page.body.contains(&format!("href=\"{address}\"")), "and on to the newest");
    let page = ada.get(&format!("{address}?before=21")).await;
    assert!(page.body.contains(">word 1<") && page.body.contains(&format!("{address}?before=71")));
    let again = ada.get(&format!("{address}?fragment=messages&from=71")).await;
    assert!(again.body.trim_start().starts_with("<div class=\"flow\""));
    assert!(again.body.contains(">word 71<") && !again.body.contains(">word 70<"));
}

#[tokio::test]
async fn friends_and_a_conversation_of_three() {
    let house = House::new();
    let (mut ada, mut grace) = (house.person("ada").await, house.person("grace").await);
    house.person("linus").await;
    let form = ada.get("/friends").await.form("friend-request");
    let page = ada.send(form.clone().set("handle", "grcae")).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("Nobody here is called @grcae.") && page.body.contains("value=\"grcae\""));
    assert!(ada.send(form.clone().set("handle", "ada")).await.body.contains("This is your own handle."));
    for handle in ["grace", "@Linus"] {
        assert_eq!(ada.send(form.clone().set("handle", handle)).await.location(), "/friends?done=asked");
    }
    let asked = grace.get("/friends").await;
    assert!(asked.body.contains("They asked you"));
    assert_eq!(grace.send(asked.form("/accept")).await.location(), "/friends?done=befriended");
    assert!(grace.get("/notices").await.status.is_success());
    let withdrawn = ada.send(ada.clone().get("/friends").await.form("/withdraw")).await;
    assert_eq!(withdrawn.location(), "/friends?done=withdrawn");
    // Only friends can be asked in.
    let new = ada.get("/conversations/new").await.form("/conversations");
    let page = ada.send(new.clone().set("title", "Regatta")).await;
    assert!(page.body.contains("Pick at least one friend.") && page.body.contains("value=\"Regatta\""));
    let (own, linus) = (house.own(&ada).await, model::Handle::parse("linus").unwrap());
    let (friend, stranger) =
        (house.own(&grace).await.person(), house.vault.person_by_handle(&linus).await.unwrap());
    let page = ada.send(new.clone().add("participant", &stranger.to_string())).await;
    assert!(page.body.contains("started with friends only"));
    assert_eq!(ada.send(new.clone().add("participant", "x")).await.status, StatusCode::BAD_REQUEST);
    let with = new.add("participant", &friend.to_string());
    let answer = ada.send(with.clone()).await;
    let again = ada.send(with).await;
    assert_eq!(answer.location(), again.location(), "two people have one conversation");
    assert_eq!(house.vault.own_conversations(&own, 9, 0).await.unwrap().len(), 1);
    let answer = grace.send(grace.clone().get("/friends").await.form("/remove")).await;
    assert_eq!(answer.location(), "/friends?done=removed");
}
