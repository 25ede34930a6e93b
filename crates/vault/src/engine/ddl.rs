//! The few words in which the engines' `create table` differ.
//!
//! The schema is written once, with the types `bigint`, `text` and `blob`. Each of them means a type only right after
//! the name of a column, so no column may be called like a type, nor like one of the keywords that precede a name.
//!
//! Invariant: this touches `create` and `alter` statements only; queries are the same text on both engines.

/// SQLite: a number as the key is the row's own number, and a table marked `/* clustered */` is stored by its key.
pub(super) fn for_sqlite(sql: &str) -> String {
    sql.replace("bigint primary key", "integer primary key").replace(") /* clustered */;", ") without rowid;")
}

/// PostgreSQL: bytes are called otherwise, and texts are ordered by their bytes, as SQLite does, not by a locale.
#[cfg(feature = "postgres")]
pub(super) fn for_postgres(sql: &str) -> String {
    let mut translated = String::with_capacity(sql.len() + sql.len() / 8);
    let mut after_name = false;
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = match is_word(first) {
            true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        translated.push_str(match token {
            "blob" if after_name => "bytea",
            "text" if after_name => "text collate \"C\"",
            other => other,
        });
        if !first.is_ascii_whitespace() {
            after_name = is_word(first) && !matches!(token, "column" | "on" | "where" | "and" | "or" | "not");
        }
    }
    translated
}

#[cfg(test)]
#[path = "ddl_tests.rs"]
mod tests;
