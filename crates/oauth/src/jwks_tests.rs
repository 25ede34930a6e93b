//! Key sets by the published vectors.
use super::*;

fn bytes(text: &str) -> [u8; 32] {
    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

/// The key of RFC 8037 appendix A.2.
fn ed25519() -> PublicKey {
    PublicKey::Ed25519(bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
}

/// The key of RFC 9449 section 4.1, whose thumbprint is in its section 6.1.
fn p256() -> PublicKey {
    PublicKey::P256 {
        x: bytes("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"),
        y: bytes("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"),
    }
}

#[test]
fn rfc_7638_section_3_1() {
    let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let json = format!(r#"{{"e":"AQAB","kty":"RSA","n":"{modulus}"}}"#);
    assert_eq!(BASE64URL_NOPAD.encode(&thumbprint(&json)), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    let jwk = serde_json::from_str(&json).unwrap();
    assert_eq!(PublicKey::from_jwk(&jwk).unwrap().kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn rfc_8037_appendix_a_3() {
    assert_eq!(ed25519().kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn rfc_9449_section_6_1() {
    assert_eq!(p256().kid(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

#[test]
fn a_set_holds_public_members_only() {
    let json = serde_json::to_value(jwks([p256(), ed25519()])).unwrap();
    let members = |at: usize| json["keys"][at].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(0), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!(members(1), ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!((&json["keys"][0]["alg"], &json["keys"][1]["alg"]), (&"ES256".into(), &"EdDSA".into()));
    assert_ne!(json["keys"][0]["kid"], json["keys"][1]["kid"]);
}

#[test]
fn a_point_is_read_from_sec1() {
    let PublicKey::P256 { x, y } = p256() else { panic!("a P-256 key") };
    let point = [&[4][..], &x, &y].concat();
    assert_eq!(PublicKey::from_sec1(&point), Some(p256()));
    assert_eq!(PublicKey::from_sec1(&point[..64]), None);
    assert_eq!(PublicKey::from_sec1(&[&[2][..], &x].concat()), None);
    assert_eq!(PublicKey::from_sec1(&[]), None);
}
