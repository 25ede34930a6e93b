//! Key sets of apps: which keys count, and which sets are not taken.
use super::*;
use serde_json::json;
use testkit::{ed25519, es256, rsa};

fn parse(set: &Value) -> Result<KeySet, KeySetInvalid> {
    KeySet::parse(set.to_string().as_bytes())
}

fn check(set: &Value, text: &str) -> Result<(), NotSigned> {
    parse(set).unwrap().check(&Jws::parse(text, 8_192).unwrap())
}

const WRONG: Result<(), NotSigned> = Err(NotSigned::Invalid(JwsInvalid::Signature));

#[test]
fn a_key_is_found_by_its_kid_or_by_trying() {
    let (ec, ed, rsa, other) = (es256(), ed25519(), rsa(), es256());
    let set = json!({"keys": [ec.jwk_named("a"), ed.jwk_named("b"), rsa.jwk_named("c")], "more": 1});
    for (signer, kid) in [(&ec, "a"), (&ed, "b"), (&rsa, "c")] {
        assert_eq!(check(&set, &signer.jws(&json!({ "kid": kid }), &json!({}))), Ok(()));
        assert_eq!(check(&set, &signer.jws(&json!({}), &json!({}))), Ok(()));
    }
    assert_eq!(check(&set, &ec.jws(&json!({"kid": "b"}), &json!({}))), WRONG, "another key's name");
    assert_eq!(check(&set, &other.jws(&json!({"kid": "a"}), &json!({}))), WRONG);
    assert_eq!(check(&set, &other.jws(&json!({}), &json!({}))), WRONG);
    for kid in ["d", "", "../a", "' or 1=1 --", "A"] {
        assert_eq!(
            check(&set, &ec.jws(&json!({ "kid": kid }), &json!({}))),
            Err(NotSigned::KeyUnknown),
            "{kid}"
        );
    }
    // The key in the header is nobody's word.
    let header =
        json!({"jwk": other.jwk(), "jku": "https://evil.example/jwks", "x5u": "https://evil.example"});
    assert_eq!(check(&set, &other.jws(&header, &json!({}))), WRONG);
}

#[test]
fn a_key_for_something_else_is_as_if_it_were_not_there() {
    let (ec, rsa) = (es256(), rsa());
    let mut encrypts = rsa.jwk_named("enc");
    encrypts["use"] = "enc".into();
    let mut rs256 = rsa.jwk_named("rs256");
    rs256["alg"] = "RS256".into();
    let mut wraps = ec.jwk_named("wrap");
    wraps["key_ops"] = json!(["wrapKey"]);
    let p384 = json!({"kty": "EC", "crv": "P-384", "kid": "p384", "x": "AA", "y": "AA"});
    let x25519 = json!({"kty": "OKP", "crv": "X25519", "kid": "x", "x": "AA"});
    let others = json!({"keys": [encrypts, rs256, wraps, p384, x25519]});
    assert_eq!(parse(&others).unwrap_err(), KeySetInvalid::NoneSigns);
    let mut all = others;
    let mut good = ec.jwk_named("good");
    (good["use"], good["alg"], good["key_ops"]) = ("sig".into(), "ES256".into(), json!(["verify"]));
    all["keys"].as_array_mut().unwrap().push(good);
    assert_eq!(check(&all, &ec.jws(&json!({"kid": "good"}), &json!({}))), Ok(()));
    for kid in ["enc", "rs256", "wrap"] {
        assert_eq!(
            check(&all, &rsa.jws(&json!({ "kid": kid }), &json!({}))),
            Err(NotSigned::KeyUnknown),
            "{kid}"
        );
    }
}

