//! Ids and hashes out of rows.

use crate::Fault;
use crate::engine::Row;
use model::{
    AppId, AuthorizationId, ConversationId, DeliveryId, GrantId, MessageId, NoticeId, PersonId, SessionId,
    WebhookId,
};
use oauth::bound::{Bound, Thumbprint};

/// An id that is stored as its 16 bytes.
pub(crate) trait Stored: Sized {
    fn stored(bytes: [u8; 16]) -> Self;
}

macro_rules! stored {
    ($($id:ident),*) => {$(
        impl Stored for $id {
            fn stored(bytes: [u8; 16]) -> Self {
                $id::from_bytes(bytes)
            }
        }
    )*};
}

stored!(
    AppId,
    AuthorizationId,
    ConversationId,
    DeliveryId,
    GrantId,
    MessageId,
    NoticeId,
    PersonId,
    SessionId,
    WebhookId
);

fn sized<const N: usize>(bytes: &[u8], column: usize) -> Result<[u8; N], Fault> {
    bytes.try_into().map_err(|_| Fault::Shape(format!("column {column} does not hold {N} bytes")))
}

/// 16 bytes.
pub(crate) fn bytes16(row: &Row<'_>, column: usize) -> Result<[u8; 16], Fault> {
    sized(row.blob(column)?, column)
}

/// 32 bytes.
pub(crate) fn array32(row: &Row<'_>, column: usize) -> Result<[u8; 32], Fault> {
    sized(row.blob(column)?, column)
}

/// An id.
pub(crate) fn id<T: Stored>(row: &Row<'_>, column: usize) -> Result<T, Fault> {
    Ok(T::stored(bytes16(row, column)?))
}

/// An id, or none.
pub(crate) fn opt_id<T: Stored>(row: &Row<'_>, column: usize) -> Result<Option<T>, Fault> {
    row.opt_blob(column)?.map(|bytes| sized(bytes, column).map(T::stored)).transpose()
}

/// A thumbprint, or none.
pub(crate) fn opt_thumbprint(row: &Row<'_>, column: usize) -> Result<Option<Thumbprint>, Fault> {
    row.opt_blob(column)?.map(|bytes| sized(bytes, column).map(Thumbprint)).transpose()
}

/// What a token is bound to, in the columns `jkt` and `x5t` from `from` on.
pub(crate) fn bound_of_row(row: &Row<'_>, from: usize) -> Result<Bound, Fault> {
    Ok(Bound::of(opt_thumbprint(row, from)?, opt_thumbprint(row, from + 1)?))
}
