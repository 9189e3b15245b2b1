//! A site's own certificates: one authority, a short-lived certificate for each device.
//!
//! Identity is the device, not the address: every certificate names its device in a URI
//! (`theatron://device/NAME`) and its role in the organisational unit; an edge's certificate also
//! carries the name [`EDGE_NAME`], for which every client asks, so that an edge may change its
//! address. TLS itself then checks authority, dates, purpose (extended key usage) and that name.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use time::{Duration, OffsetDateTime};

/// The name that every edge's certificate carries and every client asks for.
pub const EDGE_NAME: &str = "edge.theatron.internal";
/// Longest life of a device certificate.
pub const MOST_DAYS: u32 = 30;

/// What a device may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Serves volumes and frames.
    Edge,
    /// Connects to an edge.
    Client,
}

impl Role {
    /// `edge` or `client`, as in the certificate.
    pub fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Client => "client",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Edge, Self::Client].into_iter().find(|role| role.name() == name)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The device's name.
    pub device: String,
    /// What it may be.
    pub role: Role,
}

/// Why certificates cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PkiError {
    /// A name that does not fit into a certificate or a URI.
    #[error(
        "`{name}` cannot be a name in a certificate. Use 1 to 64 letters, digits, dots, dashes and underscores."
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// Longer than [`MOST_DAYS`], or none.
    #[error(
        "A device certificate lasts 1 to {MOST_DAYS} days, not {days}. Renew it rather than let it last."
    )]
    BadLife {
        /// The days asked for.
        days: u32,
    },
    /// There is an authority already.
    #[error(
        "There is an authority in this folder already. A second one would lock out every device of the first. Use another \
         folder, or go on with the authority that is there: {}",
        .file.display()
    )]
    Exists {
        /// Its certificate.
        file: PathBuf,
    },
    /// A file is missing.
    #[error("A certificate file is missing. Without it no device can show who it is. Make it with `theatron pki`: {}", .file.display())]
    Missing {
        /// Which.
        file: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("A certificate file cannot be read or written ({problem}). Check the folder and its permissions: {}", .file.display())]
    File {
        /// What the system said.
        problem: std::io::Error,
        /// Which.
        file: PathBuf,
    },
    /// Others may read the key.
    #[error(
        "The private key may be read by other users of this machine, so it proves nothing. Run `chmod 600` on it, or issue a \
         new certificate: {}",
        .file.display()
    )]
    KeyExposed {
        /// Which.
        file: PathBuf,
    },
    /// A file is not what it should be.
    #[error("A certificate file cannot be used ({problem}). Issue it anew with `theatron pki`.")]
    Malformed {
        /// What is wrong.
        problem: String,
    },
    /// The certificate's days are over.
    #[error(
        "The certificate of this device expired on {when}. Peers will refuse it. Issue a new one with `theatron pki`."
    )]
    Expired {
        /// Last moment of validity, UTC.
        when: String,
    },
    /// The certificate's days have not begun.
    #[error("The certificate of this device is valid from {when} only. Check the clock of this machine.")]
    NotYetValid {
        /// First moment of validity, UTC.
        when: String,
    },
    /// For another role.
    #[error(
        "The certificate is for role `{found}`, but `{wanted}` is needed here. An edge cannot pose as a client, nor the reverse. \
         Point to the right folder, or issue one with `theatron pki`."
    )]
    WrongRole {
        /// The role in the certificate.
        found: Role,
        /// The role needed.
        wanted: Role,
    },
    /// Making keys or certificates failed.
    #[error("A certificate could not be made ({0}).")]
    Make(#[from] rcgen::Error),
}

/// A request for a device certificate.
#[derive(Debug, Clone)]
pub struct Device {
    /// The device's name.
    pub name: String,
    /// What it may be.
    pub role: Role,
    /// Life in days, 1 to [`MOST_DAYS`].
    pub days: u32,
    /// Further DNS names or IP addresses for the certificate, for other TLS tools.
    pub also: Vec<String>,
    /// Start of its life; none means five minutes ago (clocks differ).
    pub not_before: Option<OffsetDateTime>,
}

impl Device {
    /// A device with a life of 14 days from now.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self { name: name.into(), role, days: 14, also: Vec::new(), not_before: None }
    }
}

