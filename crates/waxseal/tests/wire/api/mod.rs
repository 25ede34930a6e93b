//! What apps send to `/v1`, and what they are answered; what anyone may fetch.
mod access_list;
mod caller;
mod conversation_list;
mod conversation_see;
mod conversation_start;
mod directory;
mod events_follow;
mod evidence;
mod friends_list;
mod grant_hand_back;
mod grant_see;
mod ledger_proof;
mod ledger_tile;
mod limit;
mod me;
mod message_delete;
mod message_list;
mod message_see;
mod message_send;
mod openapi;
mod power;
mod problem;
mod signal;
mod typing_show;
mod webhook;

use crate::stage::{Answer, Api, App, EVERYTHING, Person, Stage, Tokens};
use ledger::receipt::Receipt;
use model::ConversationId;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Ada and Bea are friends and talk; Ada let Jukebox do everything.
struct Scene {
    stage: Stage,
    ada: Person,
    bea: Person,
    jukebox: App,
    tokens: Tokens,
    talk: ConversationId,
}

/// What Ada let Jukebox do.
fn everything() -> Value {
    json!({"actions": ["list", "read", "send", "delete"], "conversations": "all", "since": "all"})
}

impl Scene {
    fn new() -> Scene {
        Scene::with(everything())
    }

    /// The same, but Ada let Jukebox do only this.
    fn with(details: Value) -> Scene {
        let stage = Stage::new();
        let (ada, bea) = (stage.person("ada"), stage.person("bea"));
        stage.friends(&ada, &bea);
        let talk = stage.conversation(&[&ada, &bea]);
        let jukebox = stage.app(EVERYTHING);
        let tokens = stage.grant(&ada, &jukebox, details);
        Scene { stage, ada, bea, jukebox, tokens, talk }
    }

    fn api(&self) -> Api<'_> {
        self.stage.api(&self.tokens.access)
    }

    /// The path of the messages of Ada and Bea.
    fn messages(&self) -> String {
        format!("/v1/conversations/{}/messages", self.talk)
    }

    /// A body as it comes, with the token and a key.
    #[track_caller]
    fn post_raw(&self, path: &str, kind: Option<&str>, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.tokens.access);
        let mut headers = vec![("authorization", bearer.as_str()), ("idempotency-key", "raw")];
        headers.extend(kind.map(|kind| ("content-type", kind)));
        self.stage.send("POST", path, &headers, Some(body))
    }

    /// The receipt of an answer, checked with the key of the log.
    #[track_caller]
    fn receipt(&self, answer: &Answer) -> Receipt {
        let key = self.stage.get("/ledger/key").expect(200).text();
        let key = key.trim_end().parse().unwrap();
        let token = answer.header("waxseal-receipt");
        Receipt::verify(token.unwrap_or_else(|| panic!("{}: no receipt", answer.asked)), &[key]).unwrap()
    }

    /// A conversation of Bea and somebody else, of which Ada knows nothing.
    fn elsewhere(&self) -> ConversationId {
        let cem = self.stage.person("cem");
        self.stage.friends(&self.bea, &cem);
        self.stage.conversation(&[&self.bea, &cem])
    }
}

/// Reads an answer as its documented shape, with nothing left over.
#[track_caller]
fn read<T: DeserializeOwned>(answer: &Answer) -> T {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.asked);
    serde_json::from_slice(&answer.body)
        .unwrap_or_else(|why| panic!("{}: {why}: {}", answer.asked, answer.text()))
}

fn text(text: &str) -> Value {
    json!({"content": {"type": "text", "text": text}})
}
