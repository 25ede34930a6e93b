//! The examples of the specification, and an authenticator of our own that does everything wrong that can be done.

use super::*;
use ed25519_dalek::Signer as _;
use sha2::{Digest, Sha256};

// ---- the examples of the specification -------------------------------------------------------------------------------

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn vector(example: &str, ceremony: &str, field: &str) -> Vec<u8> {
    let line = format!("{example} {ceremony} {field} ");
    hex(include_str!("vectors.txt").lines().find_map(|text| text.strip_prefix(&line)).unwrap())
}

fn theirs() -> Party {
    Party::of("https://example.org").unwrap()
}

fn register_example(example: &str) -> Result<Registered, PasskeyInvalid> {
    let of = |field| vector(example, "create", field);
    register(&theirs(), &of("challenge"), &of("clientDataJSON"), &of("attestationObject"))
}

fn sign_in_example(example: &str, key: &[u8], backup_eligible: bool) -> Result<Seen, PasskeyInvalid> {
    let of = |field| vector(example, "get", field);
    let sent = SentSigned {
        client_data: of("clientDataJSON"),
        authenticator_data: of("authenticatorData"),
        signature: of("signature"),
        person: None,
    };
    sign_in(&theirs(), &of("challenge"), Known { key, sign_count: 0, backup_eligible }, &sent)
}

/// The key in an example whose attestation we do not take, and whether it may be backed up.
fn key_of_example(example: &str) -> (Vec<u8>, bool) {
    let object = vector(example, "create", "attestationObject");
    let object = Cbor::read_whole(&object).unwrap();
    let auth =
        AuthData::read(&theirs(), object.at(&Cbor::Text("authData")).unwrap().bytes().unwrap()).unwrap();
    (auth.made.unwrap().1.to_owned(), auth.is(BACKUP_ELIGIBLE))
}

/// Whether she was verified is looked at last, so this refusal says that all else holds.
fn holds_but_unverified<T: std::fmt::Debug>(answer: &Result<T, PasskeyInvalid>) -> bool {
    matches!(answer, Err(PasskeyInvalid::NotVerified))
}

#[test]
fn the_examples_without_attestation_hold() {
    for example in ["none-es256", "packed-self-es256", "none-es256-long-credential-id"] {
        let made = register_example(example);
        if let Ok(made) = &made {
            assert_eq!(made.id, vector(example, "create", "credential_id"));
        }
        assert!(made.is_ok() || holds_but_unverified(&made), "{example}: {made:?}");
        let (key, eligible) = key_of_example(example);
        let seen = sign_in_example(example, &key, eligible);
        assert!(seen.is_ok() || holds_but_unverified(&seen), "{example}: {seen:?}");
        assert_eq!(sign_in_example(example, &key, !eligible), Err(PasskeyInvalid::Backup));
    }
    assert!(register_example("packed-self-es256").is_ok());
    assert_eq!(register_example("none-es256-long-credential-id").map_or(1023, |made| made.id.len()), 1023);
}

#[test]
fn the_examples_of_other_algorithms_sign_in() {
    for (example, algorithm) in
        [("packed-es256", -7), ("packed-eddsa", -8), ("packed-rs256", -257), ("fido-u2f-es256", -7)]
    {
        let (key, eligible) = key_of_example(example);
        assert_eq!(Key::read(&key).unwrap().algorithm(), algorithm);
        let seen = sign_in_example(example, &key, eligible);
        assert!(seen.is_ok() || holds_but_unverified(&seen), "{example}: {seen:?}");
        let other = key_of_example("none-es256").0;
        assert_eq!(sign_in_example(example, &other, eligible), Err(PasskeyInvalid::Signature));
    }
    for example in ["packed-es384", "packed-es512", "packed-ed448"] {
        assert_eq!(register_example(example), Err(PasskeyInvalid::Key), "{example}: not offered");
    }
}

#[test]
fn the_examples_that_say_more_than_was_asked_are_refused() {
    for example in ["packed-es256", "packed-eddsa", "packed-rs256", "fido-u2f-es256"] {
        assert_eq!(register_example(example), Err(PasskeyInvalid::Attestation), "{example}");
    }
    for example in ["none-es256-crossOrigin", "none-es256-topOrigin"] {
        assert_eq!(register_example(example), Err(PasskeyInvalid::Framed), "{example}");
        let (key, eligible) = key_of_example(example);
        assert_eq!(sign_in_example(example, &key, eligible), Err(PasskeyInvalid::Framed), "{example}");
    }
}

// ---- an authenticator of our own -------------------------------------------------------------------------------------

