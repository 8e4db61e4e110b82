//! Bundles that no engine would write, signed by whoever has a key: for playing hostile members.

use openprod_core::bundle::{FORMAT_VERSION, Header};
use openprod_core::encoding::encode_into;
use openprod_core::identity::Purpose;
use openprod_core::{
    ActorId, BundleHash, CommandId, Hlc, Identity, Intent, LogId, Payload, Seen, Timestamp, VerifiedBundle,
    WorkspaceId, merkle,
};

use crate::device::workspace;

/// A member with a key and without scruples, who writes one log.
pub struct Forger {
    identity: Identity,
    log: LogId,
}

/// A bundle in the making. Every field can be set to what it should not be.
#[derive(Clone)]
pub struct Forgery {
    /// The header; its root and count are filled in from the frames.
    pub header: Header,
    /// The operations: kinds and payloads, of any content.
    pub frames: Vec<(u16, Vec<u8>)>,
}

impl Forger {
    /// A forger whose key follows from `number`.
    #[must_use]
    pub fn new(number: u8) -> Self {
        Self {
            identity: Identity::from_seed(&[number; 32]),
            log: LogId::from_bytes([number; 16]),
        }
    }

    /// Who signs.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        self.identity.actor()
    }

    /// A sound first bundle with these operations.
    #[must_use]
    pub fn begin(&self, now: Timestamp, payloads: &[Payload]) -> Forgery {
        let header = Header {
            version: FORMAT_VERSION,
            workspace: workspace().id,
            actor: self.identity.actor(),
            log: self.log,
            seq: 1,
            prev: BundleHash::NONE,
            hlc: Hlc::next(Hlc::ZERO, Hlc::ZERO, now),
            seen: Vec::new(),
            intent: Intent {
                command_id: CommandId::from_u128(1),
                command_type: "records.update".to_owned(),
                source: "forger".to_owned(),
                correlation_id: None,
                causation_id: None,
                justification: None,
                approval_id: None,
                decision: None,
            },
            root: [0; 32],
            count: 0,
        };
        let frames = payloads
            .iter()
            .map(|payload| (payload.kind(), payload.encode()))
            .collect();
        Forgery { header, frames }
    }

    /// A sound bundle that follows `before`, a bundle of this forger's, and has seen `seen`.
    #[must_use]
    pub fn follow(&self, before: &[u8], seen: &[&VerifiedBundle], payloads: &[Payload]) -> Forgery {
        let before = openprod_core::Bundle::decode(before).expect("what it follows is a bundle");
        let latest = seen
            .iter()
            .map(|bundle| bundle.last_hlc())
            .fold(Hlc::ZERO, Hlc::max);
        let mut forgery = self.begin(Timestamp::default(), payloads);
        forgery.header.seq = before.header().seq + 1;
        forgery.header.prev = *before.hash();
        forgery.header.hlc = Hlc::next(before.last_hlc(), latest, Timestamp::default());
        forgery.header.seen = seen_entries(seen);
        forgery
    }

    /// The signed bytes of a bundle.
    #[must_use]
    pub fn seal(&self, forgery: &Forgery) -> Vec<u8> {
        seal(&self.identity, forgery)
    }
}

impl Forgery {
    /// The same, in another workspace.
    #[must_use]
    pub fn in_workspace(mut self, id: WorkspaceId) -> Self {
        self.header.workspace = id;
        self
    }
}

/// Clock entries that point at these bundles.
#[must_use]
pub fn seen_entries(bundles: &[&VerifiedBundle]) -> Vec<Seen> {
    let mut seen: Vec<_> = bundles
        .iter()
        .map(|bundle| {
            let header = bundle.header();
            Seen {
                actor: header.actor,
                log: header.log,
                seq: header.seq,
                prefix: bundle.hash().prefix(),
            }
        })
        .collect();
    seen.sort_unstable();
    seen
}

/// Signs a forgery with any key, whoever its header names.
#[must_use]
pub fn seal(identity: &Identity, forgery: &Forgery) -> Vec<u8> {
    let frames: Vec<Vec<u8>> = forgery
        .frames
        .iter()
        .map(|(kind, payload)| frame(*kind, payload))
        .collect();
    let leaves: Vec<_> = frames.iter().map(|frame| merkle::leaf(frame)).collect();
    let header = Header {
        root: merkle::root(&leaves),
        count: frames.len() as u32,
        ..forgery.header.clone()
    };
    let header = openprod_core::encoding::encode(&header);
    let signature = identity.sign(Purpose::Bundle, blake3::hash(&header).as_bytes());
    let mut bytes = Vec::new();
    encode_into(header.as_slice(), &mut bytes);
    encode_into(&signature, &mut bytes);
    encode_into(&(frames.len() as u64), &mut bytes);
    frames.iter().for_each(|frame| bytes.extend(frame));
    bytes
}

fn frame(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_into(&kind, &mut bytes);
    encode_into(payload, &mut bytes);
    bytes
}
