//! A chore as a row of steps, each with a heading and its time, and the tests they ran counted together.
//! Invariant: a step that fails is counted as failed, even if no test of it was run.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Stop;

/// The steps so far.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(&'static str, Duration, Result<(), String>)>,
    /// The tests of all steps.
    pub(crate) tally: Tally,
    /// The line in which the test runner itself summed up.
    summary: Option<String>,
}

/// How many tests passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Steps {
    /// Runs `work` under the heading `name`; true if it went well.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        work: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> bool {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let failed_before = self.tally.failed;
        let outcome = work(self);
        let took = start.elapsed();
        if let Err(why) = &outcome {
            eprintln!("{why}");
            if self.tally.failed == failed_before {
                self.tally.failed += 1;
            }
        }
        let good = outcome.is_ok();
        eprintln!("-- {name}: {} in {:.1} s", if good { "done" } else { "FAILED" }, took.as_secs_f64());
        self.done.push((name, took, outcome));
        good
    }

    /// Runs a test runner to its end, showing what it says and counting what it counts.
    pub(crate) fn count(&mut self, command: &mut Command) -> Result<(), String> {
        if std::io::stderr().is_terminal() {
            command.env("CARGO_TERM_COLOR", "always");
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{} did not start: {e}", command.get_program().display()))?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (from_out, from_err) = std::thread::scope(|scope| {
            let out = scope.spawn(move || out.map(relay).unwrap_or_default());
            let err = err.map(relay).unwrap_or_default();
            (out.join().unwrap_or_default(), err)
        });
        for line in from_out.into_iter().chain(from_err) {
            if let Some(tally) = Tally::of(&line) {
                self.tally.passed += tally.passed;
                self.tally.failed += tally.failed;
            }
            if line.trim_start().starts_with("Summary [") {
                self.summary = Some(line);
            }
        }
        let status = child.wait().map_err(|e| format!("lost sight of it: {e}"))?;
        if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command))) }
    }

    /// Every step with its time, and the last words of the test runner.
    pub(crate) fn print_summary(&self) {
        eprintln!("\n== summary");
        for (name, took, outcome) in &self.done {
            let verdict = if outcome.is_ok() { "done" } else { "FAILED" };
            eprintln!("{name:<32} {verdict:<6} {:>7.1} s", took.as_secs_f64());
        }
        if let Some(summary) = &self.summary {
            eprintln!("{summary}");
        }
    }

    /// Whether every step went well.
    pub(crate) fn verdict(&self) -> Result<(), Stop> {
        if self.done.iter().all(|(_, _, outcome)| outcome.is_ok()) {
            Ok(())
        } else {
            Err(Stop::FailedAsShown)
        }
    }
}

impl Tally {
    /// The counts in one line of nextest, libtest or node, if it is one that sums up.
    fn of(line: &str) -> Option<Self> {
        let line = line.trim();
        let counts = if line.starts_with("Summary [") {
            line.split_once("run: ")?.1
        } else if let Some((_, counts)) = line.split_once("test result: ") {
            counts.split_once(". ")?.1
        } else {
            let (word, number) = line.strip_prefix("ℹ ")?.split_once(' ')?;
            let number = number.parse().ok()?;
            return match word {
                "pass" => Some(Self { passed: number, failed: 0 }),
                "fail" | "cancelled" => Some(Self { passed: 0, failed: number }),
                _ => None,
            };
        };
        let mut tally = Self::default();
        for count in counts.split([',', ';']) {
            let (number, what) = count.trim().split_once(' ')?;
            let number: u64 = number.parse().unwrap_or(0);
            if what.starts_with("passed") {
                tally.passed += number;
            } else if ["failed", "timed out", "exec failed"].iter().any(|bad| what.starts_with(bad)) {
                tally.failed += number;
            }
        }
        Some(tally)
    }
}

/// Runs a command to its end on our own streams.
pub(crate) fn plainly(command: &mut Command) -> Result<(), String> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("{} did not start: {e}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command))) }
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or_default().to_string_lossy()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy()));
    format!("`{}`", words.join(" "))
}

/// Passes on line by line what a command says; returns the lines that may sum up, without colours.
fn relay(stream: impl Read) -> Vec<String> {
    let mut kept = Vec::new();
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
        let text = String::from_utf8_lossy(&line);
        eprint!("{text}");
        let plain = without_colours(text.trim_end());
        if ["Summary [", "test result: ", "ℹ "].iter().any(|mark| plain.contains(mark)) {
            kept.push(plain);
        }
        line.clear();
    }
    kept
}

fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_each_runner_says() {
        let of = |line| Tally::of(&without_colours(line)).map(|tally| (tally.passed, tally.failed));
        assert_eq!(of("     Summary [   0.005s] 12 tests run: 12 passed, 0 skipped"), Some((12, 0)));
        assert_eq!(
            of("Summary [1.2s] 9/12 tests run: 5 passed (2 slow), 3 failed, 1 timed out, 3 skipped"),
            Some((5, 4))
        );
        assert_eq!(
            of(
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m1\u{1b}[0m test run: 1 passed, 0 skipped"
            ),
            Some((1, 0))
        );
        assert_eq!(
            of(
                "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s"
            ),
            Some((3, 1))
        );
        assert_eq!(of("ℹ pass 4"), Some((4, 0)));
        assert_eq!(of("ℹ fail 2"), Some((0, 2)));
        assert_eq!(of("ℹ duration_ms 12.5"), None);
        assert_eq!(of("        PASS [   0.1s] waxseal::wire summary"), None);
    }

    #[test]
    fn counts_a_step_that_fails_without_a_test() {
        let mut steps = Steps::default();
        assert!(steps.step("good", |_| Ok(())));
        assert!(!steps.step("bad", |_| Err("no".to_owned())));
        assert_eq!(steps.tally, Tally { passed: 0, failed: 1 });
        assert!(steps.verdict().is_err());
    }

    #[test]
    fn counts_the_tests_of_a_command_once() {
        let mut steps = Steps::default();
        let good = steps.step("tests", |steps| {
            steps.count(
                Command::new("sh")
                    .args(["-c", "echo 'test result: FAILED. 2 passed; 3 failed; 0 ignored'; exit 101"]),
            )
        });
        assert!(!good);
        assert_eq!(steps.tally, Tally { passed: 2, failed: 3 });
    }
}
