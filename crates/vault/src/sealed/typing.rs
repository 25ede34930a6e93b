//! Letting the others see that the person writes. Nothing of it is stored but that the app did it.
//!
//! Invariant: whoever hears of it hears it by a hint after the record's commit, or not at all.

use super::permit::{Permit, ShowTyping};
use super::place;
use super::record::{Opened, Record, Touched};
use crate::{Refusal, Vault};
use model::Hint;

impl Vault {
    /// Tells those who follow the conversation that the person writes there just now. Recorded as `send` of nothing.
    pub async fn show_typing(&self, permit: Permit<ShowTyping>) -> Result<Opened<()>, Refusal> {
        let ((), committed) = self
            .spend("show_typing", permit, |tx, permit| {
                let ShowTyping { conversation } = permit.ask;
                let (person, app, grant) = (permit.person, permit.app, permit.grant);
                let found = place::find(tx, conversation, person, app, grant)?;
                found.filter(|found| permit.limits.reaches(&found.place)).ok_or(Refusal::NotFound)?;
                let touched = Touched { conversation: Some(conversation), ..Touched::default() };
                let record = Record::write(tx, permit, touched)?;
                record.tx.tell(Hint::Typing { conversation, person });
                Ok(((), record.close()))
            })
            .await?;
        self.hand_out(committed, ())
    }
}
