//! What a webhook is told next: one event, for a permit and a record of this moment, like an event on a stream.
//!
//! Invariant: what waits in a queue is numbers. The words are looked up when they are sent, under the grant as it stands
//! then, so nothing goes out after a revocation. A webhook acts by a token like any other, which hangs on an answer of the
//! person, lives as long, and which nobody can present: what is stored is the hash of no text.

use super::caller::Caller;
use super::follow::{After, Ask, Heard};
use super::permit::{FollowConversation, FollowMessages};
use crate::engine::{Reads, params};
use crate::tables::families::{self, answer_of_row};
use crate::tables::grants;
use crate::tables::ids::bytes16;
use crate::tables::secret::sha256;
use crate::tables::webhook_queue::Errand;
use crate::{Refusal, Vault};
use model::GrantState;
use oauth::token::access_token_ends;

/// How many events are looked through for one that this webhook wants.
const LOOK_MAX: i64 = 16;

/// The hash under which the token of a webhook for a grant is stored.
fn hash(errand: &Errand) -> [u8; 32] {
    sha256(&[b"webhook", errand.webhook.id.as_bytes(), errand.grant.as_bytes()])
}

/// The newest answer of the person for this grant that still stands.
fn newest() -> String {
    format!(
        "select f.id, {} from token_families f where f.grant_id = $1 and f.ended = 0 and \
         (f.session is null or (f.scopes & $2) <> 0 or exists \
         (select 1 from sessions s where s.id = f.session and s.ends_at > $3)) order by f.at desc, f.id limit 1",
        families::ANSWER
    )
}

impl Vault {
    /// The next event for this errand, with its receipt; none up to `upto` if there is nothing for it.
    pub async fn webhook_follow(&self, errand: &Errand) -> Result<Heard, Refusal> {
        let caller = self.webhook_caller(errand).await?;
        let conversation = errand.conversation;
        let permit = caller.permit(FollowConversation { conversation })?;
        let ask = Ask {
            messages: caller.permit(FollowMessages { conversation }).ok(),
            conversation: permit,
            after: After::Number(errand.told),
            until: errand.told + LOOK_MAX,
            wants: errand.webhook.wants,
            most: 1,
        };
        let mut heard = Err(Refusal::Changed);
        self.follow(conversation, Vec::new(), vec![ask], |_, told| heard = told).await?;
        heard
    }

    async fn webhook_caller(&self, errand: &Errand) -> Result<Caller, Refusal> {
        match self.caller_of(hash(errand)).await {
            Err(Refusal::Token) => {
                self.webhook_token(errand).await?;
                self.caller_of(hash(errand)).await
            }
            found => found,
        }
    }

    /// Gives the webhook its token anew, if the person's answer still stands.
    async fn webhook_token(&self, errand: &Errand) -> Result<(), Refusal> {
        let (hash, grant, app, now) = (hash(errand), errand.grant, errand.app, self.world.now());
        self.engine
            .write("webhook_token", move |tx| -> Result<(), Refusal> {
                let found = grants::hold(tx, grant)?.filter(|found| found.app == app).ok_or(Refusal::Token)?;
                if matches!(found.state, GrantState::Ended) || found.terms.ends_at <= now {
                    return Err(Refusal::Token);
                }
                let offline = model::Scopes::OFFLINE_ACCESS.and(found.scopes).bits();
                let newest = tx.one(&newest(), params![grant.as_bytes(), offline, now.micros()], |row| {
                    Ok((bytes16(row, 0)?, answer_of_row(row, 1)?))
                })?;
                let (family, answer) = newest.ok_or(Refusal::Token)?;
                let (scopes, terms) = families::of_grant(&found, &answer.share, now);
                let ends_at = access_token_ends(terms.ends_at, now);
                tx.put(
                    "insert into access_tokens (hash, family, scopes, actions, at, ends_at) values ($1, $2, $3, $4, $5, $6) \
                     on conflict (hash) do update set family = excluded.family, scopes = excluded.scopes, \
                     actions = excluded.actions, at = excluded.at, ends_at = excluded.ends_at",
                    params![
                        &hash,
                        &family,
                        scopes.bits(),
                        terms.actions.bits(),
                        now.micros(),
                        ends_at.micros()
                    ],
                )?;
                Ok(())
            })
            .await
    }
}
