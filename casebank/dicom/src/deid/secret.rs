//! The secret of a project, and what is derived from it: new UIDs, pseudonyms, and how far a patient's dates are moved.
//!
//! Everything is HMAC-SHA-256 under the secret, so that the same input gives the same output in every run and nobody without
//! the secret can go back or try candidates. ring is in the tree for TLS already; no second implementation is needed.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use uuid::Builder;

/// Shortest secret in bytes.
const SHORTEST: usize = 32;
/// Longest secret file in bytes.
const LONGEST: u64 = 4096;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file cannot be read or written.
    #[error(
        "the secret file {path} cannot be read or made: {source}. Nothing was de-identified. Give a file that you may write"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others may read it.
    #[error(
        "the secret file {path} can be read by other users; with it the new UIDs and dates lead back to the patients. Nothing was de-identified. Take their rights away (chmod 600)"
    )]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// Too short or too long to be a secret.
    #[error(
        "the secret file {path} does not hold 32 to 4,096 bytes, so it is no secret of ours. Nothing was de-identified. Name a file that does not exist to have one made"
    )]
    Size {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no random numbers.
    #[error("this machine gives no random numbers, so no secret can be made. Nothing was de-identified")]
    Random,
}

/// The secret of a project. Never printed.
#[derive(Clone)]
pub struct Secret(hmac::Key);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(‹redacted›)")
    }
}

impl Secret {
    /// A secret of at least 32 bytes; `None` for a shorter one.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= SHORTEST).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// Reads the secret from a file, or makes one there that only its owner may read.
    ///
    /// # Errors
    /// [`SecretError`]
    pub fn open_or_create(path: &Path) -> Result<Self, SecretError> {
        let io = |source| SecretError::Io { path: path.to_owned(), source };
        match std::fs::File::open(path) {
            Ok(file) => {
                if others_may_read(&file).map_err(io)? {
                    return Err(SecretError::Open { path: path.to_owned() });
                }
                let mut bytes = Vec::new();
                file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(io)?;
                let fits = bytes.len() as u64 <= LONGEST;
                Self::new(&bytes).filter(|_| fits).ok_or_else(|| SecretError::Size { path: path.to_owned() })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(path),
            Err(error) => Err(io(error)),
        }
    }

    /// The code of `value` in its own space `purpose`.
    fn code(&self, purpose: &str, value: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(value);
        let mut code = [0; 32];
        code.copy_from_slice(context.sign().as_ref());
        code
    }

    /// The UID that stands for `uid`: `2.25.` and a UUID of version 8 (PS3.5 annex B.2, RFC 9562).
    pub(super) fn uid(&self, uid: &[u8]) -> String {
        let code = self.code("uid", uid);
        let mut first = [0; 16];
        first.copy_from_slice(&code[..16]);
        format!("2.25.{}", Builder::from_custom_bytes(first).into_uuid().as_u128())
    }

    /// The name and id that stand for a patient: 60 bits in 12 letters and digits that cannot be misread.
    pub(super) fn pseudonym(&self, patient: &[u8]) -> String {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let code = self.code("pseudonym", patient);
        code.iter().take(12).map(|byte| char::from(DIGITS[usize::from(byte % 32)])).collect()
    }

    /// What decides how the face of a series is removed.
    pub(super) fn seed(&self, series: &[u8]) -> u64 {
        self.code("face", series).iter().take(8).fold(0, |sum, &byte| sum << 8 | u64::from(byte))
    }

    /// How far the dates of a patient are moved into the past.
    pub(super) fn shift(&self, patient: &[u8]) -> Shift {
        let code = self.code("dates", patient);
        let number =
            |at: usize| code.iter().skip(at).take(8).fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
        Shift { days: 1 + (number(0) % 3650) as i64, seconds: 1 + (number(8) % 5400) as i64 }
    }
}

/// A span by which the dates of one patient are moved into the past: 1 to 3,650 days and 1 to 5,400 seconds. Only times
/// before half past one pass midnight, so that differences of times of one day stay right (PS3.15 section E.3.6 note 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) days: i64,
    pub(super) seconds: i64,
}

fn create(path: &Path) -> Result<Secret, SecretError> {
    let mut bytes = [0; SHORTEST];
    SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| SecretError::Random)?;
    let text = bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| SecretError::Io { path: path.to_owned(), source })?;
    Secret::new(text.as_bytes()).ok_or_else(|| SecretError::Size { path: path.to_owned() })
}

#[cfg(unix)]
fn others_may_read(file: &std::fs::File) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
fn others_may_read(_file: &std::fs::File) -> std::io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_secret_gives_the_same_codes_and_another_one_others() {
        let a = Secret::new(&[7; 32]).unwrap();
        let b = Secret::new(&[8; 32]).unwrap();
        assert_eq!(a.uid(b"1.2.3"), a.clone().uid(b"1.2.3"));
        assert_ne!(a.uid(b"1.2.3"), b.uid(b"1.2.3"));
        assert_ne!(a.uid(b"1.2.3"), a.uid(b"1.2.4"));
        let uid = a.uid(b"1.2.3");
        let number: u128 = uid.strip_prefix("2.25.").unwrap().parse().unwrap();
        assert_eq!((number >> 76) & 0xF, 8, "version");
        assert_eq!((number >> 62) & 0b11, 0b10, "variant");
        assert!(uid.len() <= 44);
        assert_eq!(a.pseudonym(b"x").len(), 12);
        for patient in 0_u32..2000 {
            let shift = a.shift(&patient.to_le_bytes());
            assert!((1..=3650).contains(&shift.days) && (1..=5400).contains(&shift.seconds));
        }
        assert!(Secret::new(&[0; 31]).is_none());
        assert_eq!(format!("{a:?}"), "Secret(‹redacted›)");
    }

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        // Test case 6 of RFC 4231, whose key is longer than a block; purpose and separator are part of the message here.
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[0xAA; 131]);
        let tag = hmac::sign(&key, b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(tag.as_ref()[..4], [0x60, 0xE4, 0x31, 0x59]);
    }

    #[test]
    fn a_missing_file_is_made_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let made = Secret::open_or_create(&path).unwrap();
        let read = Secret::open_or_create(&path).unwrap();
        assert_eq!(made.uid(b"1.2"), read.uid(b"1.2"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            assert!(matches!(Secret::open_or_create(&path), Err(SecretError::Open { .. })));
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        std::fs::write(&path, "short").unwrap();
        assert!(matches!(Secret::open_or_create(&path), Err(SecretError::Size { .. })));
    }
}
