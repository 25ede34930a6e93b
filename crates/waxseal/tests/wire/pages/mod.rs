//! What people see, driven as a browser without script would.

mod consent;
mod conversation;
mod conversation_live;
mod directory;
mod evidence;
mod friends;
mod grant;
mod notices;
mod partner;
mod passkey;
mod recover;
mod second_factor;
mod settings;
mod share;
mod sign_in;
mod sign_in_log;
mod sign_up;
mod wish;

use crate::stage::{Answer, Browser, Form, form};

/// The fields of a form as it would be sent, for who sends something else.
struct Forged(Vec<(String, String)>);

fn forged(form: &Form, button: Option<(&str, &str)>) -> Forged {
    Forged(form.fields(button))
}

impl Forged {
    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// This value instead of what the form has.
    fn set(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value)
    }

    /// Sends it; redirects as they come.
    #[track_caller]
    fn send(&self, browser: &Browser, path: &str) -> Answer {
        browser.once("POST", path, Some(&form(&self.0)))
    }
}

/// Any form of a page that everyone has, for its token.
fn any_form(browser: &Browser) -> Forged {
    Forged(browser.open("/sign-out").form("/sign-out").fields(None))
}
