//! Signed texts: the vectors of the RFCs, and every way in which one is not taken.
use super::*;
use proptest::prelude::*;
use serde_json::json;
use testkit::{Signer, ed25519, es256, rsa};

const MAX: usize = 8_192;

fn key(jwk: Value) -> PublicKey {
    PublicKey::from_jwk(jwk.as_object().unwrap()).unwrap()
}

fn outcome(text: &str, key: &PublicKey) -> Result<(), JwsInvalid> {
    Jws::parse(text, MAX)?.check(key)
}

#[test]
fn rfc_8037_appendix_a_4() {
    let key = key(json!({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}));
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    assert!(key.verifies(signed, &signature));
    assert!(!key.verifies(&signed[1..], &signature));
}

#[test]
fn rfc_7515_appendix_a_3() {
    let key = key(json!({"kty":"EC","crv":"P-256",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}));
    let text = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert_eq!(outcome(text, &key), Ok(()));
    let jws = Jws::parse(text, MAX).unwrap();
    assert_eq!(
        (jws.claims.text("iss"), jws.claims.time("exp").unwrap().seconds()),
        (Ok("joe"), 1_300_819_380)
    );
}

#[test]
fn each_algorithm_verifies_what_its_key_signed_and_nothing_else() {
    let signers = [es256(), ed25519(), rsa()];
    for one in &signers {
        let text = one.jws(&json!({}), &json!({"a": 1}));
        for other in &signers {
            let wanted = if one.alg() == other.alg() { Ok(()) } else { Err(JwsInvalid::Signature) };
            assert_eq!(outcome(&text, &key(other.jwk())), wanted);
        }
        let another = match one.alg() {
            "ES256" => es256(),
            "EdDSA" => ed25519(),
            _ => rsa(),
        };
        assert_eq!(outcome(&text, &key(another.jwk())), Err(JwsInvalid::Signature));
        let (signed, signature) = text.rsplit_once('.').unwrap();
        let spoilt = format!("{}x.{signature}", &signed[..signed.len() - 1]);
        assert!(outcome(&spoilt, &key(one.jwk())).is_err());
    }
}

/// A JWS with this header and payload, signed as it is.
fn made(signer: &Signer, header: &str, claims: &str) -> Result<(), JwsInvalid> {
    outcome(&signer.jws_of(header, claims), &key(signer.jwk()))
}

#[test]
fn an_algorithm_that_is_not_listed_is_not_taken() {
    let signer = rsa();
    for alg in ["none", "None", "NONE", "HS256", "RS256", "ES384", "ES256K", "PS384", "es256", "", "EdDSA "] {
        let made = made(&signer, &json!({ "alg": alg }).to_string(), "{}");
        assert_eq!(made, Err(JwsInvalid::Algorithm), "{alg}");
    }
    for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["PS256"]}"#, r#"{"alg":256}"#] {
        assert_eq!(made(&signer, header, "{}"), Err(JwsInvalid::Algorithm), "{header}");
    }
    // Without a signature at all, as `none` has it.
    let unsigned = signer.jws(&json!({}), &json!({}));
    let (signed, _) = unsigned.rsplit_once('.').unwrap();
    assert_eq!(outcome(&format!("{signed}."), &key(signer.jwk())), Err(JwsInvalid::Signature));
    assert_eq!(outcome(signed, &key(signer.jwk())), Err(JwsInvalid::Form));
}

