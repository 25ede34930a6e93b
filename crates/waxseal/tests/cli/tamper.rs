//! Each way of tampering with a log, on plain files in a folder and behind a URL: found, named, and 3 at the end.
use crate::binary::{Ended, Server, run};
use crate::witness::{post, start};
use ledger::bundle;
use ledger::checkpoint::Checkpoint;
use ledger::commitment::{Salt, SaltKey, Seal};
use ledger::cosignature::CosignerKey;
use ledger::edge::Edge;
use ledger::hash::leaf_hash;
use ledger::note::{LogKey, Note};
use ledger::receipt::{Receipt, ReceiptSigner};
use ledger::record::{AccessRecord, Action, Outcome};
use ledger::submission::Submission;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// Two full bundles and one of 88 entries: full and partial tiles, on two levels.
const SIZE: u64 = 600;
const FILES: [&str; 7] = [
    "tile/0/000",
    "tile/0/001",
    "tile/0/002.p/88",
    "tile/1/000.p/2",
    "tile/entries/000",
    "tile/entries/001",
    "tile/entries/002.p/88",
];

fn key() -> LogKey {
    LogKey::new("log.example/ledger", &[5; 32]).unwrap()
}

fn record(n: u64) -> AccessRecord {
    AccessRecord {
        grant: "gra_01kav3r6c0e5x8y2m4n7p9q1s3".to_owned(),
        n,
        app: "app_01kav3q0a0b1c2d3e4f5g6h7j8".to_owned(),
        action: Action::Read,
        conversation: Some("con_01kav3p0z9y8x7w6v5t4s3r2q1".to_owned()),
        first_seq: Some(1),
        last_seq: Some(9),
        count: 9,
        withheld: 0,
        at: "2026-11-23T12:00:00.000000Z".to_owned(),
        outcome: Outcome::Done,
    }
}

fn hidden(n: u64) -> (Salt, Seal) {
    (SaltKey([1; 32]).access(n), SaltKey([2; 32]).person(n).seal())
}

fn receipt_of(record: &AccessRecord) -> String {
    let (salt, seal) = hidden(record.n);
    ReceiptSigner::new("https://waxseal.example", key()).sign(record, &salt, &seal).unwrap()
}

fn receipt(n: u64) -> String {
    receipt_of(&record(n))
}

/// The entries of these accesses.
fn entries(numbers: impl IntoIterator<Item = u64>) -> Vec<Vec<u8>> {
    let keys = [key().public().clone()];
    let entry = |n| Receipt::verify(&receipt(n), &keys).unwrap().entry().unwrap().to_bytes();
    numbers.into_iter().map(entry).collect()
}

/// The files of a log, and a server that gives them out.
struct Log {
    folder: testkit::Folder,
    url: String,
}

impl Log {
    /// A log of these entries, as its own key signs it.
    fn of(entries: &[Vec<u8>]) -> Log {
        let folder = testkit::folder();
        let log = Log { url: serve(folder.join("log")), folder };
        log.write(entries);
        log
    }

    fn honest() -> Log {
        Log::of(&entries(1..=SIZE))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join("log").join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Writes a log of these entries in place of what is there.
    fn write(&self, entries: &[Vec<u8>]) {
        let mut edge = Edge::default();
        let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let bundles = bundle::grow(0, &[], entries.iter().map(Vec::as_slice)).unwrap();
        for file in bundles.into_iter().chain(edge.grow(&leaves)) {
            self.put(&file.path.to_string(), &file.bytes);
        }
        let note = Checkpoint::sign(edge.size(), edge.root(), &key()).unwrap();
        self.put("checkpoint", note.to_string());
        self.put("key", format!("{}\n", key().public()));
    }

    /// The checkpoint as it is now, kept in a file beside.
    fn kept(&self) -> String {
        let kept = self.folder.join("kept");
        fs::copy(self.path("checkpoint"), &kept).unwrap();
        kept.to_str().unwrap().to_owned()
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.path(name)).unwrap();
        change(&mut bytes);
        self.put(name, bytes);
    }

    /// Rewrites the entries of one bundle, and nothing else.
    fn rewrite(&self, name: &str, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
        self.change(name, |bytes| {
            let mut entries: Vec<_> = bundle::entries(bytes).map(|entry| entry.unwrap().to_vec()).collect();
            change(&mut entries);
            bytes.clear();
            entries.iter().for_each(|entry| bundle::push(bytes, entry).unwrap());
        });
    }

    fn verify(&self, args: &[&str]) -> Ended {
        run(&[&["verify", "--dir", self.path("").to_str().unwrap()], args].concat())
    }

