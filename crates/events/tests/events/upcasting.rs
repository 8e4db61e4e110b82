//! Upcasters: older payloads are read as the present ones, and stay as they are.

use std::num::NonZeroUsize;
use std::sync::Arc;

use openprod_events::executor::RecordReader;
use openprod_events::projection::{MemoryTarget, OnPoison, ProjectionConfig, ProjectionRunner};
use openprod_events::upcaster::{UpcastError, UpcastFault, Upcasters, UpcastingStore};
use openprod_events::{
    EventFilter, EventQuery, EventRecord, EventStore, MemoryStore, PayloadPredicate, SchemaVersion,
    SequenceNumber, StoreError, StreamVersion, conformance,
};
use serde_json::{Value, json};

use crate::stores::{Shared, all, event, event_type, on_each, stream};
use crate::tally::{Tally, TallyProjection, counted};

fn version(number: u32) -> SchemaVersion {
    SchemaVersion::new(number).unwrap()
}

/// Version 1 has one name; version 2 two parts of it; version 3 calls them otherwise.
fn upcasters() -> Upcasters {
    Upcasters::default()
        .step(event_type("named"), version(1), |mut value: Value| {
            let name = value["name"].as_str().ok_or("it has no name")?.to_owned();
            let (first, last) = name.split_once(' ').ok_or("it has one part only")?;
            value = json!({"first": first, "last": last});
            Ok::<_, &str>(value)
        })
        .unwrap()
        .step(event_type("named"), version(2), |value: Value| {
            if value["first"] == "Panic" {
                panic!("no such name");
            }
            Ok::<_, &str>(json!({"given": value["first"], "family": value["last"]}))
        })
        .unwrap()
}

fn values(records: &[EventRecord]) -> Vec<Value> {
    records
        .iter()
        .map(|record| record.payload.value().clone())
        .collect()
}

#[test]
fn events_of_all_versions_are_read_as_the_present_one_and_stay_as_they_are() {
    on_each(
        "events_of_all_versions_are_read_as_the_present_one_and_stay_as_they_are",
        |kind, inner| {
            let stored = [
                event("named", json!({"name": "Ann Bell"})),
                event("named", json!({"first": "Cid", "last": "Dorn"})).with_schema(version(2)),
                event("named", json!({"given": "Eve", "family": "Frey"})).with_schema(version(3)),
                event("other", json!({"name": "as it is"})).with_schema(version(9)),
            ];
            inner
                .append(stored.map(|event| event.in_stream(stream("s"))).to_vec())
                .unwrap();
            let before = all(&*inner);
            let store = UpcastingStore::new(Shared(Arc::clone(&inner)), upcasters());
            let present = [
                json!({"given": "Ann", "family": "Bell"}),
                json!({"given": "Cid", "family": "Dorn"}),
                json!({"given": "Eve", "family": "Frey"}),
                json!({"name": "as it is"}),
            ];
            assert_eq!(values(&all(&store)), present, "{kind}");
            let slice = store
                .read_stream(&stream("s"), StreamVersion::EMPTY, None)
                .unwrap();
            assert_eq!(values(&slice.records), present);
            assert_eq!(
                values(&store.read_streams(&[stream("s")], None).unwrap().records),
                present
            );
            let versions = all(&store)
                .into_iter()
                .map(|record| record.metadata.schema_version);
            assert!(versions.eq([
                Some(version(3)),
                Some(version(3)),
                Some(version(3)),
                Some(version(9))
            ]));
            assert_eq!(all(&*inner), before, "{kind}: what is stored is what was written");

            // What is committed through it has the present form, and says so.
            store
                .append(vec![event("named", json!({"given": "Gil", "family": "Hahn"}))])
                .unwrap();
            assert_eq!(values(&all(&store))[4], json!({"given": "Gil", "family": "Hahn"}));
            assert_eq!(all(&*inner)[4].metadata.schema_version, Some(version(3)));
        },
    );
}

#[test]
fn contexts_are_those_of_what_is_stored() {
    on_each("contexts_are_those_of_what_is_stored", |kind, inner| {
        inner
            .append(vec![event("named", json!({"name": "Ann Bell"}))])
            .unwrap();
        let store = UpcastingStore::new(Shared(inner), upcasters());
        let about = |pattern| {
            let predicate = PayloadPredicate::new(pattern).unwrap();
            EventQuery::any_of([EventFilter::of_types([event_type("named")]).matching([predicate])])
        };
        let stored = about(json!({"name": "Ann Bell"}));
        let present = about(json!({"given": "Ann"}));
        let found = store.query(&stored).unwrap();
        assert_eq!(
            values(&found.event_records),
            [json!({"given": "Ann", "family": "Bell"})],
            "{kind}"
        );
        assert_eq!(found.current_context_version, Some(SequenceNumber(1)));
        assert_eq!(
            store.query(&present).unwrap().current_context_version,
            None,
            "{kind}"
        );
        let fact = || vec![event("named", json!({"given": "Ann", "family": "Other"}))];
        assert!(store.append_if(fact(), &stored, None).unwrap_err().is_conflict());
        store.append_if(fact(), &present, None).unwrap();
        assert!(store.append_if(fact(), &present, None).unwrap_err().is_conflict());
    });
}

