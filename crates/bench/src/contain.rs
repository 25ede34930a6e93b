//! What a token check costs, and how fast `contain` ends a million grants while apps read as fast as they can.
//!
//! Invariant: the grants are rows like those that consent stores, each with a family and an access token of its own; they are
//! copied behind the vault's back, while nobody has it open.

use crate::house::{self, House};
use crate::{process, report, serve};
use model::World;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use vault::{Containment, Page, ReadMessages, Refusal, Setup, Vault};

/// Checks of one kind, for their processor time.
const CHECKS: u32 = 200_000;
/// How long the apps read before they are shut out.
const HEAD_START: Duration = Duration::from_millis(500);

/// Copies the grants that are there until there are so many.
fn multiply(data: &Path, grants: usize) -> rusqlite::Result<i64> {
    let database = Connection::open(data.join("waxseal.db"))?;
    let columns = |table: &str| -> rusqlite::Result<Vec<String>> {
        let mut asked = database.prepare("select name from pragma_table_info(?1)")?;
        asked.query_map([table], |row| row.get(0))?.collect()
    };
    // Each column as it is in the pattern, but for those that make the row another one.
    let copied = |table: &str, changed: &[(&str, &str)], from: &str| -> rusqlite::Result<String> {
        let columns = columns(table)?;
        let value = |column: &String| {
            let other = changed.iter().find(|(name, _)| name == column).map(|(_, value)| (*value).to_owned());
            other.unwrap_or_else(|| format!("p.{column}"))
        };
        let values: Vec<String> = columns.iter().map(value).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        Ok(format!("insert into {table} ({columns}) select {values} from {from}"))
    };
    let pattern = "(select * from grants order by id limit 1) p, made m";
    let grant = copied("grants", &[("id", "m.id")], pattern)?;
    let family = copied(
        "token_families",
        &[("id", "m.id"), ("grant_id", "m.id")],
        &pattern.replace("grants order by id", "token_families order by id"),
    )?;
    let token = copied(
        "access_tokens",
        &[("hash", "m.hash"), ("family", "m.id")],
        &pattern.replace("grants order by id", "access_tokens order by hash"),
    )?;
    database.execute_batch(&format!(
        "pragma synchronous = off; begin; create temp table made (id blob primary key, hash blob) without rowid; \
         insert into made with recursive n(i) as (select 1 union all select i + 1 from n where i < {grants}) \
         select randomblob(16), randomblob(32) from n; {grant}; {family}; {token}; commit;"
    ))?;
    database.query_row("select count(*) from grants where state = 'active'", [], |row| row.get(0))
}

/// What was ended is live again.
fn forget(data: &Path) -> rusqlite::Result<()> {
    Connection::open(data.join("waxseal.db"))?.execute_batch("delete from containments")
}

fn open(data: &Path) -> Result<Arc<Vault>, String> {
    let world = World::new(serve::SystemClock, serve::OsEntropy);
    let setup = Setup {
        place: serve::place(&data.display().to_string()),
        issuer: serve::ISSUER.to_owned(),
        log: None,
    };
    Vault::open(setup, world).map(Arc::new).map_err(|e| e.to_string())
}

/// Measures, and prints what it found.
pub(crate) fn measure(folder: &Path, grants: usize, rounds: usize) -> Result<(), String> {
    let data = folder.join("data");
    std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    let house = house::build(&data.display().to_string(), 16)?;
    report::line(&format!("Preparing {grants} grants …"));
    let live = multiply(&data, grants).map_err(|e| e.to_string())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    for round in 1..=rounds {
        let vault = open(&data)?;
        if round == 1 {
            let checks = runtime.block_on(checks(&vault, &house)).map_err(|e| e.to_string())?;
            let [garbage, lately, anew] = checks;
            report::line(&format!(
                "token check on a /v1 request, CPU microseconds without DPoP: {lately:.2} for an act (floor < 5), of a token that was \
                 looked up lately; {anew:.2} looked up anew; {garbage:.2} of what is none of ours"
            ));
        }
        let (took, late) = runtime.block_on(contained(&vault, &house)).map_err(|e| e.to_string())?;
        report::line(&format!(
            "contain, {live} live grants: {:.2} ms (goal < 50); the last of the reads that succeeded {}",
            took.as_secs_f64() * 1e3,
            match late {
                None => "came before its answer".to_owned(),
                Some(late) => format!("came {:.3} ms AFTER its answer", late.as_secs_f64() * 1e3),
            }
        ));
        drop(vault);
        forget(&data).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Microseconds of processor time of one check: of a text that is no token, of a token for an act as this node looked it up
/// lately, and of one that is looked up anew.
async fn checks(vault: &Vault, house: &House) -> Result<[f64; 3], Refusal> {
    let used = || process::cpu_s(std::process::id());
    let token = |n: u32| house.residents[n as usize % house.residents.len()].token.as_str();
    let mut marks = [used(); 4];
    for _ in 0..CHECKS {
        let _ = vault.caller("wxa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    }
    marks[1] = used();
    for n in 0..CHECKS {
        vault.actor(token(n)).await?;
    }
    marks[2] = used();
    for n in 0..CHECKS {
        vault.caller(token(n)).await?;
    }
    marks[3] = used();
    Ok([0, 1, 2].map(|at| (marks[at + 1] - marks[at]) * 1e6 / f64::from(CHECKS)))
}

/// How long it took to end all, and how much later than its answer the last read succeeded, if one did.
async fn contained(vault: &Arc<Vault>, house: &House) -> Result<(Duration, Option<Duration>), Refusal> {
    let over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = house
        .residents
        .iter()
        .map(|one| {
            let (vault, one, over) = (vault.clone(), one.clone(), over.clone());
            tokio::spawn(async move {
                let mut last = None;
                while !over.load(Ordering::SeqCst) {
                    let Ok(caller) = vault.caller(&one.token).await else { break };
                    let page = Page { before: None, after: None, limit: 50 };
                    let Ok(permit) = caller.permit(ReadMessages { conversation: one.conversation, page })
                    else {
                        break;
                    };
                    if vault.read_messages(permit).await.is_ok() {
                        last = Some(now());
                    }
                }
                last
            })
        })
        .collect();
    tokio::time::sleep(HEAD_START).await;
    let why = "measured".to_owned();
    let begin = now();
    vault.contain(Containment { app: None, issued: None, why }).await?;
    let answered = now();
    // Whoever still could would succeed in this time.
    tokio::time::sleep(HEAD_START).await;
    over.store(true, Ordering::SeqCst);
    let mut last = None;
    for reader in readers {
        last = last.max(reader.await.unwrap_or_default());
    }
    Ok((
        answered - begin,
        last.and_then(|last| last.checked_duration_since(answered)).filter(|late| !late.is_zero()),
    ))
}

fn now() -> Instant {
    Instant::now()
}
