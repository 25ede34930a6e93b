//! Jukebox, a music player with a chat panel: the conversations that were started from it, without leaving it.
//!
//! Invariant: it asks for those conversations and the last three days of them, and shows nothing that it was not told.

mod chat;
mod line;
mod tracks;
mod window;

use clap::Parser;
use eframe::egui;
use line::{Line, Place};
use std::path::PathBuf;
use std::process::ExitCode;
use window::Jukebox;

/// A music player that works with Waxseal
#[derive(Parser, Debug)]
struct Options {
    /// Where Waxseal is
    #[arg(long, env = "JUKEBOX_WAXSEAL", value_name = "URL")]
    waxseal: String,
    /// Who we are there
    #[arg(long, env = "JUKEBOX_CLIENT_ID", value_name = "app_…")]
    client_id: String,
    /// The file that keeps you signed in; only you can read it [default: jukebox.json in your folder for such things]
    #[arg(long, env = "JUKEBOX_SESSION", value_name = "FILE")]
    session: Option<PathBuf>,
    /// What opens an address in your browser
    #[arg(long, env = "JUKEBOX_BROWSER", value_name = "PROGRAM", default_value = BROWSER)]
    browser: String,
}

const BROWSER: &str = if cfg!(target_os = "macos") {
    "open"
} else if cfg!(windows) {
    "explorer"
} else {
    "xdg-open"
};

/// Where the session is kept if nobody says: by the rules of the system.
fn session_file() -> Result<PathBuf, String> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("XDG_STATE_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| variable("HOME").map(|home| home.join(".local/state")))
        .ok_or("say where to keep your session: --session FILE")?;
    std::fs::create_dir_all(&folder).map_err(|why| format!("{} cannot be made: {why}", folder.display()))?;
    Ok(folder.join("jukebox.json"))
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("jukebox: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), String> {
    let session = match options.session {
        Some(file) => file,
        None => session_file()?,
    };
    let Options { waxseal, client_id, browser, .. } = options;
    let place = Place { waxseal, client_id, session, browser };
    let viewport = egui::ViewportBuilder::default()
        .with_title("Jukebox")
        .with_app_id("jukebox")
        .with_inner_size([1040.0, 680.0])
        .with_min_inner_size([720.0, 480.0]);
    let options = eframe::NativeOptions { viewport, ..eframe::NativeOptions::default() };
    let begin = move |context: &eframe::CreationContext<'_>| {
        let repaint = context.egui_ctx.clone();
        let line = Line::begin(place, move || repaint.request_repaint())?;
        let jukebox: Box<dyn eframe::App> = Box::new(Jukebox::new(line, &context.egui_ctx));
        Ok(jukebox)
    };
    eframe::run_native("Jukebox", options, Box::new(begin)).map_err(|why| format!("no window: {why}"))
}
