//! The vault lists all acts; nobody adds one.
struct ReadEverything;

impl vault::Act for ReadEverything {
    const ACTION: model::Action = model::Action::List;
}

fn main() {}
