//! What each page shows: one struct a page, filled by the action's file, drawn by the template of the same name.
//!
//! Invariant: a view holds only what the page says, already decided and counted. No view reads a database, a clock or a
//! request, and every text written by people is a [`Name`] or [`Words`], so that no template can show it unguarded.

mod apps;
mod check;
mod consent;
mod conversation;
mod conversation_apps;
mod conversation_new;
mod deleted;
mod device;
mod directory;
mod friends;
mod grant;
mod notices;
mod partner;
mod passkeys;
mod problem;
mod rights;
mod second_factor;
mod settings;
mod share;
mod sign;
mod terms;
mod verify;

pub(crate) use crate::shown_text::{Name, Span, Words};
pub(crate) use crate::when::When;
pub(crate) use apps::{AppCard, Apps, ReadsSince};
pub(crate) use check::Check;
pub(crate) use consent::{Becomes, Consent, Hidden, Preview, Stands};
pub(crate) use conversation::{
    AppsHere, Card, Content, Conversation, Conversations, Erasable, Message, Messages, NamedApp, Participant,
    Receipt, Row, entries,
};
pub(crate) use conversation_apps::{AppHere, ConversationApps};
pub(crate) use conversation_new::ConversationNew;
pub(crate) use deleted::{Deleted, DeletedRow};
pub(crate) use device::{Asking, Device};
pub(crate) use directory::{Directory, DirectoryApp, DirectoryEntry, DirectoryEvent, Ending, FormerCeiling};
pub(crate) use friends::{Friend, Friends};
pub(crate) use grant::{Access, Change, Filter, Grant, Usage};
pub(crate) use notices::{Notice, Notices};
pub(crate) use partner::{Delivery, Hook, Partner, PartnerEnter, PartnerHook, Right};
pub(crate) use passkeys::{Passkey, Passkeys};
pub(crate) use problem::Problem;
pub(crate) use rights::{action_label, ceiling_lines, contents, deeds};
pub(crate) use second_factor::{Codes, RecoveryCodes, Setup};
pub(crate) use settings::{Alerts, Session, Settings};
pub(crate) use share::Share;
pub(crate) use sign::{Recover, SignIn, SignInAgain, SignInCode, SignOut, SignUp};
pub(crate) use terms::{ConversationBox, TermsForm};
pub(crate) use verify::Verify;

/// What every page has around its own matter.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Who is signed in; `None` shows the ways to sign in and up instead of the navigation.
    pub viewer: Option<Viewer>,
    /// The token that every form carries in the hidden field `csrf`; belongs to the session, or to the sign-in cookie.
    pub csrf: String,
    /// The outcome of what was just done, above the page's own matter.
    pub flash: Option<Flash>,
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// Without the `@`.
    pub handle: Name,
    /// As they call themselves.
    pub name: Name,
    /// Unread notices; a dot in the navigation says that there are some.
    pub notices_unread: u64,
}

/// One sentence on what was just done.
#[derive(Debug, Clone)]
pub(crate) struct Flash(pub(crate) &'static str);

/// Where a list goes on. `None` where there is nothing more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pager {
    /// Address of the newer part.
    pub newer: Option<String>,
    /// Address of the older part.
    pub older: Option<String>,
}

/// A count as it is stored; there are none below zero.
pub(crate) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// `1 message`, `2 messages`, `1,204 messages`: a count with its noun.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A number with commas between its thousands.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
