//! Each rule of tidy fails on what breaks it, and on nothing that does not.

use super::{EXCEPTIONS, File, findings};

/// What tidy says about one file, as `line what`.
fn said(path: &str, text: &str) -> Vec<String> {
    said_of(&[(path, text)])
}

fn said_of(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<File> = files
        .iter()
        .map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() })
        .collect();
    findings(&files).iter().map(ToString::to_string).collect()
}

#[track_caller]
fn one(path: &str, text: &str, starts: &str) {
    let said = said(path, text);
    assert!(said.len() == 1 && said[0].starts_with(starts), "expected `{starts}…`, got {said:#?}");
}

#[track_caller]
fn none(path: &str, text: &str) {
    assert_eq!(said(path, text), Vec::<String>::new());
}

fn long_function(lines: usize) -> String {
    format!(
        "//! Long.\nfn long(a: [u8; 2]) -> &'static str {{\n{}}}\n",
        "    step('}', \"{\"); // {\n".repeat(lines - 2)
    )
}

#[test]
fn a_rust_file_opens_with_its_purpose() {
    one("crates/model/src/id.rs", "use std::fmt;\n", "crates/model/src/id.rs:1: open the file with `//!`");
    none("crates/model/src/id.rs", "//! Names things.\nuse std::fmt;\n");
}

#[test]
fn a_file_has_600_lines_at_most() {
    let lines = |count: usize| format!("//! Long.\n{}", "\n".repeat(count - 1));
    one("xtask/src/a.rs", &lines(601), "xtask/src/a.rs: 601 lines");
    none("xtask/src/a.rs", &lines(600));
}

#[test]
fn a_function_has_70_lines_at_most() {
    one("xtask/src/a.rs", &long_function(71), "xtask/src/a.rs:2: `long` has 71 lines");
    none("xtask/src/a.rs", &long_function(70));
    none(
        "xtask/src/a.rs",
        "//! Short.\ntrait T { fn a(); fn b(&self) -> [u8; 3]; }\ntype F = fn (u8) -> u8;\n",
    );
}

#[test]
fn an_exception_holds_for_today_only() {
    let with =
        |exceptions: &str| said_of(&[("xtask/src/a.rs", &long_function(71)), (EXCEPTIONS, exceptions)]);
    assert_eq!(with("# why\nxtask/src/a.rs long 71\n"), Vec::<String>::new());
    let grown = with("xtask/src/a.rs long 70\n");
    assert!(grown.len() == 2 && grown[1].contains("`xtask/src/a.rs long 70` is not the case"), "{grown:#?}");
    let stale = said(EXCEPTIONS, "xtask/src/gone.rs 700\n");
    assert!(stale.len() == 1 && stale[0].starts_with("xtask/tidy-exceptions.txt:1: "), "{stale:#?}");
}

#[test]
fn a_file_is_named_for_what_it_does() {
    for path in ["crates/api/src/util.rs", "crates/api/src/common/page.rs", "tests/browser/page-helper.mjs"] {
        let said = said(path, "//! .\n");
        assert!(said.len() == 1 && said[0].ends_with("name it for what it does"), "{path}: {said:#?}");
    }
    none("crates/doors/issuer/src/userinfo.rs", "//! Who is signed in.\n");
    none("docs/data.md", "");
}

#[test]
fn leftovers_and_sleeps_are_found_in_code_only() {
    for word in ["todo!()", "dbg!(x)", "#[ignore] fn a() {}", "std::thread::sleep(t)"] {
        let said = said("crates/api/src/a.rs", &format!("//! .\n\n{word};\n"));
        assert!(said.len() == 1 && said[0].starts_with("crates/api/src/a.rs:3: `"), "{word}: {said:#?}");
    }
    none(
        "crates/api/src/a.rs",
        "//! Not todo!\n// nor dbg!(x)\nconst A: &str = \"#[ignore]\";\nconst B: &str = r#\"todo!\"#;\n",
    );
}

