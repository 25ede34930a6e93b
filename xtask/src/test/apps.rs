//! The apps of partners: a workspace of their own, tested as their users meet them.
//! Invariant: the server is built without them, and they without the server; they meet over HTTP.

use std::path::Path;

use super::{Ask, built_server, node, npm_ci, with_chromium};
use crate::cargo;
use crate::steps::{Steps, plainly};

/// Those that can be started by name.
pub(crate) const NAMES: [&str; 3] = ["jukebox", "marquee", "teller"];
/// The manifest of their workspace.
pub(crate) const MANIFEST: &str = "apps/Cargo.toml";

/// Builds them beside the server, and runs their own tests and those in `tests/apps`.
pub(super) fn test(root: &Path, ask: &Ask, steps: &mut Steps) {
    let all = |command: &str| {
        let mut all = cargo(root);
        all.args([command, "--manifest-path", MANIFEST, "--workspace"]);
        all
    };
    let built = steps.step("build the apps", |_| plainly(all("build").arg("--all-targets")));
    if !built {
        return;
    }
    if ask.filter.is_empty() {
        steps.step("Rust tests of the apps", |steps| steps.count(all("test").arg("--no-fail-fast")));
    }
    if steps.step("install playwright-core", |_| npm_ci(&root.join("tests/browser"))) {
        steps.step("the apps in Chromium and in a window", |steps| {
            let mut node = node(&root.join("tests/apps"), ask)?;
            // Both workspaces build into one folder.
            let folder = built_server()?.with_file_name("");
            steps.count(with_chromium(node.env("WAXSEAL_APPS", folder)))
        });
    }
}
