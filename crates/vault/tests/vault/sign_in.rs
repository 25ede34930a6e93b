//! Who guesses is slowed, and she gets in all the same; a second factor is asked for where she has set one up.

use crate::house::{House, Somebody, on_both_engines};
use factors::totp::{STEP_S, code};
use std::net::IpAddr;
use vault::{
    ACCOUNT_ATTEMPTS_S, ADDRESS_MAX, ATTEMPTS_S, CODES_ACCOUNT_MAX, Cookies, HALF_S, Notice,
    PASSWORDS_ACCOUNT_MAX, PASSWORDS_BROWSER_MAX, PASSWORDS_HERE_MAX, Refusal, SESSIONS_MAX, SignIn, Visit,
};

/// A visit from this address, in a browser with this cookie.
fn visit(address: u32, browser: Option<&str>) -> Visit {
    let ip = IpAddr::from(address.to_be_bytes());
    Visit { agent: "a test".to_owned(), from: ip.into(), browser: browser.map(str::to_owned) }
}

async fn guess(house: &House, handle: &str, visit: Visit) -> Refusal {
    house.vault().sign_in(handle, "not hers at all".to_owned(), visit).await.unwrap_err()
}

async fn sign_in(house: &House, who: &Somebody, visit: Visit) -> Result<SignIn, Refusal> {
    house.vault().sign_in(who.handle.as_str(), format!("{}-password", who.handle), visit).await
}

async fn cookies(house: &House, who: &Somebody, visit: Visit) -> Cookies {
    sign_in(house, who, visit).await.unwrap().cookies().unwrap()
}

async fn told(house: &House, who: &Somebody) -> Vec<Notice> {
    let told = house.vault().notices(&who.own, None, 50).await.unwrap();
    told.into_iter().map(|told| told.notice).collect()
}

/// One-time codes are set up: the secret, and the recovery codes.
async fn set_up(house: &House, who: &Somebody) -> ([u8; 20], Vec<String>) {
    house.vault().codes_begin(&who.own).await.unwrap();
    let secret = house.vault().codes_begun(&who.own).await.unwrap().unwrap();
    let codes = house.vault().codes_confirm(&who.own, &shown(house, &secret)).await.unwrap();
    house.clock.forward(STEP_S);
    (secret, codes)
}

/// What her app shows now.
fn shown(house: &House, secret: &[u8]) -> String {
    code(secret, house.now().seconds() / STEP_S)
}

/// Her password was right, and a code is asked for.
async fn half(house: &House, who: &Somebody) -> String {
    match sign_in(house, who, visit(1, None)).await.unwrap() {
        SignIn::Half(half) => half,
        SignIn::Done(_) => panic!("no code was asked for"),
    }
}