fn failure(value: Value, stored: u32, upcasters: Upcasters) -> UpcastError {
    let store = UpcastingStore::new(MemoryStore::default(), upcasters);
    let event = event("named", value).with_schema(version(stored));
    store.append(vec![event]).unwrap();
    let error = store.query(&EventQuery::all()).unwrap_err();
    assert_eq!(error.unreadable_event(), Some(SequenceNumber(1)));
    let StoreError::Upcast(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.event, all(store.stored())[0].event_id);
    assert_eq!(error.event_type, event_type("named"));
    error
}

#[test]
fn failing_upcaster_is_named_with_event_type_and_versions() {
    let error = failure(json!({"name": "Ann"}), 1, upcasters());
    assert_eq!((error.from, error.to), (version(1), version(2)));
    assert!(
        matches!(&error.source, UpcastFault::Refused(source) if source.to_string() == "it has one part only")
    );
    let words = error.to_string();
    for word in ["event 1", "named", "version 1 to 2"] {
        assert!(words.contains(word), "{words}");
    }
    let error = failure(json!({"name": "Panic Bell"}), 1, upcasters());
    assert_eq!((error.from, error.to), (version(2), version(3)));
    assert!(
        matches!(&error.source, UpcastFault::Panicked(words) if words == "no such name"),
        "{error:?}"
    );
    let error = failure(json!({}), 7, upcasters());
    assert!(matches!(error.source, UpcastFault::Newer), "{error:?}");
    let gap = Upcasters::default()
        .step(event_type("named"), version(3), Ok::<_, &str>)
        .unwrap();
    let error = failure(json!({}), 2, gap);
    assert!(matches!(error.source, UpcastFault::NoStep), "{error:?}");
    let large = Upcasters::default()
        .step(event_type("named"), version(1), |_| {
            Ok::<_, &str>(json!("x".repeat(2 << 20)))
        })
        .unwrap();
    let error = failure(json!({}), 1, large);
    assert!(matches!(error.source, UpcastFault::NoPayload(_)), "{error:?}");
}

#[test]
fn executor_can_read_by_way_of_upcasters() {
    let store = MemoryStore::default();
    store
        .append(vec![
            event("named", json!({"name": "Ann Bell"})),
            event("named", json!({"name": "Ann"})),
        ])
        .unwrap();
    let reader: &dyn RecordReader = &upcasters();
    let mut records = all(&store).into_iter();
    let read = reader.read(records.next().unwrap()).unwrap();
    assert_eq!(read.payload.value(), &json!({"given": "Ann", "family": "Bell"}));
    let error = reader.read(records.next().unwrap()).unwrap_err();
    assert!(error.is::<UpcastError>(), "{error:?}");
}

#[test]
fn two_upcasters_from_one_version_are_refused() {
    let step = |upcasters: Upcasters| upcasters.step(event_type("a"), version(1), Ok::<_, &str>);
    assert!(step(step(Upcasters::default()).unwrap()).is_err());
}

#[test]
fn version_of_upcasters_changes_with_them() {
    let of = |names: &[(&str, u32)], revision| {
        let mut upcasters = Upcasters::default().with_revision(revision);
        for (name, from) in names {
            upcasters = upcasters
                .step(event_type(name), version(*from), Ok::<_, &str>)
                .unwrap();
        }
        upcasters.version()
    };
    let base = of(&[("a", 1), ("b", 1)], 0);
    assert_eq!(base, of(&[("b", 1), ("a", 1)], 0));
    for other in [
        of(&[("a", 1)], 0),
        of(&[("a", 1), ("b", 2)], 0),
        of(&[("a", 1), ("b", 1)], 1),
    ] {
        assert_ne!(base, other);
    }
}

#[test]
fn event_that_cannot_be_upcast_is_set_aside_by_a_projection() {
    let inner = MemoryStore::default();
    inner.append((0..7).map(|n| counted(n % 2, n)).collect()).unwrap();
    let refuse_three = |value: Value| {
        if value["n"] == 3 { Err("three") } else { Ok(value) }
    };
    let upcasters = Upcasters::default()
        .step(event_type("counted"), version(1), refuse_three)
        .unwrap();
    let store: Arc<dyn EventStore> = Arc::new(UpcastingStore::new(inner, upcasters));
    let target = MemoryTarget::<Tally>::default();
    let config = |on_poison| ProjectionConfig {
        on_poison,
        batch_max: NonZeroUsize::new(5).unwrap(),
        ..ProjectionConfig::default()
    };
    let start = |config| {
        let (store, target) = (Arc::clone(&store), target.clone());
        ProjectionRunner::new(store, TallyProjection::default(), target, config).unwrap()
    };
    assert!(start(config(OnPoison::Stop)).catch_up().is_err());
    let mut runner = start(config(OnPoison::SetAside));
    runner.catch_up().unwrap();
    let status = runner.status();
    assert_eq!((status.applied, status.set_aside, status.lag), (6, 1, 0));
    assert_eq!(status.set_aside_events[0].sequence_number, SequenceNumber(4));
    assert!(
        status.set_aside_events[0].reason.contains("three"),
        "{:?}",
        status.set_aside_events
    );
    assert_eq!(target.state()["k1"].2, "2,6,");
}

#[test]
fn store_without_upcasters_conforms() {
    conformance::run(|| Box::new(UpcastingStore::new(MemoryStore::default(), Upcasters::default()))).unwrap();
}
