//! JSON that can be read in one way only: an object in which no member comes twice, however deep.
//!
//! Invariant: what two readers could read differently is not read. Nesting is bounded by the parser (128 levels).

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The object that these bytes are, if they are one, and one only.
pub(crate) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(bytes).ok()? {
        Strict(Value::Object(members)) => Some(members),
        Strict(_) => None,
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Strict)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without a member twice")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Strict(value) = members.next_value()?;
            if all.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is there twice"));
            }
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_object_is_read_and_a_member_twice_is_not() {
        let read = |text: &str| object(text.as_bytes());
        let value = serde_json::json!({"a": 1, "b": [null, true, -2, 1.5, "x", {"a": {}}], "c": "\u{e9}"});
        assert_eq!(read(&value.to_string()).map(Value::Object), Some(value));
        for not in [
            "",
            "[]",
            "1",
            "null",
            "{",
            "{}{}",
            "{} x",
            "{\"a\":1,}",
            "{'a':1}",
            "{\"a\":1,\"a\":1}",
            "{\"a\":1,\"\\u0061\":2}",
            "{\"b\":{\"a\":1,\"a\":2}}",
            "{\"b\":[{\"a\":1,\"a\":2}]}",
            "{\"a\":1e999}",
            "\u{feff}{}",
        ] {
            assert_eq!(read(not), None, "{not}");
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}"), None);
        let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&deep(100)).is_some() && read(&deep(1_000_000)).is_none());
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_usual_parser_reads(text in "\\{(\"[ab]\":([0-9]{1,3}|\\[\\]|\"x\"),?){0,4}\\}") {
            let usual = serde_json::from_str::<Value>(&text).ok();
            let strict = object(text.as_bytes()).map(Value::Object);
            prop_assert!(strict.is_none() || strict == usual);
        }
    }
}
