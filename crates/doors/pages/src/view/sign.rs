//! Coming and going: an account is made, a session starts, a session ends.

use super::{Name, Page, When};
use askama::Template;

/// `/sign-up`; its form posts `handle`, `name`, `password`, `return_to` to the same address.
#[derive(Template, Debug, Clone)]
#[template(path = "sign_up.html")]
pub(crate) struct SignUp {
    /// The frame; nobody is signed in.
    pub page: Page,
    /// The handle as it was typed, when the form is shown again.
    pub handle: Name,
    /// The name as it was typed.
    pub name: Name,
    /// What is wrong with the handle, if it was refused.
    pub handle_problem: Option<String>,
    /// What is wrong with the name.
    pub name_problem: Option<String>,
    /// What is wrong with the password.
    pub password_problem: Option<String>,
    /// A local address to go to afterwards; empty for `/`. The handler checks it again when it comes back.
    pub return_to: String,
}

/// `/sign-in`; its form posts `handle`, `password`, `return_to` to the same address.
#[derive(Template, Debug, Clone)]
#[template(path = "sign_in.html")]
pub(crate) struct SignIn {
    /// The frame; nobody is signed in.
    pub page: Page,
    /// The handle as it was typed, when the form is shown again.
    pub handle: Name,
    /// Why it did not work. Never says which of the two was wrong.
    pub problem: Option<String>,
    /// A local address to go to afterwards; empty for `/`.
    pub return_to: String,
    /// Whether browsers make passkeys for our address.
    pub takes_passkeys: bool,
    /// The app that sent the person here, so that they know why they are asked.
    pub on_behalf_of: Option<Name>,
}

/// `/recover/{token}`; its form posts `password` to the same address.
#[derive(Template, Clone)]
#[template(path = "recover.html")]
pub(crate) struct Recover {
    /// The frame; nobody is signed in.
    pub page: Page,
    /// What stands in the link.
    pub token: String,
    /// Whose account it is.
    pub handle: Name,
    /// When it opens, if it has not yet.
    pub opens: Option<When>,
    /// Until when it works.
    pub ends: When,
    /// Why the password was refused.
    pub problem: Option<String>,
}

/// `/sign-in/code`; its form posts `code`, `return_to` to the same address.
#[derive(Template, Debug, Clone)]
#[template(path = "sign_in_code.html")]
pub(crate) struct SignInCode {
    /// The frame; nobody is signed in.
    pub page: Page,
    /// Why it did not work.
    pub problem: Option<String>,
    /// A local address to go to afterwards; empty for `/`.
    pub return_to: String,
}

/// `/sign-in/again`; its form posts `password`, `code`, `return_to` to the same address.
#[derive(Template, Debug, Clone)]
#[template(path = "sign_in_again.html")]
pub(crate) struct SignInAgain {
    /// The frame.
    pub page: Page,
    /// Whether a passkey of hers will do instead.
    pub has_passkeys: bool,
    /// Whether a code is asked for beside the password.
    pub asks_code: bool,
    /// Why it did not work.
    pub problem: Option<String>,
    /// A local address to go to afterwards; empty for `/`.
    pub return_to: String,
}

/// `/sign-out`, for who comes by address; the navigation posts there directly.
#[derive(Template, Debug, Clone)]
#[template(path = "sign_out.html")]
pub(crate) struct SignOut {
    /// The frame.
    pub page: Page,
    /// Where she goes on to; nowhere in particular if empty.
    pub return_to: String,
}
