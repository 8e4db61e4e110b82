//! The handshake: three messages after which two members know each other's identity and share keys.
//!
//! `Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s`: the key derived from the workspace's secret is mixed in before
//! anything else, so whoever lacks it cannot make a first message and gets no byte back. In the second and third
//! message each side sends its Ed25519 public key and a signature over the handshake hash before that message
//! and its own Noise static key: this binds the channel to the identity, and to this handshake alone.
//!
//! Values in, values out: what is handed out is a frame ready for the wire, what is handed in is the body of one.
//! Every step consumes the one before, so a handshake that failed cannot go on.

use openprod_core::identity::{Purpose, verify};
use openprod_core::{ActorId, Identity, Signature, WorkspaceId};
use snow::params::{DHChoice, NoiseParams};
use snow::resolvers::{CryptoResolver as _, DefaultResolver};
use snow::{Builder, HandshakeState};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::channel::Channel;
use crate::frame::frame;
use crate::replay::ReplayGuard;
use crate::secret::{Membership, WorkspaceSecret};

/// The longest handshake message, in bytes: what a [`crate::frame::FrameBuffer`] needs to accept meanwhile.
pub const HANDSHAKE_BYTES_MAX: usize = SECOND_BYTES;

const PATTERN: &str = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s";
const PROLOGUE: &[u8] = b"openprod sync 1\0";

const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// Public key and signature.
const PROOF_BYTES: usize = 32 + 64;
/// Ephemeral key, tag of the empty payload.
const FIRST_BYTES: usize = KEY_BYTES + TAG_BYTES;
/// Ephemeral key, sealed static key, sealed proof.
const SECOND_BYTES: usize = KEY_BYTES + KEY_BYTES + TAG_BYTES + PROOF_BYTES + TAG_BYTES;
/// Sealed static key, sealed proof.
const THIRD_BYTES: usize = KEY_BYTES + TAG_BYTES + PROOF_BYTES + TAG_BYTES;

/// One of the three messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// From the initiator: an ephemeral key under the workspace's.
    First,
    /// From the responder: its keys and its proof.
    Second,
    /// From the initiator: its static key and its proof.
    Third,
}

impl Step {
    const fn bytes(self) -> usize {
        match self {
            Self::First => FIRST_BYTES,
            Self::Second => SECOND_BYTES,
            Self::Third => THIRD_BYTES,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
        }
    }
}

/// Why a handshake ended. None of these is to be told to the other side: a stranger gets silence.
#[derive(Debug, Error)]
pub enum HandshakeError {
    /// A message of a length that no such message has.
    #[error("read {} handshake message: it has {found} bytes instead of {}", step.word(), step.bytes())]
    Length {
        /// The message expected.
        step: Step,
        /// Its bytes.
        found: usize,
    },
    /// The first message was made with the secret of none of our workspaces.
    #[error("answer handshake: the first message was made without the secret of any workspace here")]
    Stranger,
    /// The first message was answered before.
    #[error("answer handshake: the first message was answered before")]
    Replayed,
    /// A later message does not decrypt: tampered with, or made by someone else than who began.
    #[error("read {} handshake message", step.word())]
    Tampered {
        /// The message.
        step: Step,
        /// What Noise said.
        source: snow::Error,
    },
    /// The other side has not proved that the identity it names vouches for its key.
    #[error("read {} handshake message: the signature is not that of the actor named", step.word())]
    Unproven {
        /// The message.
        step: Step,
    },
    /// The other side is this very process.
    #[error("read {} handshake message: it comes from this process itself", step.word())]
    Oneself {
        /// The message.
        step: Step,
    },
    /// A message of our own could not be made.
    #[error("make handshake message")]
    Noise(#[from] snow::Error),
}

/// Who we are in every handshake: the lasting identity and the Noise key of this process.
#[derive(Clone)]
pub struct Credentials {
    identity: Identity,
    private: Zeroizing<[u8; KEY_BYTES]>,
    public: [u8; KEY_BYTES],
}

impl Credentials {
    /// The credentials of `identity` with a Noise static key made from `entropy`: 32 bytes of good randomness,
    /// drawn anew by each process and used for nothing else.
    #[must_use]
    pub fn new(identity: Identity, entropy: [u8; KEY_BYTES]) -> Self {
        let private = Zeroizing::new(entropy);
        let mut curve = DefaultResolver
            .resolve_dh(&DHChoice::Curve25519)
            .expect("snow is built with Curve25519");
        curve.set(&*private);
        let public = curve
            .pubkey()
            .try_into()
            .expect("a Curve25519 public key has 32 bytes");
        Self {
            identity,
            private,
            public,
        }
    }