const CHALLENGE: [u8; 32] = [7; 32];
const ALL_WELL: u8 = PRESENT | VERIFIED;

fn ours() -> Party {
    Party::of("https://waxseal.example").unwrap()
}

fn client_data(purpose: &str, more: &str) -> Vec<u8> {
    let challenge = BASE64URL_NOPAD.encode(&CHALLENGE);
    format!(r#"{{"type":"{purpose}","challenge":"{challenge}","origin":"https://waxseal.example"{more}}}"#)
        .into_bytes()
}

fn auth_data(flags: u8, count: u32, rest: &[u8]) -> Vec<u8> {
    let mut bytes = Sha256::digest(b"waxseal.example").to_vec();
    bytes.push(flags);
    bytes.extend(count.to_be_bytes());
    bytes.extend(rest);
    bytes
}

fn head(major: u8, number: usize) -> Vec<u8> {
    match number {
        0..=23 => vec![major << 5 | number as u8],
        24..=255 => vec![major << 5 | 24, number as u8],
        _ => [&[major << 5 | 25][..], &(number as u16).to_be_bytes()].concat(),
    }
}

fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    [head(2, bytes.len()), bytes.to_vec()].concat()
}

fn cbor_text(text: &str) -> Vec<u8> {
    [head(3, text.len()), text.as_bytes().to_vec()].concat()
}

enum Hers {
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl Hers {
    fn p256() -> Hers {
        Hers::P256(p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap())
    }

    fn ed25519() -> Hers {
        Hers::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[9; 32]))
    }

    fn cose(&self) -> Vec<u8> {
        match self {
            Hers::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = (point.x().unwrap().to_vec(), point.y().unwrap().to_vec());
                [hex("a5010203262001"), hex("21"), cbor_bytes(&x), hex("22"), cbor_bytes(&y)].concat()
            }
            Hers::Ed25519(key) => {
                [hex("a4010103272006"), hex("21"), cbor_bytes(key.verifying_key().as_bytes())].concat()
            }
        }
    }

    fn sign(&self, auth: &[u8], client: &[u8]) -> Vec<u8> {
        let signed = [auth, &Sha256::digest(client)].concat();
        match self {
            Hers::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(&signed);
                signature.to_der().as_bytes().to_vec()
            }
            Hers::Ed25519(key) => key.sign(&signed).to_bytes().to_vec(),
        }
    }
}

fn attested(id: &[u8], cose: &[u8]) -> Vec<u8> {
    [&[0; 16][..], &(id.len() as u16).to_be_bytes(), id, cose].concat()
}

fn object(format: &str, statement: &[u8], auth: &[u8]) -> Vec<u8> {
    let pairs = [
        cbor_text("fmt"),
        cbor_text(format),
        cbor_text("attStmt"),
        statement.to_vec(),
        cbor_text("authData"),
        cbor_bytes(auth),
    ];
    [head(5, 3), pairs.concat()].concat()
}

fn made(flags: u8, rest: &[u8]) -> Result<Registered, PasskeyInvalid> {
    let auth = auth_data(flags | ATTESTED, 0, rest);
    register(&ours(), &CHALLENGE, &client_data("webauthn.create", ""), &object("none", &[0xa0], &auth))
}

#[test]
fn a_new_key_is_taken_as_it_is() {
    for hers in [Hers::p256(), Hers::ed25519()] {
        let cose = hers.cose();
        let flags = ALL_WELL | BACKUP_ELIGIBLE | BACKED_UP;
        let taken = made(flags, &attested(b"an id", &cose)).unwrap();
        let expected = Registered {
            id: b"an id".to_vec(),
            key: cose.clone(),
            sign_count: 0,
            backup_eligible: true,
            backed_up: true,
        };
        assert_eq!(taken, expected);
        let extended = [attested(b"an id", &cose), hex("a16b6372656450726f7465637402")].concat();
        assert_eq!(made(flags | EXTENDED, &extended), Ok(expected));
    }
}

