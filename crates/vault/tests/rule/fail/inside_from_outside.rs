//! What opens a sealed page, and the page itself, have no name outside.
use vault::sealed::record::{Committed, Record, Sealed};

fn main() {}