#[test]
fn no_test_sleeps() {
    let sleep = "//! .\nasync fn a() { tokio::time::sleep(t).await }\n";
    one("crates/waxseal/tests/wire/a.rs", sleep, "crates/waxseal/tests/wire/a.rs:2: `time::sleep`");
    one("crates/work/src/a_tests.rs", sleep, "crates/work/src/a_tests.rs:2: ");
    let inside = "//! .\n#[cfg(test)]\nmod tests {\n    fn a() { tokio::time::sleep(t) }\n}\n";
    one("crates/work/src/a.rs", inside, "crates/work/src/a.rs:4: ");
    none("crates/work/src/a.rs", "//! .\n#[cfg(test)]\nmod tests;\nfn a() { tokio::time::sleep(t) }\n");
    let waits = format!("await page.{}(50)\n", concat!("waitFor", "Timeout"));
    one("tests/browser/a.test.mjs", &waits, "tests/browser/a.test.mjs:1: ");
}

#[test]
fn no_registry_and_no_place_of_one_machine() {
    let registry = format!("see https://{}/x\n", concat!("registry.npm", "js.org"));
    one("docs/a.md", &registry, "docs/a.md:1: `registry.");
    none(
        "Cargo.lock",
        &format!("source = \"registry+https://github.com/rust-lang/{}-index\"\n", concat!("crates", ".io")),
    );
    let place = |before: &str| format!("cd {before}{}shared\n", concat!("/wo", "rk/"));
    one("docs/a.md", &place(""), "docs/a.md:1: `/");
    none("docs/a.md", &place("crates"));
}

#[test]
fn a_lock_file_keeps_integrity_alone() {
    let lock = "{\n  \"resolved\": \"https://example.com/a.tgz\",\n  \"integrity\": \"sha512-x\"\n}\n";
    one("tests/browser/package-lock.json", lock, "tests/browser/package-lock.json:2: ");
    none("tests/browser/package-lock.json", "{\n  \"integrity\": \"sha512-x\"\n}\n");
}

#[test]
fn sealed_tables_are_named_at_home_only() {
    // T_MESSAGES and T_ACCESS stand for the tables, which this file may not name either.
    let code = |sql: &str| {
        let sql = sql.replace("T_MESSAGES", "messages").replace("T_ACCESS", "access");
        format!("//! .\nconst A: &str = \"{sql}\";\n")
    };
    for sql in [
        "select body from T_MESSAGES where home = $1",
        "INSERT INTO T_ACCESS (id) VALUES ($1)",
        "update T_MESSAGES\\n set body = $1",
        "delete from T_ACCESS",
        "delete from\\n T_ACCESS",
        "select 1 from people p join T_MESSAGES m on m.author = p.id",
        "select 1 from \\\"main\\\".T_MESSAGES",
        " from T_MESSAGES where seq > $2",
    ] {
        let said = said("crates/vault/src/tables/a.rs", &code(sql));
        assert!(
            said.len() == 1 && said[0].starts_with("crates/vault/src/tables/a.rs:2: names the"),
            "{sql}: {said:#?}"
        );
        none("crates/vault/src/sealed/messages.rs", &code(sql));
        none("crates/vault/src/schema/first.rs", &code(sql));
    }
    for innocent in [
        "select 1 from messages_read",
        "nothing is taken from T_MESSAGES",
        "your access ends",
        "delete your access",
    ] {
        none("crates/vault/src/tables/a.rs", &code(innocent));
    }
    none("crates/vault/src/tables/a.rs", &format!("//! Would delete from {}, in words.\n", "messages"));
    one("docs/a.sql", &format!("-- one\nselect 1 from {};\n", "messages"), "docs/a.sql:1: ");
}