    /// What both the files and the URL are found to be.
    #[track_caller]
    fn found(&self, args: &[&str], says: &str) {
        for ended in [self.verify(args), run(&[&["verify", "--url", &self.url], args].concat())] {
            let ended = ended.expect(3);
            assert!(ended.err.contains(says), "{says}: {}", ended.err);
            assert!(!ended.out.contains("Proved"), "{}", ended.out);
        }
        let json = self.verify(&[args, &["--json"]].concat()).expect(3).json();
        assert_eq!(json["verified"], false);
        assert!(json["findings"][0].as_str().unwrap().contains(says), "{json}");
    }
}

/// Gives out the files of a folder under `/ledger/`, until the tests are over.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let asked = lines.next().unwrap_or_default();
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let path = asked.split(' ').nth(1).and_then(|path| path.strip_prefix("/ledger/"));
            let found = path.and_then(|path| fs::read(folder.join(path)).ok());
            let (status, body) = found.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    url
}

#[test]
fn an_honest_log_passes_from_files_and_from_a_url() {
    let log = Log::honest();
    let kept = log.kept();
    log.write(&entries(1..=SIZE + 100));
    let (first, second) = (receipt(1), receipt(2));
    let args = ["--since", &kept, "--receipt", &first, "--receipt", &second];
    for ended in [log.verify(&args), run(&[&["verify", "--url", &log.url], &args[..]].concat())] {
        let said = ended.expect(0).out;
        assert!(said.contains("exactly the 700 entries") && said.contains("first 600 of them"), "{said}");
        assert!(said.contains("all 2 receipts are genuine"), "{said}");
    }
}

#[test]
fn a_flipped_bit_in_any_file_is_found() {
    let log = Log::honest();
    for name in FILES {
        let bytes = fs::read(log.path(name)).unwrap().len();
        for at in [0, bytes / 2, bytes - 1] {
            let flip = |bytes: &mut Vec<u8>| bytes[at] ^= 1 << (at % 8);
            log.change(name, flip);
            let found = log.verify(&[]).expect(3).err;
            let named = found.contains(name) || (name.contains("entries") && found.contains("entry "));
            assert!(named, "{name}, byte {at}: {found}");
            log.change(name, flip);
        }
    }
    log.verify(&[]).expect(0);
    log.change("checkpoint", |bytes| bytes[25] ^= 1);
    log.found(&[], "the checkpoint is not genuine");
}

#[test]
fn dropped_swapped_and_added_entries_are_named() {
    let log = Log::honest();
    let last = "tile/entries/002.p/88";
    log.rewrite(last, |entries| drop(entries.pop()));
    log.found(&[], "an entry was dropped: tile/entries/002.p/88 holds 87");
    log.write(&entries(1..=SIZE));
    log.rewrite("tile/entries/001", |entries| entries.swap(3, 4));
    log.found(&[], "entries 259 and 260 were swapped");
    log.write(&entries(1..=SIZE));
    log.rewrite("tile/entries/000", |these| these.insert(0, entries([9_999])[0].clone()));
    log.found(&[], "an entry was added at 0, and those after it moved down");
    log.write(&entries(1..=SIZE));
    fs::remove_file(log.path("tile/0/001")).unwrap();
    log.found(&[], "tile/0/001 could not be read, and the log must serve it");
}

/// The log's own key signs what is told here: without what somebody kept, it would be faultless.
#[test]
fn a_log_that_contradicts_what_was_kept_is_named() {
    let log = Log::honest();
    let kept = log.kept();
    let mut other = entries(1..=SIZE);
    other[5] = entries([9_999])[0].clone();
    log.write(&other);
    log.verify(&[]).expect(0);
    log.found(&["--since", &kept], "the log signed two heads of one size");
    other.extend(entries(SIZE + 1..=SIZE + 50));
    log.write(&other);
    log.found(&["--since", &kept], "history was rewritten: the first 600 entries are not those");
    // An old checkpoint with all its files, and the last entry left out.
    for size in [300, SIZE - 1] {
        log.write(&entries(1..=size));
        log.verify(&[]).expect(0);
        let says = "the log was cut, or an old checkpoint is replayed: it had 600 entries";
        log.found(&["--since", &kept], says);
    }
}

