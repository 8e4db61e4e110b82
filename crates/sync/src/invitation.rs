//! An invitation: what a person passes on so that another may join.
//!
//! It is text that survives mail, chat and being read aloud: base32 in digits and letters that do not look
//! alike, in groups of five, case and grouping left to taste. Under it lie, in order,
//!
//! ```text
//! version 1 byte ‖ workspace 16 ‖ secret 32 ‖ name 0–200 bytes of UTF-8 ‖ checksum 4
//! ```
//!
//! Every version ends in the checksum and begins with the version, so that a slip of the pen is never taken
//! for a newer version.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use openprod_core::WorkspaceId;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::secret::{Membership, WorkspaceSecret};

/// The longest name of a workspace that an invitation carries, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 200;

const VERSION: u8 = 1;
const CHECKSUM_CONTEXT: &str = "openprod 2026 invitation checksum 1";
const CHECKSUM_BYTES: usize = 4;
const BEFORE_NAME_BYTES: usize = 1 + 16 + 32;

/// Digits and lower-case letters without i, l, o and u, in Douglas Crockford's order.
const SYMBOLS: &str = "0123456789abcdefghjkmnpqrstvwxyz";
const GROUP_SYMBOLS: usize = 5;

/// The longest text that is read, in symbols: room for versions to come, none for a mistaken file.
const SYMBOLS_MAX: usize = 2_048;

static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str(SYMBOLS);
    specification
        .encoding()
        .expect("32 distinct ASCII symbols make an encoding")
});

/// The right to join a workspace. Whoever holds it can read and edit everything.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    workspace: WorkspaceId,
    secret: WorkspaceSecret,
    name: String,
}

/// Why a text is not an invitation, or cannot become one.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvitationError {
    /// A character that no invitation contains.
    #[error("read invitation: {character:?} at character {place} does not occur in invitations")]
    BadCharacter {
        /// The character.
        character: char,
        /// Its place in the text, from 1.
        place: usize,
    },
    /// Fewer characters than the shortest invitation has.
    #[error(
        "read invitation: it has {symbols} letters and digits of at least {needed}; was all of it copied?"
    )]
    TooShort {
        /// The letters and digits found.
        symbols: usize,
        /// The letters and digits of the shortest invitation.
        needed: usize,
    },
    /// More characters than any invitation has.
    #[error("read invitation: it has more than {SYMBOLS_MAX} letters and digits")]
    TooLong,
    /// The checksum does not fit.
    #[error("read invitation: a character is wrong, missing or too many")]
    Checksum,
    /// Made by a program of another version.
    #[error("read invitation: it is of version {version}, this program reads version {VERSION}; update it")]
    NewerVersion {
        /// The version found.
        version: u8,
    },
    /// The name is longer than [`NAME_BYTES_MAX`].
    #[error("read invitation: the name has {bytes} bytes of at most {NAME_BYTES_MAX}")]
    NameTooLong {
        /// The bytes of the name.
        bytes: usize,
    },
    /// The name is not UTF-8.
    #[error("read invitation: the name is not text")]
    NameNotText,
}

impl Invitation {
    /// An invitation to `workspace`, which is shown as `name` to whoever is invited.
    ///
    /// # Errors
    /// [`InvitationError::NameTooLong`] when the name has more than [`NAME_BYTES_MAX`] bytes.
    pub fn new(
        workspace: WorkspaceId,
        secret: WorkspaceSecret,
        name: impl Into<String>,
    ) -> Result<Self, InvitationError> {
        let name = name.into();
        if name.len() > NAME_BYTES_MAX {
            return Err(InvitationError::NameTooLong { bytes: name.len() });
        }
        Ok(Self {
            workspace,
            secret,
            name,
        })
    }

    /// The workspace that it leads to.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The secret that lets its holder in.
    #[must_use]
    pub const fn secret(&self) -> &WorkspaceSecret {
        &self.secret
    }

    /// The workspace's name when the invitation was made; may be empty.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The membership that accepting it gives.
    #[must_use]
    pub fn membership(&self) -> Membership {
        Membership {
            workspace: self.workspace,
            secret: self.secret.clone(),
        }
    }

