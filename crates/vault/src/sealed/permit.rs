//! The permit: the gate's leave to do one thing once.
//!
//! Invariant: only `Caller::permit` makes one, out of the rule's answer; it is moved into the one function that spends it.

use super::caller::Caller;
use crate::{AppFacts, Refusal};
use model::{Action, AppId, Content, ConversationId, GrantId, Limits, PersonId, Time, allow};
use oauth::Once;
use std::sync::Arc;

mod closed {
    pub trait Closed {}
}

/// Something that an app may ask to do. Closed: the vault lists them all.
pub trait Act: closed::Closed + Send + 'static {
    /// Which action of a grant it needs.
    const ACTION: Action;
    /// The particulars that the rule looks at beyond the action.
    fn check(&self, _limits: &Limits) -> Result<(), Refusal> {
        Ok(())
    }
}

/// List the conversations within reach, newest activity first.
#[derive(Debug)]
pub struct ListConversations {
    /// Continue after this activity time and id.
    pub after: Option<(Time, ConversationId)>,
    /// At most so many.
    pub limit: i64,
}

/// See one conversation: who is in it and whose apps are active.
#[derive(Debug)]
pub struct SeeConversation {
    /// Which.
    pub conversation: ConversationId,
}

/// Read a page of messages.
#[derive(Debug)]
pub struct ReadMessages {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Which page.
    pub page: super::Page,
}

/// Send one message.
#[derive(Debug, Clone)]
pub struct SendMessage {
    /// To which conversation.
    pub conversation: ConversationId,
    /// What.
    pub content: Content,
    /// The caller's Idempotency-Key.
    pub key: String,
}

/// Start a conversation with friends.
#[derive(Debug, Clone)]
pub struct StartConversation {
    /// With whom, the person herself left out.
    pub others: Vec<PersonId>,
    /// A title, for a group.
    pub title: Option<String>,
}

/// Delete one message: the person's own for everyone, another's for the person.
#[derive(Debug)]
pub struct DeleteMessage {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Which.
    pub seq: i64,
}

/// Let the others see that the person writes.
#[derive(Debug, Clone, Copy)]
pub struct ShowTyping {
    /// In which conversation.
    pub conversation: ConversationId,
}

/// Hear what happens in a conversation, messages and all.
#[derive(Debug, Clone, Copy)]
pub struct FollowMessages {
    /// Which.
    pub conversation: ConversationId,
}

/// Hear that something happens in a conversation: who has read, who writes, that there is more.
#[derive(Debug, Clone, Copy)]
pub struct FollowConversation {
    /// Which.
    pub conversation: ConversationId,
}

macro_rules! acts {
    ($($act:ty = $action:ident;)*) => {$(
        impl closed::Closed for $act {}
        impl Act for $act { const ACTION: Action = Action::$action; }
    )*};
}

acts! {
    ListConversations = List;
    SeeConversation = List;
    ReadMessages = Read;
    ShowTyping = Send;
    FollowMessages = Read;
    FollowConversation = List;
    StartConversation = Send;
    DeleteMessage = Delete;
}

impl closed::Closed for SendMessage {}
impl Act for SendMessage {
    const ACTION: Action = Action::Send;
    fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        Ok(limits.sends(self.content.kind())?)
    }
}

/// Leave to do one `A` once. Cannot be made, copied, stored or sent elsewhere by anyone but the gate.
///
/// ```compile_fail
/// fn twice<A: vault::Act>(permit: vault::Permit<A>) -> (vault::Permit<A>, vault::Permit<A>) {
///     (permit.clone(), permit)
/// }
/// ```
#[must_use = "a permit that is not spent does nothing"]
pub struct Permit<A: Act> {
    pub(super) ask: A,
    pub(super) limits: Limits,
    pub(super) person: PersonId,
    pub(super) app: AppId,
    pub(super) grant: GrantId,
    pub(super) token: [u8; 32],
    pub(super) grant_version: i64,
    pub(super) app_facts: Arc<AppFacts>,
    pub(super) now: Time,
    /// The proof with which the token came, used up by the record.
    pub(super) once: Option<Once>,
}

impl<A: Act> std::fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Permit<{}>({})", A::ACTION, self.grant)
    }
}

impl Caller {
    /// Would the gate give leave for such an action at all? Nothing is done with the answer but to say it.
    pub fn allows(&self, action: Action) -> Result<(), Refusal> {
        allow(&self.standing(), action)?;
        Ok(())
    }

    /// The gate: asks the rule, and gives leave or says why not.
    pub fn permit<A: Act>(&self, ask: A) -> Result<Permit<A>, Refusal> {
        let limits = allow(&self.standing(), A::ACTION)?;
        ask.check(&limits)?;
        Ok(Permit {
            ask,
            limits,
            person: self.person(),
            app: self.app(),
            grant: self.grant(),
            token: self.found.token,
            grant_version: self.found.version,
            app_facts: self.app.clone(),
            now: self.now,
            once: self.once,
        })
    }
}
