//! What must come out of a world, told from its full facts by the pure rule alone: no SQL, nothing of the vault.
//!
//! Invariant: `model::allow`, `Limits::reaches` and `Limits::shows` decide; this file only hands them the facts.

use model::{
    AppId, Ceiling, ConversationId, GrantState, Kind, Limits, MessageFacts, No, PersonId, Place, Standing,
    Terms, Time, Withheld, allow,
};
use vault::Page;

pub(crate) struct Said {
    pub(crate) seq: i64,
    pub(crate) author: PersonId,
    pub(crate) kind: Kind,
    pub(crate) sent_at: Time,
    pub(crate) marker: String,
    pub(crate) deleted_for_everyone: bool,
    pub(crate) hidden_from_her: bool,
}

pub(crate) struct Talk {
    pub(crate) id: ConversationId,
    pub(crate) she_is_in: bool,
    pub(crate) started_via: Option<AppId>,
    pub(crate) locked: bool,
    pub(crate) chosen: bool,
    pub(crate) keep_out: Vec<PersonId>,
    pub(crate) said: Vec<Said>,
    pub(crate) last_at: Time,
}

pub(crate) struct Facts {
    pub(crate) person: PersonId,
    pub(crate) app: AppId,
    pub(crate) app_live: bool,
    pub(crate) ceiling: Ceiling,
    pub(crate) terms: Terms,
    pub(crate) state: GrantState,
    pub(crate) given_at: Time,
    pub(crate) used: u64,
    pub(crate) talks: Vec<Talk>,
}

/// One line of a page: the marker of its words, or why there are none.
pub(crate) type Line = (i64, Result<String, &'static str>);

impl Facts {
    pub(crate) fn allow(&self, action: model::Action, now: Time) -> Result<Limits, No> {
        let spent = self.state == GrantState::Active && self.terms.uses.is_some_and(|uses| self.used >= uses);
        let standing = Standing {
            now,
            app: self.app,
            app_live: self.app_live,
            ceiling: &self.ceiling,
            person: self.person,
            terms: &self.terms,
            state: if spent { GrantState::Spent } else { self.state },
            given_at: self.given_at,
            agreed_at: self.given_at,
            used: self.used,
        };
        allow(&standing, action)
    }

    pub(crate) fn reaches(&self, limits: &Limits, talk: &Talk) -> bool {
        limits.reaches(&Place {
            participant: talk.she_is_in,
            started: talk.started_via == Some(self.app),
            chosen: talk.chosen,
            locked: talk.locked,
        })
    }

    pub(crate) fn shows(&self, limits: &Limits, talk: &Talk, said: &Said) -> Result<(), Withheld> {
        limits.shows(&MessageFacts {
            author: said.author,
            kind: said.kind,
            sent_at: said.sent_at,
            deleted: said.deleted_for_everyone || said.hidden_from_her,
            author_keeps_out: talk.keep_out.contains(&said.author),
        })
    }

    /// The conversations within reach, newest activity first.
    pub(crate) fn list(&self, limits: &Limits) -> Vec<ConversationId> {
        let mut reached: Vec<&Talk> = self.talks.iter().filter(|talk| self.reaches(limits, talk)).collect();
        reached.sort_by_key(|talk| std::cmp::Reverse((talk.last_at, talk.id)));
        reached.iter().map(|talk| talk.id).collect()
    }

    pub(crate) fn page(&self, limits: &Limits, talk: &Talk, page: Page) -> Vec<Line> {
        let (after, before) = (page.after.unwrap_or(0), page.before.unwrap_or(i64::MAX));
        let within: Vec<&Said> =
            talk.said.iter().filter(|said| said.seq > after && said.seq < before).collect();
        let limit = usize::try_from(page.limit).unwrap();
        let oldest_first = page.after.is_some() && page.before.is_none();
        let from = if oldest_first { 0 } else { within.len().saturating_sub(limit) };
        let line = |said: &&Said| {
            let told = self.shows(limits, talk, said).map(|()| said.marker.clone());
            (said.seq, told.map_err(Withheld::as_str))
        };
        within[from..].iter().take(limit).map(line).collect()
    }

    /// Messages that can be read, and the conversations that have any.
    pub(crate) fn preview(&self, limits: &Limits) -> (i64, i64) {
        let (mut messages, mut conversations) = (0, 0);
        for talk in self.talks.iter().filter(|talk| self.reaches(limits, talk)) {
            let shown = talk.said.iter().filter(|said| self.shows(limits, talk, said).is_ok()).count();
            messages += i64::try_from(shown).unwrap();
            conversations += i64::from(shown > 0);
        }
        (messages, conversations)
    }
}
