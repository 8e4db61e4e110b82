//! Sealing one payload, and opening it again.
//!
//! A sealed payload is an object: the member `$sealed` holds the format, the id of the key and the sealed bytes (nonce,
//! then ciphertext with its tag); beside it are the tokens of indexable members. The plain text is the canonical JSON of
//! the payload.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload as Sealable};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::canonical;
use crate::encryption::{DataKey, EncryptionError, KeyId};
use crate::name::{EventType, StreamId};
use crate::payload::Payload;

/// The member that holds what is sealed; no plain payload may have it.
pub(crate) const MEMBER: &str = "$sealed";

/// The member that marks what cannot be opened any more.
const ERASED: &str = "$erased";

/// The number of the format.
const FORMAT: u64 = 1;

/// How long a nonce is, in bytes: so long that random ones do not meet.
const NONCE_BYTES: usize = 24;

/// Where a sealed payload belongs.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) event_type: &'a EventType,
    pub(crate) stream: Option<&'a StreamId>,
}

/// Seals a payload that was sealed before it was stored.
pub(crate) struct Sealed<'a> {
    pub(crate) key: KeyId,
    bytes: Vec<u8>,
    tokens: Map<String, Value>,
    place: Place<'a>,
}

/// Whether a payload stands in the place of one whose subject was erased.
#[must_use]
pub fn is_erased(payload: &Payload) -> bool {
    payload
        .value()
        .get(ERASED)
        .is_some_and(|mark| *mark == json!(true))
}

/// What is read in place of a payload whose subject was erased.
pub(crate) fn erased(instead: &Value) -> Option<Payload> {
    let mut members = instead.as_object().cloned().unwrap_or_default();
    members.insert(ERASED.to_owned(), json!(true));
    Payload::new(Value::Object(members)).ok()
}

/// Seals a payload: the members of an object that is stored in its place.
pub(crate) fn seal(
    place: Place<'_>,
    id: KeyId,
    key: &DataKey,
    payload: &Payload,
    tokens: Map<String, Value>,
) -> Result<Value, EncryptionError> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(EncryptionError::NoChance)?;
    let sealable = Sealable {
        msg: payload.canonical().as_bytes(),
        aad: &bound(place, id, &tokens),
    };
    let ciphertext = XChaCha20Poly1305::new(key.expose().into())
        .encrypt(XNonce::from_slice(&nonce), sealable)
        .expect("a payload is far shorter than the cipher's limit of 256 GiB");
    let mut bytes = nonce.to_vec();
    bytes.extend(ciphertext);
    let mut members = tokens;
    let sealed = json!({"v": FORMAT, "key": id.text(), "data": BASE64URL_NOPAD.encode(&bytes)});
    members.insert(MEMBER.to_owned(), sealed);
    Ok(Value::Object(members))
}

impl<'a> Sealed<'a> {
    /// Reads what is stored; `None` when it is plain, and what is wrong when it is neither.
    pub(crate) fn read(place: Place<'a>, payload: &Payload) -> Option<Result<Self, &'static str>> {
        let members = payload.value().as_object()?;
        let sealed = members.get(MEMBER)?;
        Some(Self::read_member(place, members, sealed))
    }

    fn read_member(
        place: Place<'a>,
        members: &Map<String, Value>,
        sealed: &Value,
    ) -> Result<Self, &'static str> {
        if sealed.get("v").and_then(Value::as_u64) != Some(FORMAT) {
            return Err("it has a format that is not known");
        }
        let text = |name: &str| sealed.get(name).and_then(Value::as_str);
        let key = text("key")
            .and_then(KeyId::parse)
            .ok_or("it does not name its key")?;
        let bytes = text("data").and_then(|data| BASE64URL_NOPAD.decode(data.as_bytes()).ok());
        let bytes = bytes
            .filter(|bytes| bytes.len() > NONCE_BYTES)
            .ok_or("its bytes cannot be read")?;
        let mut tokens = members.clone();
        tokens.remove(MEMBER);
        Ok(Self {
            key,
            bytes,
            tokens,
            place,
        })
    }

    /// Opens it, or says what is wrong.
    pub(crate) fn open(&self, key: &DataKey) -> Result<Payload, &'static str> {
        let (nonce, ciphertext) = self.bytes.split_at(NONCE_BYTES);
        let sealable = Sealable {
            msg: ciphertext,
            aad: &bound(self.place, self.key, &self.tokens),
        };
        let plain = XChaCha20Poly1305::new(key.expose().into())
            .decrypt(XNonce::from_slice(nonce), sealable)
            .map_err(|_| "it was changed, or belongs to another event")?;
        let plain = Zeroizing::new(plain);
        let text = std::str::from_utf8(&plain).map_err(|_| "what it holds is no text")?;
        Payload::from_canonical(text).map_err(|_| "what it holds is no payload")
    }
}

/// What a seal binds beside the payload. Each part is preceded by its length, so that none can pass for another.
fn bound(place: Place<'_>, id: KeyId, tokens: &Map<String, Value>) -> Vec<u8> {
    let mut index = String::new();
    canonical::write(&Value::Object(tokens.clone()), &mut index);
    let mut bytes = b"openprod events 2026 sealed payload".to_vec();
    let stream = place.stream.map_or("", StreamId::as_str);
    for part in [
        place.event_type.as_str().as_bytes(),
        stream.as_bytes(),
        id.as_bytes(),
        index.as_bytes(),
    ] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part);
    }
    bytes
}
