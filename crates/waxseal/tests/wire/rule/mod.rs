//! The rule over all doors: every route asked by every kind of caller, held to a table that people review, `routes.txt`.
//!
//! Invariant: no route is left out. The rows are read from the router that serves, so a new route fails this test until
//! it stands in the table; there is no list of exceptions. `WAXSEAL_ROUTES_WRITE=1` writes the table anew, for review.
mod callers;
mod ground;
mod routes;

use crate::raw;
use callers::{CALLERS, Cast};
use ground::Ground;
use routes::Route;
use std::path::Path;

const ABOUT: &str = "\
# Who is answered what: every route of every door, asked by every kind of caller.
#
# A star says that an access record was written with the answer. Made by tests/wire/rule (WAXSEAL_ROUTES_WRITE=1),
# reviewed by people: a change here is a change of who may do what.
#
# Apps, with `Authorization: Bearer` and an access token of a grant that Ada gave (all conversations, unless it says so):
#   expired   its time is over             revoked   she revoked the grant       paused   she paused the grant
#   spent     its one use is used          halted    the operator suspended the app
#   face      no access to messages        list, read, send, delete              that action alone; read brings list
#   all       everything                   far       everything, in conversations that the app started: not this one
#   other     another app's, from Cem, who is not in the conversation
#   garbage   no token of ours             session   Ada's session cookie in the place of a token
# People, with a session cookie and a form of ours where a form is sent:
#   ada       whose things these are       bea       in the conversation with her         cem   not in it
#   no-form   Ada, without the form's token          cross     Ada, from a page of another site
#   token     an access token in the place of the session cookie                 left     a session that was signed out
# nobody: neither. The answer `sign-in` is a redirect to the page where one signs in.
";

#[test]
fn every_route_answers_every_caller_as_the_table_says() {
    let cast = Cast::new();
    let routes = routes::served();
    let width = routes.iter().map(|route| route.to_string().len()).max().unwrap();
    let mut table = format!("{ABOUT}\n{:width$}", "");
    CALLERS.iter().for_each(|caller| table.push_str(&format!(" {:>7}", caller.name())));
    for route in &routes {
        table.push_str(&format!("\n{:width$}", route.to_string()));
        row(&cast, route).iter().for_each(|cell| table.push_str(&format!(" {cell:>7}")));
    }
    table.push('\n');
    held_to(&table.lines().map(str::trim_end).collect::<Vec<_>>());
}

/// What every caller is answered on this route, each on ground of its own.
fn row(cast: &Cast, route: &Route) -> Vec<String> {
    cast.mint_what_is_worn();
    let ask = |caller: &callers::Caller| {
        let ground = Ground::new(cast, route);
        let asks = ground.asks(cast, route, *caller);
        let bytes = asks.bytes(cast, route, *caller);
        let before = records(cast);
        let head = raw::head(&cast.stage, &bytes).unwrap_or_else(|| panic!("{route}: no answer"));
        assert!(head.status < 500, "{route} for {}: {}", caller.name(), head.status);
        held_by_no_cache(route, &head, caller.name());
        if route.path == "/v1/events" {
            // What the next cell does would be told, and recorded.
            cast.stage.streams_gone();
        }
        let after = records(cast);
        assert!(after - before <= 1, "{route} for {}: one act, {} records", caller.name(), after - before);
        if head.location.is_some_and(|to| to == "/sign-in" || to.starts_with("/sign-in?return_to=")) {
            return "sign-in".to_owned();
        }
        let star = if after > before { "*" } else { " " };
        format!("{}{star}", head.status)
    };
    CALLERS.iter().map(ask).collect()
}

/// What is the same for everybody, and may be kept: the log, our own files, keys, what we say of ourselves.
const FOR_EVERYBODY: [&str; 7] =
    ["/.well-known/", "/directory.json", "/jwks", "/ledger/", "/openapi.json", "/problems/", "/static/"];

/// No cache keeps what is somebody's.
fn held_by_no_cache(route: &Route, head: &raw::Head, caller: &str) {
    let cache = head.cache.as_deref().unwrap_or_default();
    let is_for_everybody = FOR_EVERYBODY.iter().any(|path| route.path.starts_with(path));
    assert!(is_for_everybody || cache.contains("no-store"), "{route} for {caller}: {cache:?}");
}

/// How many records there are. What was spent by permits since the start is as many, always.
fn records(cast: &Cast) -> u64 {
    let (spent, records) = cast.stage.wait(cast.stage.vault().permits_spent_and_records()).unwrap();
    assert_eq!(spent, records, "permits spent = records written");
    records
}

fn held_to(table: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/rule/routes.txt");
    let text = table.join("\n") + "\n";
    if std::env::var_os("WAXSEAL_ROUTES_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
        return;
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    let reviewed: Vec<&str> = reviewed.lines().collect();
    let gone = reviewed.iter().filter(|line| !table.contains(line)).map(|line| format!("- {line}"));
    let new = table.iter().filter(|line| !reviewed.contains(line)).map(|line| format!("+ {line}"));
    let differences: Vec<String> = gone.chain(new).collect();
    assert!(
        reviewed == table,
        "who may do what is not as {} says; if that is meant, write it anew with WAXSEAL_ROUTES_WRITE=1\n{}",
        path.display(),
        differences.join("\n")
    );
}