#[test]
fn a_new_key_with_anything_wrong_is_not() {
    let cose = Hers::p256().cose();
    let good = attested(b"an id", &cose);
    assert_eq!(made(VERIFIED, &good), Err(PasskeyInvalid::NotPresent));
    assert_eq!(made(PRESENT, &good), Err(PasskeyInvalid::NotVerified));
    assert_eq!(made(ALL_WELL | BACKED_UP, &good), Err(PasskeyInvalid::Backup));
    assert_eq!(made(ALL_WELL, &attested(b"", &cose)), Err(PasskeyInvalid::Id));
    assert_eq!(made(ALL_WELL, &attested(&[1; 1024], &cose)), Err(PasskeyInvalid::Id));
    assert!(made(ALL_WELL, &attested(&[1; 1023], &cose)).is_ok());
    assert_eq!(made(ALL_WELL, &[good.clone(), vec![0]].concat()), Err(PasskeyInvalid::Unreadable));
    assert_eq!(made(ALL_WELL | EXTENDED, &good), Err(PasskeyInvalid::Unreadable));
    for cut in 0..good.len() {
        assert!(made(ALL_WELL, &good[..cut]).is_err());
    }
    let auth = auth_data(ALL_WELL | ATTESTED, 0, &good);
    let with = |client: &[u8], object: &[u8]| register(&ours(), &CHALLENGE, client, object).map(|_| ());
    let (client, whole) = (client_data("webauthn.create", ""), object("none", &[0xa0], &auth));
    assert_eq!(with(&client, &whole), Ok(()));
    assert_eq!(register(&ours(), &[8; 32], &client, &whole), Err(PasskeyInvalid::Challenge));
    assert_eq!(with(&client_data("webauthn.get", ""), &whole), Err(PasskeyInvalid::Type));
    assert_eq!(
        with(&client_data("webauthn.create", r#","crossOrigin":true"#), &whole),
        Err(PasskeyInvalid::Framed)
    );
    let framed = client_data("webauthn.create", r#","topOrigin":"https://waxseal.example""#);
    assert_eq!(with(&framed, &whole), Err(PasskeyInvalid::Framed));
    assert_eq!(with(&client_data("webauthn.create", r#","crossOrigin":false,"x":{}"#), &whole), Ok(()));
    let twice = client_data("webauthn.create", r#","origin":"https://waxseal.example""#);
    assert_eq!(with(&twice, &whole), Err(PasskeyInvalid::Unreadable));
    assert_eq!(with(b"{}", &whole), Err(PasskeyInvalid::Unreadable));
    for odd in ["none ", "android-safetynet", "fido-u2f", ""] {
        assert_eq!(with(&client, &object(odd, &[0xa0], &auth)), Err(PasskeyInvalid::Attestation), "{odd}");
    }
    assert_eq!(with(&client, &object("none", &hex("a1616101"), &auth)), Err(PasskeyInvalid::Attestation));
    assert_eq!(with(&client, &[whole.clone(), vec![0]].concat()), Err(PasskeyInvalid::Unreadable));
    assert_eq!(with(&client, &[]), Err(PasskeyInvalid::Unreadable));
}

#[test]
fn a_key_vouches_for_itself_or_not_at_all() {
    let hers = Hers::p256();
    let auth = auth_data(ALL_WELL | ATTESTED, 0, &attested(b"an id", &hers.cose()));
    let client = client_data("webauthn.create", "");
    let packed = |algorithm: u8, signature: &[u8]| {
        let statement =
            [hex("a2"), cbor_text("alg"), vec![algorithm], cbor_text("sig"), cbor_bytes(signature)].concat();
        register(&ours(), &CHALLENGE, &client, &object("packed", &statement, &auth)).map(|_| ())
    };
    let signature = hers.sign(&auth, &client);
    assert_eq!(packed(0x26, &signature), Ok(()));
    assert_eq!(packed(0x27, &signature), Err(PasskeyInvalid::Attestation));
    assert_eq!(packed(0x26, &Hers::ed25519().sign(&auth, &client)), Err(PasskeyInvalid::Attestation));
}

#[test]
fn keys_of_other_kinds_are_not_read() {
    let (p256, ed) = (Hers::p256().cose(), Hers::ed25519().cose());
    assert!(Key::read(&p256).is_some() && Key::read(&ed).is_some());
    assert!(Key::read(&[p256.clone(), vec![0]].concat()).is_none());
    let change = |cose: &[u8], from: &str, to: &str| {
        let text = data_encoding::HEXLOWER.encode(cose);
        assert!(text.contains(from));
        Key::read(&hex(&text.replacen(from, to, 1))).is_some()
    };
    assert!(!change(&p256, "a5010203262001", "a5010203272001"), "EdDSA over P-256");
    assert!(!change(&p256, "a5010203262001", "a5010203262002"), "another curve");
    assert!(!change(&p256, "a50102", "a50101"), "another kind of key");
    assert!(
        !change(&p256, "a5010203262001", "a601020326040020 01".replace(' ', "").as_str()),
        "more members"
    );
    assert!(!change(&ed, "2006", "2001"));
    let off_curve =
        [hex("a5010203262001"), hex("21"), cbor_bytes(&[1; 32]), hex("22"), cbor_bytes(&[1; 32])].concat();
    assert!(Key::read(&off_curve).is_none(), "a point that is not on the curve");
    let rsa = |n: &[u8], e: &[u8]| {
        let cose = [hex("a4010303390100"), hex("20"), cbor_bytes(n), hex("21"), cbor_bytes(e)].concat();
        Key::read(Vec::leak(cose)).is_some()
    };
    assert!(rsa(&[0xff; 256], &[1, 0, 1]) && rsa(&[0xff; 512], &[1, 0, 1]));
    assert!(
        !rsa(&[0xff; 255], &[1, 0, 1]) && !rsa(&[0xff; 513], &[1, 0, 1]) && !rsa(&[0x7f; 256], &[1, 0, 1])
    );
    assert!(!rsa(&[0xff; 256], &[1]) && !rsa(&[0xff; 256], &[3]) && !rsa(&[0xff; 256], &[0, 1, 0, 1]));
}

fn come_in(hers: &Hers, auth: &[u8], client: &[u8], known: (u32, bool)) -> Result<Seen, PasskeyInvalid> {
    let signature = hers.sign(auth, client);
    let sent = SentSigned {
        client_data: client.to_vec(),
        authenticator_data: auth.to_vec(),
        signature,
        person: None,
    };
    let known = Known { key: &hers.cose(), sign_count: known.0, backup_eligible: known.1 };
    sign_in(&ours(), &CHALLENGE, known, &sent)
}

#[test]
fn a_signature_is_taken_only_if_all_around_it_is_right() {
    let client = client_data("webauthn.get", "");
    for hers in [Hers::p256(), Hers::ed25519()] {
        let with = |flags, count, known| come_in(&hers, &auth_data(flags, count, &[]), &client, known);
        let seen = Seen { sign_count: 5, backed_up: false, may_be_copied: false };
        assert_eq!(with(ALL_WELL, 5, (4, false)), Ok(seen));
        assert_eq!(with(ALL_WELL, 5, (5, false)), Ok(Seen { may_be_copied: true, ..seen }));
        assert_eq!(with(ALL_WELL, 0, (5, false)), Ok(Seen { sign_count: 0, may_be_copied: true, ..seen }));
        assert_eq!(with(ALL_WELL, 0, (0, false)), Ok(Seen { sign_count: 0, ..seen }));
        assert_eq!(
            with(ALL_WELL | BACKUP_ELIGIBLE | BACKED_UP, 5, (0, true)),
            Ok(Seen { backed_up: true, ..seen })
        );
        assert_eq!(
            with(ALL_WELL | BACKUP_ELIGIBLE, 5, (0, false)),
            Err(PasskeyInvalid::Backup),
            "changed since"
        );
        assert_eq!(with(ALL_WELL, 5, (0, true)), Err(PasskeyInvalid::Backup), "changed since");
        assert_eq!(with(ALL_WELL | BACKED_UP, 5, (0, false)), Err(PasskeyInvalid::Backup));
        assert_eq!(with(PRESENT, 5, (0, false)), Err(PasskeyInvalid::NotVerified));
        assert_eq!(with(VERIFIED, 5, (0, false)), Err(PasskeyInvalid::NotPresent));
        let auth = auth_data(ALL_WELL, 5, &[]);
        let told = |more| come_in(&hers, &auth, &client_data("webauthn.get", more), (0, false)).map(|_| ());
        assert_eq!(told(r#","crossOrigin":true"#), Err(PasskeyInvalid::Framed));
        assert_eq!(
            come_in(&hers, &auth, &client_data("webauthn.create", ""), (0, false)),
            Err(PasskeyInvalid::Type)
        );
        let made = auth_data(ALL_WELL | ATTESTED, 5, &attested(b"an id", &hers.cose()));
        assert_eq!(come_in(&hers, &made, &client, (0, false)), Err(PasskeyInvalid::Unreadable));
        assert_eq!(come_in(&hers, &auth[1..], &client, (0, false)), Err(PasskeyInvalid::Party));
    }
}

#[test]
fn nothing_that_was_signed_can_be_changed() {
    let (hers, client) = (Hers::p256(), client_data("webauthn.get", ""));
    let auth = auth_data(ALL_WELL, 5, &[]);
    let signature = hers.sign(&auth, &client);
    let cose = hers.cose();
    let send = |auth: &[u8], client: &[u8], signature: &[u8]| {
        let sent = SentSigned {
            client_data: client.to_vec(),
            authenticator_data: auth.to_vec(),
            signature: signature.to_vec(),
            person: None,
        };
        sign_in(&ours(), &CHALLENGE, Known { key: &cose, sign_count: 0, backup_eligible: false }, &sent)
    };
    assert!(send(&auth, &client, &signature).is_ok());
    let spoilt = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    (0..auth.len()).for_each(|at| assert!(send(&spoilt(&auth, at), &client, &signature).is_err(), "{at}"));
    (0..client.len()).for_each(|at| assert!(send(&auth, &spoilt(&client, at), &signature).is_err(), "{at}"));
    (0..signature.len())
        .for_each(|at| assert!(send(&auth, &client, &spoilt(&signature, at)).is_err(), "{at}"));
    let raw: p256::ecdsa::Signature = p256::ecdsa::Signature::from_der(&signature).unwrap();
    assert!(send(&auth, &client, &raw.to_bytes()).is_err(), "not DER");
    assert!(send(&auth, &client, &[]).is_err());
}

#[test]
fn only_our_origin_is_ours() {
    let of = |url| Party::of(url).map(|party| (party.id, party.origin));
    let pair = |id: &str, origin: &str| Some((id.to_owned(), origin.to_owned()));
    assert_eq!(of("https://chat.example"), pair("chat.example", "https://chat.example"));
    assert_eq!(of("https://chat.example:8443"), pair("chat.example", "https://chat.example:8443"));
    assert_eq!(of("https://chat.example:443"), pair("chat.example", "https://chat.example"));
    assert_eq!(of("http://localhost:8080"), pair("localhost", "http://localhost:8080"));
    for nowhere in ["http://127.0.0.1:8080", "http://[::1]:8080", "chat.example", "https://"] {
        assert_eq!(of(nowhere), None, "{nowhere}");
    }
    let (hers, auth) = (Hers::p256(), auth_data(ALL_WELL, 5, &[]));
    for other in [
        "http://waxseal.example",
        "https://waxseal.example:8443",
        "https://a.waxseal.example",
        "https://waxseal.example.evil",
        "https://WAXSEAL.example",
        "https://waxseal.example/",
        "null",
        "",
    ] {
        let client = String::from_utf8(client_data("webauthn.get", "")).unwrap();
        let client = client.replace("https://waxseal.example", other).into_bytes();
        assert_eq!(come_in(&hers, &auth, &client, (0, false)), Err(PasskeyInvalid::Origin), "{other}");
    }
}

#[test]
fn what_browsers_send_is_read_strictly() {
    let created = |id: &str, raw: &str, kind: &str| {
        Sent::created(&format!(
            r#"{{"id":"{id}","rawId":"{raw}","type":"{kind}","response":{{"clientDataJSON":"e30","attestationObject":"oA","transports":["usb"]}},"clientExtensionResults":{{}}}}"#
        ))
    };
    let read = created("AQID", "AQID", "public-key").unwrap();
    assert_eq!(
        (read.id, read.says.client_data, read.says.attestation),
        (vec![1, 2, 3], b"{}".to_vec(), vec![0xa0])
    );
    assert_eq!(created("AQID", "AQIE", "public-key"), Err(PasskeyInvalid::Unreadable));
    assert_eq!(created("AQID", "AQID", "password"), Err(PasskeyInvalid::Unreadable));
    for odd in ["AQID=", "AQ ID", "AR", "A", "+/+/"] {
        assert_eq!(created(odd, odd, "public-key"), Err(PasskeyInvalid::Unreadable), "{odd}");
    }
    assert_eq!(created("", "", "public-key"), Err(PasskeyInvalid::Id));
    let long = "A".repeat(1366);
    assert_eq!(created(&long, &long, "public-key"), Err(PasskeyInvalid::Id));
    let signed = r#"{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AQ","userHandle":null}}"#;
    assert_eq!(Sent::signed(signed).unwrap().says.person, None);
    assert!(Sent::signed(&signed.replace("null", "\"AQI\"")).unwrap().says.person == Some(vec![1, 2]));
    for odd in ["", "[]", "{}", &"[".repeat(100_000), &signed.replace("\"signature\":\"AQ\",", "")] {
        assert_eq!(Sent::signed(odd), Err(PasskeyInvalid::Unreadable));
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_are_too_odd(one: Vec<u8>, other: Vec<u8>) {
        let client = client_data("webauthn.create", "");
        proptest::prop_assert!(register(&ours(), &CHALLENGE, &client, &one).is_err());
        proptest::prop_assert!(register(&ours(), &CHALLENGE, &one, &other).is_err());
        let _ = Key::read(&one);
    }
}
