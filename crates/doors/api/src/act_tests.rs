//! The way from a token to an act, while the grant changes under it.
use super::*;
use model::{Actions, Clock, Entropy, Handle, Reach, Scopes, Since, Terms, Time, World};
use oauth::authorize::{Manage, Prompt, Request};
use oauth::token::{CodeProof, TokenRequest};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use vault::{ListConversations, NewApp, Own, Place, Setup};

struct Still;

impl Clock for Still {
    fn now(&self) -> Time {
        Time::from_micros(1_795_435_200_000_000)
    }
}

/// Counts: all that these tests need is that no two draws are the same.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            chunk.copy_from_slice(&number.to_be_bytes()[8 - chunk.len()..]);
        }
    }
}

/// Ada let an app list her conversations.
pub(crate) struct Scene {
    pub(crate) asking: Asking,
    own: Own,
    terms: Terms,
    _folder: tempfile::TempDir,
}

const REDIRECT: &str = "https://app.example/callback";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-x";

pub(crate) async fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().to_owned());
    let setup = Setup { place, issuer: "https://seal.example".into(), log: None };
    let vault = Arc::new(Vault::open(setup, World::new(Still, Counting(AtomicU64::new(0)))).unwrap());
    let cookie = vault
        .sign_up(&Handle::parse("ada").unwrap(), "Ada", "correct horse".into(), "")
        .await
        .unwrap()
        .session;
    let own = vault.own(&cookie).await.unwrap();
    let ceiling = r#"[{"type":"messages","actions":["list","read"],"conversations":"all"}]"#;
    let new = NewApp {
        name: "Jukebox".into(),
        partner: "Jukebox Ltd".into(),
        redirect_uris: vec![REDIRECT.into()],
        ceiling: ceiling.into(),
        kind: vault::NewKind::Public,
        demands: vault::Demands::default(),
    };
    let (app, _) = vault.app_add(new).await.unwrap();
    let request = Request {
        client_id: app,
        redirect_uri: REDIRECT.into(),
        state: None,
        scopes: Scopes::OPENID,
        asked: None,
        code_challenge: oauth::pkce::challenge_of(VERIFIER),
        nonce: None,
        prompt: Prompt::default(),
        max_age: None,
        login_hint: None,
        hinted: None,
        manage: Manage::None,
        dpop_jkt: None,
    };
    let terms = Terms {
        actions: Actions::NONE.with(model::Action::Read),
        reach: Reach::ALL,
        since: Since::Grant,
        kinds: model::Kinds::ALL,
        ends_at: vault.world().now().plus_seconds(1000),
        uses: None,
    };
    let waiting = vault.authorization_add(&request).await.unwrap();
    let agreed = oauth::consent::Agreed::anew(Scopes::OPENID, terms.clone(), "");
    let allowed = vault.consent_allow(&own, waiting, move |_| Ok(agreed.clone())).await;
    let proof = CodeProof { redirect_uri: REDIRECT.into(), code_verifier: VERIFIER.into() };
    let code = TokenRequest::Code { code: allowed.unwrap().1, proof, details: None };
    let token = vault.token(app, code).await.unwrap().access_token;
    let feed = feed::Feed::new(vault.clone(), Default::default());
    let outbound = outbound::Outbound::new(outbound::Policy { private: outbound::Private::Refused });
    let door = Arc::new(Door {
        vault: vault.clone(),
        feed,
        outbound,
        meters: None,
        mutual: None,
        evidence: tokio::sync::Semaphore::new(1),
    });
    Scene { asking: Asking { door, presented: (&token).into() }, own, terms, _folder: folder }
}

