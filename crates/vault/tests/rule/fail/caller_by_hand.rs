//! A caller comes of a token; none can be made up.
use model::PersonId;

fn caller(person: PersonId) -> vault::Caller {
    vault::Caller { person }
}

fn main() {
    let _ = caller;
}
