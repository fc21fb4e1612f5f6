//! TLS by rustls.

use std::path::PathBuf;
use std::sync::Arc;

use brawn_core::{Error, ErrorKind, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Makes connections of TLS.
pub(super) type Tls = MakeRustlsConnect;

/// Whose certificate is believed.
pub(super) enum Trust {
    /// Anyone's, as libpq's `prefer` and `require` do: nobody listens, but who answers is not known.
    Anyone,
    /// Those that the system's authorities signed.
    System,
    /// Those that the authorities in this file signed.
    Root(PathBuf),
}

pub(super) fn new(trust: &Trust) -> Result<Tls> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Storage, "TLS cannot be used").with_source(error))?;
    let config = match trust {
        Trust::Anyone => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unchecked(provider)))
            .with_no_client_auth(),
        Trust::System => builder.with_root_certificates(system()?).with_no_client_auth(),
        Trust::Root(path) => builder.with_root_certificates(file(path)?).with_no_client_auth(),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn system() -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(Error::new(ErrorKind::Storage, "this system has no certificates to go by")
            .with_hint("name a file of them: `sslrootcert=/path/root.pem`, or PGSSLROOTCERT"));
    }
    Ok(roots)
}

fn file(path: &PathBuf) -> Result<RootCertStore> {
    let wrong = || {
        Error::invalid_options(format!("`{}` has no certificate to go by (PEM)", path.display()))
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(|error| wrong().with_source(error))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong().with_source(error))?;
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() { Err(wrong()) } else { Ok(roots) }
}

/// Believes any certificate, but checks that the server has its key.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
