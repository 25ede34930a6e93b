//! What a grant may allow: actions, reach, window, kinds, end, uses; and the ceiling above it.
//!
//! Invariant: every default is the narrowest, and every operation here can only narrow.

use crate::{ConversationId, Retiring, Time};
use std::collections::BTreeSet;

/// How long a grant lasts when the app does not say: 90 days.
pub const EXPIRES_IN_S_DEFAULT: i64 = 7_776_000;
/// The longest that a grant may last: 365 days.
pub const EXPIRES_IN_S_MAX: i64 = 31_536_000;

macro_rules! word_sets {
    ($($(#[$doc:meta])* $word:ident / $(#[$set_doc:meta])* $set:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum $word { $($(#[$variant_doc])* $variant),* }

        impl $word {
            /// All of them, in the order in which they are always written.
            pub const EACH: &'static [$word] = &[$($word::$variant),*];

            /// Its word outside.
            pub const fn as_str(self) -> &'static str {
                match self { $($word::$variant => $text),* }
            }

            /// The one with this word.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some($word::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $word {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $word {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        $(#[$set_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $set(u8);

        impl $set {
            /// None of them.
            pub const NONE: $set = $set(0);
            /// All of them.
            pub const ALL: $set = $set((1 << $word::EACH.len()) - 1);

            /// Is it among them?
            pub const fn has(self, one: $word) -> bool {
                self.0 & (1 << one as u8) != 0
            }

            /// These and this one.
            #[must_use]
            pub const fn with(self, one: $word) -> Self {
                $set(self.0 | (1 << one as u8))
            }

            /// These without this one.
            #[must_use]
            pub const fn without(self, one: $word) -> Self {
                $set(self.0 & !(1 << one as u8))
            }

            /// Those that are in both.
            #[must_use]
            pub const fn and(self, other: Self) -> Self {
                $set(self.0 & other.0)
            }

            /// Those that are in either.
            #[must_use]
            pub const fn or(self, other: Self) -> Self {
                $set(self.0 | other.0)
            }

            /// Are there none?
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Are all of these in `other`?
            pub const fn within(self, other: Self) -> bool {
                self.0 & !other.0 == 0
            }

            /// As a number for storage: bit i is the i-th of `EACH`.
            pub const fn bits(self) -> i64 {
                self.0 as i64
            }

            /// From storage; unknown bits are dropped, which can only narrow.
            pub const fn from_bits(bits: i64) -> Self {
                $set((bits & Self::ALL.0 as i64) as u8)
            }

            /// Each of them, in order.
            pub fn iter(self) -> impl Iterator<Item = $word> {
                $word::EACH.iter().copied().filter(move |&one| self.has(one))
            }
        }

        impl FromIterator<$word> for $set {
            fn from_iter<I: IntoIterator<Item = $word>>(words: I) -> Self {
                words.into_iter().fold(Self::NONE, Self::with)
            }
        }

        impl std::fmt::Debug for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_set().entries(self.iter()).finish()
            }
        }

        impl serde::Serialize for $set {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.iter())
            }
        }
    )*};
}

word_sets! {
    /// What an app may do.
    Action / /// A set of actions.
    Actions {
        /// See that a conversation exists and who is in it.
        List = "list",
        /// Read its messages.
        Read = "read",
        /// Send messages as the person, marked with the app's name; start conversations with friends.
        Send = "send",
        /// Delete messages; the person can restore them for 30 days.
        Delete = "delete",
    }
    /// Which kind of content.
    Kind / /// A set of kinds.
    Kinds {
        /// Words.
        Text = "text",
        /// Cards: a film, a track, a folder.
        Card = "card",
        /// Receipts of payments.
        Receipt = "receipt",
    }
}

impl Actions {
    /// `read` implies `list`.
    #[must_use]
    pub const fn closed(self) -> Self {
        if self.has(Action::Read) { self.with(Action::List) } else { self }
    }
}

/// How far back a window opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Since {
    /// Nothing older than the grant.
    #[default]
    Grant,
    /// Nothing older than this moment.
    At(Time),
    /// Nothing older than so many seconds before now: the window rolls.
    Last(i64),
    /// Everything.
    All,
}