#[test]
fn a_set_that_says_two_things_or_too_much_is_not_taken() {
    use KeySetInvalid::{Json, KidTwice, NoneSigns, Secret, TooLong};
    let (one, two) = (es256(), es256());
    let with = |name: &str| {
        let mut jwk = one.jwk_named("a");
        jwk[name] = "AQ".into();
        json!({"keys": [two.jwk_named("b"), jwk]})
    };
    for name in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        assert_eq!(parse(&with(name)), Err(Secret), "{name}");
    }
    let symmetric = json!({"keys": [two.jwk(), {"kty": "oct", "k": "c2VjcmV0"}]});
    assert_eq!(parse(&symmetric), Err(Secret));
    assert_eq!(parse(&json!({"keys": [one.jwk_named("a"), two.jwk_named("a")]})), Err(KidTwice));
    let mut unused = two.jwk_named("a");
    unused["use"] = "enc".into();
    assert_eq!(parse(&json!({"keys": [one.jwk_named("a"), unused]})), Err(KidTwice));
    for set in
        [json!({}), json!([]), json!({"keys": {}}), json!({"keys": [1]}), json!({"keys": [{"kid": 1}]})]
    {
        assert_eq!(parse(&set), Err(Json), "{set}");
    }
    assert_eq!(parse(&json!({"keys": []})), Err(NoneSigns));
    let twice = format!(r#"{{"keys":[],"keys":[{}]}}"#, one.jwk());
    assert_eq!(KeySet::parse(twice.as_bytes()), Err(Json));
    let many: Vec<Value> = (0..=KEYS_MAX).map(|i| one.jwk_named(&i.to_string())).collect();
    assert_eq!(parse(&json!({ "keys": many })), Err(TooLong));
    let long = json!({"keys": [one.jwk()], "x": "x".repeat(KEY_SET_BYTES_MAX)});
    assert_eq!(parse(&long), Err(TooLong));
    let deep = format!(r#"{{"keys":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    assert_eq!(KeySet::parse(deep.as_bytes()), Err(Json));
}

#[test]
fn a_key_that_is_weak_costly_or_broken_is_not_taken() {
    let zeros = |n| data_encoding::BASE64URL_NOPAD.encode(&vec![0; n]);
    let odd = |n| data_encoding::BASE64URL_NOPAD.encode(&vec![0xff; n]);
    let refused = |key: Value| match parse(&json!({ "keys": [key.clone()] })) {
        Err(KeySetInvalid::Key(why)) => why,
        other => panic!("{key}: {other:?}"),
    };
    let rsa = |n: String, e: &str| json!({"kty": "RSA", "n": n, "e": e});
    assert!(parse(&json!({"keys": [rsa(odd(256), "AQAB"), rsa(odd(512), "AQAB")]})).is_ok());
    for (n, e) in [
        (odd(255), "AQAB"),        // 2040 bits
        (odd(128), "AQAB"),        // 1024 bits
        (odd(513), "AQAB"),        // over 4096
        (odd(2_048), "AQAB"),      // 16384 bits
        (odd(256), "AQ"),          // e = 1
        (odd(256), "Aw"),          // e = 3
        (odd(256), "AQAC"),        // even
        (odd(256), ""),            // none
        (odd(256), "AAEAAQ"),      // a leading zero
        (odd(256), "AQAAAAAAAAE"), // 57 bits
        (zeros(256), "AQAB"),
    ] {
        assert_eq!(refused(rsa(n.clone(), e)), KeyInvalid::Rsa, "{e} {}", n.len());
    }
    let point = |x: String, y: String| json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    for key in [
        point(zeros(31), zeros(32)),
        point(zeros(33), zeros(32)),
        point(format!("{}=", zeros(32)), zeros(32)),
        json!({"kty": "EC", "crv": "P-256", "x": zeros(32)}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": zeros(31)}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": 1}),
        json!({"kty": "RSA", "n": odd(256)}),
    ] {
        assert_eq!(refused(key), KeyInvalid::Members);
    }
    let hex = |text: &str| {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        json!({"kty": "OKP", "crv": "Ed25519", "x": data_encoding::BASE64URL_NOPAD.encode(&bytes)})
    };
    for small in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ] {
        assert_eq!(refused(hex(small)), KeyInvalid::SmallOrder, "{small}");
    }
}
