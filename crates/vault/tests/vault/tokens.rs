//! Codes, tokens and sessions: each works once or for its time, for its own app, and ends with what it hangs on.

use crate::house::{
    DAY_S, House, START, Somebody, Tokens, on_both_engines, open_ceiling, open_terms, redeem, redemption,
    refresh,
};
use model::{Scopes, Terms};
use oauth::bound::{Binding, Bound, Thumbprint};
use oauth::consent::{Agreed, Share};
use oauth::error::ErrorCode;
use oauth::token::{ACCESS_TOKEN_S, CODE_S, REFRESH_GRACE_S, REFRESH_IDLE_S, TokenRequest};
use std::sync::Arc;
use vault::{Notice, Refusal, SESSION_IDLE_S, SESSION_S, TokenRefusal};

fn invalid_grant<T: std::fmt::Debug>(outcome: Result<T, TokenRefusal>) {
    match outcome {
        Err(TokenRefusal::OAuth(error)) => assert_eq!(error.code(), ErrorCode::InvalidGrant),
        other => panic!("not refused: {other:?}"),
    }
}

/// Races of one run unless the environment says how many.
const RACES: usize = 500;
const AT_ONCE: usize = 50;

/// A public key; what it signs is not looked at here.
const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k",
    "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;

/// How often she was told that something came a second time.
async fn reused(house: &House, ada: &Somebody) -> i64 {
    let notices = house.vault().notices(&ada.own, None, 99).await.unwrap();
    notices.iter().filter(|told| matches!(told.notice, Notice::Reused { .. })).map(|told| told.count).sum()
}

async fn works(house: &House, tokens: &Tokens) -> bool {
    match house.vault().caller(&tokens.access).await {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal, Refusal::Token);
            false
        }
    }
}

