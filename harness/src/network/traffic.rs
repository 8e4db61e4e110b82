//! Messages on their way, deliveries to the store, and what machines have to say.

use openprod_engine::{AdmissionError, LogHead};
use openprod_sync::peer::BEAT_INTERVAL;
use openprod_sync::{Message, PeerEvent};

use super::{DeviceId, LATENCY_US, MS, Network, START_US, device_name};
use crate::link::{End, LinkError, LinkId, Packet, heads, verify, wait_us};

impl Network {
    /// Hands an end what has arrived for it.
    pub(super) fn arrive(&mut self, id: LinkId, end: usize) {
        while let Some(link) = self.links.get_mut(&id) {
            let queue = &mut link.towards[end];
            let due = queue.iter().position(|packet| packet.arrives_us <= self.now_us);
            let Some(packet) = due.and_then(|at| queue.remove(at)) else {
                return;
            };
            let message = Message::decode(&packet.bytes);
            match &mut link.ends[end] {
                End::Hand(hand) => hand.received.extend(message.ok()),
                End::Device(conversation) => {
                    let device = conversation.device;
                    let clock = self.devices[device.0].clock;
                    let now = clock.read(self.now_us, START_US);
                    let handled = message
                        .map_err(LinkError::from)
                        .and_then(|message| Ok(conversation.peer.handle(message, now)?));
                    conversation.poll_us = self.now_us;
                    match handled {
                        Ok(Some(delivery)) => {
                            let begun = conversation.deliveries.back().map_or(self.now_us, |(at, _)| *at);
                            let done =
                                begun.max(self.now_us) + u64::from(self.devices[device.0].disk_ms) * MS;
                            conversation.deliveries.push_back((done, delivery));
                        }
                        Ok(None) => {}
                        Err(error) => self.fail_link(id, device, error),
                    }
                }
            }
        }
    }

    /// Gives the engine what its disk is done with.
    pub(super) fn deliver(&mut self, id: LinkId, end: usize) {
        loop {
            let Some(End::Device(conversation)) = self.links.get_mut(&id).map(|link| &mut link.ends[end])
            else {
                return;
            };
            if conversation
                .deliveries
                .front()
                .is_none_or(|(at, _)| *at > self.now_us)
            {
                return;
            }
            let Some((_, delivery)) = conversation.deliveries.pop_front() else {
                return;
            };
            let device = conversation.device;
            let now = self.devices[device.0].clock.read(self.now_us, START_US);
            let Some(engine) = self.devices[device.0].engine() else {
                return;
            };
            let taken = verify(&delivery).map_err(LinkError::from).and_then(|bundles| {
                let (receipt, committed) = engine.receive(&bundles, now)?;
                Ok((heads(&bundles), receipt, committed))
            });
            match taken {
                Ok((heads, mut receipt, committed)) => {
                    let fault = receipt
                        .refused
                        .take_if(|error| !matches!(error, AdmissionError::Missing));
                    conversation
                        .peer
                        .delivered(&delivery, &heads, Some(&receipt), now);
                    conversation.poll_us = self.now_us;
                    self.after_commit(device, &committed);
                    if let Some(error) = fault {
                        return self.fail_link(id, device, LinkError::Refused(error));
                    }
                }
                Err(error) => return self.fail_link(id, device, error),
            }
        }
    }

