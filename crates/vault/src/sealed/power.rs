//! What an app could reach, beside what it used: for its partner, and for the alarm.
//!
//! Invariant: numbers, never whose; what is counted as reach is what the gate would let through now.

use crate::engine::{Reads, params};
use crate::tables::containments;
use crate::{Fault, Refusal, Vault};
use model::{Action, AppId, ReachCap, Time};

/// Over which time use is counted, in seconds: 30 days.
pub const POWER_S: i64 = 30 * 24 * 3600;
/// How many people an app may reach for each that it serves before that is an alarm.
pub const POWER_RATIO_MAX: i64 = 10;

/// What is held, and what of it was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// How many could be reached now.
    pub reach: i64,
    /// How many were, in the last 30 days.
    pub used: i64,
}

/// What an app could do, beside what it did.
#[derive(Debug, Clone)]
pub struct Power {
    /// When this was so.
    pub at: Time,
    /// From when on use is counted.
    pub since: Time,
    /// People.
    pub people: Held,
    /// Conversations, counted for each person who is in them.
    pub conversations: Held,
    /// Each action.
    pub actions: Vec<ActionPower>,
}

/// What an app could do with one action, beside what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionPower {
    /// Which.
    pub action: Action,
    /// For how many people it is held, and for how many it was used.
    pub people: Held,
    /// How often it was used.
    pub times: i64,
    /// For how many of those for whom it is held it was never used.
    pub never_used: i64,
}

impl Power {
    /// It reaches more than ten people for each that it serves.
    pub fn is_alarming(&self) -> bool {
        self.people.reach > POWER_RATIO_MAX * self.people.used
    }
}

/// In SQL: the grants `g` of the app $1 that are in force at $2.
macro_rules! in_force {
    () => {
        concat!(
            "g.app = $1 and g.state = 'active' and g.ends_at > $2 and not exists (select 1 from containments h where ",
            containments::holds_grant!(),
            ")"
        )
    };
}

const PEOPLE: &str = concat!("select count(distinct g.person) from grants g where ", in_force!());
const PEOPLE_WITH: &str = concat!(
    "select count(distinct g.person) from grants g where ",
    in_force!(),
    " and (g.actions & $3) <> 0"
);
const PEOPLE_NEVER: &str = concat!(
    "select count(distinct g.person) from grants g where ",
    in_force!(),
    " and (g.actions & $3) <> 0 and not exists \
    (select 1 from access x where x.grant_id = g.id and x.action in ($4, $5))"
);
const PEOPLE_USED: &str =
    "select count(distinct g.person) from grants g where g.app = $1 and g.used_at >= $2";
const CONVERSATIONS: &str = concat!(
    "select count(*) from (select distinct p.person, p.conversation from grants g \
     join participants p on p.person = g.person and p.left_at is null \
     join conversations c on c.id = p.conversation and c.locks = 0 where ",
    in_force!(),
    " and ($3 = 0 or c.started_via = g.app) and ($4 = 0 or g.started_only <> 0 or g.chosen_only <> 0) \
     and (g.started_only = 0 or c.started_via = g.app) and (g.chosen_only = 0 or exists \
     (select 1 from grant_conversations x where x.grant_id = g.id and x.conversation = c.id))) reached"
);
const CONVERSATIONS_USED: &str = "select count(*) from (select distinct g.person, x.conversation from grants g \
    join access x on x.grant_id = g.id where g.app = $1 and g.used_at >= $2 and x.at >= $2 and x.conversation is not null) used";
const ACTIONS_USED: &str = "select x.action, count(distinct g.person), count(*) from grants g \
    join access x on x.grant_id = g.id where g.app = $1 and g.used_at >= $2 and x.at >= $2 group by x.action";

fn count(db: &mut impl Reads, sql: &str, params: &[crate::engine::Value<'_>]) -> Result<i64, Fault> {
    Ok(db.one(sql, params, |row| row.int(0))?.unwrap_or(0))
}

impl Vault {
    /// What an app could reach now across all people, beside what it used.
    pub async fn power(&self, app: AppId) -> Result<Power, Refusal> {
        let at = self.world.now();
        let since = at.plus_seconds(-POWER_S);
        self.engine
            .read("power", move |snap| -> Result<_, Refusal> {
                let live = crate::tables::apps::read(snap, app)?.ok_or(Refusal::NotFound)?;
                let mut people = Held {
                    reach: 0,
                    used: count(snap, PEOPLE_USED, params![app.as_bytes(), since.micros()])?,
                };
                let mut conversations = Held::default();
                let of_app = params![app.as_bytes(), since.micros()];
                conversations.used = count(snap, CONVERSATIONS_USED, of_app)?;
                let used =
                    snap.all(ACTIONS_USED, of_app, |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)))?;
                let mut actions = Vec::new();
                for action in Action::EACH.iter().copied() {
                    let found = used.iter().find(|(used, ..)| *used == action as i64);
                    let (by, times) = found.map_or((0, 0), |(_, people, times)| (*people, *times));
                    let people = Held { reach: 0, used: by };
                    actions.push(ActionPower { action, people, times, never_used: 0 });
                }
                // A suspended or retired app reaches nobody.
                if live.live_at(at) {
                    people.reach = count(snap, PEOPLE, params![app.as_bytes(), at.micros()])?;
                    let (started, picked) =
                        (live.ceiling.reach == ReachCap::Started, live.ceiling.reach == ReachCap::Chosen);
                    let of_ceiling = params![app.as_bytes(), at.micros(), started, picked];
                    conversations.reach = count(snap, CONVERSATIONS, of_ceiling)?;
                    for ActionPower { action, people: held, never_used, .. } in &mut actions {
                        let within = live.ceiling.actions_at(at);
                        // Reading brings listing along.
                        let bits = Action::EACH.iter().copied().filter(|one| {
                            model::Actions::NONE.with(*one).closed().has(*action) && within.has(*action)
                        });
                        let bits = bits.fold(model::Actions::NONE, model::Actions::with).bits();
                        held.reach = count(snap, PEOPLE_WITH, params![app.as_bytes(), at.micros(), bits])?;
                        // Reading is a use of listing.
                        let or = if *action == Action::List { Action::Read } else { *action };
                        let values = params![app.as_bytes(), at.micros(), bits, *action as i64, or as i64];
                        *never_used = count(snap, PEOPLE_NEVER, values)?;
                    }
                }
                Ok(Power { at, since, people, conversations, actions })
            })
            .await
    }
}
