//! BLAKE3 hashes, one type for each thing that is hashed.

use std::fmt;

use wincode::{SchemaRead, SchemaWrite};

macro_rules! hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SchemaRead, SchemaWrite)]
        #[repr(transparent)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps 32 bytes that are already a hash.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes of the hash.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Parses 64 lower-case hex digits; `None` for anything else.
            #[must_use]
            pub fn from_hex(hex: &str) -> Option<Self> {
                let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()?;
                Some(Self(bytes.try_into().ok()?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), data_encoding::HEXLOWER.encode(&self.0[..6]))
            }
        }
    };
}

hash! {
    /// The hash of a bundle's header, and so, through the Merkle root in it, of the whole bundle.
    BundleHash
}
hash! {
    /// The hash of an operation's frame: a leaf of its bundle's Merkle tree.
    OperationHash
}
hash! {
    /// The hash of a blob's content.
    BlobHash
}

impl BundleHash {
    /// What the first bundle of a log names as its predecessor.
    pub const NONE: Self = Self([0; 32]);

    /// The first 16 bytes: how [`Seen`](crate::Seen) entries point at a bundle.
    #[must_use]
    pub fn prefix(&self) -> [u8; 16] {
        let mut prefix = [0; 16];
        prefix.copy_from_slice(&self.0[..16]);
        prefix
    }
}

impl BlobHash {
    /// Hashes a blob's content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(*blake3::hash(content).as_bytes())
    }
}
