//! What is measured on: people in pairs, conversations of two with enough messages for full pages, one app that may do all.

use crate::serve;
use model::{Content, ConversationId, Handle, World};
use oauth::Params;
use oauth::authorize::authorize;
use oauth::client::{Client, ClientKind, Profile};
use oauth::metadata::Issuer;
use oauth::token::{CodeProof, TokenRequest};
use vault::{NewApp, Setup, Vault};

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

/// Builds it, and closes the database again.
pub(crate) fn build(place: &str, people: usize) -> Result<House, String> {
    let world = World::new(serve::SystemClock, serve::OsEntropy);
    let setup = Setup { place: serve::place(place), issuer: serve::ISSUER.to_owned(), log: None };
    let vault = Vault::open(setup, world).map_err(|e| e.to_string())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(fill(&vault, people)).map_err(|e| e.to_string())
}

async fn fill(vault: &Vault, people: usize) -> Result<House, Box<dyn std::error::Error>> {
    let app = NewApp {
        name: "Bench".into(),
        partner: "Bench".into(),
        redirect_uris: vec![REDIRECT.into()],
        ceiling: CEILING.into(),
        kind: vault::NewKind::Public,
        demands: vault::Demands::default(),
    };
    let (app, _) = vault.app_add(app).await?;
    let mut residents = Vec::new();
    let run = vault.world().random::<3>();
    let run: String = run.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
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
        let token = token(vault, &own, app).await?;
        residents.push(Resident { token, cookie, conversation });
    }
    Ok(House { residents })
}

/// Walks consent, as the doors do, with the least ceremony.
async fn token(
    vault: &Vault,
    own: &vault::Own,
    app: model::AppId,
) -> Result<String, Box<dyn std::error::Error>> {
    let issuer = Issuer::parse(serve::ISSUER)?;
    let facts = vault.app(app).await?;
    let ceiling = facts.ceiling.clone();
    let client = Client {
        id: app,
        kind: ClientKind::Public,
        redirect_uris: vec![REDIRECT.into()],
        ceiling: ceiling.clone(),
        profile: Profile::OAuth21,
        signs_requests: false,
        live: true,
    };
    let query = format!(
        "client_id={app}&redirect_uri={REDIRECT}&response_type=code&code_challenge={CHALLENGE}\
         &code_challenge_method=S256&scope=openid&authorization_details={ASK}"
    );
    let request =
        authorize(&Params::parse(query.as_bytes())?, Some(&client), &issuer).map_err(|e| format!("{e:?}"))?;
    let now = vault.world().now();
    let offer = oauth::consent::offer(request.asked.as_ref(), request.scopes, &ceiling, now)?;
    let waiting = vault.authorization_add(&request).await?;
    let agreed = oauth::consent::Agreed::anew(offer.scopes, offer.widest(), "Shows and answers chats");
    let (_, code) = vault.consent_allow(own, waiting, move |_| Ok(agreed.clone())).await?;
    let proof = CodeProof { redirect_uri: REDIRECT.into(), code_verifier: VERIFIER.into() };
    Ok(vault.token(app, TokenRequest::Code { code, proof }).await?.access_token)
}
