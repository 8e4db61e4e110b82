//! Someone whom a test plays.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use openprod_sync::Message;

use super::TestPeer;
use crate::link::{LinkError, LinkId};
use crate::network::{DeviceId, Network};

/// Someone with whom a peer talks, and whom a test plays, message by message.
pub struct Puppet {
    network: Rc<RefCell<Network>>,
    peer: DeviceId,
    link: LinkId,
}

impl Puppet {
    /// Sends a message, and lets it arrive.
    pub fn say(&self, message: &Message) {
        self.say_bytes(message.encode());
    }

    /// Sends bytes, and lets them arrive.
    pub fn say_bytes(&self, bytes: Vec<u8>) {
        let mut network = self.network.borrow_mut();
        network.send_by_hand(self.link, bytes);
        network.run_for(Duration::from_millis(10));
    }

    /// What the peer has said since this was last called; nothing once it has ended the conversation.
    #[must_use]
    pub fn heard(&self) -> Vec<Message> {
        self.network
            .borrow_mut()
            .received_by_hand(self.link)
            .unwrap_or_default()
    }

    /// Whether the peer still talks.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.network.borrow_mut().received_by_hand(self.link).is_some()
    }

    /// Looks at the error with which the peer last ended a conversation.
    pub fn ended_with<T>(&self, look: impl FnOnce(&LinkError) -> T) -> Option<T> {
        let network = self.network.borrow();
        let ending = network
            .endings()
            .iter()
            .rev()
            .find(|ending| ending.device == self.peer);
        ending.map(|ending| look(&ending.error))
    }
}

impl TestPeer {
    /// Links the peer with someone whom the test plays.
    #[must_use]
    pub fn puppet(&self) -> Puppet {
        let link = self.network.borrow_mut().take_in_hand(self.id);
        Puppet {
            network: Rc::clone(&self.network),
            peer: self.id,
            link,
        }
    }
}