/// Makes a site's authority: `ca.pem` and `ca.key.pem` in `folder`, which is made if it is missing.
/// Never replaces one. It lasts ten years; its key belongs on no device.
pub fn create_site_ca(folder: &Path, site: &str) -> Result<(), PkiError> {
    check_name(site)?;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Theatron");
    // the key's fingerprint keeps two authorities of the same name apart
    let fingerprint = blake3::hash(key.public_key_raw()).to_hex();
    params.distinguished_name.push(DnType::CommonName, format!("{site} authority {}", &fingerprint[..8]));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now - Duration::minutes(5), now + Duration::days(3650));
    let certificate = params.self_signed(&key)?;
    make_folder(folder)?;
    write(&folder.join("ca.key.pem"), &key.serialize_pem(), false)?;
    write(&folder.join("ca.pem"), &certificate.pem(), false)
}

/// Issues a certificate: `ca.pem`, `cert.pem` and `key.pem` in `folder` (made if missing, replaced if
/// present: that is a renewal), signed by the authority in `ca_folder`.
pub fn issue(ca_folder: &Path, folder: &Path, device: &Device) -> Result<(), PkiError> {
    check_name(&device.name)?;
    if device.days == 0 || device.days > MOST_DAYS {
        return Err(PkiError::BadLife { days: device.days });
    }
    let ca_pem = read(&ca_folder.join("ca.pem"))?;
    let ca_key = KeyPair::from_pem(&read(&ca_folder.join("ca.key.pem"))?)?;
    let issuer = Issuer::from_ca_cert_pem(&ca_pem, ca_key)?;

    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(device.also.clone())?;
    let uri = format!("theatron://device/{}", device.name);
    params.subject_alt_names.push(SanType::URI(uri.as_str().try_into()?));
    if device.role == Role::Edge {
        params.subject_alt_names.push(SanType::DnsName(EDGE_NAME.try_into()?));
    }
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationalUnitName, device.role.name());
    params.distinguished_name.push(DnType::CommonName, device.name.as_str());
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![match device.role {
        Role::Edge => ExtendedKeyUsagePurpose::ServerAuth,
        Role::Client => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    params.use_authority_key_identifier_extension = true;
    params.not_before = device.not_before.unwrap_or_else(|| OffsetDateTime::now_utc() - Duration::minutes(5));
    params.not_after = params.not_before + Duration::days(i64::from(device.days));
    let certificate = params.signed_by(&key, &issuer)?;

    make_folder(folder)?;
    write(&folder.join("key.pem"), &key.serialize_pem(), true)?;
    write(&folder.join("cert.pem"), &certificate.pem(), true)?;
    write(&folder.join("ca.pem"), &ca_pem, true)
}

/// A device's certificate, its key and the authority it trusts.
#[derive(Clone)]
pub struct Identity {
    pub(crate) ca: Vec<CertificateDer<'static>>,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: Arc<PrivateKeyDer<'static>>,
    peer: Peer,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("peer", &self.peer)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Reads `ca.pem`, `cert.pem` and `key.pem` and checks that the certificate is valid today.
    pub fn load(folder: &Path) -> Result<Self, PkiError> {
        let key_file = folder.join("key.pem");
        let (ca, chain) = (read(&folder.join("ca.pem"))?, read(&folder.join("cert.pem"))?);
        let identity = Self::from_pem(&ca, &chain, &read(&key_file)?)?;
        check_key_permissions(&key_file)?;
        identity.check_dates(OffsetDateTime::now_utc())?;
        Ok(identity)
    }

    /// The same from PEM texts, and without a look at the clock: the peer looks at its own.
    pub fn from_pem(ca: &str, chain: &str, key: &str) -> Result<Self, PkiError> {
        let certificates = |pem: &str| {
            CertificateDer::pem_slice_iter(pem.as_bytes())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| PkiError::Malformed { problem: error.to_string() })
        };
        let (ca, chain) = (certificates(ca)?, certificates(chain)?);
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|error| PkiError::Malformed { problem: format!("the key: {error}") })?;
        let Some(own) = chain.first() else {
            return Err(PkiError::Malformed { problem: "it holds no certificate".into() });
        };
        if ca.is_empty() {
            return Err(PkiError::Malformed { problem: "the authority's file holds no certificate".into() });
        }
        let (peer, not_before, not_after) = describe(own)?;
        Ok(Self { ca, chain, key: Arc::new(key), peer, not_before, not_after })
    }

    /// This device's name and role.
    pub fn device(&self) -> &Peer {
        &self.peer
    }

    /// Last moment of validity.
    pub fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// Checks the role.
    pub fn expect_role(&self, wanted: Role) -> Result<(), PkiError> {
        if self.peer.role == wanted {
            Ok(())
        } else {
            Err(PkiError::WrongRole { found: self.peer.role, wanted })
        }
    }

    fn check_dates(&self, now: OffsetDateTime) -> Result<(), PkiError> {
        if now > self.not_after {
            return Err(PkiError::Expired { when: self.not_after.to_string() });
        }
        if now < self.not_before {
            return Err(PkiError::NotYetValid { when: self.not_before.to_string() });
        }
        Ok(())
    }
}

