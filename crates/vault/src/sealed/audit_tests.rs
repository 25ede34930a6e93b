//! Whatever is changed in a stored record, its numbering or its place in the log is found.
use super::*;
use crate::{ListConversations, NewApp, Place, Setup};
use model::{Clock, Entropy, Handle, Time, World};
use oauth::authorize::{Manage, Prompt, Request};
use oauth::token::{CodeProof, TokenRequest};
use std::sync::atomic::{AtomicI64, Ordering};

struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Time {
        Time::from_micros(1_795_435_200_000_000 + self.0.fetch_add(1_000, Ordering::Relaxed))
    }
}

struct Drawn;

impl Entropy for Drawn {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }
}

const ASKED: &str = r#"[{"type":"messages","actions":["list"],"conversations":"all","since":"all",
    "purpose":"Counts conversations in a test"}]"#;
const CEILING: &str = r#"[{"type":"messages","actions":["list"],"conversations":"all","since":"all"}]"#;
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-x";

/// A vault in which an app listed three times, all of it in the log.
async fn used(folder: &std::path::Path) -> Vault {
    let setup = Setup {
        place: Place::Folder(folder.to_owned()),
        issuer: "https://talk.example".to_owned(),
        log: None,
    };
    let vault = Vault::open(setup, World::new(Ticking(AtomicI64::new(0)), Drawn)).unwrap();
    let new = NewApp {
        name: "Jukebox".to_owned(),
        partner: "Jukebox AB".to_owned(),
        redirect_uris: vec!["https://a.example/".to_owned()],
        ceiling: CEILING.to_owned(),
        kind: vault::NewKind::Public,
        demands: vault::Demands::default(),
    };
    let (client_id, _) = vault.app_add(new).await.unwrap();
    let handle = Handle::parse("ada").unwrap();
    let cookie = vault.sign_up(&handle, "Ada", "correct horse".to_owned(), "test").await.unwrap().session;
    let own = vault.own(&cookie).await.unwrap();
    let request = Request {
        client_id,
        redirect_uri: "https://a.example/".to_owned(),
        state: None,
        scopes: model::Scopes::OPENID,
        asked: Some(oauth::details::parse_request(ASKED).unwrap()),
        code_challenge: oauth::pkce::challenge_of(VERIFIER),
        nonce: None,
        prompt: Prompt::default(),
        max_age: None,
        login_hint: None,
        hinted: None,
        manage: Manage::None,
        dpop_jkt: None,
    };
    let ceiling = vault.app(client_id).await.unwrap().ceiling.clone();
    let now = vault.world().now();
    let offer = oauth::consent::offer(request.asked.as_ref(), request.scopes, &ceiling, now).unwrap();
    let waiting = vault.authorization_add(&request).await.unwrap();
    let agreed = oauth::consent::Agreed::anew(offer.scopes, offer.widest(), "Shows and answers chats");
    let (_, code) = vault.consent_allow(&own, waiting, move |_| Ok(agreed.clone())).await.unwrap();
    let proof = CodeProof { redirect_uri: request.redirect_uri, code_verifier: VERIFIER.to_owned() };
    let token =
        vault.token(client_id, TokenRequest::Code { code, proof, details: None }).await.unwrap().access_token;
    for _ in 0..3 {
        let permit = vault.caller(&token).await.unwrap().permit(ListConversations { after: None, limit: 5 });
        vault.list_conversations(permit.unwrap()).await.unwrap();
    }
    vault.sequence().await.unwrap();
    vault
}

#[tokio::test]
async fn an_untouched_vault_passes_with_every_record_counted() {
    let folder = testkit::folder();
    let vault = used(folder.path()).await;
    let expected = Audit { accesses: 3, grant_events: 1, app_events: 1, ..Audit::default() };
    assert_eq!(vault.audit().await.unwrap(), expected);
}

#[tokio::test]
async fn what_is_not_in_the_log_yet_waits_and_is_compared_all_the_same() {
    let folder = testkit::folder();
    let vault = used(folder.path()).await;
    let grant = vault.grant_list(None, None).await.unwrap()[0].0.grant.id;
    vault.grant_end(grant).await.unwrap();
    let audit = vault.audit().await.unwrap();
    assert_eq!((audit.waiting, audit.findings.len()), (1, 0), "{audit:?}");
    change(&vault, "delete from ledger_entries where idx >= (select size from ledger_head)").await;
    assert_eq!(vault.audit().await.unwrap().findings.len(), 1);
}

#[tokio::test]
async fn an_erased_person_leaves_entries_whose_records_are_gone() {
    let folder = testkit::folder();
    let vault = used(folder.path()).await;
    vault.person_erase(&Handle::parse("ada").unwrap()).await.unwrap();
    vault.sequence().await.unwrap();
    let audit = vault.audit().await.unwrap();
    assert_eq!((audit.findings, audit.accesses, audit.gone), (vec![], 0, 5));
}

async fn change(vault: &Vault, sql: &'static str) {
    let changed = vault.engine.write("change", move |tx| tx.execute(sql, params![])).await;
    assert!(changed.unwrap() > 0, "{sql}");
}

#[tokio::test]
async fn each_change_is_found() {
    for (sql, says) in [
        ("update access set count = count + 1 where n = 2", "access 2 is not the one"),
        ("update access set at = at + 1000000 where n = 1", "access 1 is not the one"),
        ("update access set leaf = leaf - 1 where n = 3", "access 3 is not the one"),
        ("update access set leaf = null where n = 3", "neither is in the log nor waits"),
        ("delete from access where n = 2", "access 2 is missing"),
        ("delete from access where n = 3", "counts 3 as its last access"),
        ("update grants set used = 2", "counts 2 as its last access"),
        ("update person_counts set accesses = 2", "2 accesses were counted"),
        ("update access set person_n = 7 where n = 3", "access 3 to this person's things is missing"),
        ("update grants set salt_key = (select p.salt_key from person_counts p)", "access 1 is not the one"),
        ("update grant_events set record = replace(record, 'list', 'send')", "change 1 is not the one"),
        ("update app_events set entry = replace(entry, 'Jukebox', 'Jukebux')", "change 1 is not the one"),
        ("update ledger_entries set entry = cast(entry || x'00' as blob) where idx = 0", "is not the one"),
    ] {
        let folder = testkit::folder();
        let vault = used(folder.path()).await;
        change(&vault, sql).await;
        let findings = vault.audit().await.unwrap().findings;
        assert!(findings.iter().any(|finding| finding.contains(says)), "{sql}: {findings:#?}");
    }
}
