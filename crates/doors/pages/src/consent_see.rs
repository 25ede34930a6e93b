//! `GET /consent`: an app's question, as the person can answer it now.
//!
//! Invariant: the page is drawn from the offer against which the answer is settled, and its preview is counted by the rule
//! that will be enforced.

use crate::Door;
use crate::caller::{Person, Queried};
use crate::consent_answer::answered;
use crate::page::page_returning_to;
use crate::problem::{Problem, go_to};
use crate::reach::{self, Given};
use crate::view::{Asking, Becomes, Consent, Hidden, Name, Preview, Stands, TermsForm, When, count};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{Action, AuthorizationId, GrantState, Terms};
use oauth::authorize::Next;
use oauth::consent::{Choice, ChoiceInvalid, Offer, Question as Asks, Standing};
use oauth::{OAuthError, wording};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use vault::{Facts, Refusal};

/// A question that waits for this person's answer.
pub(crate) struct Question {
    pub(crate) id: AuthorizationId,
    pub(crate) asks: Asks,
    facts: Facts,
}

impl Question {
    /// Is there nobody to be sent back?
    pub(crate) fn is_of_a_device(&self) -> bool {
        self.facts.device.is_some()
    }

    /// Must she sign in before she lets the app do this? Signing in since the question came is enough.
    pub(crate) fn wants_sign_in(&self, terms: &Terms) -> bool {
        self.asks.steps_up(terms) && self.facts.signed_in_at < self.facts.asked_at
    }
}

#[derive(Deserialize, Default)]
pub(crate) struct Which {
    request: String,
}

/// Finds the question, if it can be answered by her and now; else says where to go instead.
pub(crate) async fn question(door: &Door, person: &Person, id: &str) -> Result<Question, Problem> {
    let id: AuthorizationId = id.parse().map_err(|_| Problem::NoPage)?;
    let facts = door.vault.consent(&person.own, id).await.map_err(|refusal| match refusal {
        Refusal::NotFound => Problem::Answered,
        refusal => refusal.into(),
    })?;
    let request = &facts.request;
    if !facts.app.live_at(facts.now) {
        return Err(Problem::Refused(Refusal::Conflict(
            "the app that sent you here has been suspended or retired, so it cannot be let in".to_owned(),
        )));
    }
    let signed_in = (facts.signed_in_at, person.own.person());
    match request.next(Some(signed_in), facts.asked_at, false, facts.now) {
        Next::SignIn => return Err(Problem::sign_in(&address(id))),
        Next::Refuse(error) => return Err(back(door, &facts, &error)),
        Next::Consent | Next::Issue => {}
    }
    let asks = facts.question().map_err(|error| back(door, &facts, &error))?;
    Ok(Question { id, asks, facts })
}

/// The app is told what cannot be; a device was told before it showed its code, and of what changed since, she is told.
fn back(door: &Door, facts: &Facts, error: &OAuthError) -> Problem {
    match facts.device {
        None => Problem::GoTo(facts.request.error_uri(&door.issuer, error)),
        Some(_) => Problem::Refused(Refusal::Conflict(error.description().to_owned())),
    }
}

/// Where a question is asked.
pub(crate) fn address(id: AuthorizationId) -> String {
    format!("/consent?request={id}")
}

/// What a form may in the end lead to, for the browser; and how it is called, for the person.
pub(crate) fn destination(redirect_uri: &str) -> (String, Name) {
    let (scheme, rest) = redirect_uri.split_once(':').unwrap_or((redirect_uri, ""));
    let host = rest.strip_prefix("//").map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
    match host {
        // A policy cannot name an IPv6 address; this one is this machine.
        Some(host) if scheme == "http" && host.starts_with('[') => ("http:".to_owned(), host.into()),
        Some(host) if matches!(scheme, "http" | "https") => (format!("{scheme}://{host}"), host.into()),
        _ => (format!("{scheme}:"), scheme.into()),
    }
}

/// What the choices mean today: those that were made, or those that stand on the page as it is first shown.
async fn preview(
    door: &Door,
    person: &Person,
    question: &Question,
    choice: Option<&Choice>,
) -> Result<(Preview, Option<ChoiceInvalid>), Problem> {
    let Question { asks, facts, .. } = question;
    let first = first_choice(&asks.offer);
    let settled = asks.settle(choice.unwrap_or(&first));
    let problem = settled.as_ref().err().copied();
    let terms = match settled {
        Ok(agreed) => agreed.terms,
        // Nothing is picked yet, so nothing would be reached.
        Err(ChoiceInvalid::NoConversation) => nowhere(asks.offer.widest()),
        Err(_) => asks.offer.widest(),
    };
    let (now, at) = (facts.now, asks.offer.given_at());
    let given = Given { terms: &terms, state: GrantState::Active, at, agreed_at: now, used: 0 };
    let (limits, actions) = reach::limits(&facts.app, &person.own, &given, now);
    let within = reach::within(door, &person.own, limits, &terms).await?;
    let preview = Preview {
        can_read: actions.contains(&Action::Read),
        messages: count(within.messages),
        with_messages: count(within.with_messages),
        conversations: count(within.conversations),
    };
    Ok((preview, problem))
}

