//! A member who has the secret and no good will: nothing of theirs is written, and everybody else goes on.

use harness::forge::{Forger, Forgery, seal};
use harness::{LinkError, Puppet, TestNetwork, TestPeer};
use openprod_core::FieldType::Text;
use openprod_core::bundle::BUNDLE_BYTES_MAX;
use openprod_core::operation::{CreateEntity, SetField};
use openprod_core::{
    BundleError, BundleHash, EntityId, HeaderError, Hlc, Identity, Payload, Timestamp, Value, WorkspaceId,
};
use openprod_engine::{AdmissionError, LogHead};
use openprod_sync::batch::pack;
use openprod_sync::message::{Beat, Hello, MESSAGE_BYTES_MAX, PROTOCOL_VERSION};
use openprod_sync::{Message, PeerError};

/// Someone played by the test who has said hello and that they have nothing.
pub(crate) fn introduced(peer: &TestPeer) -> Puppet {
    let puppet = peer.puppet();
    puppet.say(&Message::Hello(Hello {
        protocol: PROTOCOL_VERSION,
        derivation: openprod_engine::DERIVATION_VERSION,
        name: "puppet".to_owned(),
        port: 1,
        now_micros: 0,
    }));
    puppet.say(&Message::Heads(Vec::new()));
    puppet
}

struct Stage {
    network: TestNetwork,
    victim: TestPeer,
    other: TestPeer,
    set: Payload,
}

impl Stage {
    fn new() -> Self {
        let network = TestNetwork::new();
        let [victim, other] = network.add_connected_peers();
        victim.create_table("Cues", &[("label", Text)]);
        let cue = victim.create_record("Cues", &[("label", "Go")]);
        network.wait_for_sync();
        let table = victim.snapshot().schema().find("Cues").unwrap().clone();
        let set = SetField {
            entity: cue,
            facet: table.id,
            field: table.fields[0].id,
            value: Value::Text("by the forger".into()),
        };
        Self {
            network,
            victim,
            other,
            set: set.into(),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.network.simulator().now_us())
    }

    /// A sound bundle of a forger's, which has seen nothing.
    fn sound(&self, forger: &Forger) -> Forgery {
        forger.begin(self.now(), std::slice::from_ref(&self.set))
    }

    /// Sends bundles, and asserts that nothing of them is written, that the conversation ends with an error that
    /// `expected` knows, and that the engine goes on.
    fn refuse(&self, bundles: &[&[u8]], expected: impl Fn(&LinkError) -> bool) {
        self.refuse_message(
            &Message::Bundles {
                round: 0,
                batch: pack(bundles),
            }
            .encode(),
            expected,
        );
    }

    fn refuse_message(&self, bytes: &[u8], expected: impl Fn(&LinkError) -> bool) {
        let before = (
            self.victim.state_hash(),
            self.victim.status().stored,
            self.victim.status().bundles,
        );
        let puppet = introduced(&self.victim);
        puppet.say_bytes(bytes.to_vec());
        let after = (
            self.victim.state_hash(),
            self.victim.status().stored,
            self.victim.status().bundles,
        );
        assert_eq!(after, before, "nothing may be written");
        assert!(!puppet.is_linked(), "the conversation must end");
        let seen = puppet
            .ended_with(|error| (expected(error), format!("{error:?}")))
            .unwrap();
        assert!(seen.0, "{}", seen.1);
        self.goes_on();
    }

    fn goes_on(&self) {
        let count = self.other.list_records("Cues").len();
        self.victim.create_record("Cues", &[("label", "still here")]);
        self.network.wait_for_sync();
        assert_eq!(self.other.list_records("Cues").len(), count + 1);
    }
}

#[test]
fn sound_bundle_of_a_member_is_taken() {
    // The others here prove something only because this one passes.
    let stage = Stage::new();
    let forger = Forger::new(50);
    let bundle = forger.seal(&stage.sound(&forger));
    let puppet = introduced(&stage.victim);
    puppet.say(&Message::Bundles {
        round: 0,
        batch: pack(&[&bundle]),
    });
    assert!(puppet.is_linked());
    stage.network.wait_for_sync();
    assert_eq!(stage.other.conflict().candidates.len(), 2);
    assert!(
        stage
            .other
            .conflict()
            .candidates
            .iter()
            .any(|candidate| candidate.actor == forger.actor())
    );
}

