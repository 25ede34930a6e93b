//! Whom a certificate names: the subject that an app registers, and the names that a certificate has (RFC 8705 2.1.2).
//!
//! Invariant: exactly one thing is registered and compared. Names are compared character by character (of a host, without regard
//! to case), never by a pattern and never in part; a name that cannot be read is nobody's.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use x509_parser::prelude::{GeneralName, X509Certificate};
use x509_parser::x509::X509Name;

/// Attribute types by the names under which they are written (RFC 4514 3, and those that banks use).
const TYPES: [(&str, &str); 17] = [
    ("CN", "2.5.4.3"),
    ("SN", "2.5.4.4"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("TITLE", "2.5.4.12"),
    ("BUSINESSCATEGORY", "2.5.4.15"),
    ("POSTALCODE", "2.5.4.17"),
    ("GIVENNAME", "2.5.4.42"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
];
/// The longest subject that is registered, in bytes.
const SUBJECT_BYTES_MAX: usize = 1_024;

/// One part of a distinguished name: its attributes, as type and value.
type Part = BTreeSet<(String, String)>;
/// A distinguished name, from its root to its leaf.
type Dn = Vec<Part>;

/// Whom the certificate of an app must name. Written `dn:…`, `dns:…`, `uri:…`, `ip:…` or `email:…`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// `tls_client_auth_subject_dn`
    Dn {
        /// As it was registered.
        text: String,
        /// What that means.
        parts: Vec<BTreeSet<(String, String)>>,
    },
    /// `tls_client_auth_san_dns`
    Dns(String),
    /// `tls_client_auth_san_uri`
    Uri(String),
    /// `tls_client_auth_san_ip`
    Ip(IpAddr),
    /// `tls_client_auth_san_email`
    Email(String),
}

/// A text that is no subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubjectInvalid {
    /// Neither of the five.
    #[error("a subject is dn:, dns:, uri:, ip: or email: with what the certificate must have there")]
    Kind,
    /// A distinguished name that cannot be read.
    #[error(
        "the distinguished name is not as RFC 4514 has it, such as CN=teller,O=Teller Ltd,C=DE (values as text, special characters escaped)"
    )]
    Dn,
    /// A name that is none, a pattern, or too long.
    #[error("the name is empty, longer than 1024 bytes, has spaces or * in it, or is no address")]
    Name,
}

impl FromStr for Subject {
    type Err = SubjectInvalid;

    fn from_str(text: &str) -> Result<Subject, SubjectInvalid> {
        let (kind, name) = text.split_once(':').ok_or(SubjectInvalid::Kind)?;
        if name.len() > SUBJECT_BYTES_MAX {
            return Err(SubjectInvalid::Name);
        }
        let plain = || {
            let odd = |c: char| c.is_whitespace() || c.is_control() || c == '*';
            match name.is_empty() || name.chars().any(odd) {
                false => Ok(name.to_owned()),
                true => Err(SubjectInvalid::Name),
            }
        };
        match kind {
            "dn" => {
                let parts = dn_of_text(name).ok_or(SubjectInvalid::Dn)?;
                Ok(Subject::Dn { text: name.to_owned(), parts })
            }
            "dns" => Ok(Subject::Dns(plain()?)),
            "uri" => Ok(Subject::Uri(plain()?)),
            "ip" => name.parse().map(Subject::Ip).map_err(|_| SubjectInvalid::Name),
            "email" => Ok(Subject::Email(plain()?)),
            _ => Err(SubjectInvalid::Kind),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Dn { text, .. } => write!(f, "dn:{text}"),
            Subject::Dns(name) => write!(f, "dns:{name}"),
            Subject::Uri(uri) => write!(f, "uri:{uri}"),
            Subject::Ip(ip) => write!(f, "ip:{ip}"),
            Subject::Email(email) => write!(f, "email:{email}"),
        }
    }
}

/// The names that a certificate has.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Names {
    /// None if it cannot be read as text.
    dn: Option<Dn>,
    alternatives: Vec<Alternative>,
}

#[derive(Clone, PartialEq, Eq)]
enum Alternative {
    Dns(String),
    Uri(String),
    Ip(Vec<u8>),
    Email(String),
}

impl Names {
    /// Those of this certificate; none if it has its alternative names twice, or they cannot be read.
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Option<Names> {
        let alternatives = match certificate.subject_alternative_name().ok()? {
            Some(extension) => extension.value.general_names.iter().filter_map(Alternative::of).collect(),
            None => Vec::new(),
        };
        Some(Names { dn: dn_of_name(certificate.subject()), alternatives })
    }

