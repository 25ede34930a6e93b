//! Samples of signing up, in and out.

use super::{drawn, inside, outside};
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
        on_behalf_of: None,
    }
}

pub(crate) fn samples() -> Vec<(&'static str, String)> {
    vec![
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
        drawn(
            "sign-in-again",
            &SignInAgain { page: inside(), problem: None, return_to: "/settings".to_owned() },
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
    ]
}
