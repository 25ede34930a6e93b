//! What is measured on: people in pairs, conversations of two with enough messages for full pages, one app that may do all.

use crate::serve;
use model::{Content, ConversationId, Handle, World};
use oauth::Params;
use oauth::authorize::authorize;
use oauth::metadata::Issuer;
use oauth::token::{CodeProof, TokenAnswer, TokenRequest};
use tokio::runtime::Runtime;
use vault::{NewApp, NewKind, Setup, Vault};

const REDIRECT: &str = "https://app.example/callback";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CEILING: &str = r#"[{"type":"messages","actions":["list","read","send","delete"],"conversations":"all","since":"all","expires_in":31536000}]"#;
const ASK: &str = r#"[{"type":"messages","actions":["list","read","send","delete"],"conversations":"all","since":"all","purpose":"Measures how fast it is"}]"#;
const MESSAGES: usize = 60;

/// One person with her app's token, her own session and her conversation.
#[derive(Debug, Clone)]
pub(crate) struct Resident {
    pub(crate) token: String,
    pub(crate) cookie: String,
    pub(crate) conversation: ConversationId,
}

/// Everyone.
#[derive(Debug, Clone)]
pub(crate) struct House {
    pub(crate) residents: Vec<Resident>,
}

/// A sign-in that goes on offline.
#[derive(Debug, Clone)]
pub(crate) struct SignIn {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// Builds it, and closes the database again.
pub(crate) fn build(place: &str, people: usize) -> Result<House, String> {
    filled(place, |vault, runtime| runtime.block_on(fill(vault, people)))
}

/// So many people who signed in to one app with a secret; its `client_id:secret` comes first.
pub(crate) fn build_signed_in(place: &str, people: usize) -> Result<(String, Vec<SignIn>), String> {
    filled(place, |vault, runtime| runtime.block_on(sign_in(vault, people)))
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn filled<T>(place: &str, fill: impl Fn(&Vault, &Runtime) -> Outcome<T>) -> Result<T, String> {
    let world = World::new(serve::SystemClock, serve::OsEntropy);
    let setup = Setup { place: serve::place(place), issuer: serve::ISSUER.to_owned(), log: None };
    let vault = Vault::open(setup, world).map_err(|e| e.to_string())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    fill(&vault, &runtime).map_err(|e| e.to_string())
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
        let cookie = vault.sign_up(&handle, "Bench", "bench password".into(), "bench").await?;
        let own = vault.own(&cookie).await?;
        // No ID token: signing it is not what is measured.
        let told = token(vault, &own, app, "offline_access").await?;
        let refresh = told.refresh_token.ok_or("no refresh token")?;
        all.push(SignIn { access: told.access_token, refresh });
    }
    Ok((format!("{app}:{secret}"), all))
}

async fn fill(vault: &Vault, people: usize) -> Outcome<House> {
    let (app, _) = vault.app_add(app(NewKind::Public)).await?;
    let mut residents = Vec::new();
    let run = run(vault);
    for pair in 0..people / 2 {
        let handle = |side: char| Handle::parse(&format!("{run}{side}x{pair}x"));
        let (one, other) = (handle('p')?, handle('q')?);
        // Argon2 would take most of the time; nobody signs in here with a password twice.
        let cookie = vault.sign_up(&one, "Bench One", "bench password".into(), "bench").await?;
        let own = vault.own(&cookie).await?;
        let friend = vault.person_add(&other, "Bench Other", None).await?;
        vault.person_befriend(&one, &other).await?;
        let conversation = vault.own_start(&own, vec![friend], None).await?;
        for n in 0..MESSAGES {
            let text = format!(
                "message {n}: {}",
                "words that people write to each other, again and again. ".repeat(3)
            );
            vault.own_send(&own, conversation, Content::Text { text }, &format!("{pair}-{n}")).await?;
        }
        let token = token(vault, &own, app, "openid").await?.access_token;
        residents.push(Resident { token, cookie, conversation });
    }
    Ok(House { residents })
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
