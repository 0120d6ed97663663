//! TLS of `tftop serve`: a certificate and its key from two files, read anew when they change, as a renewal changes them. Versions 1.2
//! and 1.3, no client certificates.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::commands::own_process::exit::CommandError;

/// Certificates of a chain that are read.
const LONGEST_CHAIN: usize = 16;

/// The two files, and what they held last.
#[derive(Debug)]
pub(super) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    last: Mutex<LoadedTls>,
}

/// Inode, size, and time of change in seconds and nanoseconds.
type FileState = (u64, u64, i64, i64);

struct LoadedTls {
    /// Which files they were.
    of: [FileState; 2],
    acceptor: TlsAcceptor,
}

impl std::fmt::Debug for LoadedTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedTls").field("of", &self.of).finish_non_exhaustive()
    }
}

impl Tls {
    /// Fails where a file can't be read, or the key is not that of the certificate.
    pub(super) fn open(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let last = Mutex::new(LoadedTls { of: identities(certificate, key)?, acceptor: load(certificate, key)? });
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), last })
    }

    /// What greets the next client. Where the files have changed to something that can't be used, what they held before stays.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(of) = identities(&self.certificate, &self.key)
            && of != last.of
            && let Ok(acceptor) = load(&self.certificate, &self.key)
        {
            *last = LoadedTls { of, acceptor };
        }
        last.acceptor.clone()
    }
}

fn identities(certificate: &Path, key: &Path) -> anyhow::Result<[FileState; 2]> {
    let identity = |option: &str, path: &Path| {
        let about = fs::metadata(path).map_err(|error| problem(option, path, &error))?;
        Ok::<_, anyhow::Error>((about.ino(), about.size(), about.mtime(), about.mtime_nsec()))
    };
    Ok([identity("--tls-cert", certificate)?, identity("--tls-key", key)?])
}

fn load(certificate: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(|chain| chain.take(LONGEST_CHAIN).collect())
        .map_err(|error| problem("--tls-cert", certificate, &error))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| problem("--tls-key", key, &error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private));
    let mut config = config.map_err(|error| problem("--tls-cert", certificate, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn problem(option: &str, path: &Path, why: &dyn std::fmt::Display) -> anyhow::Error {
    CommandError::usage(format!("{option} {}: {why}", path.display())).into()
}
