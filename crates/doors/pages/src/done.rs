//! What was just done, carried over the redirect that follows a form as one word: `?done=sent`.
//!
//! Invariant: only the words here become sentences, so an address cannot put words into our mouth.

use crate::view::Flash;

macro_rules! done {
    ($($name:ident = $word:literal, $sentence:literal;)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Done { $($name),* }

        impl Done {
            const EACH: &'static [Done] = &[$(Done::$name),*];

            const fn word(self) -> &'static str {
                match self { $(Done::$name => $word),* }
            }

            const fn sentence(self) -> &'static str {
                match self { $(Done::$name => $sentence),* }
            }
        }
    };
}

done! {
    SignedOut = "signed-out", "You are signed out.";
    Asked = "asked", "Your request is on its way.";
    Befriended = "befriended", "You are friends now.";
    Declined = "declined", "The request is declined.";
    Withdrawn = "withdrawn", "Your request is taken back.";
    Removed = "removed", "You are no longer friends. Your conversations stay.";
    Deleted = "deleted", "The message is deleted. You can restore it for 30 days.";
    Restored = "restored", "The message is back where it was.";
    Narrowed = "narrowed", "Narrowed. It holds from this moment on.";
    LetAgain = "let-again", "It may do that again, from this moment on.";
    Paused = "paused", "Paused. Until you let it go on, it can do nothing.";
    Resumed = "resumed", "It may go on.";
    Revoked = "revoked", "Revoked. From this moment on it can do nothing.";
    Wished = "wished", "It is as you wish, from this moment on.";
    AlertsSet = "alerts", "You will be told of that from now on.";
    Renamed = "renamed", "Your name is changed.";
    PasswordChanged = "password", "Your password is changed, and every other session is signed out.";
    PasskeyAdded = "passkey-added", "Your passkey is added. It signs you in by itself.";
    PasskeyRenamed = "passkey-renamed", "Your passkey has its new name.";
    PasskeyRemoved = "passkey-removed", "The passkey is removed, and opens nothing any more.";
    Recovered = "recovered", "Your new password is set. Sign in with it, and see in the settings whether every passkey there is yours.";
    RecoveryStopped = "recovery-stopped", "The link opens nothing any more.";
    CodesEnded = "codes-ended", "One-time codes are off. Your password alone opens your account.";
    DeviceAllowed = "device-allowed", "Done. Your device goes on by itself in a few seconds.";
    DeviceDenied = "device-denied", "The device was not let in.";
    HookResumed = "hook-resumed", "It goes on from where it stopped.";
    HookReplays = "hook-replays", "It will be told again, each thing with the id that it had.";
    SessionEnded = "session-ended", "That session is signed out.";
}

impl Done {
    /// The address, saying that this was done.
    pub(crate) fn at(self, path: &str) -> String {
        format!("{path}?done={}", self.word())
    }

    /// What a query says was done.
    pub(crate) fn flash(query: &str) -> Option<Flash> {
        let word = query.split('&').find_map(|pair| pair.strip_prefix("done="))?;
        let done = Done::EACH.iter().find(|done| done.word() == word)?;
        Some(Flash(done.sentence()))
    }
}