    /// The actor that the other side will see.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        self.identity.actor()
    }

    fn proof(&self, hash: &[u8; 32]) -> [u8; PROOF_BYTES] {
        let signature = self
            .identity
            .sign(Purpose::Handshake, &vouched(hash, &self.public));
        let mut proof = [0; PROOF_BYTES];
        proof[..32].copy_from_slice(self.actor().as_bytes());
        proof[32..].copy_from_slice(signature.as_bytes());
        proof
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Credentials({:?})", self.actor())
    }
}

/// The side that dials, between its first message and the answer.
#[derive(Debug)]
pub struct Initiator {
    state: HandshakeState,
    credentials: Credentials,
    workspace: WorkspaceId,
}

impl Initiator {
    /// Begins a handshake for one workspace and gives out the first frame.
    ///
    /// # Errors
    /// [`HandshakeError::Noise`], when the system gives no randomness.
    pub fn start(
        membership: &Membership,
        credentials: &Credentials,
    ) -> Result<(Self, Vec<u8>), HandshakeError> {
        let Membership { workspace, secret } = membership;
        let mut state = build(*workspace, secret, credentials, Role::Initiator)?;
        let first = write(&mut state, &[], Step::First)?;
        Ok((
            Self {
                state,
                credentials: credentials.clone(),
                workspace: *workspace,
            },
            first,
        ))
    }

    /// Reads the answer and gives out the last frame with the channel, which may be used at once.
    ///
    /// # Errors
    /// [`HandshakeError`]; the connection is then to be closed without another byte.
    pub fn finish(mut self, second: &[u8]) -> Result<(Channel, Vec<u8>), HandshakeError> {
        let peer = read_proof(&mut self.state, &self.credentials, second, Step::Second)?;
        let proof = self.credentials.proof(&hash(&self.state));
        let third = write(&mut self.state, &proof, Step::Third)?;
        Ok((Channel::new(self.state, peer, self.workspace)?, third))
    }
}

/// The side that was dialled, between its answer and the last message.
#[derive(Debug)]
pub struct Responder {
    state: HandshakeState,
    credentials: Credentials,
    workspace: WorkspaceId,
}

impl Responder {
    /// Reads a first message under the secret of each workspace in turn and gives out the answer's frame.
    ///
    /// # Errors
    /// [`HandshakeError::Stranger`], [`HandshakeError::Replayed`] and [`HandshakeError::Length`]: nothing is to
    /// be sent then, and the connection to be closed.
    pub fn answer(
        first: &[u8],
        memberships: &[Membership],
        credentials: &Credentials,
        guard: &mut ReplayGuard,
    ) -> Result<(Self, Vec<u8>), HandshakeError> {
        expect_length(first, Step::First)?;
        let (mut state, workspace) =
            recognise(first, memberships, credentials)?.ok_or(HandshakeError::Stranger)?;
        let ephemeral = *first.first_chunk().expect("the length was checked");
        if !guard.admit(ephemeral) {
            return Err(HandshakeError::Replayed);
        }
        let proof = credentials.proof(&hash(&state));
        let second = write(&mut state, &proof, Step::Second)?;
        Ok((
            Self {
                state,
                credentials: credentials.clone(),
                workspace,
            },
            second,
        ))
    }

    /// The workspace that the other side wants; proven to be a member's wish, though not yet whose.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// Reads the last message.
    ///
    /// # Errors
    /// [`HandshakeError`]; the connection is then to be closed without another byte.
    pub fn finish(mut self, third: &[u8]) -> Result<Channel, HandshakeError> {
        let peer = read_proof(&mut self.state, &self.credentials, third, Step::Third)?;
        Ok(Channel::new(self.state, peer, self.workspace)?)
    }
}

#[derive(Clone, Copy)]
enum Role {
    Initiator,
    Responder,
}

