//! A witness in a folder of its own, and logs that ask it.

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use ledger::checkpoint::Checkpoint;
use ledger::cosignature::CosignerKey;
use ledger::edge::Edge;
use ledger::hash::{Hash, leaf_hash};
use ledger::note::{LogKey, Note};
use ledger::proof::TreeHashes;
use ledger::submission::Submission;
use ledger::tile::{TilePath, TileReader};
use model::{Clock, Entropy, Time, World};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use tower::ServiceExt;
use witness::{Folder, MemoryFault, Witness, routes};

/// 1,700,000,000 seconds after 1970.
pub(crate) const NOW_S: u64 = 1_700_000_000;

struct Still;

impl Clock for Still {
    fn now(&self) -> Time {
        Time::from_micros(NOW_S as i64 * 1_000_000)
    }
}

impl Entropy for Still {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(5);
    }
}

pub(crate) fn log_key(n: u8) -> LogKey {
    LogKey::new(&format!("log{n}.example/ledger"), &[n; 32]).unwrap()
}

pub(crate) fn world() -> World {
    World::new(Still, Still)
}

/// A witness of the logs 1 and 2.
pub(crate) fn open(folder: &Path) -> Result<Witness, MemoryFault> {
    let folder = Folder::lock(folder)?;
    let key = folder.key(Some("witness.example/w"), &world())?;
    Witness::open(folder, key, vec![log_key(1).public().clone(), log_key(2).public().clone()], world())
}

pub(crate) struct Stage {
    pub(crate) router: Router,
    pub(crate) key: CosignerKey,
}

impl Stage {
    pub(crate) fn on(folder: &Path) -> Stage {
        let witness = Arc::new(open(folder).unwrap());
        Stage { key: witness.key().clone(), router: routes(witness) }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, String, String) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let kind = answer.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, kind.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String, String) {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, body: impl Into<Body>) -> (StatusCode, String, String) {
        self.send(Request::post("/add-checkpoint").body(body.into()).unwrap()).await
    }

    /// Asks for a cosignature and checks the one that comes; or says the status and the body.
    pub(crate) async fn ask(&self, submission: &Submission) -> Result<u64, (u16, String)> {
        let (status, kind, body) = self.post(submission.to_string()).await;
        if status != StatusCode::OK {
            return Err((status.as_u16(), body));
        }
        assert_eq!(kind, "text/plain; charset=utf-8");
        // As the specification suggests to clients: the answer behind the checkpoint is a note again.
        let note = Note::parse(format!("{}{body}", submission.note).as_bytes()).unwrap();
        Ok(self.key.cosigned(&note).unwrap().unwrap())
    }
}

/// A log in memory.
#[derive(Default, Clone)]
pub(crate) struct Log {
    files: HashMap<TilePath, Vec<u8>>,
    edge: Edge,
}

impl TileReader for Log {
    type Error = &'static str;
    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, &'static str> {
        self.files.get(&path).cloned().ok_or("no such tile")
    }
}

impl Log {
    pub(crate) fn of(size: u64) -> Log {
        let mut log = Log::default();
        log.grow("entry", size);
        log
    }

    pub(crate) fn grow(&mut self, word: &str, more: u64) {
        let leaves: Vec<Hash> =
            (0..more).map(|n| leaf_hash(format!("{word} {}", self.edge.size() + n).as_bytes())).collect();
        let files = self.edge.grow(&leaves);
        self.files.extend(files.into_iter().map(|file| (file.path, file.bytes)));
    }

    pub(crate) fn size(&self) -> u64 {
        self.edge.size()
    }

    /// What the log `n` of this content asks a witness that it takes to be at `old`.
    pub(crate) fn submission(&mut self, n: u8, old: u64) -> Submission {
        let note = Checkpoint::sign(self.edge.size(), self.edge.root(), &log_key(n)).unwrap();
        let proof = TreeHashes::new(self.edge.size(), self).prove_consistency(old).unwrap();
        Submission { old, proof, note }
    }
}