/// The choices as the page first shows them.
fn first_choice(offer: &Offer) -> Choice {
    let ticked = offer.actions.iter().filter(|action| action.ticked);
    let picked = offer.ticked.iter();
    Choice {
        actions: ticked.map(|action| action.action.as_str().to_owned()).collect(),
        conversations: picked.map(ToString::to_string).collect(),
        ..Choice::default()
    }
}

/// The terms as the page first shows them; of conversations still to be picked, all count.
fn first_terms(asks: &Asks) -> Terms {
    match asks.settle(&first_choice(&asks.offer)) {
        Ok(agreed) => agreed.terms,
        // Nothing is picked yet, so nothing would be reached.
        Err(ChoiceInvalid::NoConversation) => nowhere(asks.offer.widest()),
        Err(_) => asks.offer.widest(),
    }
}

fn nowhere(mut terms: Terms) -> Terms {
    terms.reach.chosen = Some(BTreeSet::new());
    terms
}

/// What she let the app do before, and what becomes of it.
fn stands(asks: &Asks, app: &Name) -> Option<Stands> {
    if asks.standing.is_empty() {
        return None;
    }
    let becomes = if asks.is_more() {
        Becomes::More
    } else if asks.is_again() {
        Becomes::Again
    } else if asks.is_instead() {
        Becomes::Replaced
    } else {
        Becomes::Untouched
    };
    let says = |one: &Standing| wording::sentences(&one.terms, &app.plain());
    Some(Stands { becomes, says: asks.standing.iter().map(says).collect() })
}

/// Draws the question; with the choices that came back, if it is shown again, and why they cannot stand, if she wanted
/// to go on with them.
pub(crate) async fn draw(
    door: &Door,
    person: Person,
    question: Question,
    choice: Option<&Choice>,
    wanted: bool,
) -> Result<Response, Problem> {
    let (preview, problem) = preview(door, &person, &question, choice).await?;
    let problem = problem.filter(|_| wanted);
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let Question { id, asks, facts } = question;
    let Facts { request, app, device, .. } = facts;
    let offer = &asks.offer;
    let terms = if offer.only_signs_in() {
        None
    } else {
        let picks = reach::picks(door, &person.own, app.id, offer).await?;
        Some(TermsForm::new(offer, picks, choice))
    };
    let purpose = request.asked.as_ref().map(|asked| asked.purpose.as_str());
    let (origin, returns_to) = match &device {
        Some(_) => (String::new(), Name::default()),
        None => destination(&request.redirect_uri),
    };
    let device = device.map(|device| Asking {
        user_code: device.user_code,
        from: device.address,
        agent: device.agent.into(),
        at: When::moment(device.asked_at),
    });
    let name = Name::from(app.name.as_str());
    let view = Consent {
        page: person.page,
        partner: app.partner.clone().into(),
        purpose: purpose.unwrap_or("Sign you in").into(),
        return_to: address(id),
        returns_to,
        is_authenticated: app.kind.is_confidential(),
        stands: stands(&asks, &name),
        device,
        scopes: offer.scopes,
        terms,
        uses: offer.uses,
        preview,
        problem: problem.map(|problem| problem.to_string()),
        hidden: vec![Hidden { name: "request".to_owned(), value: id.to_string() }],
        app: name,
    };
    Ok(page_returning_to(status, &origin, &view))
}

/// `GET /consent?request=aut_…`
pub(crate) async fn consent_see(
    State(door): State<Arc<Door>>,
    person: Person,
    Queried(Which { request }): Queried<Which>,
) -> Result<Response, Problem> {
    let question = question(&door, &person, &request).await?;
    if question.asks.answered().is_some() {
        let recalled = door.vault.consent_allow(&person.own, question.id, Facts::answered).await;
        match recalled {
            Ok((request, code)) => {
                return Ok(go_to(&request.success_uri(&door.issuer, &code)));
            }
            // What stood a moment ago does not stand any more, so she is asked.
            Err(Refusal::Conflict(_)) => {}
            Err(refusal) => return Err(answered(refusal)),
        }
    }
    if question.wants_sign_in(&first_terms(&question.asks)) {
        return Err(Problem::sign_in_again(&address(question.id)));
    }
    draw(&door, person, question, None, false).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_may_lead_to_the_app_and_nowhere_else() {
        let of = |uri| {
            let (origin, name) = destination(uri);
            (origin, name.to_string())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            of("https://jukebox.example/back?x=1"),
            pair("https://jukebox.example", "jukebox.example")
        );
        assert_eq!(of("http://127.0.0.1:9000/back"), pair("http://127.0.0.1:9000", "127.0.0.1:9000"));
        assert_eq!(of("http://[::1]:9000/back"), pair("http:", "[::1]:9000"));
        assert_eq!(of("org.example.app:/back"), pair("org.example.app:", "org.example.app"));
    }
}