on_both_engines! {
    async fn guesses_from_one_address_are_slowed_for_this_account_and_for_all(house: House) {
        let ada = house.person("ada").await;
        for _ in 0..PASSWORDS_HERE_MAX {
            assert_eq!(guess(&house, "ada", visit(1, None)).await, Refusal::Password);
        }
        assert_eq!(sign_in(&house, &ada, visit(1, None)).await, Err(Refusal::Wait(ATTEMPTS_S)), "even with the right one");
        assert!(sign_in(&house, &ada, visit(2, None)).await.is_ok(), "she comes from elsewhere");
        // Somebody who tries one password for everybody.
        for n in PASSWORDS_HERE_MAX..ADDRESS_MAX {
            assert_eq!(guess(&house, &format!("nobody{n}"), visit(1, None)).await, Refusal::Password);
        }
        let slowed = guess(&house, "somebody", visit(1, None)).await;
        assert_eq!(slowed, Refusal::Wait(ATTEMPTS_S));
        house.clock.forward(ATTEMPTS_S);
        assert!(sign_in(&house, &ada, visit(1, None)).await.is_ok(), "nobody is locked out for good");
    }

    async fn guesses_from_everywhere_are_slowed_and_she_still_gets_in_where_she_was_before(house: House) {
        let ada = house.person("ada").await;
        let hers = cookies(&house, &ada, visit(7, None)).await.browser;
        for n in 0..PASSWORDS_ACCOUNT_MAX {
            assert_eq!(guess(&house, "ada", visit(100 + n as u32, None)).await, Refusal::Password);
        }
        let elsewhere = sign_in(&house, &ada, visit(99, None)).await;
        assert_eq!(elsewhere, Err(Refusal::Wait(ACCOUNT_ATTEMPTS_S)));
        let again = cookies(&house, &ada, visit(99, Some(&hers))).await;
        assert_eq!(again.browser, hers, "the browser stays known");
        // The cookie of somebody else is worth nothing here, and neither is one that she never had.
        let bob = house.person("bob").await;
        let bobs = cookies(&house, &bob, visit(8, None)).await.browser;
        for other in [bobs.as_str(), "wxn_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "nonsense"] {
            assert!(matches!(sign_in(&house, &ada, visit(99, Some(other))).await, Err(Refusal::Wait(_))), "{other}");
        }
        // Whoever has her browser cannot guess for ever either.
        for _ in 0..PASSWORDS_BROWSER_MAX {
            assert_eq!(guess(&house, "ada", visit(99, Some(&hers))).await, Refusal::Password);
        }
        assert_eq!(guess(&house, "ada", visit(98, Some(&hers))).await, Refusal::Wait(ATTEMPTS_S));
        house.clock.forward(ACCOUNT_ATTEMPTS_S);
        assert!(sign_in(&house, &ada, visit(99, None)).await.is_ok());
    }

    async fn what_was_counted_outlives_the_process_and_what_went_well_is_not_counted(house: House) {
        let mut house = house;
        let ada = house.person("ada").await;
        for _ in 0..2 * PASSWORDS_HERE_MAX {
            assert!(sign_in(&house, &ada, visit(1, None)).await.is_ok());
        }
        for _ in 0..PASSWORDS_HERE_MAX {
            guess(&house, "ada", visit(1, None)).await;
        }
        drop(ada);
        house.reopen();
        assert_eq!(guess(&house, "ADA", visit(1, None)).await, Refusal::Wait(ATTEMPTS_S));
        assert!(house.numbers("select count(*) from attempts").await[0] > 0);
        house.clock.forward(ACCOUNT_ATTEMPTS_S);
        while house.vault().expire().await.unwrap() {}
        assert_eq!(house.numbers("select count(*) from attempts").await, [0], "nothing is kept of it");
    }

    async fn many_guesses_at_once_gain_nothing(house: House) {
        house.person("ada").await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..3 * PASSWORDS_HERE_MAX {
            let vault = std::sync::Arc::clone(house.vault());
            tasks.spawn(async move { vault.sign_in("ada", "a guess".to_owned(), visit(1, None)).await });
        }
        let answers = tasks.join_all().await;
        let looked_at = answers.iter().filter(|answer| **answer == Err(Refusal::Password)).count();
        assert_eq!(looked_at as i64, PASSWORDS_HERE_MAX, "{answers:?}");
    }

    async fn a_handle_that_nobody_has_is_counted_like_one_that_somebody_has(house: House) {
        house.person("ada").await;
        let mut seen = Vec::new();
        for handle in ["ada", "nobody"] {
            let mut answers = Vec::new();
            for _ in 0..PASSWORDS_HERE_MAX + 2 {
                answers.push(guess(&house, handle, visit(1, None)).await);
            }
            seen.push(answers);
        }
        assert_eq!(seen[0], seen[1]);
    }

    async fn a_browser_that_was_not_known_is_told_once(house: House) {
        let ada = house.person("ada").await;
        assert_eq!(told(&house, &ada).await, [], "the one in which the account was made is known");
        let first = cookies(&house, &ada, visit(1, None)).await.browser;
        let new = Notice::SignedIn { agent: "a test".to_owned() };
        assert_eq!(told(&house, &ada).await, [new]);
        cookies(&house, &ada, visit(2, Some(&first))).await;
        let all = house.vault().notices(&ada.own, None, 50).await.unwrap();
        assert_eq!((all.len(), all[0].count), (1, 1));
        assert!(!house.holds(&first).await, "only its hash is at rest");
        // Whoever ends a session from elsewhere may do so because the browser is lost.
        house.vault().sessions_end_others(&ada.own).await.unwrap();
        cookies(&house, &ada, visit(3, Some(&first))).await;
        let all = house.vault().notices(&ada.own, None, 50).await.unwrap();
        assert_eq!(all[0].count, 2, "it is not known any more");
    }

    async fn a_code_is_asked_for_once_it_is_set_up_and_works_once(house: House) {
        let ada = house.person("ada").await;
        house.vault().codes_begin(&ada.own).await.unwrap();
        assert!(matches!(sign_in(&house, &ada, visit(1, None)).await, Ok(SignIn::Done(_))), "not confirmed yet");
        assert_eq!(house.vault().codes_confirm(&ada.own, "000000 ").await, Err(Refusal::Code));
        let (secret, codes) = set_up(&house, &ada).await;
        assert_eq!(codes.len(), 10);
        assert!(house.vault().codes_begin(&ada.own).await.is_err(), "the secret does not change under her");
        let half = half(&house, &ada).await;
        assert!(house.vault().own(&half).await.is_err(), "half is not a session");
        let wrong = house.vault().sign_in_code(&half, "123456x", visit(1, None)).await;
        assert_eq!(wrong, Err(Refusal::Code));
        let now = shown(&house, &secret);
        let cookies = house.vault().sign_in_code(&half, &now, visit(1, None)).await.unwrap();
        assert_eq!(house.vault().own(&cookies.session).await.unwrap().person(), ada.id);
        let again = house.vault().sign_in_code(&half, &now, visit(1, None)).await;
        assert_eq!(again, Err(Refusal::SignedOut), "half a sign-in is worth one");
        let other = self::half(&house, &ada).await;
        let replayed = house.vault().sign_in_code(&other, &now, visit(1, None)).await;
        assert_eq!(replayed, Err(Refusal::Code), "a code that was used");
        house.clock.forward(HALF_S);
        let late = house.vault().sign_in_code(&other, &shown(&house, &secret), visit(1, None)).await;
        assert_eq!(late, Err(Refusal::SignedOut), "it took too long");
    }

    async fn a_recovery_code_opens_once_and_is_told(house: House) {
        let ada = house.person("ada").await;
        let (_, codes) = set_up(&house, &ada).await;
        assert!(!house.holds(&codes[0].replace('-', "")).await && !house.holds(&codes[0]).await, "hashes at rest");
        let first = half(&house, &ada).await;
        let typed = codes[3].to_uppercase().replace('-', " ");
        house.vault().sign_in_code(&first, &typed, visit(1, None)).await.unwrap();
        assert_eq!(told(&house, &ada).await.iter().filter(|notice| **notice == Notice::RecoveryCodeUsed { left: 9 }).count(), 1);
        let second = half(&house, &ada).await;
        assert_eq!(house.vault().sign_in_code(&second, &codes[3], visit(1, None)).await, Err(Refusal::Code));
        let new = house.vault().recovery_codes_make(&ada.own).await.unwrap();
        assert_eq!(house.vault().sign_in_code(&second, &codes[4], visit(1, None)).await, Err(Refusal::Code));
        house.vault().sign_in_code(&second, &new[4], visit(1, None)).await.unwrap();
        assert_eq!(house.vault().second_factor(&ada.own).await.unwrap().recovery_codes, 9);
    }

    async fn codes_cannot_be_guessed_for_long(house: House) {
        let ada = house.person("ada").await;
        let (secret, _) = set_up(&house, &ada).await;
        for n in 0..CODES_ACCOUNT_MAX {
            let half = half(&house, &ada).await;
            let wrong = house.vault().sign_in_code(&half, "9999999", visit(n as u32, None)).await;
            assert_eq!(wrong, Err(Refusal::Code));
        }
        let all = house.vault().notices(&ada.own, None, 50).await.unwrap();
        let wrong: Vec<_> = all.iter().filter(|told| told.notice == Notice::CodeWrong {}).map(|told| told.count).collect();
        assert_eq!(wrong, [CODES_ACCOUNT_MAX], "she hears, once a day, that somebody knows her password");
        let half = half(&house, &ada).await;
        let slowed = house.vault().sign_in_code(&half, &shown(&house, &secret), visit(77, None)).await;
        assert_eq!(slowed, Err(Refusal::Wait(ACCOUNT_ATTEMPTS_S)));
    }

    async fn who_is_signed_in_has_so_much_hashed_and_no_more(house: House) {
        let [ada, ben] = [house.person("ada").await, house.person("ben").await];
        for _ in 0..30 {
            assert!(matches!(house.vault().recovery_codes_make(&ben.own).await, Err(Refusal::Conflict(_))), "nothing was hashed");
        }
        set_up(&house, &ada).await;
        for _ in 1..20 {
            house.vault().recovery_codes_make(&ada.own).await.unwrap();
        }
        let (old, new) = ("ada-password".to_owned(), "another long one".to_owned());
        assert_eq!(house.vault().recovery_codes_make(&ada.own).await, Err(Refusal::Wait(ATTEMPTS_S - STEP_S)));
        assert!(matches!(house.vault().password_change(&ada.own, old.clone(), new.clone(), "x").await, Err(Refusal::Wait(_))));
        house.vault().password_change(&ben.own, "ben-password".to_owned(), new.clone(), "x").await.unwrap();
        house.clock.forward(ATTEMPTS_S);
        house.vault().password_change(&ada.own, old, new, "x").await.unwrap();
    }

    async fn with_one_session_more_the_oldest_ends(house: House) {
        let ada = house.person("ada").await;
        for _ in 1..SESSIONS_MAX {
            house.clock.forward(1);
            cookies(&house, &ada, visit(1, None)).await;
        }
        assert!(house.vault().own(&ada.cookie).await.is_ok());
        house.clock.forward(1);
        let newest = cookies(&house, &ada, visit(1, None)).await;
        assert_eq!(house.vault().own(&ada.cookie).await.unwrap_err(), Refusal::SignedOut);
        let own = house.vault().own(&newest.session).await.unwrap();
        assert_eq!(house.vault().sessions(&own).await.unwrap().len(), SESSIONS_MAX as usize);
    }

    async fn a_link_that_waits_goes_with_the_password_that_it_was_made_for(house: House) {
        let ada = house.person("ada").await;
        let link = house.vault().staff_recovery(&ada.handle, "asked for at the counter").await.unwrap();
        assert!(house.vault().recovery(&link.token).await.is_ok());
        let (old, new) = ("ada-password".to_owned(), "another long one".to_owned());
        house.vault().password_change(&ada.own, old, new, "x").await.unwrap();
        assert_eq!(house.vault().recovery(&link.token).await, Err(Refusal::NotFound));
    }

    async fn proving_it_again_wants_the_code_too_and_turning_it_off_is_told(house: House) {
        let ada = house.person("ada").await;
        let (secret, _) = set_up(&house, &ada).await;
        let vault = house.vault();
        let without = vault.sign_in_again(&ada.own, "ada-password".to_owned(), "", "x").await;
        assert_eq!(without, Err(Refusal::Code));
        let code = shown(&house, &secret);
        let cookie = vault.sign_in_again(&ada.own, "ada-password".to_owned(), &code, "x").await.unwrap();
        assert!(vault.own(&cookie).await.is_ok());
        vault.codes_end(&ada.own).await.unwrap();
        assert!(matches!(sign_in(&house, &ada, visit(1, None)).await, Ok(SignIn::Done(_))));
        assert_eq!(vault.second_factor(&ada.own).await.unwrap(), vault::SecondFactor::default());
        let all = told(&house, &ada).await;
        assert!(all.contains(&Notice::CodesOn {}) && all.contains(&Notice::CodesOff {}), "{all:?}");
        assert!(vault.recovery_codes_make(&ada.own).await.is_err(), "they go with one-time codes");
    }

    async fn a_changed_password_ends_what_was_half_way(house: House) {
        let ada = house.person("ada").await;
        let (secret, _) = set_up(&house, &ada).await;
        let half = half(&house, &ada).await;
        house.vault().password_change(&ada.own, "ada-password".to_owned(), "another long one".to_owned(), "x").await.unwrap();
        let late = house.vault().sign_in_code(&half, &shown(&house, &secret), visit(1, None)).await;
        assert_eq!(late, Err(Refusal::SignedOut));
        assert!(told(&house, &ada).await.contains(&Notice::PasswordChanged {}));
    }
}