/// Device, role and dates of a certificate that TLS has accepted, or that is our own.
pub(crate) fn describe(der: &CertificateDer<'_>) -> Result<(Peer, OffsetDateTime, OffsetDateTime), PkiError> {
    let malformed = |problem: &str| PkiError::Malformed { problem: problem.to_owned() };
    let (_, certificate) = x509_parser::parse_x509_certificate(der)
        .map_err(|error| PkiError::Malformed { problem: error.to_string() })?;
    let role = certificate
        .subject()
        .iter_organizational_unit()
        .next()
        .and_then(|unit| unit.as_str().ok())
        .and_then(Role::from_name)
        .ok_or_else(|| malformed("it names no role"))?;
    let names = certificate
        .subject_alternative_name()
        .map_err(|error| PkiError::Malformed { problem: error.to_string() })?
        .ok_or_else(|| malformed("it names no device"))?;
    let device = names
        .value
        .general_names
        .iter()
        .find_map(|name| match name {
            x509_parser::extensions::GeneralName::URI(uri) => uri.strip_prefix("theatron://device/"),
            _ => None,
        })
        .ok_or_else(|| malformed("it names no device"))?;
    check_name(device)?;
    let moment = |time: x509_parser::time::ASN1Time| time.to_datetime();
    let validity = certificate.validity();
    Ok((Peer { device: device.to_owned(), role }, moment(validity.not_before), moment(validity.not_after)))
}

fn check_name(name: &str) -> Result<(), PkiError> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if fits { Ok(()) } else { Err(PkiError::BadName { name: name.chars().take(80).collect() }) }
}

fn make_folder(folder: &Path) -> Result<(), PkiError> {
    std::fs::create_dir_all(folder).map_err(|problem| PkiError::File { problem, file: folder.to_owned() })
}

fn read(file: &Path) -> Result<String, PkiError> {
    std::fs::read_to_string(file).map_err(|problem| match problem.kind() {
        std::io::ErrorKind::NotFound => PkiError::Missing { file: file.to_owned() },
        _ => PkiError::File { problem, file: file.to_owned() },
    })
}

/// Writes a file that only its owner may read, whole or not at all.
fn write(file: &Path, text: &str, replace: bool) -> Result<(), PkiError> {
    let failed = |problem: std::io::Error| match problem.kind() {
        std::io::ErrorKind::AlreadyExists => PkiError::Exists { file: file.to_owned() },
        _ => PkiError::File { problem, file: file.to_owned() },
    };
    let target = if replace { file.with_extension("new") } else { file.to_owned() };
    if replace {
        match std::fs::remove_file(&target) {
            Ok(()) => {}
            Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => {}
            Err(problem) => return Err(failed(problem)),
        }
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut open = options.open(&target).map_err(failed)?;
    open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).map_err(failed)?;
    if replace {
        std::fs::rename(&target, file).map_err(failed)?;
    }
    Ok(())
}

#[cfg(unix)]
fn check_key_permissions(file: &Path) -> Result<(), PkiError> {
    use std::os::unix::fs::PermissionsExt as _;
    let about =
        std::fs::metadata(file).map_err(|problem| PkiError::File { problem, file: file.to_owned() })?;
    let others_may = about.permissions().mode() & 0o077 != 0;
    if others_may { Err(PkiError::KeyExposed { file: file.to_owned() }) } else { Ok(()) }
}

#[cfg(not(unix))]
fn check_key_permissions(_file: &Path) -> Result<(), PkiError> {
    Ok(())
}
