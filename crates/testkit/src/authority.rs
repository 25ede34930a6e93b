//! Certificates for tests: authorities of a test's own, and whoever they vouch for.
//!
//! Invariant: nothing here checks anything: what the server must refuse can be made as well.
#![expect(clippy::expect_used, reason = "a test without a certificate cannot go on")]

use rcgen::{BasicConstraints, IsCa, Issuer, KeyPair};

pub use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, SanType, date_time_ymd};

/// An authority.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub pem: String,
    /// The same in DER.
    pub der: Vec<u8>,
}

/// A certificate and its key.
#[derive(Debug)]
pub struct Certified {
    /// The certificate in DER.
    pub der: Vec<u8>,
    /// Its key in DER (PKCS #8).
    pub key: Vec<u8>,
    /// Both, as files hold them.
    pub pem: (String, String),
    /// The public key alone: what follows the algorithm in it.
    pub public: Vec<u8>,
}

/// What a certificate for this name says at least; the rest is for the test to change.
///
/// # Panics
/// If the name is not one that a certificate can have.
pub fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("a certificate");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// If no key can be made.
    pub fn new(name: &str) -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = params.self_signed(&key).expect("a certificate");
        Authority { pem: own.pem(), der: own.der().to_vec(), issuer: Issuer::new(params, key) }
    }

    /// Vouches for whoever this says.
    ///
    /// # Panics
    /// If no key can be made.
    pub fn vouches(&self, params: &CertificateParams) -> Certified {
        let key = KeyPair::generate().expect("a key");
        let own = params.signed_by(&key, &self.issuer).expect("a certificate");
        Certified::of(&own, &key)
    }

    /// Vouches for another authority.
    ///
    /// # Panics
    /// If no key can be made.
    pub fn lets_vouch(&self, name: &str) -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = params.signed_by(&key, &self.issuer).expect("a certificate");
        Authority { pem: own.pem(), der: own.der().to_vec(), issuer: Issuer::new(params, key) }
    }
}

/// Whoever vouches for themselves.
///
/// # Panics
/// If no key can be made.
pub fn self_signed(params: &CertificateParams) -> Certified {
    let key = KeyPair::generate().expect("a key");
    let own = params.self_signed(&key).expect("a certificate");
    Certified::of(&own, &key)
}

impl Certified {
    fn of(own: &rcgen::Certificate, key: &KeyPair) -> Certified {
        Certified {
            der: own.der().to_vec(),
            key: key.serialize_der(),
            pem: (own.pem(), key.serialize_pem()),
            public: key.public_key_raw().to_vec(),
        }
    }
}
