//! Certificates: whom they name, who vouches for them and when, and that nothing is compared in part.
use super::*;
use std::collections::BTreeSet;
use testkit::authority::{
    Authority, Certified, DnType, ExtendedKeyUsagePurpose, SanType, date_time_ymd, params, self_signed,
};

/// 2026-11-23, at noon
const NOW: Time = Time::from_micros(1_795_435_200_000_000);

fn shown(certified: &Certified) -> Shown {
    Shown::read(&certified.der, []).unwrap()
}

fn authorities(all: &[&Authority]) -> Authorities {
    let all: Vec<CertificateDer<'_>> = all.iter().map(|authority| authority.der.as_slice().into()).collect();
    Authorities::read(&all).unwrap()
}

fn subject(text: &str) -> Subject {
    text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))
}

#[test]
fn a_name_is_compared_whole_and_in_its_own_place() {
    let mut teller = params("teller");
    teller.distinguished_name.push(DnType::OrganizationName, "Teller, Ltd");
    teller.distinguished_name.push(DnType::CountryName, "DE");
    teller.subject_alt_names = vec![
        SanType::DnsName("teller.example".try_into().unwrap()),
        SanType::DnsName("*.wild.example".try_into().unwrap()),
        SanType::URI("https://teller.example/app".try_into().unwrap()),
        SanType::IpAddress("192.0.2.7".parse().unwrap()),
        SanType::IpAddress("2001:db8::7".parse().unwrap()),
        SanType::Rfc822Name("ops@teller.example".try_into().unwrap()),
    ];
    let shown = shown(&self_signed(&teller));
    for fits in [
        "dn:C=DE,O=Teller\\, Ltd,CN=teller",
        "dn:c=DE, o=Teller\\2C Ltd , 2.5.4.3=teller",
        "dns:teller.example",
        "dns:TELLER.example",
        "uri:https://teller.example/app",
        "ip:192.0.2.7",
        "ip:2001:db8:0::7",
        "email:ops@teller.example",
    ] {
        assert!(shown.names(&subject(fits)), "{fits}");
        assert_eq!(subject(&subject(fits).to_string()), subject(fits), "it is kept as it was meant");
    }
    for not in [
        "dn:CN=teller",
        "dn:CN=teller,O=Teller\\, Ltd,C=DE",
        "dn:C=DE,O=Teller\\, Ltd,CN=Teller",
        "dn:C=DE,O=Teller\\, Ltd,CN=teller,CN=teller",
        "dn:C=DE+O=Teller\\, Ltd,CN=teller",
        "dn:C=DE,O=Teller\\, Ltd,CN=teller\\ ",
        "dns:teller",
        "dns:a.teller.example",
        "dns:x.wild.example",
        "dns:192.0.2.7",
        "uri:https://teller.example/",
        "uri:teller.example",
        "ip:192.0.2.8",
        "ip:::ffff:192.0.2.7",
        "email:OPS@teller.example",
        "email:teller.example",
    ] {
        assert!(!shown.names(&subject(not)), "{not}");
    }
}

#[test]
fn what_is_no_name_is_not_registered() {
    for not in [
        "",
        "teller",
        "cn:teller",
        "dn:",
        "dn:teller",
        "dn:CN=",
        "dn:CN=a,",
        "dn:CN=a,,O=b",
        "dn:CN=\"a\"",
        "dn:CN=a;O=b",
        "dn:CN=#0401",
        "dn:CN=a\\",
        "dn:CN=a\\zb",
        "dn:CN=a\\ff",
        "dn:CN=a\\00",
        "dn:NICK=a",
        "dn:2..4=a",
        "dn:02.5=a",
        "dn:CN=a+CN=a",
        "dns:",
        "dns:a b",
        "dns:*.example",
        "uri:",
        "ip:teller.example",
        "ip:192.0.2",
        "email:",
        &format!("dns:{}", "a".repeat(1_025)),
    ] {
        assert!(not.parse::<Subject>().is_err(), "{not}");
    }
    let Subject::Dn { parts, .. } = subject("dn:CN=\u{e9}\\C3\\A9 x+UID=7,DC=example") else { panic!() };
    let part = |all: &[(&str, &str)]| -> BTreeSet<(String, String)> {
        all.iter().map(|(oid, value)| ((*oid).to_owned(), (*value).to_owned())).collect()
    };
    let leaf = [("2.5.4.3", "\u{e9}\u{e9} x"), ("0.9.2342.19200300.100.1.1", "7")];
    assert_eq!(parts, [part(&[("0.9.2342.19200300.100.1.25", "example")]), part(&leaf)]);
}

