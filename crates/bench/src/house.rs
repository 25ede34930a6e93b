//! What is measured on: people in pairs, conversations of two with enough messages for full pages, one app that may do all.

use crate::serve;
use model::{AppId, Content, ConversationId, Handle, World};
use oauth::Params;
use oauth::authorize::authorize;
use oauth::metadata::Issuer;
use oauth::token::{CodeProof, TokenAnswer, TokenRequest};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use vault::{NewApp, NewKind, Setup, Vault, Visit};

const REDIRECT: &str = "https://app.example/callback";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CEILING: &str = r#"[{"type":"messages","actions":["list","read","send","delete"],"conversations":"all","since":"all","expires_in":31536000}]"#;
const ASK: &str = r#"[{"type":"messages","actions":["list","read","send","delete"],"conversations":"all","since":"all","purpose":"Measures how fast it is"}]"#;
const MESSAGES: usize = 60;
/// How many move in at once.
const HANDS: usize = 8;

/// One person with her app's token, her own session and her conversation.
#[derive(Debug, Clone)]
pub(crate) struct Resident {
    pub(crate) token: String,
    /// Of a second app, where there is one.
    pub(crate) other: Option<String>,
    pub(crate) cookie: String,
    pub(crate) conversation: ConversationId,
    handle: Handle,
}

/// Everyone.
#[derive(Debug, Clone)]
pub(crate) struct House {
    pub(crate) residents: Vec<Resident>,
    pub(crate) apps: Vec<AppId>,
}

/// How large it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How many people, in pairs; one of each pair is a resident.
    pub(crate) people: usize,
    /// How many messages there are in each conversation.
    pub(crate) messages: usize,
    /// How many apps each resident lets in: one, or two.
    pub(crate) apps: usize,
}

