//! What people write is kept byte for byte: every hard text goes in and comes back, to the person and to her app.
//! Where `shared/` is absent the test says so and uses the few texts that it brings.

use crate::house::{House, newest, on_both_engines, open_ceiling, open_terms, words};
use std::path::{Path, PathBuf};
use vault::{Refusal, SendMessage};

/// The texts of `shared/data/hard-text.jsonl`, and a few of our own.
fn hard_texts() -> Vec<String> {
    let shared = std::env::var_os("WAXSEAL_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let mut texts: Vec<String> = [
        "\u{202e}right to left",
        "e\u{301} is not é",
        "\r\n\t",
        "\u{feff}",
        "\u{1f469}\u{200d}\u{1f4bb}",
        "\\\"'",
        "\u{7f}\u{85}\u{2028}",
    ]
    .map(str::to_owned)
    .to_vec();
    let file = shared.join("data/hard-text.jsonl");
    match std::fs::read_to_string(&file) {
        Ok(lines) => texts.extend(lines.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["text"].as_str().unwrap().to_owned()
        })),
        Err(_) => eprintln!("skipped: {} is not there", file.display()),
    }
    texts
}

on_both_engines! {
    async fn hard_texts_come_back_byte_for_byte(house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        let conversation = house.group(&ada, &[&bob]).await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        let texts = hard_texts();
        for (number, text) in texts.iter().enumerate() {
            let (content, key) = (words(text), format!("{number}"));
            if number % 2 == 0 {
                house.vault().own_send(&bob.own, conversation, content, &key).await.unwrap();
            } else {
                let permit = house.permit(&tokens, SendMessage { conversation, content, key }).await.unwrap();
                let sent = house.vault().send_message(permit).await.unwrap().answer.message;
                let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
                assert_eq!(sent["content"]["text"].as_str(), Some(text.as_str()));
            }
        }
        let (mut before, mut own, mut read) = (None, Vec::new(), Vec::new());
        loop {
            let page = vault::Page { before, ..newest(200) };
            let messages = house.vault().own_messages(&ada.own, conversation, page).await.unwrap();
            own.splice(0..0, messages.into_iter().map(|message| message.content.unwrap()));
            let permit = house.permit(&tokens, vault::ReadMessages { conversation, page }).await.unwrap();
            let told = house.vault().read_messages(permit).await.unwrap().answer;
            let items: Vec<serde_json::Value> = serde_json::from_str(&told.items).unwrap();
            read.splice(0..0, items.iter().map(|item| item["content"]["text"].as_str().unwrap().to_owned()));
            match told.next {
                Some(next) => before = Some(next.parse().unwrap()),
                None => break,
            }
        }
        assert_eq!(own, texts.iter().map(|text| words(text)).collect::<Vec<_>>());
        assert_eq!(read, texts);
    }

    async fn what_no_message_may_hold_is_refused_and_takes_no_seq(house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        let conversation = house.group(&ada, &[&bob]).await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        let longest = "\u{1f469}".repeat(model::CONTENT_TEXT_CHARS_MAX);
        for wrong in ["", "nul \0", &format!("{longest}x")] {
            let sent = house.vault().own_send(&ada.own, conversation, words(wrong), "key").await;
            assert!(matches!(sent, Err(Refusal::Invalid(_))), "{sent:?}");
            let ask = SendMessage { conversation, content: words(wrong), key: "key".to_owned() };
            let sent = match house.permit(&tokens, ask).await {
                Ok(permit) => house.vault().send_message(permit).await.map(|_| ()),
                Err(refusal) => Err(refusal),
            };
            assert!(matches!(sent, Err(Refusal::Invalid(_))), "{sent:?}");
        }
        for wrong in ["nul\0", "two\nlines", ""] {
            let started = house.vault().own_start(&ada.own, vec![bob.id], Some(wrong.to_owned())).await;
            assert!(matches!(started, Err(Refusal::Invalid(_))), "{wrong:?}: {started:?}");
        }
        assert_eq!(house.vault().own_send(&ada.own, conversation, words(&longest), "key").await, Ok(1));
        assert_eq!(house.vault().permits_spent_and_records().await.unwrap(), (0, 0));
    }
}
