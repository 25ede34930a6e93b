//! The app's receipt for an access: the record, signed.

use super::record::Written;
use crate::{Refusal, Vault};

impl Vault {
    /// Signs the receipt of a record that is durable.
    pub(super) fn sign_receipt(&self, written: &Written) -> Result<String, Refusal> {
        self.keys.receipt(&written.record(), &written.salt, &written.seal)
    }
}
