//! How the members of a workspace find each other and come into step.
//!
//! **Owns** everything between two engines: invitations, discovery on the local network, the encrypted channel
//! that only members can open, and the protocol spoken in it.
//!
//! **Refuses to know** what a bundle means: the engine judges, stores and derives; this crate carries.
//!
//! **Start reading** at [`invitation`], which makes a member, then [`handshake`], by which two members know each
//! other, then [`peer`], which is what they say. Those are values in and values out, without sockets, clocks or
//! tasks; [`SyncService`] puts them on the network.

pub mod batch;
pub mod channel;
pub mod connection;
mod conversation;
pub mod discovery;
pub mod doctor;
mod driver;
pub mod frame;
pub mod handshake;
pub mod invitation;
pub mod message;
pub mod peer;
pub mod replay;
pub mod secret;
mod sighting;
mod status;
pub mod tag;

pub use channel::{Channel, ChannelError, Opener, Sealer};
pub use discovery::{Discovery, DiscoveryConfig, DiscoveryError, DiscoveryEvent};
pub use doctor::{Check, CheckStatus, Diagnosis};
pub use driver::{SyncConfig, SyncService};
pub use frame::{FrameBuffer, FrameError};
pub use handshake::{Credentials, HandshakeError, Initiator, Responder};
pub use invitation::{Invitation, InvitationError};
pub use message::Message;
pub use peer::{Delivery, Peer, PeerConfig, PeerError, PeerEvent};
pub use replay::ReplayGuard;
pub use secret::{Membership, WorkspaceSecret};
pub use status::{Acquaintance, GivenAddress, Memory, PeerStatus, SyncError, SyncEvent, SyncState};
pub use tag::{Tag, recognise};