#[test]
fn what_could_be_read_in_two_ways_is_not_read() {
    let signer = es256();
    let well = signer.jws(&json!({}), &json!({"a": 1}));
    let last = well.chars().last().unwrap();
    let key = key(signer.jwk());
    // 64 bytes leave four spare bits in the last character; they are zero in the one spelling that counts.
    let spare = BASE64URL_NOPAD.specification().symbols.chars().position(|c| c == last).unwrap();
    let other = BASE64URL_NOPAD.specification().symbols.chars().nth(spare | 1).unwrap();
    let (body, _) = well.split_at(well.len() - 1);
    for text in [
        format!("{body}{other}"),
        format!("{well}="),
        format!("{well}=="),
        format!(" {well}"),
        format!("{well}\n"),
        format!("{well}."),
        format!("{well}.{last}"),
        format!(".{well}"),
        well.replace('.', ".."),
        well.replacen('.', "\n.", 1),
        "..".to_owned(),
        ".".to_owned(),
        String::new(),
    ] {
        let refused = outcome(&text, &key).unwrap_err();
        assert!(matches!(refused, JwsInvalid::Form | JwsInvalid::Json), "{text}: {refused:?}");
    }
    for (header, claims) in [
        (r#"{"alg":"ES256","alg":"ES256"}"#, "{}"),
        (r#"{"alg":"none","alg":"ES256"}"#, "{}"),
        (r#"{"alg":"ES256","\u0061lg":"none"}"#, "{}"),
        (r#"{"alg":"ES256"}"#, r#"{"aud":"a","aud":"b"}"#),
        (r#"{"alg":"ES256"}"#, r#"{"cnf":{"jkt":"a","jkt":"b"}}"#),
        (r#"{"alg":"ES256"}"#, "[]"),
        (r#"{"alg":"ES256"}"#, ""),
        (r#"{"alg":"ES256"}"#, "nonsense"),
        (r#"["ES256"]"#, "{}"),
        (r#"{"alg":"ES256"} x"#, "{}"),
    ] {
        assert_eq!(made(&signer, header, claims), Err(JwsInvalid::Json), "{header} {claims}");
    }
}

#[test]
fn what_is_critical_and_not_known_is_not_taken() {
    let signer = es256();
    for header in [
        json!({"alg": "ES256", "crit": ["exp"], "exp": 1}),
        json!({"alg": "ES256", "crit": []}),
        json!({"alg": "ES256", "b64": false, "crit": ["b64"]}),
        json!({"alg": "ES256", "b64": false}),
        json!({"alg": "ES256", "b64": "true"}),
    ] {
        assert_eq!(made(&signer, &header.to_string(), "{}"), Err(JwsInvalid::Critical), "{header}");
    }
    let known = json!({"alg": "ES256", "b64": true, "jku": "https://evil.example", "x5u": 1, "anything": {}});
    assert_eq!(made(&signer, &known.to_string(), "{}"), Ok(()));
}

#[test]
fn signatures_that_are_no_signatures() {
    let (ec, ed) = (es256(), ed25519());
    let with = |signer: &Signer, signature: &[u8]| {
        let text = signer.jws(&json!({}), &json!({}));
        let (signed, _) = text.rsplit_once('.').unwrap();
        outcome(&format!("{signed}.{}", BASE64URL_NOPAD.encode(signature)), &key(signer.jwk()))
    };
    let one = {
        let mut number = [0; 32];
        number[31] = 1;
        number
    };
    // The order of P-256, and of the group of Ed25519: the first numbers that are none.
    let order = data_encoding::HEXUPPER
        .decode(b"FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551")
        .unwrap();
    for signature in [
        [0; 64].to_vec(),
        [[0; 32], one].concat(),
        [one, [0; 32]].concat(),
        [&order[..], &one].concat(),
        [&one[..], &order].concat(),
        [0xff; 64].to_vec(),
        Vec::new(),
        vec![0; 63],
        vec![0; 65],
        vec![1; 8_000 / 2],
        b"\x30\x06\x02\x01\x01\x02\x01\x01".to_vec(), // DER
    ] {
        assert_eq!(with(&ec, &signature), Err(JwsInvalid::Signature), "{signature:?}");
        assert_eq!(with(&ed, &signature), Err(JwsInvalid::Signature), "{signature:?}");
    }
    // S + L says the same to a careless reader.
    let text = ed.jws(&json!({}), &json!({}));
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let mut signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    let group = data_encoding::HEXLOWER
        .decode(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        .unwrap();
    let mut carry = 0_u16;
    for (byte, more) in signature[32..].iter_mut().zip(group) {
        carry += u16::from(*byte) + u16::from(more);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    let shifted = format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature));
    assert_eq!(outcome(&shifted, &key(ed.jwk())), Err(JwsInvalid::Signature));
}

#[test]
fn a_type_is_held_to() {
    let signer = es256();
    let check = |header: Value, bare| {
        let text = signer.jws(&header, &json!({}));
        Jws::parse(&text, MAX).unwrap().check_type("dpop+jwt", bare)
    };
    for typ in ["dpop+jwt", "DPoP+JWT"] {
        assert_eq!(check(json!({ "typ": typ }), false), Ok(()));
    }
    assert_eq!((check(json!({}), true), check(json!({}), false)), (Ok(()), Err(JwsInvalid::Type)));
    assert_eq!(check(json!({"typ": "JWT"}), true), Ok(()));
    assert_eq!(check(json!({"typ": "JWT"}), false), Err(JwsInvalid::Type));
    for typ in [json!("at+jwt"), json!("logout+jwt"), json!(""), json!(null), json!(["dpop+jwt"])] {
        for bare in [true, false] {
            assert_eq!(check(json!({ "typ": typ }), bare), Err(JwsInvalid::Type), "{typ}");
        }
    }
}

#[test]
fn times_are_numbers_of_seconds() {
    let claims = |value: Value| Claims(json!({ "exp": value }).as_object().unwrap().clone());
    for (value, seconds) in [(json!(1_795_435_200), 1_795_435_200), (json!(1.75), 1), (json!(0), 0)] {
        assert_eq!(claims(value).time("exp").unwrap().seconds(), seconds);
    }
    for value in [json!("1"), json!(-1), json!(1e300), json!(null), json!([1]), json!(true), json!(u64::MAX)]
    {
        assert_eq!(claims(value.clone()).time("exp"), Err(JwsInvalid::Member("exp")), "{value}");
        assert_eq!(claims(value).opt_time("exp"), Err(JwsInvalid::Member("exp")));
    }
    assert_eq!(claims(json!(1)).opt_time("nbf"), Ok(None));
    assert_eq!(claims(json!(1)).time("nbf"), Err(JwsInvalid::Member("nbf")));
}

#[test]
fn a_long_text_ends_before_it_is_looked_at() {
    let signer = es256();
    let text = signer.jws(&json!({}), &json!({"x": "x".repeat(MAX)}));
    assert_eq!(outcome(&text, &key(signer.jwk())), Err(JwsInvalid::TooLong));
    let text = signer.jws(&json!({"kid": "k".repeat(KID_BYTES_MAX + 1)}), &json!({}));
    assert_eq!(Jws::parse(&text, MAX).unwrap().kid(), Err(JwsInvalid::Member("kid")));
}

proptest! {
    #[test]
    fn nothing_panics(text in "[A-Za-z0-9_.=-]{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = Jws::parse(&text, MAX);
        let encoded = BASE64URL_NOPAD.encode(&bytes);
        let _ = Jws::parse(&format!("{encoded}.{encoded}.{encoded}"), MAX);
    }
}
