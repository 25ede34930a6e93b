//! `waxseal demo`: a server with invented people, conversations and apps, in a folder that goes when it ends.
//!
//! Invariant: everything in it came in through the same functions as in a real server: apps have ceilings, the one grant
//! was given by the person it is of, and what the app did with it stands in the log.

mod apps;
mod script;

use super::serve::Bound;
use super::{Stop, out};
use crate::config::{ListenOptions, Settings, StoreOptions};
use crate::logging;
use crate::wiring::House;
use apps::Registered;
use clap::Args;
use model::{Handle, PersonId, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use vault::{ImportMessage, ImportThread, Vault};

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
    apps: Vec<Registered>,
    /// The access token that Jukebox was given.
    token: String,
}

async fn fill(house: &House) -> Result<Stage, Stop> {
    let vault = &house.vault;
    let people = add_people(vault).await?;
    add_talks(vault, &people).await?;
    let apps = apps::register(vault).await?;
    let jukebox = apps.first().ok_or_else(|| Stop::refused("the demo has no apps"))?.id;
    let friends: Vec<PersonId> = ["ben", "chiyo"].iter().filter_map(|who| people.get(who).copied()).collect();
    let token = apps::let_jukebox_in(vault, jukebox, friends).await?;
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

/// Brings the conversations in with their times.
async fn add_talks(vault: &Vault, people: &BTreeMap<&'static str, PersonId>) -> Result<(), Stop> {
    let now = vault.world().now();
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
        vault.import_threads(first, vec![thread]).await?;
    }
    Ok(())
}

/// When the line was said that `from_end` lines end with: people answer after minutes, and now and then after an hour.
fn said_at(now: Time, ended_h: i64, from_end: usize) -> Time {
    let from_end = i64::try_from(from_end).unwrap_or(0);
    let seconds = from_end * 97 + (from_end * from_end * 31) % 83 + (from_end / 9) * 3_100;
    now.plus_seconds(-(ended_h * 3_600 + seconds))
}

/// Says where to look.
fn welcome(url: &str, stage: &Stage) {
    let handles: Vec<&str> = PEOPLE.iter().map(|(handle, _)| *handle).collect();
    out::say(&format!("Look at {url} as {}; the password of each is {PASSWORD}", handles.join(", ")));
    out::say(&format!("Ada let Jukebox in: what it could and did is at {url}/apps"));
    out::say("The apps; start one from the repository, beside this:");
    for app in &stage.apps {
        app.tell(url);
    }
    out::say("What Jukebox may do, with the access token it was given:");
    out::say(&format!("  curl -H 'Authorization: Bearer {}' {url}/v1/grant", stage.token));
    out::say(&format!("  curl -H 'Authorization: Bearer {}' {url}/v1/conversations", stage.token));
    out::say("Everything goes when you stop it with Ctrl-C.");
}