#[test]
fn receipts_that_the_log_does_not_bear_out_are_named() {
    let log = Log::honest();
    let genuine = receipt(7);
    let mut forged = genuine.clone();
    forged.replace_range(210..211, if &genuine[210..211] == "A" { "B" } else { "A" });
    log.found(&["--receipt", &forged], "receipt 1 is not genuine");
    let stranger = LogKey::new("log.example/ledger", &[6; 32]).unwrap();
    let (salt, seal) = hidden(7);
    let signer = ReceiptSigner::new("https://waxseal.example", stranger);
    let forged = signer.sign(&record(7), &salt, &seal).unwrap();
    log.found(&["--receipt", &genuine, "--receipt", &forged], "receipt 2 is not genuine");
    // Another access's salt under the right record, signed by the log.
    let signer = ReceiptSigner::new("https://waxseal.example", key());
    let strange = signer.sign(&record(7), &hidden(8).0, &seal).unwrap();
    log.found(
        &["--receipt", &strange],
        "access 7 of grant gra_01kav3r6c0e5x8y2m4n7p9q1s3 has a genuine receipt",
    );
    // One that was given, and left out of the log.
    log.found(
        &["--receipt", &receipt(SIZE + 1)],
        "unless it is younger than the checkpoint, it was left out",
    );
    let twice = [entries(1..=10), entries([7])].concat();
    log.write(&twice);
    log.found(&["--receipt", &genuine], "stands in the log twice, as entries 6 and 10");
}

/// An app holds receipts 1, 2, 5 and 9 of its grant; then two that tell two stories of one access.
#[test]
fn a_gap_between_receipts_is_told_and_a_fork_is_evidence() {
    let log = Log::honest();
    let file = log.folder.join("receipts");
    fs::write(&file, [1, 2, 5, 9].map(|n| receipt(n) + "\n").concat()).unwrap();
    let args = ["--receipt", file.to_str().unwrap()];
    let said = log.verify(&args).expect(0).out;
    for gap in ["accesses 3 to 4 of grant gra_", "accesses 6 to 8 of grant gra_"] {
        assert!(said.contains(&format!("To look into: {gap}")), "{said}");
    }
    let told = log.verify(&[&args[..], &["--json"]].concat()).expect(0).json();
    assert_eq!((&told["gaps"][0]["from"], &told["gaps"][0]["to"]), (&3.into(), &4.into()));
    assert_eq!((&told["gaps"][1]["from"], &told["gaps"][1]["to"]), (&6.into(), &8.into()));
    fs::write(&file, (1..=3).map(|n| receipt(n) + "\n").collect::<String>()).unwrap();
    let said = log.verify(&args).expect(0).out;
    assert!(!said.contains("To look into"), "{said}");

    let other = receipt_of(&AccessRecord { count: 1, ..record(5) });
    let says = "access 5 of grant gra_01kav3r6c0e5x8y2m4n7p9q1s3 has two genuine receipts that differ: the server told \
                two stories";
    log.found(&["--receipt", &receipt(5), "--receipt", &other], says);
}

/// The log's key signs two histories of one size; each of two witnesses, real ones, is shown one of them and cosigns it.
#[test]
fn a_split_view_shown_to_two_witnesses_is_found() {
    let (one, other) = (Log::honest(), Log::of(&entries((1..=500).chain(701..=800))));
    let log = key().public().to_string();
    let watch = |data: &Path, n: u8, shown: &Log| -> (Server, CosignerKey) {
        let (witness, key) = start(data, &["--name", &format!("witness.example/{n}")], &log);
        let note = Note::parse(&fs::read(shown.path("checkpoint")).unwrap()).unwrap();
        let (status, line) =
            post(&witness.url, &Submission { old: 0, proof: Vec::new(), note: note.clone() });
        assert_eq!(status, 200, "it cannot know yet");
        shown.put("checkpoint", format!("{note}{line}"));
        (witness, key)
    };
    let folders = (testkit::folder(), testkit::folder());
    let (first, first_key) = watch(folders.0.path(), 1, &one);
    let (second, second_key) = watch(folders.1.path(), 2, &other);
    let asked = [format!("{first_key}={}", first.url), format!("{second_key}={}", second.url)];
    let both = ["--witness", &asked[0], "--witness", &asked[1]];
    one.verify(&["--witness", &asked[0]]).expect(0);
    // Whoever asks both, wherever he looks, finds the two stories, and whoever asks for two cosignatures finds one.
    for (shown, witness) in [(&one, "witness.example/2"), (&other, "witness.example/1")] {
        let quorum = [&both[..], &["--quorum", "1"]].concat();
        let says =
            format!("the log shows two stories: the first 600 entries that the witness {witness} was shown");
        shown.found(&quorum, &says);
        let (first, second) = (first_key.to_string(), second_key.to_string());
        shown.found(&["--witness", &first, "--witness", &second], "too few witnesses cosigned it");
    }
    // And the second witness does not take the first story any more.
    let note = Note::parse(&fs::read(one.path("checkpoint")).unwrap()).unwrap();
    let (status, said) = post(&second.url, &Submission { old: 600, proof: Vec::new(), note });
    assert_eq!(status, 422, "{said}");
}
