//! What ends on a date: an app, or an action or kind of content of its ceiling.
//!
//! Invariant: the gate looks at the date by itself (`model::Ceiling::actions_at`, `AppFacts::live_at`); what is done here after the date
//! only takes from each grant what it cannot do any more, and tells. A grant at a time, so that who is stopped goes on there.

use super::app_registry::note;
use super::containments;
use super::grants::{self, Grant};
use super::ids::id;
use super::lapses;
use super::notices::{self, Notice};
use crate::engine::{Reads, Snap, Tx, params};
use crate::{Fault, Refusal, Vault};
use ledger::record::{AppEvent, GrantActor, GrantEvent};
use model::{Action, Actions, AppId, GrantId, GrantState, Kinds, Part, Retiring, Terms, Time, World};
use serde::Serialize;
use serde_json::{Value, json};

/// Grants that are told of in one step.
const GRANTS: i64 = 500;
/// How the whole app is called among the parts.
const WHOLE: &str = "app";

/// A part of a ceiling that ends, as it is listed: `{"action": "read", "at": …}`, `{"kind": "card", "at": …}`.
#[derive(Debug, Clone, Serialize)]
pub struct Retirement {
    /// The action, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// The kind of content, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<model::Kind>,
    /// When it ends, or ended.
    pub at: Time,
}

/// The parts of an app's ceiling that end.
pub(crate) fn retiring(db: &mut impl Reads, app: AppId) -> Result<Retiring, Fault> {
    let sql = "select part, at from app_retirements where app = $1 and part <> 'app'";
    let found = db.all(sql, params![app.as_bytes()], |row| {
        let part = Part::parse(row.text(0)?);
        Ok((part.ok_or_else(|| Fault::Shape(format!("{app} retires a part of no name")))?, row.int(1)?))
    })?;
    Ok(found.into_iter().map(|(part, at)| (part, Time::from_micros(at))).collect())
}

/// The same, as it is listed.
pub(crate) fn listed(db: &mut impl Reads, app: AppId) -> Result<Vec<Retirement>, Fault> {
    let one = |(part, at)| match part {
        Part::Action(action) => Retirement { action: Some(action), kind: None, at },
        Part::Kind(kind) => Retirement { action: None, kind: Some(kind), at },
    };
    Ok(retiring(db, app)?.iter().map(one).collect())
}

fn set(tx: &mut Tx<'_>, app: AppId, part: &str, at: Time) -> Result<(), Fault> {
    let sql = "insert into app_retirements (app, part, at) values ($1, $2, $3) \
               on conflict (app, part) do update set at = excluded.at, told = 0";
    tx.put(sql, params![app.as_bytes(), part, at.micros()])
}

/// Something whose date has come.
#[derive(Clone, Debug)]
struct Due {
    app: AppId,
    part: String,
    at: Time,
}

fn due(snap: &mut Snap<'_>, now: Time) -> Result<Option<Due>, Fault> {
    let sql = "select app, part, at from app_retirements where told = 0 and at <= $1 order by at limit 1";
    snap.one(sql, params![now.micros()], |row| {
        Ok(Due { app: id(row, 0)?, part: row.text(1)?.to_owned(), at: Time::from_micros(row.int(2)?) })
    })
}

impl Due {
    /// The actions and kinds that end; none where the app does.
    fn ends(&self) -> (Actions, Kinds) {
        match Part::parse(&self.part) {
            // Without listing there is no reading.
            Some(Part::Action(Action::List)) => {
                (Actions::NONE.with(Action::List).with(Action::Read), Kinds::NONE)
            }
            Some(Part::Action(action)) => (Actions::NONE.with(action), Kinds::NONE),
            Some(Part::Kind(kind)) => (Actions::NONE, Kinds::NONE.with(kind)),
            None => (Actions::NONE, Kinds::NONE),
        }
    }

    fn is_whole(&self) -> bool {
        self.part == WHOLE
    }

    /// Grants that still hold it.
    fn held_by(&self, snap: &mut Snap<'_>) -> Result<Vec<GrantId>, Fault> {
        const HOLD: &str = concat!(
            "select g.id from grants g where g.app = $1 and g.state in ('active', 'paused') and \
            ($2 <> 0 or (g.actions & $3) <> 0 or (g.kinds & $4) <> 0) and not exists (select 1 from containments h where ",
            containments::holds_grant!(),
            ") limit $5"
        );
        let (actions, kinds) = self.ends();
        let values = params![self.app.as_bytes(), self.is_whole(), actions.bits(), kinds.bits(), GRANTS];
        snap.all(HOLD, values, |row| id(row, 0))
    }

    /// What is left of the terms of a grant.
    fn left(&self, terms: &Terms) -> Terms {
        let (actions, kinds) = self.ends();
        let left = terms.actions.closed().iter().filter(|action| !actions.has(*action)).collect();
        let kinds = terms.kinds.iter().filter(|kind| !kinds.has(*kind)).collect();
        Terms { actions: left, kinds, ..terms.clone() }
    }

