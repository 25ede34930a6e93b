//! What the benchmark prints: medians with their spread, and ratios taken inside a round.

use crate::Options;
use crate::drive::{Run, What};
use crate::log::Cost;
use crate::process;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Prints a line.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a complaint.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "bench: {text}");
}

/// Prints a figure, and what it should be.
pub(crate) fn told(what: &str, is: &str, floor: &str) {
    line(&format!("  {what:<52} {is:>22}   {floor}"));
}

/// The value below which this part of them lies; sorts them.
pub(crate) fn at(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(((values.len() as f64 - 1.0) * part) as usize).copied().unwrap_or(0.0)
}

/// All runs, by what was measured, a round each.
#[derive(Default)]
pub(crate) struct Figures(Vec<(What, Run, f64)>);

/// The median with the lowest and the highest.
pub(crate) fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |n: usize| values.get(n).copied().unwrap_or(0.0);
    (at(values.len() / 2), at(0), at(values.len().saturating_sub(1)))
}

/// Written out.
pub(crate) fn shown((median, low, high): (f64, f64, f64), digits: usize) -> String {
    format!("{median:.digits$} [{low:.digits$}–{high:.digits$}]")
}

impl Figures {
    pub(crate) fn add(&mut self, what: What, run: Run, cpu_us: f64) {
        self.0.push((what, run, cpu_us));
    }

    fn of(&self, what: What, value: impl Fn(&Run, f64) -> f64) -> Vec<f64> {
        self.0.iter().filter(|(which, ..)| *which == what).map(|(_, run, cpu)| value(run, *cpu)).collect()
    }

    /// `what` over `beside`, round by round.
    fn ratio(&self, what: What, beside: What, value: impl Fn(&Run, f64) -> f64 + Copy) -> (f64, f64, f64) {
        let pairs = self.of(what, value).into_iter().zip(self.of(beside, value));
        spread(pairs.map(|(one, other)| one / other).collect())
    }

    /// The processor time of one, in the median of the rounds.
    pub(crate) fn cpu_us(&self, what: What) -> f64 {
        spread(self.of(what, |_, cpu| cpu)).0
    }

    pub(crate) fn print(&self, options: &Options) {
        let engine = if options.postgres.is_some() { "PostgreSQL" } else { "SQLite" };
        line(&format!(
            "\n{engine}, {} connections, {} rounds of {} s; median [lowest–highest]\n",
            options.connections, options.rounds, options.seconds
        ));
        line(&format!(
            "{:<30} {:>26} {:>20} {:>20} {:>20}",
            "", "requests/s", "p50 ms", "p99 ms", "CPU µs/request"
        ));
        for &what in &options.kinds {
            line(&format!(
                "{:<30} {:>26} {:>20} {:>20} {:>20}",
                what.name(),
                shown(spread(self.of(what, |run, _| run.per_s)), 0),
                shown(spread(self.of(what, |run, _| run.p50_ms)), 2),
                shown(spread(self.of(what, |run, _| run.p99_ms)), 2),
                shown(spread(self.of(what, |_, cpu| cpu)), 1),
            ));
        }
        let rate = |run: &Run, _: f64| run.per_s;
        let cpu = |_: &Run, cpu: f64| cpu;
        line("\nratios, each taken inside a round                              floor   goal");
        let row = |name: &str, value: (f64, f64, f64), floor: &str| {
            line(&format!("  {name:<38} {:<20} {floor}", shown(value, 2)));
        };
        row("recorded read / gate only", self.ratio(What::Read, What::Gate, rate), "≥0.10   0.35");
        row("recorded send / gate only", self.ratio(What::Send, What::Gate, rate), "≥0.12   0.40");
        row("unrecorded read / recorded read", self.ratio(What::Own, What::Read, rate), "≤1.7    1.3");
        let tail = self.of(What::Send, |run, _| run.p99_ms / run.p50_ms.max(1e-6));
        row("send p99 / p50", spread(tail), "≤8");
        let share = |more: What, less: What| {
            let (more, less, whole) = (self.of(more, cpu), self.of(less, cpu), self.of(What::Read, cpu));
            spread(more.iter().zip(&less).zip(&whole).map(|((a, b), c)| (a - b) / c).collect())
        };
        row("the gate's share of a recorded read", share(What::Gate, What::Empty), "");
        row("the record's share of a recorded read", share(What::Read, What::Own), "");
        let noise = self.of(What::Empty, |run, _| run.per_s);
        let (median, low, high) = spread(noise);
        line(&format!("  noise: the empty answer spread over {:.2} of its median", (high - low) / median));
    }
}

/// What of a recorded read is the ledger's.
pub(crate) fn ledger_share(cost: Cost, read_us: Option<f64>) {
    let Cost { commit, receipt, integrate } = cost;
    let whole = commit + receipt + integrate;
    line(&format!(
        "\nthe ledger costs {whole:.1} µs an access: commitment {commit:.1}, receipt {receipt:.1}, append and integrate {integrate:.1}"
    ));
    if let Some(read_us) = read_us {
        line(&format!(
            "  of the {read_us:.0} µs of a recorded read: {:.1} % (floor 15 %); {:.1} % without the receipt",
            whole * 100.0 / read_us,
            (whole - receipt) * 100.0 / read_us
        ));
    }
}

/// The real server at rest, and how soon the demo answers.
pub(crate) fn rest(folder: &Path) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?.with_file_name("waxseal");
    if !program.exists() {
        line("\n(the server at rest was not measured: build waxseal beside this program)");
        return Ok(());
    }
    let data = folder.join("rest");
    let (serve, _) =
        started(&program, &["serve", "--listen", "127.0.0.1:0", "--data", &data.display().to_string()])?;
    line(&format!("\nmemory at rest: {:.1} MiB (floor 60)", process::resident_mib(serve.0.id())));
    drop(serve);
    let (demo, took) = started(&program, &["demo", "--listen", "127.0.0.1:0"])?;
    line(&format!("demo answers after {:.2} s (floor 2)", took.as_secs_f64()));
    drop(demo);
    Ok(())
}

/// A child that is stopped when dropped.
struct Stopped(std::process::Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        // Asked, not killed: the demo removes its folder.
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// Starts a server and waits for its first answer; how long that took.
fn started(program: &Path, words: &[&str]) -> Result<(Stopped, Duration), String> {
    let begin = Instant::now();
    let child = Command::new(program).args(words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = Stopped(child.map_err(|e| e.to_string())?);
    let out = child.0.stdout.take().ok_or("the server has no output")?;
    let mut address = None;
    for text in BufReader::new(out).lines() {
        let text = text.map_err(|e| e.to_string())?;
        if let Some((_, rest)) = text.split_once("http://") {
            address =
                rest.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).next().map(str::to_owned);
            break;
        }
    }
    let address = address.ok_or("the server named no address")?;
    let mut stream = TcpStream::connect(address.trim_end_matches(':')).map_err(|e| e.to_string())?;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
        .map_err(|e| e.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|e| e.to_string())?;
    if answer.starts_with("HTTP/1.1 200") { Ok((child, begin.elapsed())) } else { Err(answer) }
}
