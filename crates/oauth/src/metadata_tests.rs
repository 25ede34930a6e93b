//! What is listed is what works; every URL comes from the issuer.
use super::*;

#[test]
fn issuers() {
    for url in
        ["https://seal.example", "https://seal.example:8443", "http://127.0.0.1:8080", "http://localhost:1"]
    {
        assert_eq!(Issuer::parse(url).unwrap().as_str(), url);
    }
    assert_eq!(Issuer::parse("http://[::1]:8080/").unwrap().as_str(), "http://[::1]:8080");
    for url in [
        "",
        "seal.example",
        "http://seal.example",
        "http://192.168.1.5:8080",
        "https://seal.example/path",
        "https://seal.example//",
        "https://seal.example?x",
        "https://seal.example#x",
        "https://me@seal.example",
        "https://Seal.example",
        "ftp://seal.example",
        "https://",
        "https://seal.example:0",
    ] {
        assert_eq!(Issuer::parse(url), Err(IssuerInvalid), "{url}");
    }
}

#[test]
fn the_server_lists_what_works() {
    let issuer = Issuer::parse("https://seal.example").unwrap();
    let json = serde_json::to_value(server(&issuer, None)).unwrap();
    assert_eq!(json["issuer"], "https://seal.example");
    for (member, value) in json.as_object().unwrap() {
        if member.ends_with("_endpoint") || member == "jwks_uri" {
            assert!(value.as_str().unwrap().starts_with("https://seal.example/"), "{member}");
        }
    }
    assert_eq!(json["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(json["response_types_supported"], serde_json::json!(["code"]));
    assert_eq!(
        json["grant_types_supported"],
        serde_json::json!([
            "authorization_code",
            "refresh_token",
            crate::device::GRANT_TYPE,
            "client_credentials"
        ])
    );
    assert_eq!(json["authorization_details_types_supported"], serde_json::json!(["messages"]));
    assert_eq!(json["authorization_response_iss_parameter_supported"], true);
    assert_eq!(json["request_uri_parameter_supported"], false);
    for (list, wanted) in [
        ("dpop_signing_alg_values_supported", serde_json::json!(["ES256", "EdDSA"])),
        ("subject_types_supported", serde_json::json!(["public"])),
        ("id_token_signing_alg_values_supported", serde_json::json!(["ES256"])),
        ("grant_management_actions_supported", serde_json::json!(crate::grant_management::ACTIONS)),
        ("grant_management_action_required", serde_json::json!(false)),
        ("backchannel_logout_supported", serde_json::json!(true)),
        ("backchannel_logout_session_supported", serde_json::json!(true)),
    ] {
        assert_eq!(json[list], wanted, "{list}");
    }
    assert_eq!(
        json["scopes_supported"],
        serde_json::json!(["openid", "profile", "friends", "offline_access"])
    );
}

#[test]
fn every_listed_grant_type_is_read_and_no_other() {
    let issuer = Issuer::parse("https://seal.example").unwrap();
    let listed = server(&issuer, None).grant_types_supported;
    for grant_type in [
        "authorization_code",
        "refresh_token",
        "password",
        "implicit",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
    ] {
        let form = format!("grant_type={grant_type}&code=x&refresh_token=x&device_code=x");
        let form = crate::Params::parse(form.as_bytes()).unwrap();
        assert_eq!(crate::token::parse(&form, &issuer).is_ok(), listed.contains(&grant_type), "{grant_type}");
    }
}

#[test]
fn the_resource_names_its_server() {
    let issuer = Issuer::parse("http://127.0.0.1:8080").unwrap();
    let json = serde_json::to_value(resource(&issuer, None)).unwrap();
    assert_eq!(json["resource"], "http://127.0.0.1:8080");
    assert_eq!(json["authorization_servers"], serde_json::json!(["http://127.0.0.1:8080"]));
    assert_eq!(json["bearer_methods_supported"], serde_json::json!(["header"]));
    assert_eq!(json["dpop_signing_alg_values_supported"], serde_json::json!(["ES256", "EdDSA"]));
    assert_eq!(json["dpop_bound_access_tokens_required"], false);
    assert_eq!(json["tls_client_certificate_bound_access_tokens"], false);
}

#[test]
fn certificates_are_offered_where_they_are_asked_for() {
    let issuer = Issuer::parse("https://seal.example").unwrap();
    let url = Issuer::parse("https://mtls.seal.example:8443").unwrap();
    let told = |mutual: Option<&Mutual>| serde_json::to_value(server(&issuer, mutual)).unwrap();
    let lists = ["token_endpoint", "revocation_endpoint", "introspection_endpoint"];
    let offers = |json: &serde_json::Value, way: &str| {
        lists.map(|list| {
            json[format!("{list}_auth_methods_supported")].as_array().unwrap().contains(&way.into())
        })
    };
    let none = told(None);
    assert_eq!(none.get("mtls_endpoint_aliases"), None);
    assert_eq!(offers(&none, "self_signed_tls_client_auth"), [false; 3]);
    assert_eq!(offers(&none, "none"), [true, true, false]);
    let nobody = Mutual { url: url.clone(), authorities: Authorities::default() };
    let json = told(Some(&nobody));
    assert_eq!(offers(&json, "self_signed_tls_client_auth"), [true; 3]);
    assert_eq!(offers(&json, "tls_client_auth"), [false; 3], "there is nobody who could vouch");
    assert_eq!(json["tls_client_certificate_bound_access_tokens"], true);
    for (name, alias) in json["mtls_endpoint_aliases"].as_object().unwrap() {
        let path = json[name].as_str().unwrap().strip_prefix("https://seal.example").unwrap();
        assert_eq!(alias, &format!("https://mtls.seal.example:8443{path}"));
    }
    let der = testkit::authority::Authority::new("Somebody").der;
    let authorities = Authorities::read(&[der.as_slice().into()]).unwrap();
    assert_eq!(offers(&told(Some(&Mutual { url, authorities })), "tls_client_auth"), [true; 3]);
    assert_eq!(
        serde_json::to_value(resource(&issuer, Some(&nobody))).unwrap()["tls_client_certificate_bound_access_tokens"],
        true
    );
}
