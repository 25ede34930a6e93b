//! TLS of our own: which versions and ciphers, which certificate we show, and which ones we ask for (BCP 195, RFC 8705).
//!
//! Invariant: a certificate of a client's is taken only if the handshake proves that its key is at the other end, on each
//! connection anew. Who it is, and whether anybody vouches for it, is decided where it is used; no header says anything of it.

use oauth::certificate::Shown;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    CertificateError, CipherSuite, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme, SupportedCipherSuite,
};

/// How often the files of our certificate are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The ciphers for TLS 1.2 (RFC 9325 4.2, FAPI 2.0 5.2.1); those of TLS 1.3 are all fit.
const TLS12_CIPHERS: [CipherSuite; 4] = [
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// What the files that hold our certificate and its key are read into; renewed when they are.
pub struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Identity {
    /// Reads a certificate with its chain, and its key, both PEM.
    pub fn read(certificate: &Path, key: &Path) -> Result<Arc<Identity>, String> {
        let current = RwLock::new(Arc::new(load(certificate, key)?));
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        Ok(Arc::new(Identity { certificate, key, current }))
    }

    /// Looks at the files again. What cannot be used leaves what is in use.
    pub fn renew(&self) -> Result<bool, String> {
        let newer = load(&self.certificate, &self.key)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = current.cert != newer.cert;
        *current = Arc::new(newer);
        Ok(is_new)
    }

    /// Looks every minute, so that a certificate can be renewed without a restart.
    pub async fn keep_up(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let identity = self.clone();
            match tokio::task::spawn_blocking(move || identity.renew()).await {
                Ok(Ok(true)) => tracing::info!("the certificate of this server was renewed"),
                Ok(Err(why)) => tracing::warn!(why, "the certificate of this server cannot be renewed"),
                Ok(Ok(false)) | Err(_) => {}
            }
        }
    }
}

fn load(certificate: &Path, key: &Path) -> Result<CertifiedKey, String> {
    let chain = certificates(certificate)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|why| format!("{}: {why}", key.display()))?;
    CertifiedKey::from_der(chain, secret, &provider())
        .map_err(|why| format!("{} and {} are no pair: {why}", certificate.display(), key.display()))
}

/// The certificates in a file: PEM, one or more.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let named = |why: &dyn fmt::Display| format!("{}: {why}", path.display());
    let all = CertificateDer::pem_file_iter(path).map_err(|why| named(&why))?;
    let all = all.collect::<Result<Vec<_>, _>>().map_err(|why| named(&why))?;
    if all.is_empty() { Err(named(&"there is no certificate in it (PEM)")) } else { Ok(all) }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.certificate.display())
    }
}

/// The one implementation of cryptography, without the ciphers that are not to be used.
fn provider() -> CryptoProvider {
    let mut provider = CryptoProvider::clone(&outbound::crypto());
    provider.cipher_suites.retain(|suite| match suite {
        SupportedCipherSuite::Tls13(_) => true,
        SupportedCipherSuite::Tls12(_) => TLS12_CIPHERS.contains(&suite.suite()),
    });
    provider
}

/// TLS 1.2 and 1.3. If it `asks`, a client may show a certificate, and need not.
pub(crate) fn config(identity: Arc<Identity>, asks: bool) -> Result<Arc<ServerConfig>, Error> {
    let provider = Arc::new(provider());
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_protocol_versions(&[&TLS13, &TLS12])?;
    let mut config = match asks {
        false => builder.with_no_client_auth(),
        true => builder.with_client_cert_verifier(Arc::new(Anybody { provider })),
    }
    .with_cert_resolver(identity);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if asks {
        // A session that goes on would carry a certificate without its proof.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Arc::new(config))
}

/// Takes every certificate that can be read and whose key is at the other end, and none at all.
#[derive(Debug)]
struct Anybody {
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No authority is named: clients would hold back what no authority vouches for.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match Shown::read(certificate, []) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(_) => Err(Error::InvalidCertificate(CertificateError::BadEncoding)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use testkit::Folder;
    use testkit::authority::{params, self_signed};

    fn write(folder: &Folder) -> Vec<u8> {
        let own = self_signed(&params("chat.example"));
        std::fs::write(folder.join("own.pem"), &own.pem.0).unwrap();
        std::fs::write(folder.join("key.pem"), &own.pem.1).unwrap();
        own.der
    }

    fn read(folder: &Folder) -> Result<Arc<Identity>, String> {
        Identity::read(&folder.join("own.pem"), &folder.join("key.pem"))
    }

    pub(crate) fn identity(folder: &Folder) -> Arc<Identity> {
        write(folder);
        read(folder).unwrap()
    }

    #[test]
    fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
        let folder = testkit::folder();
        let first = write(&folder);
        let identity = read(&folder).unwrap();
        let current = || identity.current.read().unwrap().cert[0].to_vec();
        assert_eq!((identity.renew(), current()), (Ok(false), first));
        let second = write(&folder);
        assert_eq!((identity.renew(), current()), (Ok(true), second.clone()));
        let key = std::fs::read(folder.join("key.pem")).unwrap();
        write(&folder);
        std::fs::write(folder.join("key.pem"), key).unwrap();
        assert!(identity.renew().unwrap_err().contains("no pair"));
        std::fs::write(folder.join("own.pem"), "nothing").unwrap();
        assert!(identity.renew().unwrap_err().contains("there is no certificate in it"));
        assert!(read(&folder).is_err());
        assert_eq!(current(), second, "what is in use stays");
    }
}