    /// Lets a machine say what it has to say.
    pub(super) fn poll(&mut self, id: LinkId, end: usize) {
        let Some(End::Device(conversation)) = self.links.get_mut(&id).map(|link| &mut link.ends[end]) else {
            return;
        };
        if conversation.poll_us > self.now_us {
            return;
        }
        let device = conversation.device;
        let now = self.devices[device.0].clock.read(self.now_us, START_US);
        let Some(snapshot) = self.devices[device.0].snapshot() else {
            return;
        };
        let may_ask = self.devices[device.0].asking.is_none_or(|asking| asking == id);
        let polled = conversation
            .peer
            .check_silence(now)
            .map_err(LinkError::from)
            .and_then(|()| Ok(conversation.peer.poll(&snapshot, may_ask, now)?));
        let messages = match polled {
            Ok(messages) => messages,
            Err(error) => return self.fail_link(id, device, error),
        };
        let events = conversation.peer.take_events();
        let asking = conversation.peer.is_asking();
        let beat_us = BEAT_INTERVAL.as_micros() as u64;
        conversation.poll_us = self.now_us + wait_us(now, conversation.peer.next_poll(), MS, beat_us);
        let asked = &mut self.devices[device.0].asking;
        if asking && asked.is_none() {
            *asked = Some(id);
        } else if !asking && *asked == Some(id) {
            *asked = None;
            self.wake(device);
        }
        for event in events {
            if event == PeerEvent::Diverged {
                self.note(|| format!("{} finds that it has diverged from a peer", device_name(device)));
                self.diverged.push((device, self.now_us));
            }
        }
        for message in messages {
            self.send(id, end, device, &message);
        }
    }

    /// Puts a message on its way, unless something goes wrong.
    fn send(&mut self, id: LinkId, end: usize, from: DeviceId, message: &Message) {
        self.tally.messages += 1;
        let Some(link) = self.links.get(&id) else { return };
        let to = link.ends[1 - end].device();
        let (faults, random) = (&self.faults, &mut self.random);
        let mut bytes = message.encode();
        let lost = random.chance(faults.drop_permille);
        let doubled = random.chance(faults.duplicate_permille);
        let overtakes = random.chance(faults.reorder_permille);
        let mut latency = random.between(LATENCY_US.0, LATENCY_US.1);
        if random.chance(faults.delay_permille) {
            self.tally.delayed += 1;
            latency += random.between(0, u64::from(faults.delay_ms_max)) * MS;
        }
        if matches!(message, Message::Bundles { .. }) && random.chance(faults.corrupt_permille) {
            self.tally.corrupted += 1;
            let at = random.index(bytes.len());
            bytes[at] ^= 1 << random.index(8);
        }
        if to.is_some_and(|to| !self.in_one_part(from, to)) {
            return;
        }
        if lost {
            self.tally.dropped += 1;
            self.note(|| format!("lost: {} says {}", device_name(from), summary(message)));
            return;
        }
        self.note(|| format!("{} says {}", device_name(from), summary(message)));
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let queue = &mut link.towards[1 - end];
        let last = queue.back().map_or(0, |packet| packet.arrives_us);
        let arrives_us = if overtakes {
            self.now_us + latency
        } else {
            last.max(self.now_us + latency)
        };
        if overtakes && arrives_us < last {
            self.tally.reordered += 1;
        }
        if doubled {
            self.tally.duplicated += 1;
            queue.push_back(Packet {
                arrives_us,
                bytes: bytes.clone(),
            });
        }
        let place = queue.partition_point(|packet| packet.arrives_us <= arrives_us);
        queue.insert(place, Packet { arrives_us, bytes });
    }
}

fn summary(message: &Message) -> String {
    let heads = |heads: &[LogHead]| {
        let shown: Vec<_> = heads
            .iter()
            .map(|head| format!("{:02x}:{}", head.log.as_bytes()[0], head.seq))
            .collect();
        shown.join(" ")
    };
    match message {
        Message::Hello(hello) => format!("hello, I am {}", hello.name),
        Message::Heads(all) => format!("heads {}", heads(all)),
        Message::News(news) => format!("news {}", heads(news)),
        Message::AskHeads => "ask heads".to_owned(),
        Message::Want { round, heads: all } => format!("want {round}, having {}", heads(all)),
        Message::Totals { round, bundles } => format!("totals {round}: {bundles} bundles"),
        Message::Bundles { round, batch } => format!("bundles {round}: {} bytes", batch.len()),
        Message::Done { round } => format!("done {round}"),
        Message::Ack { round, count } => format!("ack {round}: {count}"),
        Message::Beat(_) => "beat".to_owned(),
        Message::Bye { reason } => format!("bye: {reason}"),
    }
}
