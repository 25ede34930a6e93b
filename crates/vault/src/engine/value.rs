//! What goes into a statement and what comes out of a row: whole numbers, text and bytes, or nothing.
//!
//! Invariant: only these three types exist in the schema, so a value means the same on both engines, and reading
//! a column as another type is a [`Fault`], never a silent conversion.

use super::Fault;

/// A parameter of a statement. Borrowed, so that binding copies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}

/// For literals.
impl From<i32> for Value<'_> {
    fn from(number: i32) -> Self {
        Value::Int(number.into())
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Value::Int(number.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Value::Int(flag.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Value::Blob(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Value::Blob(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Value::Blob(bytes)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// The parameters of one statement: `params![id, seq, &body]`, in the order of `$1..$n`.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::engine::Value::from($value)),*] };
}
pub(crate) use params;

/// One row of an answer, lent for the time of a call; columns count from 0.
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    #[cfg(feature = "postgres")]
    Postgres(&'r tokio_postgres::Row),
}

impl<'r> Row<'r> {
    /// A number that is never null.
    pub(crate) fn int(&self, column: usize) -> Result<i64, Fault> {
        self.opt_int(column)?.ok_or_else(|| null(column))
    }

    /// A text that is never null.
    pub(crate) fn text(&self, column: usize) -> Result<&'r str, Fault> {
        self.opt_text(column)?.ok_or_else(|| null(column))
    }

    /// Bytes that are never null.
    pub(crate) fn blob(&self, column: usize) -> Result<&'r [u8], Fault> {
        self.opt_blob(column)?.ok_or_else(|| null(column))
    }

    /// A number, or null.
    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>, Fault> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Int(number) => Ok(Some(number)),
            Value::Text(_) | Value::Blob(_) => Err(other_type(column, "a number")),
        }
    }

    /// A text, or null.
    pub(crate) fn opt_text(&self, column: usize) -> Result<Option<&'r str>, Fault> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            Value::Int(_) | Value::Blob(_) => Err(other_type(column, "a text")),
        }
    }

    /// Bytes, or null.
    pub(crate) fn opt_blob(&self, column: usize) -> Result<Option<&'r [u8]>, Fault> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Blob(bytes) => Ok(Some(bytes)),
            Value::Int(_) | Value::Text(_) => Err(other_type(column, "bytes")),
        }
    }

    fn value(&self, column: usize) -> Result<Value<'r>, Fault> {
        match *self {
            Row::Sqlite(row) => super::sqlite::value(row, column),
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => super::postgres::value(row, column),
        }
    }
}

fn null(column: usize) -> Fault {
    Fault::Shape(format!("column {column} is null where it must not be"))
}

fn other_type(column: usize, expected: &str) -> Fault {
    Fault::Shape(format!("column {column} is not {expected}"))
}
