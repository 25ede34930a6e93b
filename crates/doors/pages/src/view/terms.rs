//! The axes on which a grant can be narrowed: one form part, the same on the consent page and on a grant's page.
//!
//! Invariant: its field names are the outside contract (`action`, `conversation`, `since`, `expires_in`, `kind`; `reach`
//! where there is a choice), and it only offers what the app asked for and the ceiling allows, or less.

use super::Name;

/// The choices; what is ticked and selected is what would be granted.
#[derive(Debug, Clone)]
pub struct TermsForm {
    /// The app's name, for the sentences.
    pub app: Name,
    /// Checkboxes named `action`.
    pub actions: Vec<ActionChoice>,
    /// Which conversations: one choice is a sentence (and a hidden `reach`), more are radio buttons named `reach`, widest first.
    pub reach: Vec<ReachChoice>,
    /// Checkboxes named `conversation`; shown when a reach choice is `chosen`.
    pub conversations: Vec<ConversationChoice>,
    /// Checkboxes named `kind`.
    pub kinds: Vec<KindChoice>,
    /// The select `since`, widest first.
    pub since: Vec<Choice>,
    /// The select `expires_in`, longest first.
    pub expires_in: Vec<Choice>,
}

impl TermsForm {
    pub(super) fn has_chosen(&self) -> bool {
        self.reach.iter().any(|reach| reach.value == "chosen")
    }
}

/// One action: `list`, `read`, `send` or `delete`.
#[derive(Debug, Clone)]
pub struct ActionChoice {
    /// The wire value.
    pub value: &'static str,
    /// Whether it stands ticked.
    pub is_ticked: bool,
    /// Whether the app said that it can do without.
    pub is_optional: bool,
}

impl ActionChoice {
    pub(super) fn label(&self) -> &'static str {
        action_label(self.value)
    }

    pub(super) fn meaning(&self) -> &'static str {
        match self.value {
            "list" => "Which conversations there are, and who is in them. Not what was said.",
            "read" => "What was said, by you and by others who let apps read their words.",
            "send" => "Others see the app’s name on every message that it sends for you.",
            "delete" => "Yours for everyone, others’ only for you. You can restore them for 30 days.",
            _ => "",
        }
    }

    pub(super) fn loss(&self) -> &'static str {
        match self.value {
            "list" => "find your conversations, so it can hardly do anything",
            "read" => "show you any messages, or know what it answers to",
            "send" => "write or start anything for you",
            "delete" => "remove anything; you still can, here",
            _ => "work as it says",
        }
    }
}

/// The short name of an action, everywhere the same.
pub fn action_label(value: &str) -> &'static str {
    match value {
        "list" => "See your conversations",
        "read" => "Read messages",
        "send" => "Send messages as you",
        "delete" => "Delete messages",
        _ => "Something this page does not know",
    }
}

/// Which conversations: `started`, `chosen` or `all`.
#[derive(Debug, Clone)]
pub struct ReachChoice {
    /// The wire value.
    pub value: &'static str,
    /// Whether it is the one in force.
    pub is_selected: bool,
}

impl ReachChoice {
    pub(super) fn label(&self, app: &Name) -> String {
        match self.value {
            "started" => format!("Only conversations that {} starts", app.plain()),
            "chosen" => "Only conversations that you pick".to_owned(),
            _ => "All your conversations, also those to come".to_owned(),
        }
    }

    pub(super) fn meaning(&self) -> &'static str {
        match self.value {
            "started" => "Everything that you have today stays out of its reach.",
            "chosen" => "Nothing else, and none that begins later.",
            _ => "The widest there is. You can pick some instead.",
        }
    }
}

/// A conversation to pick.
#[derive(Debug, Clone)]
pub struct ConversationChoice {
    /// `con_…`
    pub id: String,
    /// Its title, or who else is in it.
    pub title: Name,
    /// How much is in it: `214 messages`.
    pub hint: String,
    /// Whether it stands ticked.
    pub is_ticked: bool,
}

/// A kind of content: `text`, `card` or `receipt`.
#[derive(Debug, Clone)]
pub struct KindChoice {
    /// The wire value.
    pub value: &'static str,
    /// Whether it stands ticked.
    pub is_ticked: bool,
}

impl KindChoice {
    pub(super) fn label(&self) -> &'static str {
        match self.value {
            "text" => "Text",
            "card" => "Cards",
            "receipt" => "Receipts",
            _ => "Others",
        }
    }

    pub(super) fn meaning(&self) -> &'static str {
        match self.value {
            "text" => "what people write",
            "card" => "films, tracks, folders that were shared",
            "receipt" => "notes of payments",
            _ => "",
        }
    }
}

/// One line of a select.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The wire value.
    pub value: String,
    /// What it says.
    pub label: String,
    /// Whether it is the one in force.
    pub is_selected: bool,
}

impl Choice {
    /// A line for `since`, with its words: `grant`, `all`, a duration such as `P3D`, or a date.
    pub fn since(value: &str, is_selected: bool) -> Self {
        Choice { value: value.to_owned(), label: since_words(value), is_selected }
    }

    /// A line for `expires_in`, with its words.
    pub fn expires_in(seconds: u64, is_selected: bool) -> Self {
        Choice { value: seconds.to_string(), label: format!("After {}", span_words(seconds)), is_selected }
    }
}

/// How far back, in words.
pub fn since_words(value: &str) -> String {
    match value {
        "grant" => "Only from now on".to_owned(),
        "all" => "Everything ever written".to_owned(),
        _ => match duration_words(value) {
            Some(span) => format!("Only the last {span}"),
            None => format!("Only since {}", value.get(..10).unwrap_or(value)),
        },
    }
}

/// `P3D` as `3 days`, `PT12H` as `12 hours`; `None` for what is not one number and one unit.
fn duration_words(value: &str) -> Option<String> {
    let rest = value.strip_prefix('P')?;
    let (rest, is_time) = rest.strip_prefix('T').map_or((rest, false), |rest| (rest, true));
    let (number, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    let (one, many) = match (unit, is_time) {
        ("D", false) => ("day", "days"),
        ("W", false) => ("week", "weeks"),
        ("M", false) => ("month", "months"),
        ("Y", false) => ("year", "years"),
        ("H", true) => ("hour", "hours"),
        ("M", true) => ("minute", "minutes"),
        ("S", true) => ("second", "seconds"),
        _ => return None,
    };
    Some(super::counted(number, one, many))
}

/// A span of seconds in its largest whole unit: `90 days`, `1 hour`.
pub fn span_words(seconds: u64) -> String {
    const UNITS: [(u64, &str, &str); 4] = [
        (86_400, "day", "days"),
        (3_600, "hour", "hours"),
        (60, "minute", "minutes"),
        (1, "second", "seconds"),
    ];
    let (unit, one, many) = UNITS
        .into_iter()
        .find(|(unit, ..)| seconds >= *unit && seconds.is_multiple_of(*unit))
        .unwrap_or(UNITS[3]);
    super::counted(seconds / unit, one, many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_in_words() {
        assert_eq!(span_words(7_776_000), "90 days");
        assert_eq!(span_words(3_600), "1 hour");
        assert_eq!(span_words(90), "90 seconds");
        assert_eq!(since_words("P3D"), "Only the last 3 days");
        assert_eq!(since_words("PT1H"), "Only the last 1 hour");
        assert_eq!(since_words("2026-01-01T00:00:00Z"), "Only since 2026-01-01");
        for odd in ["P", "PT", "", "PD", "P\u{e9}"] {
            assert!(since_words(odd).starts_with("Only since"), "{odd}");
        }
    }
}
