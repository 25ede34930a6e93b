//! What is answered to whom, as C2SP tlog-witness has it.

use crate::stage::{Log, NOW_S, Stage, log_key};
use http::StatusCode;
use ledger::checkpoint::Checkpoint;
use ledger::hash::Hash;
use ledger::note::{Note, SignatureLine, VerifierKey};
use ledger::submission::{Submission, origin_hash};

fn monitored(n: u8) -> String {
    format!("/{}/checkpoint", origin_hash(log_key(n).public().name()))
}

fn keys(n: u8) -> [VerifierKey; 1] {
    [log_key(n).public().clone()]
}

#[tokio::test]
async fn a_log_that_grows_is_cosigned_and_can_be_watched() {
    let folder = testkit::folder();
    let stage = Stage::on(folder.path());
    assert_eq!(stage.get(&monitored(1)).await.0, StatusCode::NOT_FOUND);
    let mut log = Log::default();
    for (old, more) in [(0, 3), (3, 0), (3, 300), (303, 1)] {
        log.grow("entry", more);
        assert_eq!(stage.ask(&log.submission(1, old)).await, Ok(NOW_S));
        let (status, kind, note) = stage.get(&monitored(1)).await;
        assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/plain; charset=utf-8"));
        let checkpoint = Checkpoint::open(note.as_bytes(), &keys(1)).unwrap();
        assert_eq!(checkpoint.size, log.size());
        assert_eq!(stage.key.cosigned(&Note::parse(note.as_bytes()).unwrap()), Ok(Some(NOW_S)));
    }
    // Another log is another matter.
    assert_eq!(stage.get(&monitored(2)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(stage.ask(&Log::of(1).submission(2, 0)).await, Ok(NOW_S));
    assert_eq!(stage.get("/key").await.2, format!("{}\n", stage.key));
    assert_eq!(stage.get(&monitored(1).to_uppercase()).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_refusal_has_its_status() {
    let folder = testkit::folder();
    let stage = Stage::on(folder.path());
    let mut log = Log::of(300);
    assert_eq!(stage.ask(&log.submission(1, 0)).await, Ok(NOW_S));
    log.grow("entry", 20);
    let good = log.submission(1, 300);
    let status = async |submission: &Submission| stage.ask(submission).await.map_err(|(status, _)| status);

    let (code, kind, body) = stage.post(log.submission(1, 0).to_string()).await;
    assert_eq!((code.as_u16(), kind.as_str(), body.as_str()), (409, "text/x.tlog.size", "300\n"));
    assert_eq!(status(&Submission { old: 321, ..good.clone() }).await, Err(400));
    assert_eq!(stage.post("old 300\n").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(stage.post(vec![b'x'; 300 * 1024]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(stage.get("/add-checkpoint").await.0, StatusCode::METHOD_NOT_ALLOWED);
    let by_another = Note::sign(good.note.text(), &log_key(2)).unwrap();
    assert_eq!(status(&Submission { note: by_another, ..good.clone() }).await, Err(403));
    let mut falsely = good.note.clone();
    let line = falsely.signatures()[0].clone();
    falsely.add(SignatureLine { bytes: vec![1; 64], ..line });
    assert_eq!(status(&Submission { note: falsely, ..good.clone() }).await, Err(403));
    assert_eq!(status(&Log::of(1).submission(3, 0)).await, Err(404));
    assert_eq!(status(&Submission { proof: vec![Hash([7; 32])], ..good.clone() }).await, Err(422));
    // After all of it, what is right is still taken.
    assert_eq!(status(&good).await, Ok(NOW_S));
}

/// Two heads of one size are not only turned away: they are kept, as the proof against the log.
#[tokio::test]
async fn two_heads_of_one_size_are_kept_as_evidence() {
    let folder = testkit::folder();
    let stage = Stage::on(folder.path());
    let (mut log, mut fork) = (Log::of(10), Log::of(10));
    log.grow("one", 5);
    fork.grow("other", 5);
    assert_eq!(stage.ask(&log.submission(1, 0)).await, Ok(NOW_S));
    let refused = stage.ask(&fork.submission(1, 15)).await.unwrap_err();
    assert_eq!(refused.0, 422);
    let kept = folder.join(&format!("{}.two-heads", origin_hash(log_key(1).public().name())));
    let both = std::fs::read_to_string(kept).unwrap();
    let (one, other) = both.split_at(both.rfind("log1.example/ledger\n15\n").unwrap());
    let opened = [one.trim_end(), other.trim_end()]
        .map(|note| Checkpoint::open(format!("{note}\n").as_bytes(), &keys(1)).unwrap());
    assert_eq!(opened[0].size, opened[1].size);
    assert_ne!(opened[0].root, opened[1].root);
    // A fork of another size does not extend it either.
    fork.grow("other", 5);
    assert_eq!(stage.ask(&fork.submission(1, 15)).await.unwrap_err().0, 422);
    let (_, _, note) = stage.get(&monitored(1)).await;
    assert_eq!(Checkpoint::open(note.as_bytes(), &keys(1)).unwrap(), opened[0]);
}

/// Signatures of keys that it does not know are not stored: nobody fills its folder with theirs.
#[tokio::test]
async fn only_signatures_that_were_checked_are_kept() {
    let folder = testkit::folder();
    let stage = Stage::on(folder.path());
    let mut asked = Log::of(5).submission(1, 0);
    asked.note.sign_also(&log_key(2));
    asked.note.add(SignatureLine { name: "stranger".to_owned(), id: [1; 4], bytes: vec![2; 2428] });
    assert_eq!(stage.ask(&asked).await, Ok(NOW_S));
    let (_, _, note) = stage.get(&monitored(1)).await;
    let note = Note::parse(note.as_bytes()).unwrap();
    let names: Vec<&str> = note.signatures().iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, ["log1.example/ledger", "witness.example/w"]);
}
