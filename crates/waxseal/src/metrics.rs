//! `/metrics`: counts for Prometheus, as text, on an address of its own.
//!
//! Invariant: numbers and names of transactions only; nothing here is about a person or an app.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::header;
use std::fmt::Write;
use std::sync::Arc;
use vault::{Timing, Vault};

/// The route.
pub(crate) fn routes(vault: Arc<Vault>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(vault)
}

async fn metrics(State(vault): State<Arc<Vault>>) -> ([(header::HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text(&vault.timings()))
}

/// A family of numbers: its name, type, meaning, and what it is of one transaction.
type Family = (&'static str, &'static str, &'static str, fn(&Timing) -> f64);

const FAMILIES: [Family; 4] = [
    ("waxseal_transactions_total", "counter", "Transactions that were answered.", |t| t.count as f64),
    (
        "waxseal_transactions_undone_total",
        "counter",
        "Transactions that ended in a refusal or a fault.",
        |t| t.undone as f64,
    ),
    ("waxseal_transaction_seconds_total", "counter", "Time from being queued to being answered.", |t| {
        t.total_us as f64 / 1e6
    }),
    ("waxseal_transaction_longest_seconds", "gauge", "The longest since start.", |t| {
        t.longest_us as f64 / 1e6
    }),
];

fn text(timings: &[Timing]) -> String {
    let mut out = String::new();
    for (name, kind, help, value) in FAMILIES {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for timing in timings {
            let _ = writeln!(out, "{name}{{name=\"{}\"}} {}", timing.name, value(timing));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_transaction_is_a_line_of_each_family() {
        let timing =
            Timing { name: "send_message", count: 3, undone: 1, total_us: 1_500_000, longest_us: 900_000 };
        let text = text(&[timing]);
        assert!(text.contains("\nwaxseal_transactions_total{name=\"send_message\"} 3\n"));
        assert!(text.contains("\nwaxseal_transaction_seconds_total{name=\"send_message\"} 1.5\n"));
        assert_eq!(text.matches("# TYPE ").count(), FAMILIES.len());
    }
}
