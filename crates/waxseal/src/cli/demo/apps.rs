//! The three apps of the demo, which are in `apps/`: each registered with a ceiling of exactly what it needs.
//!
//! Invariant: whoever starts one of them as it is told here is let in as far as its README says, and no further.

use super::super::{Stop, out};
use super::PASSWORD;
use model::{AppId, Content, PersonId};
use oauth::authorize::{Manage, Prompt, Request};
use oauth::consent::Choice;
use oauth::token::{CodeProof, TokenRequest};
use vault::{
    Demands, Facts, ListConversations, NewApp, NewKind, Own, Page, ReadMessages, Refusal, SendMessage,
    StartConversation, Vault,
};

/// An app of the demo.
struct Sample {
    name: &'static str,
    partner: &'static str,
    ceiling: &'static str,
    redirect_uris: &'static [&'static str],
    /// It runs on a server, and keeps a secret.
    secret: bool,
}

const SAMPLES: [Sample; 3] = [
    Sample {
        name: "Jukebox",
        partner: "Jukebox Music AB",
        ceiling: r#"[{"type":"messages","actions":["list","read","send","delete"],"conversations":"started","since":"P3D",
            "kinds":["text","card"],"expires_in":7776000,"scopes":["openid","profile","offline_access"]}]"#,
        redirect_uris: &["http://127.0.0.1/callback"],
        secret: false,
    },
    Sample {
        name: "Marquee",
        partner: "Marquee Films Oy",
        ceiling: r#"[{"type":"messages","actions":["list","read","send"],"conversations":"started","since":"grant",
            "kinds":["text","card"],"expires_in":2592000,"scopes":["openid","profile"]}]"#,
        redirect_uris: &["http://127.0.0.1/callback", "http://127.0.0.1/shared"],
        secret: true,
    },
    Sample {
        name: "Teller",
        partner: "Teller Bank plc",
        ceiling: r#"[{"type":"messages","actions":["send"],"conversations":"chosen","since":"grant",
            "kinds":["receipt"],"expires_in":3600,"scopes":["openid","profile"]}]"#,
        redirect_uris: &["http://127.0.0.1/callback", "http://127.0.0.1/posted"],
        secret: true,
    },
];

/// What Ada let Jukebox do.
const GIVEN: &str = r#"[{"type":"messages","actions":["list","read","send"],"conversations":"started","since":"P3D",
    "kinds":["text","card"],"purpose":"Shows and answers chats beside the music"}]"#;
const REDIRECT: &str = "http://127.0.0.1/callback";
const VERIFIER: &str = "the-demo-walks-through-its-own-front-door-once";

/// An app as it was registered.
pub(super) struct Registered {
    pub(super) id: AppId,
    name: &'static str,
    secret: Option<String>,
}

impl Registered {
    /// Says how to start it.
    pub(super) fn tell(&self, url: &str) {
        let (name, id) = (self.name.to_lowercase(), self.id);
        let secret =
            self.secret.as_ref().map(|secret| format!("{}_CLIENT_SECRET={secret} ", name.to_uppercase()));
        let secret = secret.unwrap_or_default();
        out::say(&format!("  {secret}cargo xtask app {name} --waxseal {url} --client-id {id}"));
    }
}

pub(super) async fn register(vault: &Vault) -> Result<Vec<Registered>, Stop> {
    let mut apps = Vec::new();
    for Sample { name, partner, ceiling, redirect_uris, secret } in SAMPLES {
        let new = NewApp {
            name: name.to_owned(),
            partner: partner.to_owned(),
            redirect_uris: redirect_uris.iter().map(|&uri| uri.to_owned()).collect(),
            ceiling: ceiling.to_owned(),
            kind: if secret { NewKind::Secret } else { NewKind::Public },
            demands: Demands::default(),
        };
        let (id, secret) = vault.app_add(new).await?;
        apps.push(Registered { id, name, secret });
    }
    Ok(apps)
}

/// The session of one of the demo's people.
async fn own(vault: &Vault, handle: &str) -> Result<Own, Refusal> {
    let signed_in = vault.sign_in(handle, PASSWORD.to_owned(), "Demo").await?;
    vault.own(&signed_in.cookies().ok_or(Refusal::Code)?.session).await
}

/// Ada lets Jukebox in, starts a conversation from it, and is answered. Its access token comes back.
pub(super) async fn let_jukebox_in(
    vault: &Vault,
    jukebox: AppId,
    friends: Vec<PersonId>,
) -> Result<String, Stop> {
    let own = own(vault, "ada").await?;
    let request = Request {
        client_id: jukebox,
        redirect_uri: REDIRECT.to_owned(),
        state: None,
        scopes: model::Scopes::parse("openid profile offline_access"),
        asked: Some(oauth::details::parse_request(GIVEN).map_err(Stop::refused)?),
        code_challenge: oauth::pkce::challenge_of(VERIFIER),
        nonce: None,
        prompt: Prompt::default(),
        max_age: None,
        login_hint: None,
        hinted: None,
        manage: Manage::None,
        dpop_jkt: None,
    };
    let code = allow(vault, &own, request).await?;
    let proof = CodeProof { redirect_uri: REDIRECT.to_owned(), code_verifier: VERIFIER.to_owned() };
    let request = TokenRequest::Code { code, proof, details: None };
    let answer = vault.token(jukebox, request).await.map_err(Stop::refused)?;
    use_it(vault, &answer.access_token, friends).await?;
    Ok(answer.access_token)
}

/// What the consent page does: offers what is asked within the ceiling, and settles what she ticked.
async fn allow(vault: &Vault, own: &Own, request: Request) -> Result<String, Stop> {
    let waiting = vault.authorization_add(&request).await?;
    let decide = |facts: &Facts| {
        let question = facts.question().map_err(|why| Refusal::Invalid(why.to_string()))?;
        let choice = Choice {
            actions: question.offer.actions.iter().map(|offered| offered.action.to_string()).collect(),
            ..Choice::default()
        };
        question.settle(&choice).map_err(|why| Refusal::Invalid(why.to_string()))
    };
    Ok(vault.consent_allow(own, waiting, decide).await?.1)
}

async fn use_it(vault: &Vault, token: &str, friends: Vec<PersonId>) -> Result<(), Refusal> {
    let title = Some("Saturday's waltz".to_owned());
    let start = StartConversation { others: friends, title };
    let started = vault.start_conversation(vault.caller(token).await?.permit(start)?).await?;
    let conversation = started.answer.id;
    let content = Content::Card {
        kind: "track".to_owned(),
        title: "Harbour Waltz (slow, for practising)".to_owned(),
        url: Some("https://music.example/t/harbour-waltz-slow".to_owned()),
        image: None,
        note: Some("Found it for Saturday".to_owned()),
    };
    let send = SendMessage { conversation, content, key: "demo".to_owned() };
    vault.send_message(vault.caller(token).await?.permit(send)?).await?;
    let ben = own(vault, "ben").await?;
    let answer =
        Content::Text { text: "Slow enough that even my left feet can follow. Bring it along!".to_owned() };
    vault.own_send(&ben, conversation, answer, "demo").await?;
    let list = ListConversations { after: None, limit: 20 };
    vault.list_conversations(vault.caller(token).await?.permit(list)?).await?;
    for before in [None, Some(2)] {
        let page = Page { before, after: None, limit: 12 };
        vault.read_messages(vault.caller(token).await?.permit(ReadMessages { conversation, page })?).await?;
    }
    Ok(())
}