    /// The text to pass on: lower case, groups of five between dashes. [`FromStr`] reads it back.
    ///
    /// A method and not `Display`, so that no invitation ends up in a log unmeant.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut bytes = Zeroizing::new(Vec::with_capacity(
            BEFORE_NAME_BYTES + self.name.len() + CHECKSUM_BYTES,
        ));
        bytes.push(VERSION);
        bytes.extend_from_slice(self.workspace.as_bytes());
        bytes.extend_from_slice(self.secret.as_bytes());
        bytes.extend_from_slice(self.name.as_bytes());
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        let symbols = Zeroizing::new(BASE32.encode(&bytes));
        let mut text = String::with_capacity(symbols.len() + symbols.len() / GROUP_SYMBOLS);
        for (place, symbol) in symbols.chars().enumerate() {
            if place > 0 && place % GROUP_SYMBOLS == 0 {
                text.push('-');
            }
            text.push(symbol);
        }
        text
    }
}

impl FromStr for Invitation {
    type Err = InvitationError;

    /// Reads an invitation in upper or lower case, with dashes and white space anywhere; `o` is read as 0, `i`
    /// and `l` as 1.
    fn from_str(text: &str) -> Result<Self, InvitationError> {
        let bytes = decode(text)?;
        let (content, sum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
        if checksum(content) != sum {
            return Err(InvitationError::Checksum);
        }
        let (head, name) = content.split_at(BEFORE_NAME_BYTES);
        let (version, head) = (head[0], &head[1..]);
        if version != VERSION {
            return Err(InvitationError::NewerVersion { version });
        }
        let (workspace, secret) = head.split_at(16);
        if name.len() > NAME_BYTES_MAX {
            return Err(InvitationError::NameTooLong { bytes: name.len() });
        }
        let name = std::str::from_utf8(name).map_err(|_| InvitationError::NameNotText)?;
        Self::new(
            WorkspaceId::from_bytes(workspace.try_into().expect("split at 16 bytes")),
            WorkspaceSecret::from_bytes(secret.try_into().expect("32 bytes lie between id and name")),
            name,
        )
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Invitation({:?}, {:?})", self.workspace, self.name)
    }
}

/// The bytes under the text: at least as many as an invitation without a name has.
fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, InvitationError> {
    let mut symbols = Zeroizing::new(String::with_capacity(text.len().min(SYMBOLS_MAX)));
    for (place, character) in text.chars().enumerate() {
        let Some(symbol) = symbol(character) else {
            if is_grouping(character) {
                continue;
            }
            return Err(InvitationError::BadCharacter {
                character,
                place: place + 1,
            });
        };
        if symbols.len() == SYMBOLS_MAX {
            return Err(InvitationError::TooLong);
        }
        symbols.push(symbol);
    }
    let needed = BASE32.encode_len(BEFORE_NAME_BYTES + CHECKSUM_BYTES);
    if symbols.len() < needed {
        return Err(InvitationError::TooShort {
            symbols: symbols.len(),
            needed,
        });
    }
    // What is left to go wrong is a count of symbols that no count of bytes gives, or bits beyond the last byte.
    BASE32
        .decode(symbols.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| InvitationError::Checksum)
}

fn symbol(character: char) -> Option<char> {
    match character.to_ascii_lowercase() {
        'o' => Some('0'),
        'i' | 'l' => Some('1'),
        lower => SYMBOLS.contains(lower).then_some(lower),
    }
}

/// White space, and the dashes that text programs put in the place of `-`.
fn is_grouping(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{200b}' | '\u{feff}')
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let key = blake3::derive_key(CHECKSUM_CONTEXT, content);
    [key[0], key[1], key[2], key[3]]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn invitation(name: &str) -> Invitation {
        let secret = WorkspaceSecret::from_bytes(std::array::from_fn(|i| 200 - i as u8));
        Invitation::new(WorkspaceId::from_u128(0x0123_4567), secret, name).unwrap()
    }

    fn encode(content: &[u8]) -> String {
        BASE32.encode(&[content, &checksum(content)].concat())
    }

    #[test]
    fn text_is_the_published_one() {
        let text = "04000-00000-00000-00000-00938-nkwhh-y6rq2-c7gp1-r2zvx-fdwqe-xbke5-qpttv-9cxjp-6razb-ndnjn-tnaam-\
                    dxtq5-n17tj-jg";
        assert_eq!(invitation("Tour").to_text(), text);
    }

    #[test]
    fn text_is_read_in_any_case_and_grouping() {
        let made = invitation("Frühlingstournee 2026");
        let text = made.to_text();
        for spelling in [
            text.to_uppercase(),
            text.replace('-', ""),
            text.replace('-', "\n "),
            text.replace('-', "–"),
            text.replace('0', "O").replace('1', "l"),
            format!("  {text}\r\n"),
        ] {
            assert_eq!(spelling.parse(), Ok(made.clone()), "{spelling}");
        }
    }

    #[test]
    fn each_fault_is_named() {
        let text = invitation("x").to_text();
        let read = |text: &str| text.parse::<Invitation>().unwrap_err();
        assert_eq!(
            read(""),
            InvitationError::TooShort {
                symbols: 0,
                needed: 85
            }
        );
        assert_eq!(
            read(&text[..30]),
            InvitationError::TooShort {
                symbols: 25,
                needed: 85
            }
        );
        assert_eq!(
            read(&format!("{}u", &text[..6])),
            InvitationError::BadCharacter {
                character: 'u',
                place: 7
            }
        );
        assert_eq!(
            read("ab🎭"),
            InvitationError::BadCharacter {
                character: '🎭',
                place: 3
            }
        );
        assert_eq!(read(&"a".repeat(100_000)), InvitationError::TooLong);
        assert_eq!(read(&text[..text.len() - 1]), InvitationError::Checksum);
        assert_eq!(
            read(&encode(&[2; 80])),
            InvitationError::NewerVersion { version: 2 }
        );
        assert_eq!(
            read(&encode(&[1; 49 + 201])),
            InvitationError::NameTooLong { bytes: 201 }
        );
        let mut content = [1; 51];
        content[49..].copy_from_slice(&[0xc3, 0x28]);
        assert_eq!(read(&encode(&content)), InvitationError::NameNotText);
    }

    #[test]
    fn name_may_be_empty_and_has_a_limit() {
        assert_eq!(invitation("").to_text().parse(), Ok(invitation("")));
        let longest = "é".repeat(100);
        assert_eq!(invitation(&longest).to_text().parse(), Ok(invitation(&longest)));
        let secret = WorkspaceSecret::from_bytes([1; 32]);
        let refused = Invitation::new(WorkspaceId::from_u128(1), secret, longest + "x");
        assert_eq!(refused, Err(InvitationError::NameTooLong { bytes: 201 }));
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(
            format!("{:?}", invitation("Tour")),
            "Invitation(WorkspaceId(00000000-0000-0000-0000-000001234567), \"Tour\")"
        );
    }

    prop_compose! {
        fn any_invitation()(workspace: u128, secret: [u8; 32], name in "\\PC{0,50}") -> Invitation {
            Invitation::new(WorkspaceId::from_u128(workspace), WorkspaceSecret::from_bytes(secret), name).unwrap()
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(made in any_invitation()) {
            prop_assert_eq!(made.to_text().parse(), Ok(made));
        }

        #[test]
        fn one_changed_character_is_refused(
            made in any_invitation(),
            place: prop::sample::Index,
            other in prop::sample::select(SYMBOLS.chars().chain(['-', 'u', '!', '🎭']).collect::<Vec<_>>()),
        ) {
            let mut text: Vec<char> = made.to_text().chars().collect();
            let place = place.index(text.len());
            prop_assume!(text[place] != other);
            text[place] = other;
            let text: String = text.into_iter().collect();
            prop_assert!(text.parse::<Invitation>().is_err(), "{}", text);
        }

        #[test]
        fn one_lost_or_doubled_character_is_refused(made in any_invitation(), place: prop::sample::Index) {
            let symbols = made.to_text().replace('-', "");
            let place = place.index(symbols.len());
            let lost = format!("{}{}", &symbols[..place], &symbols[place + 1..]);
            prop_assert!(lost.parse::<Invitation>().is_err());
            let doubled = format!("{}{}", &symbols[..=place], &symbols[place..]);
            prop_assert!(doubled.parse::<Invitation>().is_err());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,300}", symbols in "[0-9a-z -]{80,400}") {
            for text in [text, symbols] {
                if let Ok(read) = text.parse::<Invitation>() {
                    prop_assert_eq!(read.to_text().parse(), Ok(read));
                }
            }
        }

        #[test]
        fn any_bytes_with_a_right_checksum_are_read_or_refused(
            version in 0_u8..3,
            content in prop::collection::vec(any::<u8>(), 48..300),
        ) {
            let text = encode(&[&[version][..], &content].concat());
            match text.parse::<Invitation>() {
                Ok(read) => prop_assert_eq!(read.to_text().replace('-', ""), text),
                Err(error) => prop_assert_ne!(error, InvitationError::Checksum),
            }
        }
    }
}