impl Scene {
    /// Lists conversations; before each of the first `changes` tries, the person narrows the grant to one second less.
    async fn list(&self, changes: i64) -> (i64, Result<Opened<vault::JsonPage>, Refusal>) {
        let actor = self.asking.actor().await.unwrap_or_else(|_| panic!("no actor"));
        let tries = Cell::new(0);
        let ask = || ListConversations { after: None, limit: 50 };
        let act = async |vault: &Vault, permit: Permit<ListConversations>| {
            tries.set(tries.get() + 1);
            if tries.get() <= changes {
                let ends_at = self.terms.ends_at.plus_seconds(-tries.get());
                let narrow = move |terms: &Terms, _: Time, _: Time| Ok(Terms { ends_at, ..terms.clone() });
                vault.grant_narrow(&self.own, actor.grant(), narrow).await?;
            }
            vault.list_conversations(permit).await
        };
        let done = self.asking.act(&actor, ask, act).await;
        (tries.get(), done)
    }

    async fn records(&self) -> (u64, u64) {
        self.asking.door.vault.permits_spent_and_records().await.unwrap()
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

#[test]
fn a_grant_that_changed_under_way_is_asked_once_more() {
    run(async {
        let scene = scene().await;
        let (tries, done) = scene.list(0).await;
        assert_eq!((tries, done.is_ok()), (1, true));
        let (tries, done) = scene.list(1).await;
        assert_eq!((tries, done.is_ok()), (2, true));
        assert_eq!(scene.records().await, (2, 2));
    });
}

#[test]
fn a_grant_that_keeps_changing_is_not_asked_for_ever() {
    run(async {
        let scene = scene().await;
        let (tries, done) = scene.list(i64::MAX).await;
        assert_eq!((tries, done.map(|_| ())), (2, Err(Refusal::Changed)));
        assert_eq!(scene.records().await, (0, 0));
    });
}

#[test]
fn a_grant_that_was_revoked_under_way_opens_nothing() {
    run(async {
        let scene = scene().await;
        let actor = scene.asking.actor().await.unwrap_or_else(|_| panic!("no actor"));
        let ask = || ListConversations { after: None, limit: 50 };
        let done = scene.asking.act(&actor, ask, async |vault: &Vault, permit| {
            vault.grant_revoke(&scene.own, actor.grant()).await?;
            vault.list_conversations(permit).await
        });
        assert_eq!(done.await.map(|_| ()), Err(Refusal::Token));
        assert_eq!(scene.records().await, (0, 0));
    });
}

/// Narrows the grant to that many seconds less, as the person would.
async fn narrow(scene: &Scene, grant: model::GrantId, seconds: i64) {
    let ends_at = scene.terms.ends_at.plus_seconds(-seconds);
    let narrow = move |terms: &Terms, _: Time, _: Time| Ok(Terms { ends_at, ..terms.clone() });
    scene.asking.door.vault.grant_narrow(&scene.own, grant, narrow).await.unwrap();
}

#[test]
fn what_is_remembered_of_a_token_lets_nothing_through_by_itself() {
    run(async {
        let scene = scene().await;
        let ask = || ListConversations { after: None, limit: 50 };
        let first = scene.asking.actor().await.unwrap_or_else(|_| panic!("no actor"));
        assert!(first.is_anew());
        let remembered = async || scene.asking.actor().await.unwrap_or_else(|_| panic!("no actor"));
        let second = remembered().await;
        assert!(!second.is_anew());

        // The grant is another by now: the remembered one does not fit, and the request goes through on the new one.
        narrow(&scene, second.grant(), 1).await;
        let permit = second.permit(ask()).unwrap();
        let vault = &scene.asking.door.vault;
        assert_eq!(vault.list_conversations(permit).await.map(|_| ()), Err(Refusal::Changed));
        assert!(scene.asking.act(&second, ask, Vault::list_conversations).await.is_ok());

        let third = remembered().await;
        assert!(!third.is_anew());
        vault.grant_revoke(&scene.own, third.grant()).await.unwrap();
        let done = scene.asking.act(&third, ask, Vault::list_conversations).await;
        assert_eq!(done.map(|_| ()), Err(Refusal::Token));
        assert_eq!(scene.records().await, (1, 1));
    });
}
