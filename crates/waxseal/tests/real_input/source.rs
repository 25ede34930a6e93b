//! The real conversations beside the checkout, read without any of our own code.
use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Each file with its conversations and messages, as the README beside them counts.
pub(crate) const FILES: [(&str, u64, u64); 9] = [
    ("chitchat", 1_084, 65_056),
    ("redial-iard", 221, 3_031),
    ("real-persona-chat", 2_234, 67_313),
    ("jmrd", 200, 4_540),
    ("kdconv-film", 150, 3_858),
    ("kdconv-music", 150, 2_772),
    ("ubuntu-irc-threads", 3_483, 50_612),
    ("ubuntu-irc-rooms", 24, 29_818),
    ("chatterbot-phrases", 2_102, 6_604),
];
/// Conversations and messages of the Messenger export.
pub(crate) const MESSENGER: (u64, u64) = (4, 51);

/// `shared/data`, or none with a line that says so.
pub(crate) fn data() -> Option<PathBuf> {
    let shared = std::env::var_os("WAXSEAL_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let found = Some(shared.join("data")).filter(|path| path.is_dir());
    if found.is_none() {
        eprintln!("skipped: there is no real input, since {} is not there", shared.display());
    }
    found
}

pub(crate) fn file(data: &Path, name: &str) -> PathBuf {
    data.join(format!("conversations/{name}.jsonl.gz"))
}

pub(crate) fn messenger(data: &Path) -> PathBuf {
    data.join("exports/messenger-dyi")
}

/// What one conversation says: every byte of its texts, in their order.
#[derive(Default, Clone)]
pub(crate) struct Said(Sha256);

impl Said {
    pub(crate) fn add(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
    }

    pub(crate) fn digest(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// One hash over many conversations, whatever their order.
pub(crate) fn over_all(mut conversations: Vec<[u8; 32]>) -> [u8; 32] {
    conversations.sort_unstable();
    let mut all = Sha256::new();
    conversations.iter().for_each(|one| all.update(one));
    all.finalize().into()
}

/// The digest of each conversation of a file. An action is told as what it is: `* ada waves`.
pub(crate) fn digests(data: &Path, name: &str) -> Vec<[u8; 32]> {
    let lines = BufReader::new(GzDecoder::new(File::open(file(data, name)).unwrap())).lines();
    let digest = |line: std::io::Result<String>| {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let mut said = Said::default();
        for message in line["messages"].as_array().unwrap() {
            let text = message["text"].as_str().unwrap();
            match message["kind"].as_str() {
                Some("action") => said.add(&format!("* {} {text}", message["from"].as_str().unwrap())),
                _ => said.add(text),
            }
        }
        said.digest()
    };
    lines.map(digest).collect()
}

/// The words of the Messenger export, as they were before that platform wrote their bytes as Latin-1.
pub(crate) fn messenger_words(data: &Path) -> Vec<String> {
    let mut words = Vec::new();
    let inbox = messenger(data).join("your_facebook_activity/messages/inbox");
    for thread in fs::read_dir(inbox).unwrap() {
        for page in fs::read_dir(thread.unwrap().path()).unwrap() {
            let page: Value = serde_json::from_slice(&fs::read(page.unwrap().path()).unwrap()).unwrap();
            for message in page["messages"].as_array().unwrap() {
                words.extend(message["content"].as_str().map(latin1));
            }
        }
    }
    words
}

fn latin1(text: &str) -> String {
    let bytes = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    String::from_utf8(bytes).unwrap()
}
