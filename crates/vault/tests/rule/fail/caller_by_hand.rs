//! A caller comes of a token; none can be made up.
use model::Time;

fn caller(now: Time) -> vault::Caller {
    vault::Caller { now }
}

fn main() {
    let _ = caller;
}
