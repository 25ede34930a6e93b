//! Finds the programs that the tests need, and installs what is missing where that is ours to do.
//! Invariant: installs only as root on Debian; anyone else gets the command, and nothing is touched.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Stop;
use crate::steps::plainly;

/// Something the tests need.
pub(crate) struct Need {
    what: &'static str,
    present: fn() -> bool,
    /// Debian's packages of it.
    packages: &'static [&'static str],
}

pub(crate) const POSTGRES: Need =
    Need { what: "PostgreSQL 15 or newer", present: || postgres().is_some(), packages: &["postgresql"] };
pub(crate) const NATS: Need = Need {
    what: "NATS (the program nats-server)",
    present: || on_path("nats-server").is_some() || Path::new("/usr/sbin/nats-server").is_file(),
    packages: &["nats-server"],
};
pub(crate) const CHROMIUM: Need = Need {
    what: "Chromium (or WAXSEAL_CHROMIUM=/path/to/it)",
    present: || chromium().is_some(),
    packages: &["chromium"],
};
pub(crate) const NODE: Need = Need {
    what: "Node.js 20 or newer, with npm",
    present: || node_version().is_some_and(|version| version >= NODE_VERSION_MIN) && on_path("npm").is_some(),
    packages: &["nodejs", "npm"],
};

pub(crate) const PYTHON: Need = Need {
    what: "Python 3.10 or newer, with its module venv",
    present: has_venv,
    packages: &["python3", "python3-venv"],
};

pub(crate) const SCREEN: Need = Need {
    what: "Xvfb, a screen that nobody sees, with xdotool and Mesa",
    present: || on_path("Xvfb").is_some() && on_path("xdotool").is_some(),
    packages: &[
        "xvfb",
        "xdotool",
        "libegl1",
        "libgl1-mesa-dri",
        "libx11-6",
        "libx11-xcb1",
        "libxcursor1",
        "libxi6",
        "libxkbcommon-x11-0",
    ],
};

const NODE_VERSION_MIN: u32 = 20;

/// Makes sure that each of `needs` is there.
pub(crate) fn provide(needs: &[Need]) -> Result<(), Stop> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.what).collect();
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    let debian = Path::new("/etc/debian_version").exists();
    if !(debian && is_root()) {
        return Err(Stop::Unable(advice(&names, &packages, debian)));
    }
    eprintln!("installing {}", packages.join(" "));
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        plainly(command.args(["-q", "-y"]).args(args).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update"])
        .and_then(|()| apt(&[&["install", "--no-install-recommends"], packages.as_slice()].concat()))
        .map_err(|why| Stop::Unable(format!("{why}; install {} and try again", names.join(", "))))?;
    match missing.iter().find(|need| !(need.present)()) {
        Some(still) => Err(Stop::Unable(format!(
            "what this Debian has is not {}; install that and try again",
            still.what
        ))),
        None => Ok(()),
    }
}

fn advice(names: &[&str], packages: &[&str], debian: bool) -> String {
    let packages = packages.join(" ");
    let how = if debian {
        format!("run\n\n    sudo apt-get update && sudo apt-get install -y {packages}\n\nand try again")
    } else {
        format!("install them (Debian calls them: {packages}) and try again")
    };
    format!("the tests need {}; {how}", names.join(", "))
}

/// Where Chromium is.
pub(crate) fn chromium() -> Option<PathBuf> {
    let told = std::env::var_os("WAXSEAL_CHROMIUM").map(PathBuf::from);
    told.or_else(|| ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(on_path))
}

/// The first number of Node's version (`v20.1.2`).
fn node_version() -> Option<u32> {
    let said = Command::new("node").arg("--version").output().ok()?;
    String::from_utf8_lossy(&said.stdout).trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Can `python3` make an environment of its own? Debian has the two halves of that in two packages.
fn has_venv() -> bool {
    let script = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
    Command::new("python3").args(["-c", script]).output().is_ok_and(|said| said.status.success())
}

/// Where `initdb` is: the cluster looks in the same places.
fn postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions
        .map(|version| version.path().join("bin/initdb"))
        .find(|initdb| initdb.exists())
        .or_else(|| on_path("initdb"))
}

/// Where the shell would find `program`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_gets_the_exact_command() {
        let advice = advice(&["PostgreSQL", "Chromium"], &["postgresql", "chromium"], true);
        assert!(advice.contains("need PostgreSQL, Chromium;"), "{advice}");
        assert!(
            advice.contains("\n    sudo apt-get update && sudo apt-get install -y postgresql chromium\n"),
            "{advice}"
        );
    }

    #[test]
    fn finds_what_the_shell_finds() {
        assert!(on_path("sh").is_some());
        assert!(on_path("no-such-program-anywhere").is_none());
    }
}