#[test]
fn truncated_bundle_is_refused_at_any_length() {
    let stage = Stage::new();
    let forger = Forger::new(51);
    let bundle = forger.seal(&stage.sound(&forger));
    for len in [0, 1, 2, 60, bundle.len() / 2, bundle.len() - 1] {
        stage.refuse(&[&bundle[..len]], |error| {
            matches!(error, LinkError::Bundle(BundleError::Framing(_)))
        });
    }
}

#[test]
fn bundle_with_any_flipped_bit_is_refused() {
    let stage = Stage::new();
    let forger = Forger::new(52);
    let bundle = forger.seal(&stage.sound(&forger));
    let before = stage.victim.state_hash();
    for at in 0..bundle.len() {
        let mut flipped = bundle.clone();
        flipped[at] ^= 1 << (at % 8);
        let puppet = introduced(&stage.victim);
        puppet.say(&Message::Bundles {
            round: 0,
            batch: pack(&[&flipped]),
        });
        assert!(!puppet.is_linked(), "byte {at}");
        assert_eq!(
            puppet.ended_with(|error| matches!(error, LinkError::Bundle(_))),
            Some(true),
            "byte {at}"
        );
    }
    assert_eq!(stage.victim.state_hash(), before);
    stage.goes_on();
}

#[test]
fn bundle_in_anothers_name_is_refused() {
    let stage = Stage::new();
    let forger = Forger::new(53);
    let mut forged = stage.sound(&forger);
    forged.header.actor = stage.other.actor();
    stage.refuse(&[&forger.seal(&forged)], |error| {
        matches!(error, LinkError::Bundle(BundleError::Signature { .. }))
    });
}

#[test]
fn bundle_of_another_workspace_is_refused() {
    let stage = Stage::new();
    let forger = Forger::new(54);
    let foreign = stage.sound(&forger).in_workspace(WorkspaceId::from_u128(666));
    stage.refuse(&[&forger.seal(&foreign)], |error| {
        matches!(error, LinkError::Bundle(BundleError::WrongWorkspace { .. }))
    });
}

#[test]
fn bundle_in_another_spelling_is_refused() {
    let stage = Stage::new();
    let forger = Forger::new(55);
    let bundle = forger.seal(&stage.sound(&forger));
    let trailing = [bundle.as_slice(), &[0]].concat();
    stage.refuse(&[&trailing], |error| {
        matches!(error, LinkError::Bundle(BundleError::Framing(_)))
    });
    // The length of the header, 250 or less, is spelt in one byte; here it is spelt in three.
    assert!(bundle[0] <= 250);
    let longer = [&[251, bundle[0], 0], &bundle[1..]].concat();
    stage.refuse(&[&longer], |error| {
        matches!(error, LinkError::Bundle(BundleError::Framing(_)))
    });
}

#[test]
fn oversized_bundle_is_refused() {
    let stage = Stage::new();
    let forger = Forger::new(56);
    let mut large = stage.sound(&forger);
    large.frames = vec![(6, vec![0; BUNDLE_BYTES_MAX])];
    stage.refuse(&[&forger.seal(&large)], |error| {
        matches!(error, LinkError::Bundle(BundleError::TooLarge { .. }))
    });
}

#[test]
fn batch_that_unfolds_beyond_all_bounds_is_refused() {
    let stage = Stage::new();
    let zeros = vec![0; 4 << 20];
    let batch = pack(&[&zeros, &zeros, &zeros, &zeros]);
    assert!(batch.len() < 100_000);
    let message = Message::Bundles { round: 0, batch };
    stage.refuse_message(&message.encode(), |error| {
        matches!(error, LinkError::Peer(PeerError::Batch(_)))
    });
}

#[test]
fn bytes_that_are_no_message_end_the_conversation() {
    let stage = Stage::new();
    for bytes in [
        &b""[..],
        &[255; 100],
        &[1, 253, 255, 255, 255, 255, 255, 255, 255, 255],
        &vec![7; MESSAGE_BYTES_MAX],
    ] {
        stage.refuse_message(bytes, |error| matches!(error, LinkError::Message(_)));
    }
}

