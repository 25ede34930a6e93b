//! `waxseal witness`: a program of its own, with a key and a memory that outlive it.
use crate::binary::{Server, waxseal};
use ledger::checkpoint::Checkpoint;
use ledger::cosignature::CosignerKey;
use ledger::hash::Hash;
use ledger::note::{LogKey, Note};
use ledger::submission::{Submission, origin_hash};
use std::path::Path;

pub(crate) fn log_key() -> LogKey {
    LogKey::new("log.example/ledger", &[1; 32]).unwrap()
}

/// Starts a witness of this log; says its key too.
pub(crate) fn start(data: &Path, name: &[&str], log: &str) -> (Server, CosignerKey) {
    let mut command = waxseal();
    command.args(["witness", "--listen", "127.0.0.1:0", "--log", log, "--data"]).arg(data).args(name);
    let (server, said) = Server::saying(command, ["Waxseal is witnessing on ", "Its key: "]);
    (server, said[1].parse().unwrap())
}

/// The status and the body of what it answers.
pub(crate) fn post(url: &str, submission: &Submission) -> (u16, String) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let agent = ureq::Agent::new_with_config(config);
    let mut answer = agent.post(format!("{url}/add-checkpoint")).send(submission.to_string()).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

fn first(size: u64) -> Submission {
    let note = Checkpoint::sign(size, Hash([7; 32]), &log_key()).unwrap();
    Submission { old: 0, proof: Vec::new(), note }
}

#[test]
fn what_was_cosigned_outlives_a_kill() {
    let folder = testkit::folder();
    let log = log_key().public().to_string();
    let (witness, key) = start(folder.path(), &["--name", "witness.example/w"], &log);
    let (status, line) = post(&witness.url, &first(12));
    assert_eq!(status, 200);
    let cosigned = Note::parse(format!("{}{line}", first(12).note).as_bytes()).unwrap();
    assert!(key.cosigned(&cosigned).unwrap().is_some_and(|time| time > 1_700_000_000));
    assert_eq!(witness.stop("-KILL"), -1);
    // The name is in the folder now; logs can be listed in a file too.
    let logs = folder.join("logs");
    std::fs::write(&logs, format!("# whom we watch\n{log}\n")).unwrap();
    let (witness, again) = start(folder.path(), &[], logs.to_str().unwrap());
    assert_eq!(again, key);
    assert_eq!(post(&witness.url, &first(13)), (409, "12\n".to_owned()));
    let path = format!("{}/{}/checkpoint", witness.url, origin_hash("log.example/ledger"));
    let note = ureq::get(path).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(key.cosigned(&Note::parse(note.as_bytes()).unwrap()).unwrap().is_some());
    assert_eq!(witness.stop("-TERM"), 0);
}

#[test]
fn a_witness_that_cannot_be_says_why() {
    let folder = testkit::folder();
    let data = folder.join("data");
    let run = |args: &[&str]| {
        let log = log_key().public().to_string();
        let mut command = waxseal();
        command.args(["witness", "--listen", "127.0.0.1:0", "--log", &log, "--data"]).arg(&data).args(args);
        crate::binary::Ended::from(command.output().unwrap())
    };
    assert!(run(&[]).expect(2).err.contains("give --name"));
    assert!(run(&["--name", "two words"]).expect(2).err.contains("no spaces"));
    assert!(run(&["--key", "/nowhere"]).expect(2).err.contains("/nowhere"));
    let log = log_key().public().to_string();
    let (_witness, _) = start(&data, &["--name", "w"], &log);
    assert!(run(&[]).expect(1).err.contains("another witness uses"));
}
