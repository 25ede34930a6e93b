//! What the form shows is what would be granted.
//!
//! Invariant: a form sent back untouched settles to the terms that it showed.

use super::*;
use model::{Ceiling, Kinds, ReachCap, Scopes, Since, Terms, Time};
use oauth::consent::{offer, settle};

fn offered() -> Offer {
    let details = r#"[{"type":"messages","actions":["read","send","delete"],"optional":["delete"],
        "conversations":"all","since":"P3D","purpose":"A purpose of its own"}]"#;
    let ceiling = Ceiling {
        actions: Actions::ALL,
        reach: ReachCap::All,
        since: Since::All,
        kinds: Kinds::ALL,
        expires_in_s: 7_776_000,
        scopes: Scopes::ALL,
        retiring: model::Retiring::default(),
    };
    let asked = oauth::details::parse_request(details).unwrap();
    offer(Some(&asked), Scopes::OPENID, &ceiling, Time::from_micros(1_795_435_200_000_000)).unwrap()
}

/// What a browser would post of the form as it stands.
fn posted(form: &TermsForm) -> Choice {
    let value = |steps: &[Step]| steps.iter().find(|step| step.selected).map(|step| step.value.clone());
    let ticked = form.actions.iter().filter(|action| action.is_ticked);
    let kinds = form.kinds.iter().filter(|kind| kind.is_ticked);
    let conversations = form.conversations.iter().filter(|conversation| conversation.is_ticked);
    Choice {
        actions: ticked.map(|action| action.value().to_owned()).collect(),
        kinds: Some(kinds.map(|kind| kind.kind.as_str().to_owned()).collect()),
        reach: value(&form.reach),
        conversations: conversations.map(|conversation| conversation.id.clone()).collect(),
        since: value(&form.since),
        expires_in: value(&form.expires_in),
    }
}

#[test]
fn untouched_it_settles_to_the_offer_less_what_is_optional() {
    let offer = offered();
    let widest = offer.widest();
    let settled = settle(&offer, &posted(&TermsForm::new(&offer, vec![], None))).unwrap();
    assert_eq!(settled, Terms { actions: widest.actions.without(Action::Delete), ..widest });
}

#[test]
fn shown_again_it_holds_the_choice() {
    let offer = offered();
    let choice = Choice {
        actions: vec!["read".to_owned()],
        kinds: Some(vec!["card".to_owned()]),
        since: Some("grant".to_owned()),
        expires_in: Some("3600".to_owned()),
        ..Choice::default()
    };
    let again = posted(&TermsForm::new(&offer, vec![], Some(&choice)));
    assert_eq!(again.actions, ["list", "read"], "read brings list with it");
    assert_eq!(settle(&offer, &again), settle(&offer, &choice));
}

#[test]
fn a_value_that_is_not_offered_selects_nothing_else() {
    let offer = offered();
    let odd =
        Choice { since: Some("P99D".to_owned()), actions: vec!["rule".to_owned()], ..Choice::default() };
    let again = posted(&TermsForm::new(&offer, vec![], Some(&odd)));
    assert_eq!(again.since.as_deref(), Some("P3D"));
    assert!(again.actions.is_empty());
}