#[test]
fn header_that_contradicts_itself_is_refused() {
    let stage = Stage::new();
    let forger = Forger::new(57);
    let sound = stage.sound(&forger);
    let changed = |change: &dyn Fn(&mut Forgery)| {
        let mut forgery = sound.clone();
        change(&mut forgery);
        forger.seal(&forgery)
    };
    let pointed_twice = |forgery: &mut Forgery| {
        let bundles = stage.victim.bundles();
        let seen = harness::forge::seen_entries(&[&bundles[0]]);
        forgery.header.seen = [seen.clone(), seen].concat();
    };
    for bytes in [
        changed(&|forgery| forgery.header.seq = 0),
        changed(&|forgery| forgery.header.seq = 2),
        changed(&|forgery| forgery.header.prev = BundleHash::from_bytes([1; 32])),
        changed(&|forgery| forgery.frames.clear()),
        changed(&pointed_twice),
        changed(&|forgery| forgery.header.intent.source = "x".repeat(300)),
    ] {
        stage.refuse(&[&bytes], |error| {
            matches!(error, LinkError::Bundle(BundleError::Header(_)))
        });
    }
    let newer = changed(&|forgery| forgery.header.version = 2);
    stage.refuse(&[&newer], |error| {
        matches!(
            error,
            LinkError::Bundle(BundleError::Header(HeaderError::Version { version: 2 }))
        )
    });
}

#[test]
fn bundle_whose_time_is_behind_its_past_is_refused() {
    let stage = Stage::new();
    let forger = Forger::new(58);
    let mut late = stage.sound(&forger);
    let bundles = stage.victim.bundles();
    late.header.seen = harness::forge::seen_entries(&[bundles.last().unwrap()]);
    late.header.hlc = Hlc::next(Hlc::ZERO, Hlc::ZERO, Timestamp::from_micros(1_000_000));
    stage.refuse(&[&forger.seal(&late)], |error| {
        matches!(error, LinkError::Refused(AdmissionError::TimeBehindPast))
    });
}

#[test]
fn bundle_without_its_past_is_not_written_and_the_past_is_asked_for() {
    let stage = Stage::new();
    let forger = Forger::new(59);
    let first = forger.seal(&stage.sound(&forger));
    let second = forger.seal(&forger.follow(&first, &[], std::slice::from_ref(&stage.set)));
    let before = stage.victim.state_hash();
    let puppet = introduced(&stage.victim);
    let _ = puppet.heard();
    puppet.say(&Message::Bundles {
        round: 0,
        batch: pack(&[&second]),
    });
    assert_eq!(stage.victim.state_hash(), before);
    stage.network.run_for(std::time::Duration::from_millis(200));
    assert!(
        puppet
            .heard()
            .iter()
            .any(|message| matches!(message, Message::Want { .. }))
    );
    puppet.say(&Message::Bundles {
        round: 0,
        batch: pack(&[&first, &second]),
    });
    assert!(puppet.is_linked());
    assert_ne!(stage.victim.state_hash(), before);
    stage.goes_on();
}

#[test]
fn replayed_bundles_change_nothing() {
    let stage = Stage::new();
    let bundles = stage.other.bundles();
    let parts: Vec<&[u8]> = bundles.iter().map(|bundle| &**bundle.bytes()).collect();
    let before = (stage.victim.state_hash(), stage.victim.status().bundles);
    let puppet = introduced(&stage.victim);
    for _ in 0..3 {
        puppet.say(&Message::Bundles {
            round: 0,
            batch: pack(&parts),
        });
    }
    assert!(puppet.is_linked());
    assert_eq!((stage.victim.state_hash(), stage.victim.status().bundles), before);
    stage.goes_on();
}

#[test]
fn equivocator_is_found_out_by_everybody_alike() {
    let stage = Stage::new();
    let forger = Forger::new(60);
    let one = forger.seal(&stage.sound(&forger));
    let entity = EntityId::from_u128(5);
    let two = forger.seal(&forger.begin(stage.now(), &[CreateEntity { entity }.into()]));
    introduced(&stage.victim).say(&Message::Bundles {
        round: 0,
        batch: pack(&[&one]),
    });
    introduced(&stage.other).say(&Message::Bundles {
        round: 0,
        batch: pack(&[&two]),
    });
    stage.network.wait_for_sync();
    for peer in [&stage.victim, &stage.other] {
        let forks = peer.status().forks;
        assert_eq!(forks.len(), 1);
        assert_eq!(
            forks[0].check().map(|(actor, _, seq)| (actor, seq)),
            Some((forger.actor(), 1))
        );
    }
    assert_eq!(stage.victim.state_hash(), stage.other.state_hash());
    stage.goes_on();
}

