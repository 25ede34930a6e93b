//! One temporary PostgreSQL for a whole run of the tests.
//! Invariant: it lives no longer than this process, however this process ends, and leaves nothing behind.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

// Shared as a file with the crates whose tests start clusters of their own: as a dependency it would cost this
// program its quick build.
#[path = "../../crates/testkit/src/cluster.rs"]
#[allow(dead_code, unreachable_pub, reason = "the crate that it is at home in uses the rest, and exports it")]
mod cluster;
use cluster::{Cluster, Disk};

/// Waits for the end of its input, which comes when we let go of it or die, by whatever signal; then stops the
/// server by its process id, at once since nobody will look at this data again, and removes the folder.
const KEEPER: &str = r#"read -r _; read -r server <"$0/data/postmaster.pid" && kill -QUIT "$server"
while kill -0 "$server"; do sleep 0.1; done; rm -rf "$0""#;

/// A running PostgreSQL.
pub(crate) struct Postgres {
    cluster: Cluster,
    keeper: Child,
}

impl Postgres {
    /// Starts it in a temporary folder; it commits as in production. Errors are sentences.
    pub(crate) fn start() -> Result<Self, String> {
        let folder: PathBuf = std::env::temp_dir().join(format!("waxseal-tests-{}", std::process::id()));
        let cluster = Cluster::start(&folder, Disk::Synced)?;
        let keeper = Command::new("sh")
            .args(["-c", KEEPER])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0) // Ctrl-C is for us; the keeper learns of it by our end
            .spawn()
            .map_err(|e| {
                format!("sh did not start: {e}; stop PostgreSQL in {} yourself", folder.display())
            })?;
        Ok(Self { cluster, keeper })
    }

    /// Where tests find it: as its superuser, who makes a database for each of them.
    pub(crate) fn url(&self) -> String {
        self.cluster.url("postgres")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