on_both_engines! {
    async fn a_code_works_once_and_a_second_use_ends_what_the_first_brought(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let code = house.code(&ada, app, Scopes::ALL, &open_terms()).await;
        let tokens = house.redeem(app, &code).await.unwrap();
        assert!(works(&house, &tokens).await);
        let refreshed = house.refresh(&tokens).await.unwrap();
        invalid_grant(house.redeem(app, &code).await);
        assert!(!works(&house, &tokens).await);
        assert!(!works(&house, &refreshed).await);
        invalid_grant(house.refresh(&refreshed).await);
    }

    async fn signing_out_moves_the_version_that_records_ask_for(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let offline = house.let_in(&ada, app, &open_terms()).await;
        // Another sign-in of the same app asks for less of the same grant, and may not go on offline.
        let share = Share { scopes: Scopes::OPENID, terms: open_terms() };
        let again = Agreed { on: Some(offline.grant), share, ..Agreed::anew(Scopes::ALL, open_terms(), "") };
        let online = house.redeem(app, &house.code_for(&ada, app, again).await).await.unwrap();
        let before = house.caller(&offline).await;
        assert_eq!(house.caller(&online).await.grant(), before.grant());
        house.vault().sign_out(&ada.cookie).await.unwrap();
        assert!(!works(&house, &online).await);
        assert!(house.caller(&offline).await.versions().1 > before.versions().1);
    }

    async fn a_lost_answer_is_told_again_to_whom_it_was_bound_and_to_nobody_else(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let key = |byte| {
            let key = Bound::Key(Thumbprint([byte; 32]));
            Binding { access: key, refresh: key }
        };
        let attempt = async |token: &Tokens, binding| {
            let request =
                TokenRequest::Refresh { refresh_token: token.refresh.clone(), scope: None, details: None };
            house.vault().token_bound(app, request, binding).await
        };
        // A thief of a used token cannot bind the one that came of it to a key of theirs.
        let first = house.let_in(&ada, app, &open_terms()).await;
        let next = house.refresh(&first).await.unwrap();
        invalid_grant(attempt(&first, key(1)).await);
        house.refresh(&next).await.unwrap();
        // Nor get a token that is bound to nothing where the answer was bound.
        let first = house.let_in(&ada, app, &open_terms()).await;
        let next = attempt(&first, key(2)).await.unwrap();
        invalid_grant(house.refresh(&first).await);
        invalid_grant(attempt(&first, key(3)).await);
        assert_eq!(attempt(&first, key(2)).await.unwrap().refresh_token, next.refresh_token);
    }

    async fn a_thief_without_the_verifier_cannot_end_anything(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let other = house.app("Teller", &open_ceiling()).await;
        let code = house.code(&ada, app, Scopes::ALL, &open_terms()).await;
        invalid_grant(house.redeem(other, &code).await);
        let tokens = house.redeem(app, &code).await.unwrap();
        let mut stolen = redemption(&code);
        if let oauth::token::TokenRequest::Code { proof, .. } = &mut stolen {
            proof.code_verifier = "another-verifier-that-has-43-characters-in-it".to_owned();
        }
        invalid_grant(house.vault().token(app, stolen).await);
        invalid_grant(house.redeem(other, &code).await);
        invalid_grant(house.refresh(&Tokens { app: other, ..tokens.clone() }).await);
        house.vault().token_revoke(other, &tokens.refresh).await.unwrap();
        house.vault().token_revoke(other, &tokens.access).await.unwrap();
        assert!(works(&house, &tokens).await);
        house.refresh(&tokens).await.unwrap();
    }

    async fn of_sixteen_redemptions_at_once_one_succeeds(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        for _ in 0..4 {
            let code = house.code(&ada, app, Scopes::ALL, &open_terms()).await;
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..16 {
                let (vault, request) = (Arc::clone(house.vault()), redemption(&code));
                tasks.spawn(async move { vault.token(app, request).await });
            }
            let (issued, refused): (Vec<_>, Vec<_>) =
                tasks.join_all().await.into_iter().partition(Result::is_ok);
            assert_eq!(issued.len(), 1);
            refused.into_iter().for_each(invalid_grant);
            // Whoever the second one was, a code in two hands is in one too many.
            let access = issued[0].as_ref().unwrap().access_token.clone();
            assert_eq!(house.vault().caller(&access).await.unwrap_err(), Refusal::Token);
        }
    }

    async fn a_refresh_token_works_once_and_reuse_ends_the_family(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let first = house.let_in(&ada, app, &open_terms()).await;
        let apart = house.let_in(&ada, app, &open_terms()).await;
        let second = house.refresh(&first).await.unwrap();
        let third = house.refresh(&second).await.unwrap();
        assert_ne!(first.refresh, second.refresh);
        assert!(works(&house, &first).await, "an access token lives on beside its successor");
        invalid_grant(house.refresh(&first).await);
        for tokens in [&first, &second, &third] {
            assert!(!works(&house, tokens).await);
            invalid_grant(house.refresh(tokens).await);
        }
        assert!(works(&house, &apart).await, "another family of the same app goes on");
    }

    async fn sixteen_refreshes_at_once_all_get_the_one_successor(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (vault, tokens) = (Arc::clone(house.vault()), tokens.clone());
            tasks.spawn(async move { refresh(&vault, &tokens).await });
        }
        let issued: Vec<Tokens> = tasks.join_all().await.into_iter().map(Result::unwrap).collect();
        assert!(issued.iter().all(|one| one.refresh == issued[0].refresh && one.refresh != tokens.refresh));
        assert!(works(&house, &issued[9]).await);
        house.refresh(&issued[0]).await.unwrap();
    }

    async fn whose_answer_was_lost_may_ask_once_more_for_a_minute(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let first = house.let_in(&ada, app, &open_terms()).await;
        let lost = house.refresh(&first).await.unwrap();
        house.clock.forward(REFRESH_GRACE_S - 1);
        let again = house.refresh(&first).await.unwrap();
        assert_eq!((again.refresh == lost.refresh, again.access == lost.access), (true, false));
        assert!(works(&house, &again).await && reused(&house, &ada).await == 0);
        // Not later; and the person is told.
        house.clock.forward(1);
        invalid_grant(house.refresh(&first).await);
        for tokens in [&first, &lost, &again] {
            assert!(!works(&house, tokens).await);
            invalid_grant(house.refresh(tokens).await);
        }
        assert_eq!(reused(&house, &ada).await, 1);
        // Not once the successor was used, by whomever.
        let first = house.let_in(&ada, app, &open_terms()).await;
        let stolen = house.refresh(&first).await.unwrap();
        let thiefs = house.refresh(&stolen).await.unwrap();
        invalid_grant(house.refresh(&first).await);
        assert!(!works(&house, &thiefs).await && reused(&house, &ada).await == 2);
        // Not with a grant that ended meanwhile.
        let first = house.let_in(&ada, app, &open_terms()).await;
        house.refresh(&first).await.unwrap();
        house.vault().grant_revoke(&ada.own, first.grant).await.unwrap();
        invalid_grant(house.refresh(&first).await);
        assert_eq!(reused(&house, &ada).await, 2);
    }

    async fn that_of_an_app_with_a_key_goes_on_as_long_as_it_is_used(house: House) {
        let ada = house.person("ada").await;
        let app = house.app_of("Vault", &open_ceiling(), vault::NewKind::Keys(KEYS.to_owned())).await;
        let mut last = house.let_in(&ada, app, &open_terms()).await;
        for _ in 0..2 {
            house.clock.forward(REFRESH_IDLE_S - 1);
            let next = house.refresh(&last).await.unwrap();
            assert_eq!((next.refresh == last.refresh, next.access == last.access), (true, false));
            assert!(works(&house, &next).await);
            last = next;
        }
        let other = house.app("Jukebox", &open_ceiling()).await;
        invalid_grant(house.refresh(&Tokens { app: other, ..last.clone() }).await);
        house.refresh(&last).await.unwrap();
        house.clock.forward(REFRESH_IDLE_S);
        invalid_grant(house.refresh(&last).await);
        let last = house.let_in(&ada, app, &Terms { ends_at: house.now().plus_seconds(DAY_S), ..open_terms() }).await;
        house.vault().grant_revoke(&ada.own, last.grant).await.unwrap();
        invalid_grant(house.refresh(&last).await);
    }

    /// As many races as `WAXSEAL_RACES` says; in each, an app that is shut out asks for the next token at the same moment.
    async fn an_app_that_is_shut_out_never_outruns_it_with_a_refresh(house: House) {
        let asked: Option<usize> = std::env::var("WAXSEAL_RACES").ok().map(|races| races.parse().unwrap());
        let races = asked.unwrap_or(RACES) / if house.is_in_folder() { 1 } else { 10 };
        let (ada, app) = (house.person("ada").await, house.app("Jukebox", &open_ceiling()).await);
        for _ in 0..races.div_ceil(AT_ONCE) {
            let mut racers = tokio::task::JoinSet::new();
            for n in 0..AT_ONCE {
                // Without an ID token: signing it would take most of the time.
                let code = house.code(&ada, app, Scopes::OFFLINE_ACCESS, &open_terms()).await;
                let (vault, own) = (Arc::clone(house.vault()), ada.own);
                racers.spawn(async move {
                    let tokens = redeem(&vault, app, &code).await.unwrap();
                    let (mut runs, rival, grant) = (tokens.clone(), Arc::clone(&vault), tokens.grant);
                    let refreshing = tokio::spawn(async move {
                        let mut got = Vec::new();
                        while let Ok(next) = refresh(&rival, &runs).await {
                            got.push(next.clone());
                            runs = next;
                        }
                        got
                    });
                    match n % 2 {
                        0 => vault.grant_revoke(&own, tokens.grant).await.unwrap(),
                        _ => vault.token_revoke(app, &tokens.refresh).await.unwrap(),
                    }
                    let mut got = refreshing.await.unwrap();
                    got.push(tokens);
                    for tokens in got {
                        assert_eq!(vault.caller(&tokens.access).await.unwrap_err(), Refusal::Token);
                        invalid_grant(refresh(&vault, &tokens).await);
                    }
                    // For the next ones: what stands is looked at when she lets the app in.
                    vault.grant_revoke(&own, grant).await.unwrap();
                });
            }
            racers.join_all().await;
        }
    }

    async fn everything_ends_at_its_time(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let code = house.code(&ada, app, Scopes::ALL, &open_terms()).await;
        house.clock.forward(CODE_S);
        invalid_grant(house.redeem(app, &code).await);
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        house.clock.forward(ACCESS_TOKEN_S - 1);
        assert!(works(&house, &tokens).await);
        house.clock.forward(1);
        assert!(!works(&house, &tokens).await);
        house.clock.forward(REFRESH_IDLE_S - ACCESS_TOKEN_S - 1);
        let tokens = house.refresh(&tokens).await.unwrap();
        house.clock.forward(REFRESH_IDLE_S);
        invalid_grant(house.refresh(&tokens).await);
        // Nothing outlives its grant.
        let short = Terms { ends_at: house.now().plus_seconds(100), ..open_terms() };
        let cookie = house.vault().sign_in("ada", "ada-password".to_owned(), "x").await.unwrap().cookies().unwrap().session;
        let ada = crate::house::Somebody { own: house.vault().own(&cookie).await.unwrap(), ..ada };
        let tokens = house.let_in(&ada, app, &short).await;
        house.clock.forward(99);
        assert!(works(&house, &tokens).await);
        house.clock.forward(1);
        assert!(!works(&house, &tokens).await);
        invalid_grant(house.refresh(&tokens).await);
        while house.vault().expire().await.unwrap() {}
        let grant = house.vault().connected_one(&ada.own, tokens.grant).await.unwrap().grant;
        assert_eq!(grant.state, model::GrantState::Ended);
    }

    async fn a_grant_that_ran_out_while_it_was_paused_has_ended(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let short = Terms { ends_at: START.plus_seconds(100), ..open_terms() };
        let tokens = house.let_in(&ada, app, &short).await;
        house.vault().grant_pause(&ada.own, tokens.grant, true).await.unwrap();
        house.clock.forward(100);
        while house.vault().expire().await.unwrap() {}
        let grant = house.vault().connected_one(&ada.own, tokens.grant).await.unwrap().grant;
        assert_eq!(grant.state, model::GrantState::Ended);
    }

    async fn signing_out_ends_what_may_not_go_on_offline(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let online = Scopes::OPENID;
        let code = house.code(&ada, app, online, &open_terms()).await;
        let bound = house.redeem(app, &code).await.unwrap();
        let free = house.let_in(&ada, app, &open_terms()).await;
        house.vault().sign_out(&ada.cookie).await.unwrap();
        assert_eq!(house.vault().own(&ada.cookie).await.unwrap_err(), Refusal::SignedOut);
        assert!(!works(&house, &bound).await);
        invalid_grant(house.refresh(&bound).await);
        assert!(works(&house, &free).await, "`offline_access` is to go on while she is signed out");
        house.refresh(&free).await.unwrap();
    }

    async fn an_app_with_many_sign_outs_to_hear_of_holds_up_no_other(house: House) {
        let ada = house.person("ada").await;
        let (many, one) = (house.app("Many", &open_ceiling()).await, house.app("One", &open_ceiling()).await);
        for app in [many, one] {
            let back_channel = Some("https://app.example/logout".to_owned());
            let uris = vault::LogoutUris { post_logout: Vec::new(), back_channel };
            house.vault().app_logout_uris(app, uris).await.unwrap();
        }
        for (at, app) in (0..100_u8).map(|at| (at, many)).chain([(100, one)]) {
            let [session, app, person] =
                [&[at; 16], app.as_bytes(), ada.id.as_bytes()].map(|bytes| house.blob(bytes));
            let sql = format!(
                "insert into logouts (session, app, person, at, due_at) values ({session}, {app}, {person}, {at}, {at})"
            );
            house.sql(&sql).await;
        }
        let due = house.vault().logouts_due().await.unwrap();
        assert!(due.iter().any(|logout| logout.app == one) && due.len() < 100);
    }

    async fn a_session_that_runs_out_ends_what_signing_out_would(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let code = house.code(&ada, app, Scopes::OPENID, &open_terms()).await;
        let mut bound = house.redeem(app, &code).await.unwrap();
        let mut free = house.let_in(&ada, app, &open_terms()).await;
        house.clock.forward(SESSION_IDLE_S - 10);
        bound = house.refresh(&bound).await.unwrap();
        free = house.refresh(&free).await.unwrap();
        house.clock.forward(10);
        invalid_grant(house.refresh(&bound).await);
        while house.vault().expire().await.unwrap() {}
        assert!(!works(&house, &bound).await);
        assert!(works(&house, &free).await);
        house.refresh(&free).await.unwrap();
    }

    async fn a_session_that_is_used_lasts_longer_but_not_for_ever(house: House) {
        let ada = house.person("ada").await;
        let step = SESSION_IDLE_S - 1;
        for _ in 0..SESSION_S / step {
            house.clock.forward(step);
            house.vault().own(&ada.cookie).await.unwrap();
        }
        house.clock.forward(SESSION_S % step - 1);
        house.vault().own(&ada.cookie).await.unwrap();
        house.clock.forward(1);
        assert_eq!(house.vault().own(&ada.cookie).await.unwrap_err(), Refusal::SignedOut);
        let idle = house.vault().sign_in("ada", "ada-password".to_owned(), "x").await.unwrap().cookies().unwrap().session;
        house.clock.forward(SESSION_IDLE_S);
        assert_eq!(house.vault().own(&idle).await.unwrap_err(), Refusal::SignedOut);
    }

    async fn who_proves_again_that_it_is_her_gets_a_new_cookie(house: House) {
        let ada = house.person("ada").await;
        house.clock.forward(601);
        assert!(!house.vault().fresh_within(&ada.own, 600) && house.vault().fresh_within(&ada.own, 602));
        let wrong = house.vault().sign_in_again(&ada.own, "not hers".to_owned(), "", "x").await;
        assert_eq!(wrong, Err(Refusal::Password));
        assert!(house.vault().own(&ada.cookie).await.is_ok());
        let cookie = house.vault().sign_in_again(&ada.own, "ada-password".to_owned(), "", "x").await.unwrap();
        assert_eq!(house.vault().own(&ada.cookie).await.unwrap_err(), Refusal::SignedOut);
        let own = house.vault().own(&cookie).await.unwrap();
        assert_eq!(own.session(), ada.own.session(), "what hangs on the session goes on");
        assert!(house.vault().fresh_within(&own, 1));
        assert_eq!(house.vault().signed_in_at(&own).await, Ok(house.now()));
        house.vault().sign_out(&cookie).await.unwrap();
        let late = house.vault().sign_in_again(&own, "ada-password".to_owned(), "", "x").await;
        assert_eq!(late, Err(Refusal::SignedOut), "a session that ended does not begin again");
    }

    async fn other_sessions_can_be_ended_one_by_one_or_all(house: House) {
        let ada = house.person("ada").await;
        let bob = house.person("bob").await;
        let mut cookies = Vec::new();
        for agent in ["phone", "desk"] {
            cookies.push(house.vault().sign_in("ada", "ada-password".to_owned(), agent).await.unwrap().cookies().unwrap().session);
        }
        let sessions = house.vault().sessions(&ada.own).await.unwrap();
        assert_eq!(sessions.len(), 3);
        assert_eq!(sessions.iter().filter(|session| session.this).count(), 1);
        let phone = sessions.iter().find(|session| session.agent == "phone").unwrap().id;
        assert_eq!(house.vault().session_end(&bob.own, phone).await, Err(Refusal::NotFound));
        house.vault().session_end(&ada.own, phone).await.unwrap();
        assert_eq!(house.vault().own(&cookies[0]).await.unwrap_err(), Refusal::SignedOut);
        house.vault().sessions_end_others(&ada.own).await.unwrap();
        assert_eq!(house.vault().own(&cookies[1]).await.unwrap_err(), Refusal::SignedOut);
        assert!(house.vault().own(&ada.cookie).await.is_ok());
    }

    async fn a_paused_grant_refreshes_and_a_spent_or_retired_one_does_not(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        house.vault().grant_pause(&ada.own, tokens.grant, true).await.unwrap();
        let tokens = house.refresh(&tokens).await.unwrap();
        house.vault().grant_pause(&ada.own, tokens.grant, false).await.unwrap();
        house.vault().app_retire(app, house.now().plus_seconds(DAY_S)).await.unwrap();
        let tokens = house.refresh(&tokens).await.unwrap();
        assert!(works(&house, &tokens).await);
        house.clock.forward(DAY_S - 1);
        let tokens = house.refresh(&tokens).await.unwrap();
        house.clock.forward(1);
        assert!(!works(&house, &tokens).await);
        invalid_grant(house.refresh(&tokens).await);
    }

    async fn a_token_may_carry_less_than_its_grant(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        let request = |scope: &str| oauth::token::TokenRequest::Refresh {
            refresh_token: tokens.refresh.clone(),
            scope: Some(scope.to_owned()),
            details: None,
        };
        let answer = house.vault().token(app, request("openid")).await.unwrap();
        let caller = house.vault().caller(&answer.access_token).await.unwrap();
        assert_eq!(caller.scopes(), Scopes::OPENID);
        let refused = house.vault().friends_of_caller(&caller).await.unwrap_err();
        assert_eq!(refused, Refusal::Scope("friends"));
    }

    async fn a_grant_that_is_not_in_force_tells_nobody_who_she_is(house: House) {
        let [ada, _] = house.friends(["ada", "bea"]).await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        let caller = house.vault().caller(&tokens.access).await.unwrap();
        assert_eq!(house.vault().friends_of_caller(&caller).await.unwrap().len(), 1);
        house.vault().grant_pause(&ada.own, tokens.grant, true).await.unwrap();
        let caller = house.vault().caller(&tokens.access).await.unwrap();
        let refused = house.vault().friends_of_caller(&caller).await.unwrap_err();
        assert_eq!(refused, Refusal::No(model::No::Paused));
        assert_eq!(caller.scopes(), Scopes::default());
        house.vault().grant_pause(&ada.own, tokens.grant, false).await.unwrap();
        let lowered = model::Ceiling { expires_in_s: 60, ..open_ceiling() };
        house.vault().app_ceiling(app, &oauth::details::ceiling_json(&lowered)).await.unwrap();
        house.clock.forward(60);
        let caller = house.vault().caller(&tokens.access).await.unwrap();
        let refused = house.vault().friends_of_caller(&caller).await.unwrap_err();
        assert_eq!(refused, Refusal::No(model::No::Expired));
    }

    async fn only_hashes_are_at_rest(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let new = vault::NewApp {
            name: "Teller".to_owned(),
            partner: "Bank".to_owned(),
            redirect_uris: Vec::new(),
            ceiling: oauth::details::ceiling_json(&open_ceiling()),
            kind: vault::NewKind::Secret,
 demands: vault::Demands::default(),
        };
        let (_, secret) = house.vault().app_add(new).await.unwrap();
        let code = house.code(&ada, app, Scopes::ALL, &open_terms()).await;
        let spare = house.code(&ada, app, Scopes::ALL, &open_terms()).await;
        let tokens = house.redeem(app, &code).await.unwrap();
        let next = house.refresh(&tokens).await.unwrap();
        assert!(house.holds("Jukebox").await, "what is at rest can be searched");
        let secrets = [
            ada.cookie.as_str(),
            "ada-password",
            secret.as_deref().unwrap(),
            &code,
            &spare,
            &tokens.access,
            &tokens.refresh,
            &next.access,
            &next.refresh,
        ];
        for secret in secrets {
            assert!(!house.holds(secret).await, "at rest in the clear: {secret}");
            // Nor without the word before it.
            let bare = secret.split_once('_').map_or(secret, |(_, bare)| bare);
            assert!(!house.holds(bare).await, "at rest in the clear: {bare}");
        }
    }

    async fn what_is_not_a_token_opens_nothing(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        let mut changed = tokens.access.clone();
        let last = if changed.ends_with('A') { 'E' } else { 'A' };
        changed.pop();
        changed.push(last);
        let spaced = format!("{} ", tokens.access);
        for wrong in ["", "wxa_", "x", &tokens.refresh, &ada.cookie, &changed, &spaced, "wxa_\0", "wxa_\u{e9}"] {
            assert_eq!(house.vault().caller(wrong).await.unwrap_err(), Refusal::Token, "{wrong:?}");
        }
        for wrong in ["", "wxb_", &tokens.access] {
            assert_eq!(house.vault().own(wrong).await.unwrap_err(), Refusal::SignedOut, "{wrong:?}");
        }
    }
}
