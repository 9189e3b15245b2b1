//! Who we call, and as whom.

use std::fmt;
use std::str::FromStr;

/// Our own AE title unless the caller names another.
pub const DEFAULT_CALLING: &str = "THEATRON";

/// The port that DICOM registered for its protocol (PS3.8 §9.1.1).
pub const DEFAULT_PORT: u16 = 104;

/// An application entity title: 1 to 16 printable ASCII characters, no backslash (PS3.5 §6.2, VR AE).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AeTitle(String);

impl AeTitle {
    /// Checks and trims `text`; spaces at either end do not count.
    pub fn new(text: &str) -> Result<Self, PeerParseError> {
        let text = text.trim_matches(' ');
        let printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'\\');
        if text.is_empty() || text.len() > 16 || !printable {
            return Err(PeerParseError::AeTitle { length: text.len() });
        }
        Ok(Self(text.to_owned()))
    }

    /// The title without padding.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AeTitle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A PACS or another DICOM node, and the name under which we call it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Their AE title.
    pub ae_called: AeTitle,
    /// Our AE title, as they have us in their list.
    pub ae_calling: AeTitle,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl Peer {
    /// The same peer, called as `ae_calling`.
    #[must_use]
    pub fn called_as(mut self, ae_calling: AeTitle) -> Self {
        self.ae_calling = ae_calling;
        self
    }

    /// `host:port` for messages; an IPv6 address in brackets.
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", self.ae_called, self.address())
    }
}

impl FromStr for Peer {
    type Err = PeerParseError;

    /// Reads `AE@HOST:PORT`, `AE@[IPV6]:PORT` or `AE@HOST` (port 104). We call as [`DEFAULT_CALLING`].
    fn from_str(text: &str) -> Result<Self, PeerParseError> {
        let (ae, place) = text.rsplit_once('@').ok_or(PeerParseError::Shape)?;
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or(PeerParseError::Shape)?;
                let port = if after.is_empty() {
                    None
                } else {
                    Some(after.strip_prefix(':').ok_or(PeerParseError::Shape)?)
                };
                (host, port)
            }
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
        if host.is_empty() || host.len() > 253 || !host.bytes().all(plain) {
            return Err(PeerParseError::Host);
        }
        let port = match port {
            None => DEFAULT_PORT,
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|port| *port != 0 && digits.bytes().all(|byte| byte.is_ascii_digit()))
                .ok_or(PeerParseError::Port)?,
        };
        Ok(Self {
            ae_called: AeTitle::new(ae)?,
            ae_calling: AeTitle(DEFAULT_CALLING.to_owned()),
            host: host.to_owned(),
            port,
        })
    }
}

/// Why a text names no peer.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerParseError {
    /// Not of the form `AE@HOST:PORT`.
    #[error(
        "a PACS is written AE@HOST:PORT, for example ORTHANC@192.168.1.20:4242: the AE title it was given, its host \
         name or address, and its DICOM port (not its web port)"
    )]
    Shape,
    /// The AE title is empty, too long or has other characters.
    #[error(
        "an AE title has 1 to 16 printable ASCII characters without a backslash; this one has {length}: check it with \
         the person who runs the PACS"
    )]
    AeTitle {
        /// Length of what was given, in bytes.
        length: usize,
    },
    /// The host is empty or has characters that no host name has.
    #[error("the part after the @ of AE@HOST:PORT must be a host name or an address")]
    Host,
    /// The port is not 1 to 65535.
    #[error(
        "the part after the colon of AE@HOST:PORT must be a port from 1 to 65535 (DICOM often uses 104, 11112 or 4242)"
    )]
    Port,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_usual_forms() {
        let peer: Peer = "ORTHANC@pacs.example:4242".parse().unwrap();
        assert_eq!(
            (peer.ae_called.as_str(), peer.host.as_str(), peer.port),
            ("ORTHANC", "pacs.example", 4242)
        );
        assert_eq!(peer.ae_calling.as_str(), DEFAULT_CALLING);
        assert_eq!(peer.to_string(), "ORTHANC@pacs.example:4242");
        let peer: Peer = "MY PACS@[::1]:11112".parse().unwrap();
        assert_eq!((peer.ae_called.as_str(), peer.address().as_str()), ("MY PACS", "[::1]:11112"));
        assert_eq!("A@h".parse::<Peer>().unwrap().port, 104);
    }

    #[test]
    fn refuses_what_names_no_peer() {
        for (text, error) in [
            ("", PeerParseError::Shape),
            ("host:104", PeerParseError::Shape),
            ("A@", PeerParseError::Host),
            ("A@ho st:104", PeerParseError::Host),
            ("A@h:0", PeerParseError::Port),
            ("A@h:+1", PeerParseError::Port),
            ("A@h:99999", PeerParseError::Port),
            ("@h:104", PeerParseError::AeTitle { length: 0 }),
            ("SEVENTEENLETTERS_@h:104", PeerParseError::AeTitle { length: 17 }),
            ("A\\B@h:104", PeerParseError::AeTitle { length: 3 }),
            ("A@[::1:104", PeerParseError::Shape),
        ] {
            assert_eq!(text.parse::<Peer>(), Err(error), "{text:?}");
        }
    }
}