fn build(
    workspace: WorkspaceId,
    secret: &WorkspaceSecret,
    credentials: &Credentials,
    role: Role,
) -> Result<HandshakeState, snow::Error> {
    let pattern: NoiseParams = PATTERN.parse().expect("snow knows this pattern");
    let key = secret.noise_key();
    let prologue = [PROLOGUE, workspace.as_bytes()].concat();
    let builder = Builder::new(pattern)
        .local_private_key(&*credentials.private)?
        .prologue(&prologue)?
        .psk(0, &key)?;
    match role {
        Role::Initiator => builder.build_initiator(),
        Role::Responder => builder.build_responder(),
    }
}

fn recognise(
    first: &[u8],
    memberships: &[Membership],
    credentials: &Credentials,
) -> Result<Option<(HandshakeState, WorkspaceId)>, snow::Error> {
    for Membership { workspace, secret } in memberships {
        let mut state = build(*workspace, secret, credentials, Role::Responder)?;
        if state.read_message(first, &mut [0; FIRST_BYTES]) == Ok(0) {
            return Ok(Some((state, *workspace)));
        }
    }
    Ok(None)
}

fn write(state: &mut HandshakeState, payload: &[u8], step: Step) -> Result<Vec<u8>, snow::Error> {
    let mut message = [0; HANDSHAKE_BYTES_MAX];
    let length = state.write_message(payload, &mut message)?;
    debug_assert_eq!(length, step.bytes());
    Ok(frame(&message[..length]))
}

/// Reads a message and the identity it proves.
fn read_proof(
    state: &mut HandshakeState,
    own: &Credentials,
    message: &[u8],
    step: Step,
) -> Result<ActorId, HandshakeError> {
    expect_length(message, step)?;
    let before = hash(state);
    let mut payload = [0; HANDSHAKE_BYTES_MAX];
    state
        .read_message(message, &mut payload)
        .map_err(|source| HandshakeError::Tampered { step, source })?;
    let remote = state
        .get_remote_static()
        .expect("second and third message carry the static key");
    if remote == own.public {
        return Err(HandshakeError::Oneself { step });
    }
    let (actor, signature) = payload[..PROOF_BYTES].split_at(32);
    let actor = ActorId::from_bytes(actor.try_into().expect("split at 32 bytes"));
    let signature = Signature::from_bytes(signature.try_into().expect("64 bytes remain of the proof"));
    if verify(&actor, Purpose::Handshake, &vouched(&before, remote), &signature) {
        Ok(actor)
    } else {
        Err(HandshakeError::Unproven { step })
    }
}

fn expect_length(message: &[u8], step: Step) -> Result<(), HandshakeError> {
    if message.len() == step.bytes() {
        Ok(())
    } else {
        Err(HandshakeError::Length {
            step,
            found: message.len(),
        })
    }
}

fn hash(state: &HandshakeState) -> [u8; 32] {
    state
        .get_handshake_hash()
        .try_into()
        .expect("BLAKE2s gives 32 bytes")
}

