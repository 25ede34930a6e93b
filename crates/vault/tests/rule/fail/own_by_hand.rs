//! A person comes of her session; nobody can be made up.
use model::{PersonId, SessionId};

fn own(person: PersonId, session: SessionId) -> vault::Own {
    vault::Own { person, session }
}

fn main() {
    let _ = own;
}
