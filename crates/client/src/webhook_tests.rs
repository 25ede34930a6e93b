//! What comes to a webhook is believed only if one of its keys signed these bytes a moment ago.
use super::*;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

const NOW: i64 = 1_614_265_330;
// The example of the Standard Webhooks libraries.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNED: [(&str, &str); 3] = [
    ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ("webhook-timestamp", "1614265330"),
    ("Webhook-Signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
];

fn with(name: &str, value: &'static str) -> [(&'static str, &'static str); 3] {
    SIGNED.map(|(header, old)| (header, if header.eq_ignore_ascii_case(name) { value } else { old }))
}

#[test]
fn the_published_example_verifies_and_nothing_beside_it() {
    let verifier = Verifier::new(SECRET).unwrap();
    let delivery = verifier.verify_at(&SIGNED, BODY, NOW).unwrap();
    assert_eq!((delivery.id, delivery.sent_at, delivery.body), (SIGNED[0].1, NOW, BODY));
    let refused =
        |headers: [(&str, &str); 3], body: &[u8], now| verifier.verify_at(&headers, body, now).unwrap_err();
    assert_eq!(refused(SIGNED, b"{\"test\": 2432232315}", NOW), Unverified::Signature);
    assert_eq!(refused(with("webhook-id", "msg_other"), BODY, NOW), Unverified::Signature);
    assert_eq!(refused(with("webhook-timestamp", "1614265331"), BODY, NOW), Unverified::Signature);
    for now in [NOW + 301, NOW - 301, i64::MAX, i64::MIN] {
        assert_eq!(refused(SIGNED, BODY, now), Unverified::Moment);
    }
    for now in [NOW + 300, NOW - 300] {
        assert!(verifier.verify_at(&SIGNED, BODY, now).is_ok());
    }
    for timestamp in ["", "+1614265330", "-1", "1e9", " 1614265330", "99999999999999999999"] {
        let headers = [SIGNED[0], ("webhook-timestamp", timestamp), SIGNED[2]];
        assert_eq!(refused(headers, BODY, NOW), Unverified::Header("webhook-timestamp"), "{timestamp}");
    }
    for signature in
        ["", "v1", "v1,", "v1,AAAA", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1a,AAAA"]
    {
        let headers = [SIGNED[0], SIGNED[1], ("webhook-signature", signature)];
        assert_eq!(refused(headers, BODY, NOW), Unverified::Signature, "{signature}");
    }
    assert_eq!(
        verifier.verify_at(&[SIGNED[0], SIGNED[1]], BODY, NOW).unwrap_err(),
        Unverified::Header("webhook-signature")
    );
    let twice = [SIGNED[0], SIGNED[1], SIGNED[2], SIGNED[2]];
    assert_eq!(verifier.verify_at(&twice, BODY, NOW).unwrap_err(), Unverified::Header("webhook-signature"));
}

#[test]
fn while_keys_change_either_will_do() {
    let new = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let both = with("webhook-signature", "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v9,x");
    assert!(Verifier::new(new).unwrap().verify_at(&both, BODY, NOW).is_err());
    assert!(Verifier::new(new).unwrap().and(SECRET).unwrap().verify_at(&both, BODY, NOW).is_ok());
}

#[test]
fn a_public_key_verifies_what_its_holder_signed() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let public = format!("whpk_{}", BASE64.encode(pair.public_key().as_ref()));
    let signed = [SIGNED[0].1.as_bytes(), b".", SIGNED[1].1.as_bytes(), b".", BODY].concat();
    let signature = format!("v1a,{}", BASE64.encode(pair.sign(&signed).as_ref()));
    let headers = [SIGNED[0], SIGNED[1], ("webhook-signature", signature.as_str())];
    let verifier = Verifier::new(&public).unwrap();
    assert!(verifier.verify_at(&headers, BODY, NOW).is_ok());
    assert!(verifier.verify_at(&headers, b"", NOW).is_err());
    // A signature of one kind does not pass for one of the other.
    let confused = signature.replace("v1a,", "v1,");
    let headers = [SIGNED[0], SIGNED[1], ("webhook-signature", confused.as_str())];
    assert!(verifier.verify_at(&headers, BODY, NOW).is_err());
}

#[test]
fn a_key_that_would_verify_anything_is_none() {
    for key in [
        "",
        "whsec_",
        "whpk_",
        "whsec_AAAA",
        "whpk_AAAA",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_not base64",
    ] {
        assert!(Verifier::new(key).is_err(), "{key}");
    }
}
