//! Certificates that are shown in a TLS handshake (RFC 8705; X.509 as of RFC 5280): who is named in them, who vouches for them,
//! whose key they carry.
//!
//! Invariant: whoever hands in a certificate has seen in a handshake that its key is at the other end. What has expired or is not
//! valid yet proves nothing.

mod subject;

pub use subject::{Subject, SubjectInvalid};

use crate::bound::Thumbprint;
use crate::jwks::PublicKey;
use model::Time;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Duration;
use subject::Names;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey as Key;
use x509_parser::x509::SubjectPublicKeyInfo;

/// The most certificates that are looked at beside the one that is shown.
pub const OTHERS_MAX: usize = 8;
/// The longest certificate that is read, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 16_384;

const EC: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const ED25519: &str = "1.3.101.112";

/// Bytes that are no certificate, or one that cannot be read in one way only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an X.509 certificate of at most 16 KiB")]
pub struct CertificateInvalid;

/// A certificate whose holder is at the other end of a connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    thumbprint: Thumbprint,
    der: CertificateDer<'static>,
    others: Vec<CertificateDer<'static>>,
    names: Names,
    key: Option<PublicKey>,
    from: Time,
    until: Time,
}

impl Shown {
    /// Reads a certificate, with those that were sent along to show who vouches for it.
    pub fn read<'a>(
        der: &[u8],
        others: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Shown, CertificateInvalid> {
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateInvalid);
        }
        let (rest, read) = X509Certificate::from_der(der).map_err(|_| CertificateInvalid)?;
        if !rest.is_empty() {
            return Err(CertificateInvalid);
        }
        let moment = |seconds: i64| seconds.checked_mul(1_000_000).map(Time::from_micros);
        let validity = read.validity();
        let from = moment(validity.not_before.timestamp()).ok_or(CertificateInvalid)?;
        // It is valid in its last second too.
        let until = moment(validity.not_after.timestamp() + 1).ok_or(CertificateInvalid)?;
        let owned = |der: &[u8]| CertificateDer::from(der.to_vec());
        Ok(Shown {
            thumbprint: Thumbprint(Sha256::digest(der).into()),
            names: Names::of(&read).ok_or(CertificateInvalid)?,
            key: key(read.public_key()),
            der: owned(der),
            others: others.into_iter().take(OTHERS_MAX).map(owned).collect(),
            from,
            until,
        })
    }

    /// Its thumbprint: what tokens are bound to, as long as it is valid.
    pub fn thumbprint_at(&self, now: Time) -> Option<Thumbprint> {
        self.is_valid_at(now).then_some(self.thumbprint)
    }

    /// Is this moment one of those for which it was made?
    pub fn is_valid_at(&self, now: Time) -> bool {
        self.from <= now && now < self.until
    }

    /// Is this whom it names?
    pub fn names(&self, subject: &Subject) -> bool {
        self.names.have(subject)
    }

    /// Its key, if it is of a kind that also signs for apps.
    pub fn key(&self) -> Option<&PublicKey> {
        self.key.as_ref()
    }
}

/// Names and keys in it are not for logs.
impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shown({})", self.thumbprint)
    }
}

/// The key of a certificate as one that signs for apps; none if it is of another kind.
fn key(info: &SubjectPublicKeyInfo<'_>) -> Option<PublicKey> {
    let bits: &[u8] = &info.subject_public_key.data;
    let parameter = || info.algorithm.parameters.as_ref()?.as_oid().ok().map(|oid| oid.to_id_string());
    match info.algorithm.algorithm.to_id_string().as_str() {
        EC if parameter().as_deref() == Some(P256) => PublicKey::from_sec1(bits),
        ED25519 => bits.try_into().ok().map(PublicKey::Ed25519),
        _ => match info.parsed().ok()? {
            Key::RSA(rsa) => {
                let whole = |number: &[u8]| {
                    let zeros = number.iter().take_while(|byte| **byte == 0).count();
                    number[zeros..].to_vec()
                };
                Some(PublicKey::Rsa { n: whole(rsa.modulus), e: whole(rsa.exponent) })
            }
            _ => None,
        },
    }
}

/// Whom the operator lets vouch for the certificates of apps.
#[derive(Clone, Default)]
pub struct Authorities(Vec<TrustAnchor<'static>>);

impl Authorities {
    /// These authorities, as certificates in DER.
    pub fn read(certificates: &[CertificateDer<'_>]) -> Result<Authorities, CertificateInvalid> {
        let anchor = |der| anchor_from_trusted_cert(der).map(|anchor| anchor.to_owned());
        let anchors = certificates.iter().map(anchor).collect::<Result<_, _>>();
        anchors.map(Authorities).map_err(|_| CertificateInvalid)
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Does one of them vouch for this certificate, as one of a client in TLS, at this moment?
    pub fn vouch_for(&self, shown: &Shown, now: Time) -> bool {
        let seconds = u64::try_from(now.seconds()).unwrap_or_default();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let Ok(certificate) = EndEntityCert::try_from(&shown.der) else { return false };
        let (algorithms, usage) = (ALL_VERIFICATION_ALGS, KeyUsage::client_auth());
        certificate.verify_for_usage(algorithms, &self.0, &shown.others, at, usage, None, None).is_ok()
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} authorities", self.0.len())
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
