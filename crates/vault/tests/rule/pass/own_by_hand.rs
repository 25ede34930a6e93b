//! A person comes of her session.
use model::{PersonId, SessionId};

fn own(own: vault::Own) -> (PersonId, SessionId) {
    (own.person(), own.session())
}

fn main() {
    let _ = own;
}