/// A sign-in that goes on offline.
#[derive(Debug, Clone)]
pub(crate) struct SignIn {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// Builds it, and closes the database again.
pub(crate) fn build(place: &str, people: usize) -> Result<House, String> {
    planned(place, Plan { people, messages: MESSAGES, apps: 1 })
}

/// The same, as large as is said.
pub(crate) fn planned(place: &str, plan: Plan) -> Result<House, String> {
    filled(place, |vault, runtime| runtime.block_on(fill(vault, plan)))
}

/// So many people who signed in to one app with a secret; its `client_id:secret` comes first.
pub(crate) fn build_signed_in(place: &str, people: usize) -> Result<(String, Vec<SignIn>), String> {
    filled(place, |vault, runtime| runtime.block_on(sign_in(vault, people)))
}

type Failed = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T> = Result<T, Failed>;

/// An open vault, and what waits for it.
pub(crate) fn open(place: &str) -> Result<(Arc<Vault>, Runtime), String> {
    let world = World::new(serve::SystemClock, serve::OsEntropy);
    let setup = Setup { place: serve::place(place), issuer: serve::ISSUER.to_owned(), log: None };
    let vault = Vault::open(setup, world).map_err(|e| e.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    Ok((Arc::new(vault), runtime.map_err(|e| e.to_string())?))
}

fn filled<T>(place: &str, fill: impl Fn(&Arc<Vault>, &Runtime) -> Outcome<T>) -> Result<T, String> {
    let (vault, runtime) = open(place)?;
    fill(&vault, &runtime).map_err(|e| e.to_string())
}

/// A conversation of so many residents at once.
pub(crate) async fn group(vault: &Vault, of: &[Resident]) -> Outcome<ConversationId> {
    let (starter, others) = of.split_first().ok_or("a group of nobody")?;
    let own = vault.own(&starter.cookie).await?;
    let mut friends = Vec::new();
    for other in others {
        vault.person_befriend(&starter.handle, &other.handle).await?;
        friends.push(vault.person_by_handle(&other.handle).await?);
    }
    Ok(vault.own_start(&own, friends, Some("Everyone".to_owned())).await?)
}

fn app(kind: NewKind) -> NewApp {
    NewApp {
        name: "Bench".into(),
        partner: "Bench".into(),
        redirect_uris: vec![REDIRECT.into()],
        ceiling: CEILING.into(),
        kind,
        demands: vault::Demands::default(),
    }
}

/// A beginning of handles that no run before had.
fn run(vault: &Vault) -> String {
    vault.world().random::<3>().iter().map(|byte| char::from(b'a' + byte % 26)).collect()
}

async fn sign_in(vault: &Vault, people: usize) -> Outcome<(String, Vec<SignIn>)> {
    let (app, secret) = vault.app_add(app(NewKind::Secret)).await?;
    let secret = secret.ok_or("an app with a secret has one")?;
    let run = run(vault);
    let mut all = Vec::new();
    for n in 0..people {
        let handle = Handle::parse(&format!("{run}sx{n}x"))?;
        let cookie = vault.sign_up(&handle, "Bench", "bench password".into(), from(n)).await?.session;
        let own = vault.own(&cookie).await?;
        // No ID token: signing it is not what is measured.
        let told = token(vault, &own, app, "offline_access").await?;
        let refresh = told.refresh_token.ok_or("no refresh token")?;
        all.push(SignIn { access: told.access_token, refresh });
    }
    Ok((format!("{app}:{secret}"), all))
}

async fn fill(vault: &Arc<Vault>, plan: Plan) -> Outcome<House> {
    let mut apps = Vec::new();
    for _ in 0..plan.apps {
        apps.push(vault.app_add(app(NewKind::Public)).await?.0);
    }
    let (run, mut moving_in) = (run(vault), JoinSet::new());
    // Passwords take most of the time: as many at once as there are hands for.
    for part in 0..HANDS {
        let (vault, run, apps) = (vault.clone(), run.clone(), apps.clone());
        moving_in.spawn(async move {
            let mut residents = Vec::new();
            for pair in (part..plan.people / 2).step_by(HANDS) {
                residents.push((pair, resident(&vault, (&run, pair), plan.messages, &apps).await?));
            }
            Ok::<_, Failed>(residents)
        });
    }
    let mut residents = Vec::new();
    while let Some(part) = moving_in.join_next().await {
        residents.extend(part??);
    }
    residents.sort_by_key(|(pair, _)| *pair);
    Ok(House { residents: residents.into_iter().map(|(_, one)| one).collect(), apps })
}

/// Each comes from a network of her own: from one, only so many accounts are made.
fn from(n: usize) -> Visit {
    let ip = IpAddr::V6(Ipv6Addr::from_bits((n as u128) << 64));
    Visit { agent: "bench".to_owned(), from: ip.into(), browser: None }
}

async fn resident(
    vault: &Vault,
    (run, pair): (&str, usize),
    messages: usize,
    apps: &[AppId],
) -> Outcome<Resident> {
    let handle = |side: char| Handle::parse(&format!("{run}{side}x{pair}x"));
    let (one, other) = (handle('p')?, handle('q')?);
    let cookie = vault.sign_up(&one, "Bench One", "bench password".into(), from(pair)).await?.session;
    let own = vault.own(&cookie).await?;
    let friend = vault.person_add(&other, "Bench Other", None).await?;
    vault.person_befriend(&one, &other).await?;
    let conversation = vault.own_start(&own, vec![friend], None).await?;
    for n in 0..messages {
        let text =
            format!("message {n}: {}", "words that people write to each other, again and again. ".repeat(3));
        vault.own_send(&own, conversation, Content::Text { text }, &format!("{pair}-{n}")).await?;
    }
    let mut tokens = Vec::new();
    for app in apps {
        tokens.push(token(vault, &own, *app, "openid").await?.access_token);
    }
    let mut tokens = tokens.into_iter();
    let (token, other) = (tokens.next().ok_or("no app")?, tokens.next());
    Ok(Resident { token, other, cookie, conversation, handle: one })
}

/// Walks consent, as the doors do, with the least ceremony.
async fn token(vault: &Vault, own: &vault::Own, app: model::AppId, scope: &str) -> Outcome<TokenAnswer> {
    let issuer = Issuer::parse(serve::ISSUER)?;
    let now = vault.world().now();
    let client = vault.app(app).await?.client_at(now);
    let query = format!(
        "client_id={app}&redirect_uri={REDIRECT}&response_type=code&code_challenge={CHALLENGE}\
         &code_challenge_method=S256&scope={scope}&authorization_details={ASK}"
    );
    let request =
        authorize(&Params::parse(query.as_bytes())?, Some(&client), &issuer).map_err(|e| format!("{e:?}"))?;
    let offer = oauth::consent::offer(request.asked.as_ref(), request.scopes, &client.ceiling, now)?;
    let waiting = vault.authorization_add(&request).await?;
    let agreed = oauth::consent::Agreed::anew(offer.scopes, offer.widest(), "Shows and answers chats");
    let (_, code) = vault.consent_allow(own, waiting, move |_| Ok(agreed.clone())).await?;
    let proof = CodeProof { redirect_uri: REDIRECT.into(), code_verifier: VERIFIER.into() };
    Ok(vault.token(app, TokenRequest::Code { code, proof, details: None }).await?)
}
