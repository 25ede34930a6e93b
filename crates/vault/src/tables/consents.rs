//! A person's answer to an app: a grant of its own, more or less of one that stands, or what she let before.
//!
//! Invariant: what is stored was decided by `oauth::consent` on what stands in the very transaction that stores it, and
//! every change of a grant is an event of it.

use super::apps::AppFacts;
use super::authorizations::{Waiting, remove, waiting};
use super::devices::{self, Device};
use super::families::{self, Answer};
use super::grants::{self, Grant};
use super::secret::{Secret, SecretKind};
use super::{sessions, tokens};
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use model::{AppId, AuthorizationId, GrantId, GrantState, PersonId, SessionId, Time, World};
use oauth::OAuthError;
use oauth::authorize::Request;
use oauth::consent::{self, Agreed, Ask, Question, Standing};

/// What a question is answered on.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The request.
    pub request: Request,
    /// When it came.
    pub asked_at: Time,
    /// The device that asks, if it is not a browser that goes back to the app.
    pub device: Option<Device>,
    /// The app that asks.
    pub app: AppFacts,
    /// What it holds from her already, what she agreed to last first.
    pub standing: Vec<Standing>,
    /// When she signed in.
    pub signed_in_at: Time,
    /// The present moment.
    pub now: Time,
}

impl Facts {
    /// What she is asked, if she must be.
    pub fn question(&self) -> Result<Question, OAuthError> {
        let Facts { request, app, .. } = self;
        let ask = Ask {
            asked: request.asked.as_ref(),
            scopes: request.scopes,
            ceiling: &app.ceiling,
            manage: request.manage,
            // What a device shows is compared by a person, each time.
            show: self.device.is_some() || request.is_always_shown(!app.kind.is_confidential()),
        };
        consent::question(&ask, &self.standing, self.now)
    }

    /// What follows from what she let before.
    pub fn answered(&self) -> Result<Agreed, Refusal> {
        let answered = self.question().ok().and_then(|question| question.answered());
        answered.ok_or_else(|| Refusal::Conflict("she must be asked first".to_owned()))
    }
}

/// Her grants to the app that are in force or paused.
fn standing(db: &mut impl Reads, person: PersonId, app: AppId) -> Result<Vec<Grant>, Fault> {
    let mut found = grants::select(
        db,
        "g.person = $1 and g.app = $2 and g.state in ('active', 'paused') order by g.agreed_at desc, g.id desc",
        params![person.as_bytes(), app.as_bytes()],
    )?;
    found.retain(|grant| grant.contained.is_none());
    Ok(found)
}

fn facts(
    db: &mut impl Reads,
    (person, session): (PersonId, SessionId),
    (request, asked_at): (Request, Time),
    device: Option<Device>,
    now: Time,
) -> Result<Facts, Refusal> {
    let app = super::apps::read(db, request.client_id)?.ok_or(Refusal::NotFound)?;
    let stands = standing(db, person, app.id)?.into_iter().map(|grant| Standing {
        grant: grant.id,
        scopes: grant.scopes,
        terms: grant.terms,
        purpose: grant.purpose,
        given_at: grant.given_at,
        agreed_at: grant.agreed_at,
        state: grant.state,
    });
    let signed_in_at = sessions::signed_in_at(db, session)?;
    Ok(Facts { request, asked_at, device, app, standing: stands.collect(), signed_in_at, now })
}

/// Carries out what was agreed; the grant as it is from now on comes back.
pub(crate) fn settle(
    tx: &mut Tx<'_>,
    world: &World,
    person: PersonId,
    app: AppId,
    agreed: &Agreed,
) -> Result<Grant, Refusal> {
    let now = world.now();
    let stood = match agreed.on {
        Some(grant) => Some(grants::find(tx, grant)?.ok_or(Refusal::Changed)?),
        None => None,
    };
    let picked = stood.as_ref().and_then(|stood| stood.terms.reach.chosen.as_ref());
    for conversation in agreed.terms.reach.chosen.iter().flatten() {
        if picked.is_none_or(|picked| !picked.contains(conversation)) {
            super::conversations::participant(tx, *conversation, person)?.ok_or(Refusal::NotFound)?;
        }
    }
    if let Some(stood) = stood {
        return grants::agree(tx, &stood, agreed, now);
    }
    let grant = Grant {
        id: GrantId::new(world),
        person,
        app,
        scopes: agreed.scopes,
        terms: agreed.terms.clone(),
        state: GrantState::Active,
        purpose: agreed.purpose.clone(),
        given_at: now,
        agreed_at: now,
        used: 0,
        used_at: None,
        contained: None,
    };
    grants::insert(tx, world, &grant)?;
    Ok(grant)
}

