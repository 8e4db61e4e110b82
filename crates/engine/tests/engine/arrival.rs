//! The state depends on the set of bundles, and on nothing else.

use openprod_core::{FieldType, VerifiedBundle};
use openprod_engine::{AdmissionError, Command};
use proptest::prelude::*;

use crate::device::{Device, text};

#[derive(Clone, Debug)]
enum Step {
    Set {
        device: usize,
        record: usize,
        field: usize,
        value: u8,
    },
    Delete {
        device: usize,
        record: usize,
    },
    Restore {
        device: usize,
        record: usize,
    },
    Add {
        device: usize,
    },
    Pull {
        device: usize,
        from: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..3usize, 0..4usize, 0..2usize, 0..3u8)
            .prop_map(|(device, record, field, value)| Step::Set { device, record, field, value }),
        1 => (0..3usize, 0..4usize).prop_map(|(device, record)| Step::Delete { device, record }),
        1 => (0..3usize, 0..4usize).prop_map(|(device, record)| Step::Restore { device, record }),
        1 => (0..3usize).prop_map(|device| Step::Add { device }),
        3 => (0..3usize, 0..3usize).prop_map(|(device, from)| Step::Pull { device, from }),
    ];
    prop::collection::vec(step, 1..40)
}

/// Three devices that did all that, and everything they wrote.
fn play(steps: &[Step]) -> (Vec<Device>, Vec<VerifiedBundle>) {
    let mut founder = Device::founder();
    founder.table("T", &[("a", FieldType::Text), ("b", FieldType::Text)]);
    let mut records = vec![founder.record("T", &[("a", text("0"))]), founder.record("T", &[])];
    let mut devices = vec![founder, Device::joiner(2), Device::joiner(3)];
    let start = devices[0].bundles();
    for device in &mut devices[1..] {
        device.receive(&start);
    }
    for step in steps {
        match *step {
            Step::Set {
                device,
                record,
                field,
                value,
            } => {
                let (entity, fields) = (
                    records[record % records.len()],
                    vec![(["a", "b"][field].to_owned(), text(&value.to_string()))],
                );
                // A record that is deleted or not here yet cannot be edited; that is no concern of this test.
                let _ = devices[device].try_execute(Command::UpdateRecord {
                    entity,
                    table: "T".into(),
                    fields,
                });
            }
            Step::Delete { device, record } => {
                let _ = devices[device].try_execute(Command::DeleteRecord {
                    entity: records[record % records.len()],
                });
            }
            Step::Restore { device, record } => {
                let _ = devices[device].try_execute(Command::RestoreRecord {
                    entity: records[record % records.len()],
                });
            }
            Step::Add { device } => records.push(devices[device].record("T", &[("b", text("new"))])),
            Step::Pull { device, from } => {
                let bundles = devices[from].bundles();
                devices[device].receive(&bundles);
            }
        }
    }
    for device in 0..devices.len() {
        for from in 0..devices.len() {
            let bundles = devices[from].bundles();
            devices[device].receive(&bundles);
        }
    }
    let all = devices[0].bundles();
    (devices, all)
}

/// Offers bundles in the given order, again and again, until nothing is missing.
fn offer_until_complete(device: &mut Device, bundles: &[VerifiedBundle]) {
    for _ in 0..=bundles.len() {
        let mut missing = false;
        for bundle in bundles {
            let (receipt, _) = device.receive(std::slice::from_ref(bundle));
            match receipt.refused {
                None => {}
                Some(AdmissionError::Missing) => missing = true,
                Some(other) => panic!("{other}"),
            }
        }
        if !missing {
            return;
        }
    }
    panic!("every round admits at least one bundle");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_and_any_duplication_give_one_state(steps in steps(), order in any::<prop::sample::Index>(), seed in any::<u64>()) {
        let (mut devices, mut bundles) = play(&steps);
        let hash = devices[0].hash();
        let conflicts = devices[0].snapshot().conflicts().unwrap();
        for device in &mut devices {
            prop_assert_eq!(device.hash(), hash);
            prop_assert_eq!(&device.snapshot().conflicts().unwrap(), &conflicts);
            device.assert_sound();
        }
        let mut random = seed | 1;
        for place in (1..bundles.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            bundles.swap(place, (random >> 33) as usize % (place + 1));
        }
        let again = bundles[order.index(bundles.len())].clone();
        bundles.push(again);
        let mut newcomer = Device::joiner(9);
        offer_until_complete(&mut newcomer, &bundles);
        prop_assert_eq!(newcomer.hash(), hash);
        prop_assert_eq!(newcomer.snapshot().conflicts().unwrap(), conflicts);
        newcomer.assert_sound();
    }
}