#[test]
fn a_room_imports_from_floors_below() {
    let manifest = |section: &str, name: &str| {
        format!("[package]\nname = \"x\"\n\n[{section}]\n{name}.workspace = true\n")
    };
    one(
        "crates/vault/Cargo.toml",
        &manifest("dependencies", "bus"),
        "crates/vault/Cargo.toml:5: `vault` (floor 3) imports sideways",
    );
    one(
        "crates/oauth/Cargo.toml",
        &manifest("dependencies", "vault"),
        "crates/oauth/Cargo.toml:5: `oauth` (floor 2) imports upward",
    );
    one(
        "crates/doors/api/Cargo.toml",
        &manifest("build-dependencies", "pages"),
        "crates/doors/api/Cargo.toml:5: `api` (floor 5)",
    );
    one(
        "crates/ledger/Cargo.toml",
        &manifest("dependencies", "model"),
        "crates/ledger/Cargo.toml:5: `ledger` stands alone",
    );
    one(
        "crates/archive/Cargo.toml",
        "[dependencies.model]\nworkspace = true\n",
        "crates/archive/Cargo.toml:1: `archive` stands",
    );
    one(
        "crates/vault/Cargo.toml",
        &manifest("dependencies", "testkit"),
        "crates/vault/Cargo.toml:5: `vault` may import",
    );
    one(
        "crates/client/Cargo.toml",
        &manifest("dependencies", "model"),
        "crates/client/Cargo.toml:5: `client` stands alone",
    );
    one(
        "crates/doors/api/Cargo.toml",
        &manifest("dependencies", "waxseal-client"),
        "crates/doors/api/Cargo.toml:5: `api` may import",
    );
    none("crates/client/Cargo.toml", &manifest("dependencies", "ledger"));
    one("crates/attic/Cargo.toml", "[package]\n", "crates/attic/Cargo.toml: `attic` has no floor");
    none("crates/oauth/Cargo.toml", &manifest("dependencies", "model"));
    none("crates/oauth/Cargo.toml", &manifest("dev-dependencies", "testkit"));
    none("crates/testkit/Cargo.toml", &manifest("dependencies", "waxseal"));
}

#[test]
fn what_is_said_to_conform_names_tests_that_are_there_and_counts_them() {
    let table = |count: &str, rows: &str| {
        format!("# Conformance\n\n{count}\n\n| | asked | held by |\n|---|---|---|\n{rows}")
    };
    let good = "\
| OA-01 | Codes | [`a_code_ends`](../crates/a/tests/code.rs), [`in here`](../tests/clients/a.test.mjs) |
| OA-02 | Nothing else | not yet: nobody looks; so far [`inside`](../crates/a/src/a.rs) |
| OA-03 | Signed | does not apply: not offered |
";
    let count = "3 lines: **1 held, 1 not yet, 1 do not apply.**";
    let said = |count: &str, rows: &str| {
        said_of(&[
            ("docs/conformance.md", &table(count, rows)),
            ("crates/a/tests/code.rs", "//! .\n// fn in_words() {}\nasync fn a_code_ends(house: House) {}\n"),
            (
                "crates/a/src/a.rs",
                "//! .\nfn outside() {}\n#[cfg(test)]\nmod tests {\n    fn inside() {}\n}\n",
            ),
            ("tests/clients/a.test.mjs", "test(\"in here\", async () => {});\n"),
        ])
    };
    assert_eq!(said(count, good), Vec::<String>::new());
    for (name, other) in [
        ("a_code_ends", "a_code_end"),
        ("a_code_ends", "in_words"),
        ("in here", "elsewhere"),
        ("inside", "outside"),
        ("code.rs", "codes.rs"),
    ] {
        let said = said(count, &good.replacen(name, other, 1));
        assert!(said.len() == 1 && said[0].contains(": there is no test `"), "{other}: {said:#?}");
    }
    let unheld = good.replace(
        "[`a_code_ends`](../crates/a/tests/code.rs), [`in here`](../tests/clients/a.test.mjs)",
        "held, surely",
    );
    assert!(said(count, &unheld)[0].contains(":7: OA-01 names no test"), "{:#?}", said(count, &unheld));
    let twice = good.replace("OA-03", "OA-02");
    assert!(said(count, &twice)[0].contains(":9: OA-02 has two lines"));
    let miscounted = said(&count.replace("1 held", "2 held"), good);
    assert_eq!(miscounted, [format!("docs/conformance.md: count again: `{count}`")]);
}
