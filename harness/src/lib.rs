//! Many engines in one process, a network that can do its worst, and judges outside what they judge.
//!
//! **Owns** the simulator ([`Network`]): virtual time, the clocks of the devices, the links between them and the
//! [`Faults`] that strike them; the random [`workload`]; written [`history`]s; the [`checkers`] and the naive
//! [`oracle`].
//!
//! **Refuses to know** how the engine works inside: it drives the engine and the peer machine by their public
//! face, with the bytes that would travel, and judges them by what any reader could see.
//!
//! **Start reading** at [`TestNetwork`], in which scenarios are written, then [`simulation`], which plays random
//! ones from a number.

pub mod checkers;
pub mod device;
pub mod disk;
pub mod editor;
pub mod faults;
pub mod forge;
pub mod history;
pub mod link;
pub mod network;
pub mod oracle;
pub mod random;
pub mod simulation;
pub mod skip;
pub mod test_network;
pub mod workload;

pub use device::Device;
pub use disk::{Disk, StoreKind};
pub use editor::Editor;
pub use faults::{Faults, Tally};
pub use link::{Ending, LinkError};
pub use network::{DeviceId, Network};
pub use random::Random;
pub use simulation::{Failure, Report, Simulation};
pub use workload::Mix;
pub use skip::skip;
pub use test_network::{Puppet, Record, TestNetwork, TestPeer};