    pub(super) fn have(&self, subject: &Subject) -> bool {
        let any = |fits: &dyn Fn(&Alternative) -> bool| self.alternatives.iter().any(fits);
        match subject {
            Subject::Dn { parts, .. } => self.dn.as_ref() == Some(parts),
            Subject::Dns(name) => {
                any(&|own| matches!(own, Alternative::Dns(own) if own.eq_ignore_ascii_case(name)))
            }
            Subject::Uri(uri) => any(&|own| matches!(own, Alternative::Uri(own) if own == uri)),
            Subject::Email(email) => any(&|own| matches!(own, Alternative::Email(own) if own == email)),
            Subject::Ip(IpAddr::V4(ip)) => {
                any(&|own| matches!(own, Alternative::Ip(own) if *own == ip.octets()))
            }
            Subject::Ip(IpAddr::V6(ip)) => {
                any(&|own| matches!(own, Alternative::Ip(own) if *own == ip.octets()))
            }
        }
    }
}

impl Alternative {
    fn of(name: &GeneralName<'_>) -> Option<Alternative> {
        match name {
            GeneralName::DNSName(name) => Some(Alternative::Dns((*name).to_owned())),
            GeneralName::URI(uri) => Some(Alternative::Uri((*uri).to_owned())),
            GeneralName::IPAddress(bytes) => Some(Alternative::Ip(bytes.to_vec())),
            GeneralName::RFC822Name(email) => Some(Alternative::Email((*email).to_owned())),
            _ => None,
        }
    }
}

/// A certificate's own name. None if it is empty, or a value in it is not text.
fn dn_of_name(name: &X509Name<'_>) -> Option<Dn> {
    let attribute = |(oid, value): (String, Option<&str>)| value.map(|value| (oid, value.to_owned()));
    let parts = name.iter_rdn().map(|part| {
        let all = part.iter().map(|one| (one.attr_type().to_id_string(), one.as_str().ok()));
        all.map(attribute).collect::<Option<Part>>()
    });
    parts.collect::<Option<Dn>>().filter(|dn| !dn.is_empty())
}

/// A name as it is written (RFC 4514): from its leaf to its root. None if it is not written so.
fn dn_of_text(text: &str) -> Option<Dn> {
    let mut dn: Dn = Vec::new();
    let mut part = Part::new();
    let mut rest = text;
    loop {
        let (kind, after) = rest.split_once('=')?;
        let (value, after) = value(after)?;
        if !part.insert((oid(kind.trim())?, value)) {
            return None;
        }
        let mut chars = after.chars();
        let end = chars.next();
        rest = chars.as_str();
        if end != Some('+') {
            dn.push(std::mem::take(&mut part));
        }
        if end.is_none() {
            dn.reverse();
            return Some(dn);
        }
    }
}

/// The type that is written like this, as an object identifier in digits.
fn oid(kind: &str) -> Option<String> {
    let is_dotted = kind.contains('.')
        && kind.split('.').all(|arc| arc.parse::<u64>().is_ok_and(|n| n.to_string() == arc));
    let known = TYPES.iter().find(|(name, _)| kind.eq_ignore_ascii_case(name)).map(|(_, oid)| *oid);
    known.or(is_dotted.then_some(kind)).map(str::to_owned)
}

/// Reads a value up to the `,` or `+` that ends it. Spaces around it count only where they are escaped.
fn value(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start_matches(' ');
    let mut bytes = Vec::new();
    // How much of it is meant, whatever spaces follow; and how much of the text was read.
    let (mut meant, mut at) = (0, 0);
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b',' | b'+' => break,
            b'"' | b';' | b'<' | b'>' | 0 => return None,
            b'#' if bytes.is_empty() => return None,
            b'\\' => {
                let next = rest.next()?;
                if next.is_ascii_hexdigit() {
                    let pair = [next, rest.next()?];
                    bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
                } else if b" \"#+,;<=>\\".contains(&next) {
                    bytes.push(next);
                } else {
                    return None;
                }
                meant = bytes.len();
            }
            byte => {
                bytes.push(byte);
                if byte != b' ' {
                    meant = bytes.len();
                }
            }
        }
        at = text.len() - rest.len();
    }
    bytes.truncate(meant);
    let value = String::from_utf8(bytes).ok().filter(|value| !value.is_empty() && !value.contains('\0'))?;
    Some((value, text.get(at..)?))
}
