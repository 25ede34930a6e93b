//! `waxseal demo`: a server with invented people, conversations and apps, in a folder that goes when it ends.
//!
//! Invariant: everything in it came in through the same functions as in a real server: apps have ceilings, the one grant
//! was given by the person it is of, and what the app did with it stands in the log.

mod script;

use super::serve::Bound;
use super::{Stop, out};
use crate::config::{ListenOptions, Settings, StoreOptions};
use crate::logging;
use crate::wiring::House;
use clap::Args;
use model::{AppId, Content, ConversationId, Handle, PersonId, Time};
use oauth::authorize::{Manage, Prompt, Request};
use oauth::consent::Choice;
use oauth::token::{CodeProof, TokenRequest};
use std::collections::BTreeMap;
use std::sync::Arc;
use vault::{
    Demands, Facts, ImportMessage, ImportThread, ListConversations, NewApp, NewKind, Own, Page, ReadMessages,
    Refusal, SendMessage, Vault,
};

/// What everyone in the demo signs in with.
const PASSWORD: &str = "waxseal-demo";
/// Who is in it, by handle.
const PEOPLE: [(&str, &str); 8] = [
    ("ada", "Ada Lind"),
    ("ben", "Ben Okoye"),
    ("chiyo", "森 千代"),
    ("dario", "Dario Conti"),
    ("farid", "فريد حداد"),
    ("goran", "Горан Илић"),
    ("hana", "한나 Yun"),
    ("ines", "Inês Prado"),
];

/// An app of the demo: name, partner, ceiling, redirect URIs, whether it keeps a secret.
type Sample = (&'static str, &'static str, &'static str, &'static [&'static str], bool);

const SAMPLES: [Sample; 3] = [
    (
        "Jukebox",
        "Jukebox Music AB",
        r#"[{"type":"messages","actions":["list","read","send","delete"],"conversations":"chosen","since":"P90D",
            "kinds":["text","card"],"expires_in":7776000}]"#,
        &["http://127.0.0.1/callback", "http://localhost:8090/callback", "http://localhost:3000/callback"],
        false,
    ),
    (
        "Marquee",
        "Marquee Films Oy",
        r#"[{"type":"messages","actions":["list","read","send"],"conversations":"started","since":"grant",
            "kinds":["text","card"],"expires_in":2592000}]"#,
        &["http://127.0.0.1/callback", "http://localhost:8091/callback", "http://localhost:3001/callback"],
        false,
    ),
    (
        "Teller",
        "Teller Bank plc",
        r#"[{"type":"messages","actions":["send"],"conversations":"started","since":"grant",
            "kinds":["receipt"],"expires_in":2592000,"scopes":["openid","profile","friends"]}]"#,
        &["http://127.0.0.1/callback", "http://localhost:8092/callback", "http://localhost:3002/callback"],
        true,
    ),
];

/// What Ada let Jukebox do.
const GIVEN: &str = r#"[{"type":"messages","actions":["list","read","send"],"conversations":"chosen","since":"P30D",
    "kinds":["text","card"],"purpose":"Plays what you and your friends send each other"}]"#;
const VERIFIER: &str = "the-demo-walks-through-its-own-front-door-once";

/// Try it: a server with invented people, conversations and apps, gone when it ends
#[derive(Args, Debug)]
pub(super) struct Demo {
    #[command(flatten)]
    listen: ListenOptions,
}

impl Demo {
    pub(super) fn run(self) -> Result<(), Stop> {
        let folder = tempfile::Builder::new().prefix("waxseal-demo-").tempdir().map_err(Stop::refused)?;
        // Within it, so that the vault makes a folder that only its owner may open.
        let store = StoreOptions::folder(folder.path().join("data"));
        let mut settings = Settings::settle(&store, &self.listen)?;
        // Whoever tries it out has their app on this machine.
        settings.outbound.private = outbound::Private::Loopback;
        logging::start(logging::COMMAND, settings.log_json).map_err(Stop::usage)?;
        let bound = Bound::to(settings)?;
        let url = bound.issuer.to_string();
        bound.serve(async |house| {
            let stage = fill(house).await?;
            welcome(&url, &stage);
            Ok(())
        })
        // The folder goes here, whether it ended well or not.
    }
}

