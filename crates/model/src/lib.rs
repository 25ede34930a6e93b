//! The vocabulary of Waxseal: ids, times, people's content, and what a grant may allow.
//!
//! Pure values, floor 1: no I/O, no clock of its own, no database. Every other room speaks in these words.

mod content;
mod grant;
mod handle;
mod hint;
mod id;
mod lapse;
mod retiring;
mod rule;
mod time;
mod world;

pub use content::{CONTENT_TEXT_CHARS_MAX, Content, ContentInvalid};
pub use grant::{
    Action, Actions, Ceiling, EXPIRES_IN_S_DEFAULT, EXPIRES_IN_S_MAX, GrantState, Kind, Kinds, Reach,
    ReachCap, Scopes, Since, Terms,
};
pub use handle::{Handle, HandleInvalid, NameInvalid, person_name};
pub use hint::Hint;
pub use id::{
    AppId, AuthorizationId, ConversationId, DeliveryId, GrantId, IdInvalid, MessageId, NoticeId, PersonId,
    SessionId, WebhookId,
};
pub use lapse::{GRANT_UNUSED_S, LET_AGAIN_S, Lapsed, RIGHT_UNUSED_S, Uses};
pub use retiring::{Part, Retiring};
pub use rule::{Limits, MessageFacts, No, Place, Standing, Withheld, allow, in_force};
pub use time::{Time, TimeInvalid};
pub use world::{Clock, Entropy, World};
