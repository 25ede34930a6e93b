//! Apps that show a certificate (RFC 8705): who they are by it, and tokens that are worth nothing without it.
use super::{Fields, allow, error, reading};
use crate::stage::{Answer, App, EVERYTHING, Person, Shows, Stage, query};
use data_encoding::BASE64URL_NOPAD;
use oauth::assertion::ASSERTION_TYPE;
use outbound::Private;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::authority::{
    Authority, Certified, ExtendedKeyUsagePurpose, SanType, date_time_ymd, params, self_signed,
};
use testkit::{Site, es256};
use vault::{Demands, NewKind};

fn scene() -> (Stage, Person) {
    let stage = Stage::new().asks_for_certificates();
    let ada = stage.person("ada");
    (stage, ada)
}

fn named(stage: &Stage, subject: &str) -> App {
    stage.app_of("Teller", EVERYTHING, NewKind::Named(subject.parse().unwrap()), Demands::default())
}

/// The key of a certificate as an app publishes it.
fn jwks(certified: &Certified) -> String {
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let (x, y) = certified.public[1..].split_at(32);
    let key = json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y), "x5c": ["MII"]});
    json!({ "keys": [key] }).to_string()
}

fn thumbprint(certified: &Certified) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(&certified.der))
}

/// She lets the app in on what it pushes here; its tokens come back.
#[track_caller]
fn granted(stage: &Stage, ada: &Person, app: &App, shows: &Shows) -> Value {
    let pushed = shows.post("/par", &Fields::ask_for(app, reading()).0).expect(201).json();
    let uri = pushed["request_uri"].as_str().unwrap();
    let left = allow(stage, ada, &Fields::of(&[("client_id", &app.id.to_string()), ("request_uri", uri)]));
    let code = query(&left, "code").unwrap_or_else(|| panic!("no code in {left}"));
    shows.post("/token", &Fields::code(app, &code).0).expect(200).json()
}

fn text<'a>(told: &'a Value, name: &str) -> &'a str {
    told[name].as_str().unwrap_or_else(|| panic!("no {name} in {told}"))
}

