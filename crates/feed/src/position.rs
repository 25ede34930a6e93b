//! Where a stream is: the id of an event, from which any node can go on.
//!
//! Invariant: a position says when and, if something happened in a conversation, where and under which number there. That is
//! all that resuming needs, so nothing is stored for a stream.

use model::{ConversationId, Time};
use std::fmt;
use std::str::FromStr;

/// A position in what happens: `1795435200000000` or `1795435200000000-con_…-17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// All that happened some seconds before this has been told.
    pub at: Time,
    /// In this conversation all up to this number.
    pub place: Option<(ConversationId, i64)>,
}

/// A text that is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionInvalid;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.micros();
        match self.place {
            Some((conversation, n)) => write!(f, "{at}-{conversation}-{n}"),
            None => write!(f, "{at}"),
        }
    }
}

impl FromStr for Position {
    type Err = PositionInvalid;

    fn from_str(text: &str) -> Result<Self, PositionInvalid> {
        let mut parts = text.split('-');
        let at = number(parts.next())?;
        let place = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => None,
            (Some(conversation), n, None) => {
                Some((conversation.parse().map_err(|_| PositionInvalid)?, number(n)?))
            }
            _ => return Err(PositionInvalid),
        };
        Ok(Position { at: Time::from_micros(at), place })
    }
}

/// A number in its one spelling.
fn number(text: Option<&str>) -> Result<i64, PositionInvalid> {
    let text = text.ok_or(PositionInvalid)?;
    let number: i64 = text.parse().map_err(|_| PositionInvalid)?;
    if number >= 0 && number.to_string() == text { Ok(number) } else { Err(PositionInvalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_has_one_spelling_and_nothing_else_is_one() {
        let conversation = ConversationId::from_bytes([7; 16]);
        for place in [None, Some((conversation, 0)), Some((conversation, i64::MAX))] {
            let position = Position { at: Time::from_micros(1_795_435_200_000_000), place };
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        let id = conversation.to_string();
        for other in [
            "",
            "x",
            "-1",
            "01",
            "+1",
            " 1",
            "1-",
            "1-2",
            &format!("1-{id}"),
            &format!("1-{id}-"),
            &format!("1-{id}-2-3"),
            &format!("1-{id}-02"),
            "99999999999999999999",
        ] {
            assert_eq!(other.parse::<Position>(), Err(PositionInvalid), "{other}");
        }
    }
}