impl Since {
    /// The oldest moment that the window shows at `now`, of a grant given at `given_at`.
    pub fn opens(self, given_at: Time, now: Time) -> Time {
        match self {
            Since::Grant => given_at,
            Since::At(time) => time,
            Since::Last(seconds) => now.plus_seconds(seconds.saturating_neg()),
            Since::All => Time::EARLIEST,
        }
    }

    /// The one of the two whose window is smaller at `now`, of a grant given at `given_at`.
    #[must_use]
    pub fn narrower(self, other: Since, given_at: Time, now: Time) -> Since {
        if other.opens(given_at, now) > self.opens(given_at, now) { other } else { self }
    }
}

/// The widest reach that an app may be granted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum ReachCap {
    /// Conversations that the app started.
    #[default]
    Started,
    /// Conversations that the person picks.
    Chosen,
    /// All conversations.
    All,
}

impl ReachCap {
    /// Its word outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReachCap::Started => "started",
            ReachCap::Chosen => "chosen",
            ReachCap::All => "all",
        }
    }

    /// The one with this word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "started" => Some(ReachCap::Started),
            "chosen" => Some(ReachCap::Chosen),
            "all" => Some(ReachCap::All),
            _ => None,
        }
    }
}

/// Which conversations a grant reaches: every condition that is set must hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reach {
    /// Only conversations that the app started.
    pub started_only: bool,
    /// Only these conversations.
    pub chosen: Option<BTreeSet<ConversationId>>,
}

impl Reach {
    /// Only conversations that the app started: the narrowest, and the default.
    pub const STARTED: Reach = Reach { started_only: true, chosen: None };
    /// Every conversation of the person.
    pub const ALL: Reach = Reach { started_only: false, chosen: None };

    /// Only these.
    pub fn only(conversations: impl IntoIterator<Item = ConversationId>) -> Self {
        Reach { started_only: false, chosen: Some(conversations.into_iter().collect()) }
    }

    /// How wide it is, in the words of a ceiling.
    pub fn cap(&self) -> ReachCap {
        match (self.started_only, &self.chosen) {
            (true, _) => ReachCap::Started,
            (false, Some(_)) => ReachCap::Chosen,
            (false, None) => ReachCap::All,
        }
    }
}

/// Scopes beside messages: `openid profile friends offline_access`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Scopes(u8);

impl Scopes {
    /// Sign the person in.
    pub const OPENID: Scopes = Scopes(1);
    /// Handle and name.
    pub const PROFILE: Scopes = Scopes(2);
    /// Friends who did not hide themselves.
    pub const FRIENDS: Scopes = Scopes(4);
    /// Go on while the person is signed out.
    pub const OFFLINE_ACCESS: Scopes = Scopes(8);
    /// Every scope.
    pub const ALL: Scopes = Scopes(15);

    const WORDS: [(&'static str, Scopes); 4] = [
        ("openid", Scopes::OPENID),
        ("profile", Scopes::PROFILE),
        ("friends", Scopes::FRIENDS),
        ("offline_access", Scopes::OFFLINE_ACCESS),
    ];

    /// Reads a space-separated list; unknown scopes are ignored (OpenID Connect Core 3.1.2.1).
    pub fn parse(text: &str) -> Self {
        text.split(' ').fold(Scopes(0), |sum, word| {
            Scopes::WORDS
                .iter()
                .find(|(name, _)| *name == word)
                .map_or(sum, |(_, scope)| Scopes(sum.0 | scope.0))
        })
    }

    /// Are all of `other` in these?
    pub const fn has(self, other: Scopes) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those in both.
    #[must_use]
    pub const fn and(self, other: Scopes) -> Self {
        Scopes(self.0 & other.0)
    }

    /// Those in either.
    #[must_use]
    pub const fn or(self, other: Scopes) -> Self {
        Scopes(self.0 | other.0)
    }

    /// These without those.
    #[must_use]
    pub const fn without(self, other: Scopes) -> Self {
        Scopes(self.0 & !other.0)
    }

    /// Each word, in order.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Scopes::WORDS.into_iter().filter(move |(_, scope)| self.has(*scope)).map(|(word, _)| word)
    }