/// What is worth telling about a filled demo.
struct Stage {
    apps: Vec<(&'static str, AppId, Option<String>)>,
    /// The access token that Jukebox was given.
    token: String,
}

async fn fill(house: &House) -> Result<Stage, Stop> {
    let vault = &house.vault;
    let people = add_people(vault).await?;
    let conversations = add_talks(vault, &people).await?;
    let mut apps = Vec::new();
    for (name, partner, ceiling, redirect_uris, secret) in SAMPLES {
        let new = NewApp {
            name: name.to_owned(),
            partner: partner.to_owned(),
            redirect_uris: redirect_uris.iter().map(|&uri| uri.to_owned()).collect(),
            ceiling: ceiling.to_owned(),
            kind: if secret { NewKind::Secret } else { NewKind::Public },
            demands: Demands::default(),
        };
        let (id, secret) = vault.app_add(new).await?;
        apps.push((name, id, secret));
    }
    let (_, jukebox, _) = apps.first().ok_or_else(|| Stop::refused("the demo has no apps"))?;
    let token = let_in(vault, *jukebox, &conversations).await?;
    while vault.sequence().await? > 0 {}
    Ok(Stage { apps, token })
}

/// Adds everyone at once: their passwords are hashed beside each other.
async fn add_people(vault: &Arc<Vault>) -> Result<BTreeMap<&'static str, PersonId>, Stop> {
    let mut adding = tokio::task::JoinSet::new();
    for (handle, name) in PEOPLE {
        let vault = vault.clone();
        adding.spawn(async move {
            let parsed = Handle::parse(handle).map_err(Stop::refused)?;
            let id = vault.person_add(&parsed, name, Some(PASSWORD.to_owned())).await?;
            Ok::<_, Stop>((handle, parsed, id))
        });
    }
    let mut people = Vec::new();
    while let Some(added) = adding.join_next().await {
        people.push(added.map_err(Stop::refused)??);
    }
    for (number, (_, one, _)) in people.iter().enumerate() {
        for (_, other, _) in &people[number + 1..] {
            vault.person_befriend(one, other).await?;
        }
    }
    Ok(people.into_iter().map(|(handle, _, id)| (handle, id)).collect())
}

/// Brings the conversations in with their times; those of Ada come back.
async fn add_talks(
    vault: &Vault,
    people: &BTreeMap<&'static str, PersonId>,
) -> Result<Vec<ConversationId>, Stop> {
    let now = vault.world().now();
    let mut of_ada = Vec::new();
    for (number, talk) in script::talks().into_iter().enumerate() {
        let who =
            |handle: &str| people.get(handle).copied().ok_or_else(|| Stop::refused("a stranger in the demo"));
        let ids = talk.people.iter().map(|handle| who(handle)).collect::<Result<Vec<_>, _>>()?;
        let Some((&first, others)) = ids.split_first() else { continue };
        let last = talk.lines.len();
        let mut messages = Vec::new();
        for (place, (handle, content)) in talk.lines.into_iter().enumerate() {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&(number as u64).to_be_bytes());
            key[8..16].copy_from_slice(&(place as u64).to_be_bytes());
            messages.push(ImportMessage {
                key,
                author: who(handle)?,
                sent_at: said_at(now, talk.ended_h, last - place),
                content,
            });
        }
        let (key, title) = (format!("demo {number}"), talk.title.map(str::to_owned));
        let thread = ImportThread { key, title, people: others.to_vec(), messages };
        let taken = vault.import_threads(first, vec![thread]).await?;
        if talk.people.contains(&"ada") {
            of_ada.extend(taken.iter().map(|taken| taken.conversation));
        }
    }
    Ok(of_ada)
}

/// When the line was said that `from_end` lines end with: people answer after minutes, and now and then after an hour.
fn said_at(now: Time, ended_h: i64, from_end: usize) -> Time {
    let from_end = i64::try_from(from_end).unwrap_or(0);
    let seconds = from_end * 97 + (from_end * from_end * 31) % 83 + (from_end / 9) * 3_100;
    now.plus_seconds(-(ended_h * 3_600 + seconds))
}