/// The forms with which an app asks the endpoints at which it has to prove itself.
fn each(app: &App) -> [(&'static str, Fields); 5] {
    let token = Fields::revoke(app, "wxa_x");
    let own = Fields::of(&[("grant_type", "client_credentials")]).by(app);
    let device = Fields::of(&[("scope", "openid")]).by(app);
    let ask = Fields::ask_for(app, reading());
    [
        ("/par", ask),
        ("/token", own),
        ("/introspect", token.clone()),
        ("/revoke", token),
        ("/device_authorization", device),
    ]
}

#[track_caller]
fn refused_everywhere(app: &App, ask: impl Fn(&str, &Fields) -> Answer) {
    for (path, form) in each(app) {
        assert_eq!(error(&ask(path, &form).expect(401)), "invalid_client", "{path}");
    }
}

#[test]
fn an_app_is_who_its_certificate_names_if_somebody_vouches_for_it() {
    let (stage, ada) = scene();
    let app = named(&stage, "dn:CN=teller");
    let gate = stage.gate();
    let teller = gate.authority.vouches(&params("teller"));
    let shows = gate.shows(Some(&teller), &[]);
    for (path, form) in each(&app) {
        let answer = shows.post(path, &form.0);
        assert!(matches!(answer.status, 200 | 201), "{path}: {}", answer.text());
    }
    let told = granted(&stage, &ada, &app, &shows);
    shows.get("/v1/me", text(&told, "access_token")).expect(200);
    // Through an authority between, that is sent along.
    let between = gate.authority.lets_vouch("Between");
    let other = between.vouches(&params("teller"));
    let form = Fields::revoke(&app, "wxa_x").0;
    gate.shows(Some(&other), &[&between.der]).post("/revoke", &form).expect(200);

    let made = |change: &dyn Fn(&mut testkit::authority::CertificateParams)| {
        let mut teller = params("teller");
        change(&mut teller);
        gate.authority.vouches(&teller)
    };
    let expired = made(&|teller| teller.not_after = date_time_ymd(2025, 1, 1));
    let early = made(&|teller| teller.not_before = date_time_ymd(2040, 1, 1));
    let server = made(&|teller| teller.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    let in_san = gate.authority.vouches(&{
        let mut other = params("other");
        other.subject_alt_names = vec![SanType::DnsName("teller".try_into().unwrap())];
        other
    });
    let strangers = [
        Some(gate.authority.vouches(&params("other"))),
        Some(Authority::new("The authority of apps").vouches(&params("teller"))),
        Some(self_signed(&params("teller"))),
        Some(other),
        Some(expired),
        Some(early),
        Some(server),
        Some(in_san),
        None,
    ];
    for stranger in &strangers {
        let shows = gate.shows(stranger.as_ref(), &[]);
        refused_everywhere(&app, |path, form| shows.post(path, &form.0));
    }
    // The ordinary address asks nobody, and a secret or a statement is no certificate.
    refused_everywhere(&app, |path, form| form.post(&stage, path));
    refused_everywhere(&app, |path, form| shows.post(path, &form.clone().with("client_secret", "x").0));
    let keyed = stage.app_with_key(EVERYTHING, es256(), Demands::default());
    refused_everywhere(&keyed, |path, form| shows.post(path, &form.0));
    let statement = || Fields::revoke(&app, "x").with("client_assertion_type", ASSERTION_TYPE);
    let posed = statement().with("client_assertion", &keyed.assertion(&stage)).0;
    assert_eq!(error(&shows.post("/revoke", &posed).expect(401)), "invalid_client");
    // It expires by the clock that everything else goes by.
    let soon = made(&|teller| teller.not_after = date_time_ymd(2027, 1, 1));
    let shows = gate.shows(Some(&soon), &[]);
    shows.post("/revoke", &form).expect(200);
    stage.clock.advance_s(400 * 86_400);
    assert_eq!(error(&shows.post("/revoke", &form).expect(401)), "invalid_client");
}

#[test]
fn each_kind_of_name_can_be_registered() {
    let (stage, _) = scene();
    let mut teller = params("somebody");
    teller.subject_alt_names = vec![
        SanType::DnsName("teller.example".try_into().unwrap()),
        SanType::URI("https://teller.example/app".try_into().unwrap()),
        SanType::IpAddress("192.0.2.7".parse().unwrap()),
        SanType::Rfc822Name("ops@teller.example".try_into().unwrap()),
    ];
    let shows = stage.gate().shows(Some(&stage.gate().authority.vouches(&teller)), &[]);
    for (subject, fits) in [
        ("dns:teller.example", true),
        ("uri:https://teller.example/app", true),
        ("ip:192.0.2.7", true),
        ("email:ops@teller.example", true),
        ("dns:example", false),
        ("uri:https://teller.example/", false),
        ("ip:192.0.2.70", false),
        ("email:teller.example", false),
        ("dn:CN=teller.example", false),
    ] {
        let app = named(&stage, subject);
        let answer = shows.post("/revoke", &Fields::revoke(&app, "x").0);
        assert_eq!(answer.status, if fits { 200 } else { 401 }, "{subject}");
    }
}

#[test]
fn an_app_that_nobody_vouches_for_is_known_by_its_keys() {
    let mut stage = Stage::new();
    stage.private = Private::Loopback;
    let stage = stage.asks_for_certificates();
    let ada = stage.person("ada");
    // Whatever its dates and names say of it, so long as it is valid.
    let (own, other) = (self_signed(&params("teller")), self_signed(&params("teller")));
    let app = stage.app_of("Teller", EVERYTHING, NewKind::SelfSigned(jwks(&own)), Demands::default());
    let (shows, stranger) = (stage.gate().shows(Some(&own), &[]), stage.gate().shows(Some(&other), &[]));
    let told = granted(&stage, &ada, &app, &shows);
    shows.get("/v1/me", text(&told, "access_token")).expect(200);
    refused_everywhere(&app, |path, form| stranger.post(path, &form.0));
    refused_everywhere(&app, |path, form| stage.gate().shows(None, &[]).post(path, &form.0));
    refused_everywhere(&app, |path, form| form.post(&stage, path));
    let vouched = stage.gate().shows(Some(&stage.gate().authority.vouches(&params("teller"))), &[]);
    refused_everywhere(&app, |path, form| vouched.post(path, &form.0));
    // Keys that it publishes are fetched, and asked for anew when another key is shown.
    let site = Site::new(&jwks(&own));
    let kind = NewKind::SelfSignedAt(site.url("/jwks"));
    let app = stage.app_of("Publishing", EVERYTHING, kind, Demands::default());
    let form = Fields::revoke(&app, "x").0;
    shows.post("/revoke", &form).expect(200);
    stranger.post("/revoke", &form).expect(401);
    assert_eq!(site.asked(), 1, "asked just now");
    site.says(200, &jwks(&other));
    stage.clock.advance_s(30);
    stranger.post("/revoke", &form).expect(200);
    shows.post("/revoke", &form).expect(401);
    assert_eq!(site.asked(), 2);
}

#[test]
fn a_token_is_worth_nothing_without_the_certificate_that_it_is_bound_to() {
    let (stage, ada) = scene();
    let app = named(&stage, "dn:CN=teller");
    let gate = stage.gate();
    let (own, renewed) =
        (gate.authority.vouches(&params("teller")), gate.authority.vouches(&params("teller")));
    let (shows, newer) = (gate.shows(Some(&own), &[]), gate.shows(Some(&renewed), &[]));
    let other = gate.shows(Some(&gate.authority.vouches(&params("other"))), &[]);
    let told = granted(&stage, &ada, &app, &shows);
    assert_eq!(told["token_type"], "Bearer");
    let (access, grant) = (text(&told, "access_token"), format!("/grants/{}", text(&told, "grant_id")));
    let facts = shows.post("/introspect", &Fields::revoke(&app, access).0).expect(200).json();
    assert_eq!(facts["cnf"], json!({ "x5t#S256": thumbprint(&own) }));
    for path in ["/v1/me", "/v1/conversations", "/v1/grant", "/userinfo", grant.as_str()] {
        shows.get(path, access).expect(200);
        for stranger in [&other, &newer, &gate.shows(None, &[])] {
            let refused = stranger.get(path, access).expect(401);
            assert!(
                refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""),
                "{path}"
            );
        }
        stage.send("GET", path, &[("authorization", &format!("Bearer {access}"))], None).expect(401);
        let posed = shows.send("GET", path, &[("authorization", &format!("DPoP {access}"))], None);
        assert!(matches!(posed.status, 400 | 401), "{path}: {}", posed.text());
    }
    // Renewed, it goes on: what was bound to the old one stays so, and what comes is bound to the new one.
    let refresh = Fields::refresh(&app, text(&told, "refresh_token")).0;
    let next = newer.post("/token", &refresh).expect(200).json();
    newer.get("/v1/me", text(&next, "access_token")).expect(200);
    shows.get("/v1/me", text(&next, "access_token")).expect(401);
    shows.get("/v1/me", access).expect(200);
    other.post("/token", &refresh).expect(401);
    // A token of the app's own is bound as well.
    let form = Fields::of(&[("grant_type", "client_credentials")]).by(&app).0;
    let own_token = text(&shows.post("/token", &form).expect(200).json(), "access_token").to_owned();
    shows.get("/v1/power", &own_token).expect(200);
    other.get("/v1/power", &own_token).expect(401);
    stage.api(&own_token).get("/v1/power").expect(401);
    // One that is bound to nothing is as good here as anywhere.
    let free = stage.grant(&ada, &stage.app(EVERYTHING), reading());
    shows.get("/v1/me", &free.access).expect(200);
}

#[test]
fn a_certificate_in_a_header_is_believed_by_nobody() {
    let (stage, ada) = scene();
    let app = named(&stage, "dn:CN=teller");
    let gate = stage.gate();
    let own = gate.authority.vouches(&params("teller"));
    let told = granted(&stage, &ada, &app, &gate.shows(Some(&own), &[]));
    let bearer = format!("Bearer {}", text(&told, "access_token"));
    let pem = own.pem.0.replace('\n', "%0A");
    let der = format!(":{}:", data_encoding::BASE64.encode(&own.der));
    let hash = format!("Hash={};Cert=\"{pem}\";Subject=\"CN=teller\"", thumbprint(&own));
    let form = Fields::revoke(&app, "x").body();
    let bare = gate.shows(None, &[]);
    for (name, value) in [
        ("client-cert", der.as_str()),
        ("x-client-cert", &pem),
        ("x-forwarded-client-cert", &hash),
        ("x-ssl-client-cert", &pem),
        ("ssl-client-cert", &pem),
        ("x-ssl-client-verify", "SUCCESS"),
        ("x-ssl-client-s-dn", "CN=teller"),
        ("x-amzn-mtls-clientcert", &pem),
        ("x-arr-clientcert", &der),
        ("tls-client-certificate", &pem),
    ] {
        let ask = [(name, value), ("authorization", bearer.as_str())];
        stage.send("GET", "/v1/me", &ask, None).expect(401);
        bare.send("GET", "/v1/me", &ask, None).expect(401);
        let prove = [(name, value), ("content-type", "application/x-www-form-urlencoded")];
        stage.send("POST", "/revoke", &prove, Some(form.as_bytes())).expect(401);
        bare.send("POST", "/revoke", &prove, Some(form.as_bytes())).expect(401);
    }
}

#[test]
fn tokens_of_an_app_that_proves_nothing_can_be_bound_and_its_refresh_token_is_too() {
    let (stage, ada) = scene();
    let demands = Demands { binds_certificate: true, ..Demands::default() };
    let app = stage.app_of("Player", EVERYTHING, NewKind::Public, demands);
    let gate = stage.gate();
    let (own, other) = (self_signed(&params("this device")), self_signed(&params("this device")));
    let (shows, thief) = (gate.shows(Some(&own), &[]), gate.shows(Some(&other), &[]));
    let left = allow(&stage, &ada, &Fields::ask_for(&app, reading()));
    let form = Fields::code(&app, &query(&left, "code").unwrap());
    // Where no certificate is shown there is no token, and the code is not spent.
    assert_eq!(error(&form.post(&stage, "/token").expect(400)), "invalid_request");
    let told = shows.post("/token", &form.0).expect(200).json();
    let access = text(&told, "access_token");
    shows.get("/v1/me", access).expect(200);
    thief.get("/v1/me", access).expect(401);
    let refresh = Fields::refresh(&app, text(&told, "refresh_token"));
    assert_eq!(error(&thief.post("/token", &refresh.0).expect(400)), "invalid_grant");
    assert_eq!(error(&refresh.post(&stage, "/token").expect(400)), "invalid_request");
    for _ in 0..2 {
        let next = shows.post("/token", &refresh.0).expect(200).json();
        assert_eq!(next["refresh_token"], told["refresh_token"], "a bound one goes on");
        shows.get("/v1/me", text(&next, "access_token")).expect(200);
        thief.get("/v1/me", text(&next, "access_token")).expect(401);
    }
    // An app that did not ask for it gets tokens that are bound to nothing, whatever is shown.
    let free = stage.app(EVERYTHING);
    let left = allow(&stage, &ada, &Fields::ask_for(&free, reading()));
    let told =
        shows.post("/token", &Fields::code(&free, &query(&left, "code").unwrap()).0).expect(200).json();
    stage.api(text(&told, "access_token")).get("/v1/me").expect(200);
}

#[test]
fn the_listener_for_certificates_has_the_endpoints_and_no_pages() {
    let (stage, _) = scene();
    let shows = stage.gate().shows(None, &[]);
    let get = |path: &str| shows.send("GET", path, &[], None);
    let metadata = stage.get("/.well-known/oauth-authorization-server").expect(200).json();
    let aliases = metadata["mtls_endpoint_aliases"].as_object().unwrap();
    assert_eq!(aliases.len(), 7);
    for alias in aliases.values() {
        let path = alias.as_str().unwrap().strip_prefix(&stage.gate().url).unwrap();
        let answer = get(path);
        assert!(matches!(answer.status, 401 | 405) || path == "/grants", "{path}: {}", answer.status);
    }
    for way in ["tls_client_auth", "self_signed_tls_client_auth"] {
        assert!(metadata["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&way.into()));
    }
    let resource = stage.get("/.well-known/oauth-protected-resource").expect(200).json();
    assert_eq!(resource["tls_client_certificate_bound_access_tokens"], true);
    assert_eq!(get("/.well-known/openid-configuration").expect(200).json(), metadata);
    get("/healthz").expect(200);
    for page in ["/", "/sign-in", "/authorize", "/consent", "/apps", "/settings"] {
        get(page).expect(404);
    }
    let without = Stage::new();
    let metadata = without.get("/.well-known/oauth-authorization-server").expect(200).json();
    assert_eq!(metadata.get("mtls_endpoint_aliases"), None);
    assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], false);
}
