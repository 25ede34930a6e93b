//! The schema, as a list of steps forward. A step that has been released is never edited; a new one is added.

use crate::engine::Step;

/// Every step, in order.
pub(crate) const STEPS: &[Step] = &[
    Step { number: 1, name: "house", sql: include_str!("0001_house.sql") },
    Step { number: 2, name: "notices", sql: include_str!("0002_notices.sql") },
    Step { number: 3, name: "sessions", sql: include_str!("0003_sessions.sql") },
    Step { number: 4, name: "events", sql: include_str!("0004_events.sql") },
    Step { number: 5, name: "shares", sql: include_str!("0005_shares.sql") },
    Step { number: 6, name: "clients", sql: include_str!("0006_clients.sql") },
    Step { number: 7, name: "cosigned", sql: include_str!("0007_cosigned.sql") },
    Step { number: 8, name: "containments", sql: include_str!("0008_containments.sql") },
    Step { number: 9, name: "map", sql: include_str!("0009_map.sql") },
    Step { number: 10, name: "pushed", sql: include_str!("0010_pushed.sql") },
    Step { number: 11, name: "refresh", sql: include_str!("0011_refresh.sql") },
    Step { number: 12, name: "devices", sql: include_str!("0012_devices.sql") },
    Step { number: 13, name: "logout", sql: include_str!("0013_logout.sql") },
    Step { number: 14, name: "bound", sql: include_str!("0014_bound.sql") },
    Step { number: 15, name: "alerts", sql: include_str!("0015_alerts.sql") },
    Step { number: 16, name: "webhooks", sql: include_str!("0016_webhooks.sql") },
    Step { number: 17, name: "tiles_by_place", sql: include_str!("0017_tiles_by_place.sql") },
    Step { number: 18, name: "signals", sql: include_str!("0018_signals.sql") },
    Step { number: 19, name: "signed_requests", sql: include_str!("0019_signed_requests.sql") },
    Step { number: 20, name: "lapses", sql: include_str!("0020_lapses.sql") },
    Step { number: 21, name: "alert_zone", sql: include_str!("0021_alert_zone.sql") },
    Step { number: 22, name: "token_lines", sql: include_str!("0022_token_lines.sql") },
    Step { number: 23, name: "person_counts", sql: include_str!("0023_person_counts.sql") },
    Step { number: 24, name: "factors", sql: include_str!("0024_factors.sql") },
    Step { number: 25, name: "passkeys", sql: include_str!("0025_passkeys.sql") },
    Step { number: 26, name: "recoveries", sql: include_str!("0026_recoveries.sql") },
    Step { number: 27, name: "retirements", sql: include_str!("0027_retirements.sql") },
    Step { number: 28, name: "partner_keys", sql: include_str!("0028_partner_keys.sql") },
    Step { number: 29, name: "certificates", sql: include_str!("0029_certificates.sql") },
];

#[cfg(test)]
#[path = "steps_tests.rs"]
mod tests;
