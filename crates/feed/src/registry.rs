//! Who listens on this node: streams by person and by grant, watches by conversation.
//!
//! Invariant: what is dropped is gone from here, so what is found here has somebody at its other end.

use crate::follower::Follower;
use crate::watch::Bell;
use model::{AppId, ConversationId, GrantId, PersonId};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// How many streams one grant may have open on one node.
pub const STREAMS_OF_GRANT_MAX: usize = 16;

#[derive(Default)]
pub(crate) struct Registry {
    people: HashMap<PersonId, Vec<Arc<Follower>>>,
    grants: HashMap<GrantId, Vec<Arc<Follower>>>,
    bells: HashMap<ConversationId, Vec<Arc<Bell>>>,
}

fn leave<K: Hash + Eq, V>(map: &mut HashMap<K, Vec<V>>, key: K, is_it: impl Fn(&V) -> bool) {
    if let Some(there) = map.get_mut(&key) {
        there.retain(|one| !is_it(one));
        if there.is_empty() {
            map.remove(&key);
        }
    }
}

impl Registry {
    /// Lets a stream in, unless its grant has too many.
    pub(crate) fn enter(&mut self, follower: &Arc<Follower>) -> bool {
        let of_grant = self.grants.entry(follower.grant).or_default();
        // One that was cut goes when its connection does.
        if of_grant.iter().filter(|one| !one.is_over()).count() >= STREAMS_OF_GRANT_MAX {
            return false;
        }
        of_grant.push(follower.clone());
        self.people.entry(follower.person).or_default().push(follower.clone());
        true
    }

    pub(crate) fn leave(&mut self, follower: &Follower) {
        let is_it = |one: &Arc<Follower>| one.number == follower.number;
        leave(&mut self.people, follower.person, is_it);
        leave(&mut self.grants, follower.grant, is_it);
    }

    pub(crate) fn hang(&mut self, conversation: ConversationId, bell: &Arc<Bell>) {
        self.bells.entry(conversation).or_default().push(bell.clone());
    }

    pub(crate) fn take_down(&mut self, conversation: ConversationId, bell: &Arc<Bell>) {
        leave(&mut self.bells, conversation, |one| Arc::ptr_eq(one, bell));
    }

    pub(crate) fn has_followers(&self) -> bool {
        !self.people.is_empty()
    }

    pub(crate) fn of_person(&self, person: PersonId) -> &[Arc<Follower>] {
        self.people.get(&person).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn of_grant(&self, grant: GrantId) -> &[Arc<Follower>] {
        self.grants.get(&grant).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn of_app(&self, app: AppId) -> impl Iterator<Item = &Arc<Follower>> {
        self.all().filter(move |follower| follower.app == app)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Follower>> {
        self.people.values().flatten()
    }

    pub(crate) fn bells_of(&self, conversation: ConversationId) -> impl Iterator<Item = &Arc<Bell>> {
        self.bells.get(&conversation).into_iter().flatten()
    }

    pub(crate) fn bells(&self) -> impl Iterator<Item = &Arc<Bell>> {
        self.bells.values().flatten()
    }
}
