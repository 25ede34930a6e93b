//! The vault's own acts say which action they need.
const ACTION: model::Action = <vault::ReadMessages as vault::Act>::ACTION;

fn main() {
    assert_eq!(ACTION, model::Action::Read);
}
