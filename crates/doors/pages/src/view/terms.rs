//! The axes on which a grant can be narrowed: one form part, the same on the consent page and on a grant's page.
//!
//! Invariant: it is drawn from the [`Offer`] against which the form is settled, so it cannot offer, nor say, anything else.
//! Its field names are the outside contract: `action`, `conversation`, `since`, `expires_in`; and `kind`, `reach`.

use super::Name;
use super::rights::{action_label, kind_label, kind_meaning};
use askama::Template;
use model::{Action, Actions, Kind};
use oauth::consent::{ActionOffer, Choice, Offer, Step};

/// The choices; what is ticked and selected is what would be granted.
#[derive(Template, Debug, Clone)]
#[template(path = "part/terms.html")]
pub(crate) struct TermsForm {
    actions: Vec<ActionBox>,
    kinds: Vec<KindBox>,
    /// One is a sentence (and a hidden field), more are radio buttons.
    reach: Vec<Step>,
    since: Vec<Step>,
    expires_in: Vec<Step>,
    /// To pick from.
    pub conversations: Vec<ConversationBox>,
}

/// A conversation to pick.
#[derive(Debug, Clone)]
pub(crate) struct ConversationBox {
    /// `con_…`
    pub id: String,
    /// Its title, or who else is in it.
    pub title: Name,
    /// How much is in it: `214 messages`.
    pub hint: String,
    /// Whether it stands ticked.
    pub is_ticked: bool,
}

#[derive(Debug, Clone)]
struct ActionBox {
    offer: ActionOffer,
    is_ticked: bool,
}

#[derive(Debug, Clone)]
struct KindBox {
    kind: Kind,
    is_ticked: bool,
}

impl TermsForm {
    /// The offer as a form; with the choice that came back, if the page is shown again. `conversations` are those that can
    /// be picked under this offer (`pick_from`).
    pub(crate) fn new(offer: &Offer, conversations: Vec<ConversationBox>, choice: Option<&Choice>) -> Self {
        // `read` brings `list` with it, as it will when the form is settled.
        let ticked = choice.map(|choice| {
            choice.actions.iter().filter_map(|word| Action::parse(word)).collect::<Actions>().closed()
        });
        let actions = offer.actions.iter().map(|action| ActionBox {
            offer: action.clone(),
            is_ticked: ticked.map_or(action.ticked, |ticked| ticked.has(action.action)),
        });
        let chosen_kinds = choice.and_then(|choice| choice.kinds.as_ref());
        let kinds = offer.kinds.iter().map(|kind| KindBox {
            kind,
            is_ticked: chosen_kinds.is_none_or(|chosen| has_word(chosen, kind.as_str())),
        });
        let conversations = conversations.into_iter().map(|conversation| ConversationBox {
            is_ticked: choice
                .map_or(conversation.is_ticked, |choice| has_word(&choice.conversations, &conversation.id)),
            ..conversation
        });
        TermsForm {
            actions: actions.collect(),
            kinds: kinds.collect(),
            reach: selected(&offer.reach, choice.and_then(|choice| choice.reach.as_deref())),
            since: selected(&offer.since, choice.and_then(|choice| choice.since.as_deref())),
            expires_in: selected(&offer.expires_in, choice.and_then(|choice| choice.expires_in.as_deref())),
            conversations: conversations.collect(),
        }
    }
}

impl ActionBox {
    fn value(&self) -> &'static str {
        self.offer.action.as_str()
    }

    fn label(&self) -> &'static str {
        action_label(self.offer.action)
    }
}

impl KindBox {
    fn label(&self) -> &'static str {
        kind_label(self.kind)
    }

    fn meaning(&self) -> &'static str {
        kind_meaning(self.kind)
    }
}

fn has_word(words: &[String], word: &str) -> bool {
    words.iter().any(|other| other == word)
}

/// The steps with the chosen one selected, if it is among them.
fn selected(steps: &[Step], chosen: Option<&str>) -> Vec<Step> {
    let chosen = chosen.filter(|value| steps.iter().any(|step| step.value == *value));
    let select = |step: &Step| Step {
        selected: chosen.map_or(step.selected, |value| step.value == value),
        ..step.clone()
    };
    steps.iter().map(select).collect()
}

#[cfg(test)]
#[path = "terms_tests.rs"]
mod tests;