    /// For storage.
    pub const fn bits(self) -> i64 {
        self.0 as i64
    }

    /// From storage; unknown bits are dropped.
    pub const fn from_bits(bits: i64) -> Self {
        Scopes((bits & 15) as u8)
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words().collect::<Vec<_>>().join(" "))
    }
}

impl std::fmt::Debug for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scopes({self})")
    }
}

/// The most that an app may ever be granted: set by the operator, public.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ceiling {
    /// Which actions.
    pub actions: Actions,
    /// Which conversations.
    pub reach: ReachCap,
    /// How far back.
    pub since: Since,
    /// Which kinds of content.
    pub kinds: Kinds,
    /// The longest that a grant may last, in seconds.
    pub expires_in_s: i64,
    /// Which scopes.
    pub scopes: Scopes,
    /// Which of it ends by itself: ask [`Ceiling::actions_at`] and [`Ceiling::kinds_at`].
    pub retiring: Retiring,
}

/// What one person let one app do with her messages. `actions` empty: nothing, the app only signs her in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Which actions; `read` implies `list`.
    pub actions: Actions,
    /// Which conversations.
    pub reach: Reach,
    /// How far back.
    pub since: Since,
    /// Which kinds of content.
    pub kinds: Kinds,
    /// When it ends by itself.
    pub ends_at: Time,
    /// How many acts in all; none means no such limit.
    pub uses: Option<u64>,
}

impl Terms {
    /// Does it let the app look at what was written, so that the window matters?
    pub const fn looks_back(&self) -> bool {
        self.actions.has(Action::Read) || self.actions.has(Action::Delete)
    }

    /// Do these allow nothing at `now` that the others do not, of a grant given at `given_at`?
    pub fn within(&self, other: &Terms, given_at: Time, now: Time) -> bool {
        let picked = match (&self.reach.chosen, &other.reach.chosen) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(ids), Some(others)) => ids.is_subset(others),
        };
        let counted = match (self.uses, other.uses) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(uses), Some(others)) => uses <= others,
        };
        picked
            && counted
            && self.actions.closed().within(other.actions.closed())
            && (self.reach.started_only || !other.reach.started_only)
            && self.since.opens(given_at, now) >= other.since.opens(given_at, now)
            && self.kinds.within(other.kinds)
            && self.ends_at <= other.ends_at
    }

    /// What both allow at `now`, of a grant given at `given_at`. How often is what these terms say.
    #[must_use]
    pub fn meet(mut self, other: &Terms, given_at: Time, now: Time) -> Terms {
        self.actions = self.actions.closed().and(other.actions.closed());
        self.reach.started_only |= other.reach.started_only;
        match (&mut self.reach.chosen, &other.reach.chosen) {
            (Some(ids), Some(others)) => ids.retain(|id| others.contains(id)),
            (chosen @ None, Some(others)) => *chosen = Some(others.clone()),
            (_, None) => {}
        }
        self.since = self.since.narrower(other.since, given_at, now);
        self.kinds = self.kinds.and(other.kinds);
        self.ends_at = self.ends_at.min(other.ends_at);
        self
    }
}

/// Where a grant stands in its life. Only `Active` lets anything through; `Ended` and `Spent` are final.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GrantState {
    /// In force.
    Active,
    /// Held by the person for now.
    Paused,
    /// Revoked by the person, handed back by the app, or ended by the operator.
    Ended,
    /// All its uses are used.
    Spent,
}

impl GrantState {
    /// Its word outside and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            GrantState::Active => "active",
            GrantState::Paused => "paused",
            GrantState::Ended => "ended",
            GrantState::Spent => "spent",
        }
    }

    /// From storage: what is not known lets nothing through.
    pub fn parse(text: &str) -> Self {
        match text {
            "active" => GrantState::Active,
            "paused" => GrantState::Paused,
            "spent" => GrantState::Spent,
            _ => GrantState::Ended,
        }
    }
}
