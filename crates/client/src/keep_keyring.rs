//! Keeps a session in the keyring of the operating system, through a store of `keyring-core` that the app has chosen: the
//! Keychain, the Credential Manager, the Secret Service.
//!
//! Invariant: what is kept lies nowhere else; where there is no keyring, that is an error and not a file.

use crate::error::Error;
use crate::keep::Keep;

/// An entry in the keyring that was set by `keyring_core::set_default_store`.
#[derive(Debug, Clone)]
pub struct KeyringKeep {
    service: String,
    user: String,
}

impl KeyringKeep {
    /// The entry of this app (`example.jukebox`) for this user of it; with one account at a time, any word will do.
    pub fn new(service: impl Into<String>, user: impl Into<String>) -> KeyringKeep {
        KeyringKeep { service: service.into(), user: user.into() }
    }

    fn entry(&self) -> Result<keyring_core::Entry, Error> {
        keyring_core::Entry::new(&self.service, &self.user).map_err(|why| fault(&why))
    }
}

fn fault(why: &keyring_core::Error) -> Error {
    Error::Keep(format!("the keyring: {why}"))
}

impl Keep for KeyringKeep {
    fn load(&self) -> Result<Option<String>, Error> {
        match self.entry()?.get_password() {
            Ok(text) => Ok(Some(text)),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(why) => Err(fault(&why)),
        }
    }

    fn store(&self, text: &str) -> Result<(), Error> {
        self.entry()?.set_password(text).map_err(|why| fault(&why))
    }

    fn forget(&self) -> Result<(), Error> {
        match self.entry()?.delete_credential() {
            Ok(()) | Err(keyring_core::Error::NoEntry) => Ok(()),
            Err(why) => Err(fault(&why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_kept_replaced_and_forgotten_and_no_keyring_is_an_error() {
        let keep = KeyringKeep::new("example.jukebox", "ada");
        assert!(matches!(keep.load(), Err(Error::Keep(_))), "no store was chosen");
        // The store that keyring-core brings for tests: in memory, with the behaviour of the real ones.
        keyring_core::set_default_store(keyring_core::mock::Store::new().unwrap());
        assert_eq!(keep.load(), Ok(None));
        for text in ["first", "second"] {
            keep.store(text).unwrap();
            assert_eq!(keep.load(), Ok(Some(text.to_owned())));
        }
        keep.forget().unwrap();
        keep.forget().unwrap();
        assert_eq!(keep.load(), Ok(None));
    }
}
