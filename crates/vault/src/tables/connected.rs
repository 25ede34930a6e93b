//! Connected apps, as the person steers them and as the app sees its own grant.

use super::containments::{self, Contained};
use super::grants::{self, Grant};
use super::log::leaf_told;
use crate::engine::{Reads, params};
use crate::{Caller, Fault, Own, Refusal, Vault};
use ledger::record::{GrantActor, GrantEvent};
use model::{AppId, GrantId, GrantState, PersonId, Terms, Time};

/// A grant with the names that a page shows.
#[derive(Debug, Clone)]
pub struct Connected {
    /// The grant.
    pub grant: Grant,
    /// The app's name.
    pub app: String,
    /// Who runs it.
    pub partner: String,
    /// The app is neither suspended nor retired.
    pub app_live: bool,
    /// The operator ended it together with others: when and why.
    pub contained: Option<Contained>,
}

/// One thing that happened to a grant: its record in the log, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantHistory {
    /// Its number in the grant.
    pub n: i64,
    /// The canonical record.
    pub record: String,
    /// Its index in the log, once it is there.
    pub leaf: Option<i64>,
}

fn with_names(db: &mut impl Reads, grant: Grant, now: Time) -> Result<Connected, Fault> {
    let app =
        super::apps::read(db, grant.app)?.ok_or_else(|| Fault::Shape(format!("{} has gone", grant.app)))?;
    let contained = grant.contained.map(|n| containments::find(db, n)).transpose()?.flatten();
    Ok(Connected { app_live: app.live_at(now), app: app.name, partner: app.partner, contained, grant })
}

