//! A person comes of her session; nobody can be made up.
use model::{PersonId, SessionId, Time};

fn own(person: PersonId, session: SessionId, authed_at: Time) -> vault::Own {
    vault::Own { person, session, authed_at }
}

fn main() {
    let _ = own;
}
