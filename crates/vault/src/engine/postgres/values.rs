//! Our three types in PostgreSQL's binary form.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::super::{Fault, Value};

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (*self, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(number), &Type::INT8) => number.to_sql(ty, out),
            // Where nothing but a literal tells the type, PostgreSQL takes a smaller one.
            (Value::Int(number), &Type::INT4) => i32::try_from(number)?.to_sql(ty, out),
            (Value::Text(text), _) if <&str as ToSql>::accepts(ty) => text.to_sql(ty, out),
            (Value::Blob(bytes), &Type::BYTEA) => bytes.to_sql(ty, out),
            _ => Err(format!("a parameter is to be `{ty}` here").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value that a statement sent ahead keeps for itself.
#[derive(Debug)]
pub(super) enum OwnValue {
    Null,
    Int(i64),
    Text(Box<str>),
    Blob(Box<[u8]>),
}

impl From<&Value<'_>> for OwnValue {
    fn from(value: &Value<'_>) -> Self {
        match *value {
            Value::Null => OwnValue::Null,
            Value::Int(number) => OwnValue::Int(number),
            Value::Text(text) => OwnValue::Text(text.into()),
            Value::Blob(bytes) => OwnValue::Blob(bytes.into()),
        }
    }
}

impl ToSql for OwnValue {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let value = match self {
            OwnValue::Null => Value::Null,
            OwnValue::Int(number) => Value::Int(*number),
            OwnValue::Text(text) => Value::Text(text),
            OwnValue::Blob(bytes) => Value::Blob(bytes),
        };
        value.to_sql(ty, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Reads one column.
pub(in super::super) fn value<'r>(row: &'r tokio_postgres::Row, column: usize) -> Result<Value<'r>, Fault> {
    fn get<'r, T: FromSql<'r>>(row: &'r tokio_postgres::Row, column: usize) -> Result<Option<T>, Fault> {
        row.try_get(column).map_err(|error| Fault::Shape(error.to_string()))
    }
    let missing = || Fault::Shape(format!("there is no column {column}"));
    let value = match *row.columns().get(column).ok_or_else(missing)?.type_() {
        Type::INT8 => get(row, column)?.map(Value::Int),
        Type::INT4 => get::<i32>(row, column)?.map(|number| Value::Int(number.into())),
        Type::BOOL => get::<bool>(row, column)?.map(|flag| Value::Int(flag.into())),
        Type::BYTEA => get(row, column)?.map(Value::Blob),
        ref ty if <&str as FromSql<'_>>::accepts(ty) => get(row, column)?.map(Value::Text),
        ref ty => {
            return Err(Fault::Shape(format!("column {column} is of type {ty}: cast it to one of ours")));
        }
    };
    Ok(value.unwrap_or(Value::Null))
}
