//! Friends and the ways to them.

use super::{Name, Page, When};
use askama::Template;

/// `/friends`. Its forms post to `/friends/request` (`handle`), `/friends/{id}/accept`, `/decline`, `/withdraw`, `/remove`,
/// and to `/settings/hide` (`hide` = `on` or `off`).
#[derive(Template, Debug, Clone)]
#[template(path = "friends.html")]
pub(crate) struct Friends {
    /// The frame.
    pub page: Page,
    /// Those who asked the person.
    pub asked_me: Vec<Friend>,
    /// Those whom the person asked.
    pub asked_by_me: Vec<Friend>,
    /// The friends, by name.
    pub friends: Vec<Friend>,
    /// The handle as it was typed, when it was refused.
    pub handle: Name,
    /// Why it was refused.
    pub handle_problem: Option<String>,
    /// Whether the person hides from the friend lists that apps are given.
    pub is_hidden_from_apps: bool,
}

/// A friend, or someone on the way to be one.
#[derive(Debug, Clone)]
pub(crate) struct Friend {
    /// `per_…`
    pub id: String,
    /// Without the `@`.
    pub handle: Name,
    /// As they call themselves.
    pub name: Name,
    /// Friends since, or asked on.
    pub since: When,
}