#[test]
fn batch_that_breaks_off_in_the_middle_writes_nothing_of_it() {
    let stage = Stage::new();
    let forger = Forger::new(61);
    let first = forger.seal(&stage.sound(&forger));
    let stranger = Identity::from_seed(&[62; 32]);
    let second = seal(
        &stranger,
        &forger.follow(&first, &[], std::slice::from_ref(&stage.set)),
    );
    stage.refuse(&[&first, &second], |error| {
        matches!(error, LinkError::Bundle(BundleError::Signature { .. }))
    });
}

#[test]
fn whoever_does_not_say_hello_first_is_hung_up_on() {
    let stage = Stage::new();
    let puppet = stage.victim.puppet();
    puppet.say(&Message::AskHeads);
    assert!(!puppet.is_linked());
    assert_eq!(
        puppet.ended_with(|error| matches!(error, LinkError::Peer(PeerError::Nonsense(_)))),
        Some(true)
    );
    stage.goes_on();
}

#[test]
fn another_protocol_is_hung_up_on() {
    let stage = Stage::new();
    let puppet = stage.victim.puppet();
    let hello = Hello {
        protocol: 99,
        derivation: 1,
        name: String::new(),
        port: 0,
        now_micros: 0,
    };
    puppet.say(&Message::Hello(hello));
    assert_eq!(
        puppet.ended_with(|error| matches!(error, LinkError::Peer(PeerError::Protocol { theirs: 99 }))),
        Some(true)
    );
    stage.goes_on();
}

#[test]
fn heads_out_of_order_are_hung_up_on() {
    let stage = Stage::new();
    let forger = Forger::new(63);
    let head = LogHead {
        actor: forger.actor(),
        log: openprod_core::LogId::from_bytes([1; 16]),
        seq: 1,
        hash: BundleHash::from_bytes([1; 32]),
    };
    stage.refuse_message(&Message::Heads(vec![head, head]).encode(), |error| {
        matches!(error, LinkError::Peer(PeerError::Nonsense(_)))
    });
}

#[test]
fn heads_of_what_nobody_has_cost_little_and_stop_nobody() {
    let stage = Stage::new();
    let forger = Forger::new(64);
    let head = LogHead {
        actor: forger.actor(),
        log: openprod_core::LogId::from_bytes([1; 16]),
        seq: u64::MAX,
        hash: BundleHash::from_bytes([1; 32]),
    };
    let puppet = introduced(&stage.victim);
    puppet.say(&Message::Heads(vec![head]));
    let mut wants = 0;
    for _ in 0..20 {
        for message in puppet.heard() {
            if let Message::Want { round, .. } = message {
                wants += 1;
                puppet.say(&Message::Totals {
                    round,
                    bundles: u64::MAX,
                });
                puppet.say(&Message::Done { round });
            }
        }
        puppet.say(&Message::AskHeads);
        stage.network.run_for(std::time::Duration::from_secs(1));
    }
    assert!((1..=4).contains(&wants), "asked {wants} times in 20 s");
    stage.goes_on();
}

#[test]
fn peer_that_is_asked_and_never_answers_does_not_keep_others_from_being_asked() {
    let stage = Stage::new();
    let third = stage.network.add_peer();
    stage.network.connect(&stage.other, &third);
    stage.network.wait_for_sync();
    let forger = Forger::new(65);
    let head = LogHead {
        actor: forger.actor(),
        log: openprod_core::LogId::from_bytes([1; 16]),
        seq: 1,
        hash: BundleHash::from_bytes([1; 32]),
    };
    let puppet = introduced(&stage.victim);
    puppet.say(&Message::Heads(vec![head]));
    // What the third writes reaches the victim by the other, who does not send it unasked.
    let cue = third.create_record("Cues", &[("label", "by the third")]);
    let mut round = 0;
    for second in 0..10 {
        for message in puppet.heard() {
            if let Message::Want { round: asked, .. } = message {
                round = asked;
            }
        }
        puppet.say(&Message::Totals {
            round,
            bundles: second,
        });
        puppet.say(&Message::Beat(Beat {
            now_micros: stage.now().as_micros(),
            stored: [0; 32],
            applied: [0; 32],
            state: stage.victim.state_hash(),
        }));
        stage.network.run_for(std::time::Duration::from_secs(1));
    }
    assert!(
        puppet.is_linked() && round > 0,
        "it was asked, and kept in the conversation"
    );
    assert_eq!(stage.victim.value(cue, "Cues", "label"), "by the third");
}