#[test]
fn who_is_not_vouched_for_now_is_nobody() {
    let (ours, other) = (Authority::new("Ours"), Authority::new("Ours"));
    let trusted = authorities(&[&ours]);
    let teller = params("teller");
    assert!(trusted.vouch_for(&shown(&ours.vouches(&teller)), NOW));
    for stranger in [&other.vouches(&teller), &self_signed(&teller)] {
        assert!(!trusted.vouch_for(&shown(stranger), NOW));
    }
    assert!(!Authorities::default().vouch_for(&shown(&ours.vouches(&teller)), NOW));
    // Through another, which has to be there.
    let between = ours.lets_vouch("Between");
    let certified = between.vouches(&teller);
    assert!(!trusted.vouch_for(&shown(&certified), NOW));
    let with = Shown::read(&certified.der, [between.der.as_slice()]).unwrap();
    assert!(trusted.vouch_for(&with, NOW));
    // For something else than showing who one is.
    let mut server = teller.clone();
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    assert!(!trusted.vouch_for(&shown(&ours.vouches(&server)), NOW));
    server.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    assert!(trusted.vouch_for(&shown(&ours.vouches(&server)), NOW));
}

#[test]
fn what_has_expired_or_is_not_valid_yet_proves_nothing() {
    let ours = Authority::new("Ours");
    let trusted = authorities(&[&ours]);
    let made = |from: i32, until: i32| {
        let mut teller = params("teller");
        (teller.not_before, teller.not_after) = (date_time_ymd(from, 11, 23), date_time_ymd(until, 11, 23));
        shown(&ours.vouches(&teller))
    };
    for (from, until, valid) in [(2026, 2027, true), (2024, 2025, false), (2027, 2028, false)] {
        let shown = made(from, until);
        assert_eq!(shown.is_valid_at(NOW), valid);
        assert_eq!(shown.thumbprint_at(NOW).is_some(), valid);
        assert_eq!(trusted.vouch_for(&shown, NOW), valid);
    }
    // Until its last second, at midnight, and not one longer.
    let (shown, midnight) = (made(2025, 2026), NOW.plus_seconds(-43_200));
    assert!(shown.is_valid_at(midnight) && !shown.is_valid_at(midnight.plus_seconds(1)));
}

#[test]
fn bytes_that_are_no_certificate_are_none() {
    let good = self_signed(&params("teller"));
    assert_eq!(shown(&good).thumbprint_at(NOW), Some(Thumbprint(Sha256::digest(&good.der).into())));
    let longer = [&good.der[..], b"\0"].concat();
    for bytes in
        [&b""[..], b"\x30", &good.der[1..], &good.der[..good.der.len() - 1], &longer, &[0x30; 20_000]]
    {
        assert_eq!(Shown::read(bytes, []), Err(CertificateInvalid));
    }
    for at in 0..good.der.len() {
        let mut spoilt = good.der.clone();
        spoilt[at] ^= 0x40;
        // Whatever comes of it, nothing breaks, and it is another one.
        if let Ok(read) = Shown::read(&spoilt, []) {
            assert_ne!(read.thumbprint, shown(&good).thumbprint);
            let _ = Authorities::default().vouch_for(&read, NOW);
        }
    }
}

#[test]
fn a_key_is_read_as_the_one_that_an_app_publishes() {
    let certified = self_signed(&params("teller"));
    assert_eq!(shown(&certified).key(), PublicKey::from_sec1(&certified.public).as_ref());
    assert!(shown(&certified).key().is_some());
    assert_ne!(shown(&certified).key(), shown(&self_signed(&params("teller"))).key());
}