impl Vault {
    /// Her grants, live ones first, then the newest.
    pub async fn connected(&self, own: &Own) -> Result<Vec<Connected>, Refusal> {
        let (person, now) = (own.person(), self.world.now());
        self.engine
            .read("connected", move |snap| -> Result<_, Refusal> {
                let mut found = grants::select(
                    snap,
                    "g.person = $1 order by g.given_at desc",
                    params![person.as_bytes()],
                )?;
                found.sort_by_key(|grant| !(grant.live_at(now) || grant.state == GrantState::Paused));
                let named = found.into_iter().map(|grant| with_names(snap, grant, now));
                Ok(named.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// One of her grants.
    pub async fn connected_one(&self, own: &Own, grant: GrantId) -> Result<Connected, Refusal> {
        let (person, now) = (own.person(), self.world.now());
        self.engine
            .read("connected_one", move |snap| -> Result<_, Refusal> {
                let found = grants::of_person(snap, person, grant)?.ok_or(Refusal::NotFound)?;
                Ok(with_names(snap, found, now)?)
            })
            .await
    }

    /// What happened to one of her grants, oldest first.
    pub async fn grant_history(&self, own: &Own, grant: GrantId) -> Result<Vec<GrantHistory>, Refusal> {
        let person = own.person();
        self.engine
            .read("grant_history", move |snap| -> Result<_, Refusal> {
                grants::of_person(snap, person, grant)?.ok_or(Refusal::NotFound)?;
                let sql = concat!(
                    "select n, record, ",
                    leaf_told!(),
                    " from grant_events where grant_id = $1 order by n"
                );
                Ok(snap.all(sql, params![grant.as_bytes()], |row| {
                    Ok(GrantHistory {
                        n: row.int(0)?,
                        record: row.text(1)?.to_owned(),
                        leaf: row.opt_int(2)?,
                    })
                })?)
            })
            .await
    }

    /// Narrows one of her grants: `settle` turns the present terms into the new ones, which may only be narrower.
    pub async fn grant_narrow<F>(&self, own: &Own, grant: GrantId, settle: F) -> Result<(), Refusal>
    where
        F: Fn(&Terms, Time, Time) -> Result<Terms, String> + Send + 'static,
    {
        let (person, now) = (own.person(), self.world.now());
        self.engine
            .write("grant_narrow", move |tx| -> Result<(), Refusal> {
                let found = grants::hold(tx, grant)?.filter(|found| found.person == person);
                let found = found.ok_or(Refusal::NotFound)?;
                if matches!(found.state, GrantState::Ended | GrantState::Spent) {
                    return Err(Refusal::Conflict("the grant has ended; there is nothing to narrow".into()));
                }
                let terms = settle(&found.terms, found.given_at, now).map_err(Refusal::Invalid)?;
                for conversation in terms.reach.chosen.iter().flatten() {
                    super::conversations::participant(tx, *conversation, person)?.ok_or(Refusal::NotFound)?;
                }
                if terms == found.terms {
                    return Ok(());
                }
                grants::change(tx, grant, &terms, (GrantEvent::Narrowed, GrantActor::Person), now)
            })
            .await
    }

    /// Holds one of her grants, or lets it go on.
    pub async fn grant_pause(&self, own: &Own, grant: GrantId, pause: bool) -> Result<(), Refusal> {
        let (person, now) = (own.person(), self.world.now());
        self.engine
            .write("grant_pause", move |tx| -> Result<(), Refusal> {
                let found = grants::hold(tx, grant)?.filter(|found| found.person == person);
                let found = found.ok_or(Refusal::NotFound)?;
                let (state, what) = match (found.state, pause) {
                    (GrantState::Active, true) => (GrantState::Paused, GrantEvent::Paused),
                    (GrantState::Paused, false) => (GrantState::Active, GrantEvent::Resumed),
                    (GrantState::Active, false) | (GrantState::Paused, true) => return Ok(()),
                    _ => return Err(Refusal::Conflict("the grant has ended".into())),
                };
                grants::set_state(tx, grant, state, (what, GrantActor::Person), now)
            })
            .await
    }

    /// Revokes one of her grants. When this returns, no token of it opens anything.
    pub async fn grant_revoke(&self, own: &Own, grant: GrantId) -> Result<(), Refusal> {
        let person = own.person();
        self.end(grant, move |grant| grant.person == person, GrantActor::Person).await
    }

    /// The app hands its grant back.
    pub async fn grant_hand_back(&self, caller: &Caller) -> Result<(), Refusal> {
        let person = caller.person();
        self.end(caller.grant(), move |grant| grant.person == person, GrantActor::App).await
    }

    /// A grant that an app holds and that is not over.
    pub async fn grant_of_app(&self, app: AppId, grant: GrantId) -> Result<Grant, Refusal> {
        let now = self.world.now();
        self.engine
            .read("grant_of_app", move |snap| {
                grants::find(snap, grant)?.filter(|grant| grant.is_held_by(app, now)).ok_or(Refusal::NotFound)
            })
            .await
    }

    /// An app that has proved itself gives a grant of its own back.
    pub async fn grant_end_by_app(&self, app: AppId, grant: GrantId) -> Result<(), Refusal> {
        let now = self.world.now();
        self.end(grant, move |grant| grant.is_held_by(app, now), GrantActor::App).await
    }

    /// The operator ends a grant.
    pub async fn grant_end(&self, grant: GrantId) -> Result<(), Refusal> {
        self.end(grant, |_| true, GrantActor::Operator).await
    }

    async fn end<F>(&self, grant: GrantId, is_theirs: F, by: GrantActor) -> Result<(), Refusal>
    where
        F: Fn(&Grant) -> bool + Send + 'static,
    {
        let now = self.world.now();
        self.engine
            .write("grant_end", move |tx| -> Result<(), Refusal> {
                let found = grants::hold(tx, grant)?.filter(&is_theirs);
                match found.ok_or(Refusal::NotFound)?.state {
                    GrantState::Ended => Ok(()),
                    _ => grants::set_state(tx, grant, GrantState::Ended, (GrantEvent::Ended, by), now),
                }
            })
            .await
    }

    /// The grant of a caller, as it stands.
    pub async fn grant_of_caller(&self, caller: &Caller) -> Result<Grant, Refusal> {
        let grant = caller.grant();
        self.engine
            .read("grant_of_caller", move |snap| grants::find(snap, grant)?.ok_or(Refusal::NotFound))
            .await
    }

    /// Grants for the operator: of an app, of a person, or all; with names, newest first.
    pub async fn grant_list(
        &self,
        app: Option<AppId>,
        person: Option<PersonId>,
    ) -> Result<Vec<(Connected, Option<String>)>, Refusal> {
        let now = self.world.now();
        self.engine
            .read("grant_list", move |snap| -> Result<_, Refusal> {
                let order = "order by g.given_at desc";
                let found = match (&app, &person) {
                    (Some(app), None) => {
                        grants::select(snap, &format!("g.app = $1 {order}"), params![app.as_bytes()])?
                    }
                    (None, Some(person)) => {
                        grants::select(snap, &format!("g.person = $1 {order}"), params![person.as_bytes()])?
                    }
                    (Some(app), Some(person)) => {
                        let condition = format!("g.app = $1 and g.person = $2 {order}");
                        grants::select(snap, &condition, params![app.as_bytes(), person.as_bytes()])?
                    }
                    (None, None) => grants::select(snap, &format!("g.version > 0 {order}"), params![])?,
                };
                let mut named = Vec::new();
                for grant in found {
                    let sql = "select handle from persons where id = $1";
                    let handle = snap.one(sql, params![grant.person.as_bytes()], |row| {
                        Ok(row.opt_text(0)?.map(str::to_owned))
                    })?;
                    named.push((with_names(snap, grant, now)?, handle.flatten()));
                }
                Ok(named)
            })
            .await
    }
}
