//! The sealed part: token > Caller > Permit > Record > messages. Nothing else reads or writes a message.
//!
//! Invariants, held by private fields and by this module being the only place where they can be filled in:
//! a `Permit` is made by the gate alone and serves once; messages that were read stay in a `SealedPage` until the
//! access record is committed; what is sent or deleted goes through a `Record`, which owns the transaction.
//! The tables `messages`, `hidden_messages` and `access` are named here and in `schema/` only.
//! One exception, in `own.rs` (and `own_share.rs`, which sends by it): a person's own session reads her own conversations without a record. Staff have no
//! exception: `staff.rs` records first, with the reason, and the person sees it.

mod access_list;
mod alerted;
mod audit;
mod audit_map;
mod body;
mod caller;
mod callers;
mod conversations;
mod counted;
mod delete;
mod erase;
mod evidence;
mod follow;
mod import;
mod lapse;
mod own;
mod own_share;
mod page;
mod permit;
mod place;
mod power;
mod read;
mod receipt;
mod record;
mod scene;
mod send;
mod staff;
mod typing;
mod webhook;

pub use access_list::{Access, Deeds, LastUsed};
pub use audit::Audit;
pub use body::{Author, Message};
pub use caller::{Actor, Caller};
pub(crate) use callers::Callers;
pub use conversations::Started;
pub(crate) use evidence::EVIDENCE_AT_ONCE_MAX;
pub use evidence::{EVIDENCE_ACCESSES_MAX, EVIDENCE_ENTRIES_MAX};
pub use follow::{After, Ask, Event, Heard, Wants};
pub use import::{ImportMessage, ImportThread, Imported};
pub use own::{Deleted, Own, WithinReach};
pub use own_share::SHARE_FRIENDS_MAX;
pub use page::{JsonPage, Page};
pub use permit::{
    Act, DeleteMessage, FollowConversation, FollowMessages, ListConversations, Permit, ReadMessages,
    SeeConversation, SendMessage, ShowTyping, StartConversation,
};
pub use power::{ActionPower, Held, POWER_RATIO_MAX, POWER_S, Power};
pub use record::Opened;
pub use send::Sent;
pub use staff::{Staff, StaffConversation};

pub(crate) use caller::look;
pub(crate) use counted::{Counted, counted};
pub use delete::RESTORE_S;
pub(crate) use delete::purge_deleted;
pub(crate) use record::note_leaf;
pub(crate) use send::KEY_KEPT_S;
