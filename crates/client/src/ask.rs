//! What an app asks a person for: scopes, and `authorization_details` of the type `messages` (RFC 9396), as types.
//!
//! Invariant: what is left out is left to the server's default, which is always the narrowest.

use crate::shapes::{Action, Kind};
use serde::Serialize;

/// What an app asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub(crate) scopes: Vec<&'static str>,
    pub(crate) messages: Option<Messages>,
    pub(crate) prompt: Option<&'static str>,
    pub(crate) merge_into: Option<String>,
}

impl Ask {
    /// Nothing but who she is: signs in, and reaches no message. Her name comes with [`Ask::with_profile`].
    pub fn sign_in_only() -> Ask {
        Ask { scopes: vec!["openid"], messages: None, prompt: None, merge_into: None }
    }

    /// Her handle and name as well.
    #[must_use]
    pub fn with_profile(self) -> Ask {
        self.with_scope("profile")
    }

    /// The list of her friends.
    #[must_use]
    pub fn with_friends(self) -> Ask {
        self.with_scope("friends")
    }

    /// To go on while she is away from the browser in which she let the app in. Without it, signing out there ends this too.
    #[must_use]
    pub fn while_away(self) -> Ask {
        self.with_scope("offline_access")
    }

    /// She must prove anew that it is her, though she is signed in.
    #[must_use]
    pub fn signing_in_anew(mut self) -> Ask {
        self.prompt = Some("login");
        self
    }

    /// Adds to a grant that stands: she is asked for what is more, and keeps what she gave. For apps that prove themselves.
    #[must_use]
    pub fn added_to(mut self, grant_id: impl Into<String>) -> Ask {
        self.merge_into = Some(grant_id.into());
        self
    }

    fn with_scope(mut self, scope: &'static str) -> Ask {
        if !self.scopes.contains(&scope) {
            self.scopes.push(scope);
        }
        self
    }
}

/// Access to messages that is asked for. The least that the app's feature needs is the most that a person should be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Messages {
    r#type: &'static str,
    actions: Vec<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversations: Option<AskedReach>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kinds: Option<Vec<Kind>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    optional: Vec<Action>,
    purpose: String,
}

/// In which conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AskedReach {
    /// Those that the app starts: the default.
    Started,
    /// Those that the person picks.
    Chosen,
    /// All of hers.
    All,
    /// These, by id, which the app knows from before.
    #[serde(untagged)]
    These(Vec<String>),
}

/// How far back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// From the grant on: the default.
    Grant,
    /// The last so many days, at any time.
    Days(u32),
    /// The last so many hours, at any time.
    Hours(u32),
    /// From this moment on: RFC 3339.
    Moment(String),
    /// Everything.
    All,
}

impl Messages {
    /// Asks for messages; `purpose` is one sentence of 10 to 200 characters that the person reads. Say what may be done with
    /// [`actions`](Messages::actions).
    pub fn new(purpose: impl Into<String>) -> Messages {
        Messages {
            r#type: "messages",
            actions: Vec::new(),
            conversations: None,
            since: None,
            kinds: None,
            expires_in: None,
            uses: None,
            optional: Vec::new(),
            purpose: purpose.into(),
        }
    }

    /// What the app would do; `Read` brings `List` with it.
    #[must_use]
    pub fn actions(mut self, actions: impl IntoIterator<Item = Action>) -> Messages {
        self.actions = actions.into_iter().collect();
        self
    }

    /// Those of the actions that the app can do without: shown unticked.
    #[must_use]
    pub fn optional(mut self, actions: impl IntoIterator<Item = Action>) -> Messages {
        self.optional = actions.into_iter().collect();
        self
    }

    /// In which conversations.
    #[must_use]
    pub fn conversations(mut self, reach: AskedReach) -> Messages {
        self.conversations = Some(reach);
        self
    }

    /// How far back.
    #[must_use]
    pub fn since(mut self, since: Since) -> Messages {
        self.since = Some(match since {
            Since::Grant => "grant".to_owned(),
            Since::Days(days) => format!("P{days}D"),
            Since::Hours(hours) => format!("PT{hours}H"),
            Since::Moment(moment) => moment,
            Since::All => "all".to_owned(),
        });
        self
    }

    /// With which kinds of content.
    #[must_use]
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = Kind>) -> Messages {
        self.kinds = Some(kinds.into_iter().collect());
        self
    }

    /// For how long, in seconds; at most a year, 90 days if it is not said.
    #[must_use]
    pub fn for_seconds(mut self, seconds: u64) -> Messages {
        self.expires_in = Some(seconds);
        self
    }

    /// How many acts in all; then it is spent.
    #[must_use]
    pub fn uses(mut self, uses: u64) -> Messages {
        self.uses = Some(uses);
        self
    }

    /// The whole question: this, and who she is.
    pub fn ask(self) -> Ask {
        Ask { messages: Some(self), ..Ask::sign_in_only() }
    }

    /// The `authorization_details` array.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(&[self]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn shown(messages: &Messages) -> Value {
        serde_json::from_str(&messages.json()).unwrap()
    }

    #[test]
    fn what_is_not_said_is_left_to_the_server() {
        let least = Messages::new("Sends a receipt").actions([Action::Send]);
        let expected = json!([{"type": "messages", "actions": ["send"], "purpose": "Sends a receipt"}]);
        assert_eq!(shown(&least), expected);
    }

    #[test]
    fn all_that_can_be_said_is_written_as_the_contract_says() {
        let all = Messages::new("Shows and answers chats")
            .actions([Action::List, Action::Read, Action::Send, Action::Delete])
            .optional([Action::Delete])
            .conversations(AskedReach::Started)
            .since(Since::Days(3))
            .kinds([Kind::Text, Kind::Card, Kind::Receipt])
            .for_seconds(7_776_000)
            .uses(5);
        let expected = json!([{"type": "messages", "actions": ["list", "read", "send", "delete"],
            "conversations": "started", "since": "P3D", "kinds": ["text", "card", "receipt"],
            "expires_in": 7_776_000, "uses": 5, "optional": ["delete"], "purpose": "Shows and answers chats"}]);
        assert_eq!(shown(&all), expected);
        let these = all.conversations(AskedReach::These(vec!["con_1".to_owned()])).since(Since::Hours(12));
        assert_eq!(shown(&these)[0]["conversations"], json!(["con_1"]));
        assert_eq!(shown(&these)[0]["since"], "PT12H");
    }
}