/// Ada lets Jukebox in, and Jukebox does a few things. Its access token comes back.
async fn let_in(vault: &Vault, jukebox: AppId, conversations: &[ConversationId]) -> Result<String, Stop> {
    let cookie = vault.sign_in("ada", PASSWORD.to_owned(), "Demo").await?;
    let own = vault.own(&cookie).await?;
    let redirect_uri = "http://127.0.0.1/callback".to_owned();
    let request = Request {
        client_id: jukebox,
        redirect_uri: redirect_uri.clone(),
        state: None,
        scopes: model::Scopes::parse("openid profile friends offline_access"),
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
    let code = allow(vault, &own, request, conversations).await?;
    let proof = CodeProof { redirect_uri, code_verifier: VERIFIER.to_owned() };
    let answer = vault.token(jukebox, TokenRequest::Code { code, proof }).await.map_err(Stop::refused)?;
    use_it(vault, &answer.access_token, conversations).await?;
    Ok(answer.access_token)
}

/// What the consent page does: offers what is asked within the ceiling, and settles what she ticked.
async fn allow(
    vault: &Vault,
    own: &Own,
    request: Request,
    conversations: &[ConversationId],
) -> Result<String, Stop> {
    let waiting = vault.authorization_add(&request).await?;
    let picked: Vec<String> = conversations.iter().take(2).map(ToString::to_string).collect();
    let decide = move |facts: &Facts| {
        let question = facts.question().map_err(|why| Refusal::Invalid(why.to_string()))?;
        let choice = Choice {
            actions: question.offer.actions.iter().map(|offered| offered.action.to_string()).collect(),
            conversations: picked.clone(),
            ..Choice::default()
        };
        question.settle(&choice).map_err(|why| Refusal::Invalid(why.to_string()))
    };
    Ok(vault.consent_allow(own, waiting, decide).await?.1)
}

async fn use_it(vault: &Vault, token: &str, conversations: &[ConversationId]) -> Result<(), Refusal> {
    let list = ListConversations { after: None, limit: 20 };
    vault.list_conversations(vault.caller(token).await?.permit(list)?).await?;
    for &conversation in conversations.iter().take(2) {
        for before in [None, Some(10)] {
            let page = Page { before, after: None, limit: 12 };
            let read = ReadMessages { conversation, page };
            vault.read_messages(vault.caller(token).await?.permit(read)?).await?;
        }
    }
    let Some(&conversation) = conversations.first() else { return Ok(()) };
    let content = Content::Card {
        kind: "track".to_owned(),
        title: "Harbour Waltz (slow, for practising)".to_owned(),
        url: Some("https://music.example/t/harbour-waltz-slow".to_owned()),
        image: None,
        note: Some("Found it for Saturday".to_owned()),
    };
    let send = SendMessage { conversation, content, key: "demo".to_owned() };
    vault.send_message(vault.caller(token).await?.permit(send)?).await?;
    Ok(())
}

/// Says where to look.
fn welcome(url: &str, stage: &Stage) {
    let handles: Vec<&str> = PEOPLE.iter().map(|(handle, _)| *handle).collect();
    out::say(&format!("Look at {url} as {}; the password of each is {PASSWORD}", handles.join(", ")));
    out::say(&format!("Ada let Jukebox in: what it could and did is at {url}/apps"));
    out::say("The apps:");
    for (name, id, secret) in &stage.apps {
        let secret = secret.as_ref().map_or(String::new(), |secret| format!("  client_secret {secret}"));
        out::say(&format!("  {name:<8} client_id {id}{secret}"));
    }
    out::say("What Jukebox may do, with the access token it was given:");
    out::say(&format!("  curl -H 'Authorization: Bearer {}' {url}/v1/grant", stage.token));
    out::say(&format!("  curl -H 'Authorization: Bearer {}' {url}/v1/conversations", stage.token));
    out::say("Everything goes when you stop it with Ctrl-C.");
}