    /// Takes it from one grant, and tells.
    fn take(&self, tx: &mut Tx<'_>, world: &World, grant: GrantId) -> Result<(), Refusal> {
        let now = world.now();
        let sql = "select 1 from app_retirements where app = $1 and part = $2 and at <= $3";
        let values = params![self.app.as_bytes(), self.part.as_str(), now.micros()];
        if tx.one(sql, values, |_| Ok(()))?.is_none() {
            // The operator has put it off.
            return Ok(());
        }
        let held = grants::hold(tx, grant)?;
        let stands = |held: &Grant| matches!(held.state, GrantState::Active | GrantState::Paused);
        let Some(held) = held.filter(stands) else { return Ok(()) };
        let (actions, kinds) = self.ends();
        if self.is_whole() {
            let why = (GrantEvent::Ended, GrantActor::Retired);
            grants::set_state(tx, grant, GrantState::Ended, why, now)?;
        } else {
            let terms = self.left(&held.terms);
            if (terms.actions, terms.kinds) == (held.terms.actions.closed(), held.terms.kinds) {
                return Ok(());
            }
            lapses::gone(tx, grant, actions)?;
            grants::change(tx, grant, &terms, (GrantEvent::Narrowed, GrantActor::Retired), now)?;
        }
        let told = Notice::Retired {
            app: self.app,
            grant,
            actions: held.terms.actions.closed().and(actions).bits(),
            kinds: kinds.bits(),
        };
        Ok(notices::add(tx, world, held.person, &told)?)
    }
}

impl Vault {
    /// Ends parts of what an app may do on a date, which may be past: each ends with it, by itself.
    pub async fn app_retire_parts(&self, app: AppId, parts: Vec<Part>, on: Time) -> Result<(), Refusal> {
        let now = self.world.now();
        if parts.contains(&Part::Action(Action::List)) && !parts.contains(&Part::Action(Action::Read)) {
            let why = "reading brings listing along, so `list` cannot end without `read`: retire both";
            return Err(Refusal::Invalid(why.to_owned()));
        }
        self.engine
            .write("app_retire_parts", move |tx| -> Result<(), Refusal> {
                let facts = super::apps::read(tx, app)?.ok_or(Refusal::NotFound)?;
                let (actions, kinds) = (facts.ceiling.actions.closed(), facts.ceiling.kinds);
                for part in &parts {
                    let is_there = match part {
                        Part::Action(action) => actions.has(*action),
                        Part::Kind(kind) => kinds.has(*kind),
                    };
                    if !is_there {
                        let why = format!("the ceiling of the app has no {part} that could end");
                        return Err(Refusal::Invalid(why));
                    }
                    set(tx, app, &part.to_string(), on)?;
                }
                let words = |pick: fn(&Part) -> Option<&'static str>| -> Vec<&str> {
                    parts.iter().filter_map(pick).collect()
                };
                let mut terms = json!({"retires_at": on.to_string()});
                terms["actions"] = words(|part| match part {
                    Part::Action(action) => Some(action.as_str()),
                    Part::Kind(_) => None,
                })
                .into();
                terms["kinds"] = words(|part| match part {
                    Part::Action(_) => None,
                    Part::Kind(kind) => Some(kind.as_str()),
                })
                .into();
                note(tx, app, AppEvent::Retired, now, Some(terms), None)
            })
            .await?;
        self.settled().await.map(|_| ())
    }

    /// Ends an app on a date, which may be past: access ends with it, by itself.
    pub async fn app_retire(&self, app: AppId, on: Time) -> Result<(), Refusal> {
        let now = self.world.now();
        self.engine
            .write("app_retire", move |tx| -> Result<(), Refusal> {
                let sql = "update apps set retires_at = $1 where id = $2";
                if tx.execute(sql, params![on.micros(), app.as_bytes()])? == 0 {
                    return Err(Refusal::NotFound);
                }
                set(tx, app, WHOLE, on)?;
                let terms: Value = json!({"retires_at": on.to_string()});
                note(tx, app, AppEvent::Retired, now, Some(terms), None)
            })
            .await?;
        self.settled().await.map(|_| ())
    }

    /// One step after a date: takes what has ended from the grants that hold it, and tells. Says whether there may be more.
    pub async fn retire_step(&self) -> Result<bool, Refusal> {
        let now = self.world.now();
        let found = self.engine.read("retire_due", move |snap| -> Result<_, Refusal> {
            let Some(due) = due(snap, now)? else { return Ok(None) };
            let held = due.held_by(snap)?;
            Ok(Some((due, held)))
        });
        let Some((due, held)) = found.await? else { return Ok(false) };
        for grant in &held {
            let (due, grant, world) = (due.clone(), *grant, self.world.clone());
            self.engine.write("retire_take", move |tx| due.take(tx, &world, grant)).await?;
        }
        if held.is_empty() {
            self.engine
                .write("retire_told", move |tx| -> Result<(), Refusal> {
                    let sql = "update app_retirements set told = 1 where app = $1 and part = $2 and at = $3";
                    Ok(tx.put(sql, params![due.app.as_bytes(), due.part.as_str(), due.at.micros()])?)
                })
                .await?;
        }
        Ok(true)
    }
}