/// What an identity signs; the label comes from [`Purpose::Handshake`].
fn vouched(hash: &[u8; 32], public: &[u8]) -> Vec<u8> {
    [hash, public].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn credentials(seed: u8) -> Credentials {
        Credentials::new(Identity::from_seed(&[seed; 32]), [seed ^ 0x80; 32])
    }

    fn membership(workspace: u128, secret: u8) -> Membership {
        Membership {
            workspace: WorkspaceId::from_u128(workspace),
            secret: WorkspaceSecret::from_bytes([secret; 32]),
        }
    }

    /// The body of the one frame in `bytes`.
    fn body(bytes: &[u8]) -> &[u8] {
        assert_eq!(
            usize::from(u16::from_be_bytes([bytes[0], bytes[1]])),
            bytes.len() - 2
        );
        &bytes[2..]
    }

    fn answer(first: &[u8], memberships: &[Membership]) -> Result<(Responder, Vec<u8>), HandshakeError> {
        Responder::answer(
            body(first),
            memberships,
            &credentials(2),
            &mut ReplayGuard::default(),
        )
    }

    #[test]
    fn two_members_learn_each_other() {
        let ours = membership(1, 9);
        let (initiator, first) = Initiator::start(&ours, &credentials(1)).unwrap();
        let (responder, second) = answer(&first, &[ours]).unwrap();
        let (mut dialling, third) = initiator.finish(body(&second)).unwrap();
        let mut dialled = responder.finish(body(&third)).unwrap();
        assert_eq!(dialling.peer(), credentials(2).actor());
        assert_eq!(dialled.peer(), credentials(1).actor());
        assert_eq!(dialling.session(), dialled.session());
        assert!(dialling.is_initiator() && !dialled.is_initiator());
        let frame = dialling.seal(b"hello").unwrap();
        assert_eq!(dialled.open(body(&frame)).unwrap(), Some(b"hello".to_vec()));
    }

    #[test]
    fn responder_finds_the_workspace_meant_among_many() {
        let all: Vec<_> = (1..=20).map(|n| membership(u128::from(n), n)).collect();
        let (_, first) = Initiator::start(&all[16], &credentials(1)).unwrap();
        let (responder, _) = answer(&first, &all).unwrap();
        assert_eq!(responder.workspace(), all[16].workspace);
    }

    #[test]
    fn wrong_secret_and_wrong_workspace_get_no_answer() {
        let (_, first) = Initiator::start(&membership(1, 9), &credentials(1)).unwrap();
        for others in [
            vec![],
            vec![membership(1, 8)],
            vec![membership(2, 9), membership(1, 7)],
        ] {
            assert!(matches!(answer(&first, &others), Err(HandshakeError::Stranger)));
        }
    }

    #[test]
    fn replayed_first_message_gets_no_answer() {
        let ours = [membership(1, 9)];
        let mut guard = ReplayGuard::default();
        let (_, first) = Initiator::start(&ours[0], &credentials(1)).unwrap();
        Responder::answer(body(&first), &ours, &credentials(2), &mut guard).unwrap();
        let again = Responder::answer(body(&first), &ours, &credentials(2), &mut guard);
        assert!(matches!(again, Err(HandshakeError::Replayed)));
        let (_, other) = Initiator::start(&ours[0], &credentials(1)).unwrap();
        assert!(Responder::answer(body(&other), &ours, &credentials(2), &mut guard).is_ok());
    }

    #[test]
    fn strangers_do_not_fill_the_memory_of_the_guard() {
        let ours = [membership(1, 9)];
        let mut guard = ReplayGuard::new(1);
        let (_, first) = Initiator::start(&ours[0], &credentials(1)).unwrap();
        Responder::answer(body(&first), &ours, &credentials(2), &mut guard).unwrap();
        for junk in 0..10 {
            assert!(Responder::answer(&[junk; FIRST_BYTES], &ours, &credentials(2), &mut guard).is_err());
        }
        let again = Responder::answer(body(&first), &ours, &credentials(2), &mut guard);
        assert!(matches!(again, Err(HandshakeError::Replayed)));
    }

    #[test]
    fn process_refuses_itself() {
        let ours = membership(1, 9);
        let (initiator, first) = Initiator::start(&ours, &credentials(2)).unwrap();
        let (_, second) = answer(&first, &[ours]).unwrap();
        assert!(matches!(
            initiator.finish(body(&second)),
            Err(HandshakeError::Oneself { step: Step::Second })
        ));
    }

    /// A responder that knows the secret, and answers with a proof of the test's making.
    fn malicious_answer(
        first: &[u8],
        ours: &Membership,
        proof: impl Fn(&Credentials, [u8; 32]) -> Vec<u8>,
    ) -> Vec<u8> {
        let mallory = credentials(66);
        let (mut state, _) = recognise(body(first), std::slice::from_ref(ours), &mallory)
            .unwrap()
            .unwrap();
        let proof = proof(&mallory, hash(&state));
        let mut message = [0; 1_000];
        let length = state.write_message(&proof, &mut message).unwrap();
        frame(&message[..length])
    }

    #[test]
    fn signature_by_another_key_than_the_actor_named_is_refused() {
        let ours = membership(1, 9);
        let (initiator, first) = Initiator::start(&ours, &credentials(1)).unwrap();
        let second = malicious_answer(&first, &ours, |mallory, hash| {
            let mut proof = mallory.proof(&hash);
            proof[..32].copy_from_slice(credentials(2).actor().as_bytes());
            proof.to_vec()
        });
        assert!(matches!(
            initiator.finish(body(&second)),
            Err(HandshakeError::Unproven { step: Step::Second })
        ));
    }

    #[test]
    fn member_in_the_middle_cannot_pass_another_members_proof_off_as_its_own() {
        let ours = membership(1, 9);
        let mallory = credentials(66);
        // The victim answers Mallory's own handshake, and Mallory reads its proof there …
        let (mut to_victim, first) = Initiator::start(&ours, &mallory).unwrap();
        let (_, second) = answer(&first, std::slice::from_ref(&ours)).unwrap();
        let mut stolen = [0; HANDSHAKE_BYTES_MAX];
        to_victim.state.read_message(body(&second), &mut stolen).unwrap();
        assert_eq!(&stolen[..32], credentials(2).actor().as_bytes());
        // … to hand it on in the handshake with someone who looks for the victim.
        let (initiator, first) = Initiator::start(&ours, &credentials(1)).unwrap();
        let second = malicious_answer(&first, &ours, |_, _| stolen[..PROOF_BYTES].to_vec());
        assert!(matches!(
            initiator.finish(body(&second)),
            Err(HandshakeError::Unproven { step: Step::Second })
        ));
    }

    #[test]
    fn proof_made_for_another_static_key_is_refused() {
        // The hash is of this very handshake, the identity signs it, but for a key that is not in use.
        let ours = membership(1, 9);
        let (initiator, first) = Initiator::start(&ours, &credentials(1)).unwrap();
        let second = malicious_answer(&first, &ours, |_, hash| credentials(2).proof(&hash).to_vec());
        assert!(matches!(
            initiator.finish(body(&second)),
            Err(HandshakeError::Unproven { step: Step::Second })
        ));
    }

    #[test]
    fn third_message_is_held_to_the_same_proof() {
        let ours = membership(1, 9);
        let (mut initiator, first) = Initiator::start(&ours, &credentials(1)).unwrap();
        let (responder, second) = answer(&first, &[ours]).unwrap();
        let mut ignored = [0; HANDSHAKE_BYTES_MAX];
        initiator.state.read_message(body(&second), &mut ignored).unwrap();
        let forged = credentials(3).proof(&hash(&initiator.state));
        let third = write(&mut initiator.state, &forged, Step::Third).unwrap();
        assert!(matches!(
            responder.finish(body(&third)),
            Err(HandshakeError::Unproven { step: Step::Third })
        ));
    }

    #[test]
    fn proof_of_another_length_is_refused() {
        let ours = membership(1, 9);
        let (initiator, first) = Initiator::start(&ours, &credentials(1)).unwrap();
        let second = malicious_answer(&first, &ours, |_, _| vec![0; PROOF_BYTES - 1]);
        let refused = initiator.finish(body(&second));
        assert!(matches!(
            refused,
            Err(HandshakeError::Length {
                step: Step::Second,
                found: 191
            })
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_first_message_is_met_with_silence(message in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            prop::collection::vec(any::<u8>(), FIRST_BYTES),
        ]) {
            let ours = [membership(1, 9), membership(2, 8)];
            let mut guard = ReplayGuard::default();
            prop_assert!(Responder::answer(&message, &ours, &credentials(2), &mut guard).is_err());
        }

        #[test]
        fn one_flipped_bit_or_missing_byte_ends_the_handshake(
            damaged in 0_usize..3,
            place: prop::sample::Index,
            bit in 0_u8..8,
            cut: bool,
        ) {
            let ours = membership(1, 9);
            let harm = |step: usize, frame: &[u8]| {
                let mut message = body(frame).to_vec();
                if step == damaged {
                    let place = place.index(message.len());
                    if cut { message.truncate(place) } else { message[place] ^= 1 << bit }
                }
                message
            };
            let result = (|| {
                let (initiator, first) = Initiator::start(&ours, &credentials(1))?;
                let first = harm(0, &first);
                let (responder, second) = Responder::answer(
                    &first, std::slice::from_ref(&ours), &credentials(2), &mut ReplayGuard::default(),
                )?;
                let (_, third) = initiator.finish(&harm(1, &second))?;
                responder.finish(&harm(2, &third))
            })();
            prop_assert!(result.is_err());
        }
    }
}
