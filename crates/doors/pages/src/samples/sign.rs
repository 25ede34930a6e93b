//! Samples of signing up, in and out.

use super::{date, drawn, inside, moment, outside};
use crate::view::*;

fn sign_up() -> SignUp {
    SignUp {
        page: outside(),
        handle: Name::default(),
        name: Name::default(),
        handle_problem: None,
        name_problem: None,
        password_problem: None,
        return_to: String::new(),
    }
}

fn sign_in() -> SignIn {
    SignIn {
        page: outside(),
        handle: Name::default(),
        problem: None,
        return_to: String::new(),
        takes_passkeys: true,
        on_behalf_of: None,
    }
}

fn passkey(name: &str, is_plain: bool) -> Passkey {
    Passkey {
        id: format!("AQID{}", u8::from(is_plain)),
        name: name.into(),
        since: date("2026-11-03T12:00:00Z"),
        last_used: is_plain.then(|| date("2026-11-23T12:00:00Z")),
        is_backed_up: is_plain,
        copied: (!is_plain).then(|| date("2026-11-24T12:00:00Z")),
    }
}

fn passkeys(passkeys: Vec<Passkey>, can_be_made: bool) -> Passkeys {
    let problem = (!can_be_made).then(|| "The signature does not hold.".to_owned());
    Passkeys { page: inside(), passkeys, name: "Chrome on Linux".into(), can_be_made, problem }
}

fn recover(opens: Option<&str>) -> Recover {
    Recover {
        page: outside(),
        token: "wxq_x".to_owned(),
        handle: "ada".into(),
        opens: opens.map(moment),
        ends: moment("2026-11-28T09:30:00Z"),
        problem: opens.is_none().then(|| "At least 8 characters, please.".to_owned()),
    }
}

fn codes(since: Option<&str>, setup: Option<Setup>) -> Codes {
    Codes { page: inside(), since: since.map(date), recovery_left: 1, setup, problem: None }
}

/// A page of one-time codes that wait to be confirmed.
fn setup() -> Codes {
    let setup = Setup {
        secret: "GEZD GNBV GY3T QOJQ".to_owned(),
        uri: "otpauth://totp/Waxseal%20seal.example:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Waxseal".to_owned(),
        picture: "M4 4h1v1h-1z".to_owned(),
        side: 33,
    };
    Codes {
        problem: Some("The code is not right, or was used before.".to_owned()),
        ..codes(None, Some(setup))
    }
}

/// What proves who she is, besides a password.
fn factors() -> Vec<(&'static str, String)> {
    vec![
        drawn("passkeys-none", &passkeys(Vec::new(), false)),
        drawn(
            "passkeys",
            &passkeys(vec![passkey("Ada’s phone <b>", true), passkey("\u{202e}yeK", false)], true),
        ),
        drawn("codes-off", &codes(None, None)),
        drawn("codes-begun", &setup()),
        drawn("codes-on", &codes(Some("2026-11-23T12:00:00Z"), None)),
        drawn(
            "recovery-codes",
            &RecoveryCodes {
                page: inside(),
                codes: vec!["k3v9-2m8x-z07t".to_owned(), "0000-0000-0001".to_owned()],
                is_first: true,
            },
        ),
    ]
}

pub(crate) fn samples() -> Vec<(&'static str, String)> {
    let mut all = vec![
        drawn("sign-up", &sign_up()),
        drawn(
            "sign-up-refused",
            &SignUp {
                handle: "аda".into(),
                name: "Ada".into(),
                handle_problem: Some(
                    "“аda” looks like another handle. Please choose a different one.".to_owned(),
                ),
                password_problem: Some("Too short: at least 10 characters, please.".to_owned()),
                return_to: "/consent?request=1&x=2".to_owned(),
                ..sign_up()
            },
        ),
        drawn("sign-in", &sign_in()),
        drawn(
            "sign-in-refused",
            &SignIn {
                handle: "ada".into(),
                problem: Some("That handle and password do not go together.".to_owned()),
                on_behalf_of: Some("Jukebox".into()),
                return_to: "/consent?request=1".to_owned(),
                ..sign_in()
            },
        ),
        drawn("recover-waits", &recover(Some("2026-11-25T09:30:00Z"))),
        drawn("recover", &recover(None)),
        drawn(
            "sign-in-code",
            &SignInCode {
                page: outside(),
                problem: Some("The code is not right, or was used before.".to_owned()),
                return_to: "/settings".to_owned(),
            },
        ),
        drawn(
            "sign-in-again",
            &SignInAgain {
                page: inside(),
                has_passkeys: true,
                asks_code: true,
                problem: None,
                return_to: "/settings".to_owned(),
            },
        ),
        drawn("device", &Device { page: inside(), user_code: Name::default(), problem: None }),
        drawn(
            "device-refused",
            &Device {
                page: inside(),
                user_code: "wdjb mjh\"<".into(),
                problem: Some("No device waits with this code.".to_owned()),
            },
        ),
        drawn("sign-out", &SignOut { page: inside(), return_to: String::new() }),
    ];
    all.extend(factors());
    all
}