/// Nobody else changes her grants to this app until the transaction ends.
fn hold_standing(tx: &mut Tx<'_>, person: PersonId, app: AppId) -> Result<(), Fault> {
    let sql = "update grants set version = version where person = $1 and app = $2 and state in ('active', 'paused')";
    tx.put(sql, params![person.as_bytes(), app.as_bytes()])
}

/// Takes a question to be answered in this transaction, with all that it is answered on.
pub(crate) fn take(
    tx: &mut Tx<'_>,
    (person, session): (PersonId, SessionId),
    authorization: AuthorizationId,
    now: Time,
) -> Result<Facts, Refusal> {
    sessions::hold(tx, session)?;
    let Waiting { request, asked_at, .. } = waiting(tx, authorization, now)?;
    let device = devices::of_question(tx, authorization, person)?;
    remove(tx, authorization)?;
    hold_standing(tx, person, request.client_id)?;
    facts(tx, (person, session), (request, asked_at), device, now)
}

/// The code that an answer is worth.
fn code(
    tx: &mut Tx<'_>,
    world: &World,
    session: SessionId,
    facts: &Facts,
    agreed: &Agreed,
    person: PersonId,
) -> Result<String, Refusal> {
    let grant = settle(tx, world, person, facts.app.id, agreed)?;
    let answer = Answer {
        session: Some(session),
        authed_at: facts.signed_in_at,
        at: facts.now,
        share: agreed.share.clone(),
    };
    let family = families::insert(tx, world, grant.id, &answer)?;
    let code = Secret::new(SecretKind::Code, world);
    tokens::insert_code(tx, &family, &code, facts)?;
    Ok(code.into_clear())
}

impl Vault {
    /// A request that waits, with all that it is answered on.
    pub async fn consent(&self, own: &Own, authorization: AuthorizationId) -> Result<Facts, Refusal> {
        let (who, now) = ((own.person(), own.session()), self.world.now());
        self.engine
            .read("consent", move |snap| -> Result<_, Refusal> {
                let Waiting { request, asked_at, .. } = waiting(snap, authorization, now)?;
                let device = devices::of_question(snap, authorization, who.0)?;
                facts(snap, who, (request, asked_at), device, now)
            })
            .await
    }

    /// All that a request would be answered on that came this moment.
    pub async fn consent_of(&self, own: &Own, request: Request) -> Result<Facts, Refusal> {
        let (who, now) = ((own.person(), own.session()), self.world.now());
        self.engine
            .read("consent_of", move |snap| -> Result<_, Refusal> {
                facts(snap, who, (request.clone(), now), None, now)
            })
            .await
    }

    /// The person lets the app in as `decide` says, which is asked on what stands in this transaction: `oauth::consent`
    /// settles a form, or finds that she let all of it before. The request and the code for the app come back.
    pub async fn consent_allow<F>(
        &self,
        own: &Own,
        authorization: AuthorizationId,
        decide: F,
    ) -> Result<(Request, String), Refusal>
    where
        F: Fn(&Facts) -> Result<Agreed, Refusal> + Send + 'static,
    {
        let (world, now) = (self.world.clone(), self.world.now());
        let (person, session): (PersonId, SessionId) = (own.person(), own.session());
        self.engine
            .write("consent_allow", move |tx| -> Result<_, Refusal> {
                let facts = take(tx, (person, session), authorization, now)?;
                if facts.device.is_some() {
                    return Err(Refusal::NotFound);
                }
                let agreed = decide(&facts)?;
                let code = code(tx, &world, session, &facts, &agreed, person)?;
                Ok((facts.request, code))
            })
            .await
    }

    /// The code for a request that is answered by what she let before; no page is shown for it. One that was `pushed` is
    /// answered with that.
    pub async fn consent_recall<F>(
        &self,
        own: &Own,
        (request, pushed): (Request, Option<AuthorizationId>),
        decide: F,
    ) -> Result<String, Refusal>
    where
        F: Fn(&Facts) -> Result<Agreed, Refusal> + Send + 'static,
    {
        let (world, now) = (self.world.clone(), self.world.now());
        let (person, session): (PersonId, SessionId) = (own.person(), own.session());
        self.engine
            .write("consent_recall", move |tx| -> Result<_, Refusal> {
                sessions::hold(tx, session)?;
                if let Some(pushed) = pushed {
                    remove(tx, pushed)?;
                }
                hold_standing(tx, person, request.client_id)?;
                let facts = facts(tx, (person, session), (request.clone(), now), None, now)?;
                let agreed = decide(&facts)?;
                code(tx, &world, session, &facts, &agreed, person)
            })
            .await
    }
}
