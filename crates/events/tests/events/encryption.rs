//! Sealed payloads: what is written can be read back by those who have the keys, found as if it were plain, and erased.

use std::path::Path;
use std::sync::Arc;

use openprod_events::encryption::{
    EncryptedStore, EncryptionError, EncryptionPlan, IndexKey, KeyError, KeyStore, MasterKey, MemoryKeys,
    Protection, SqliteKeys, is_erased,
};
use openprod_events::{
    AppendError, EventFilter, EventQuery, EventStore, MemoryStore, Payload, PayloadPredicate, SequenceNumber,
    SqliteStore, StoreError, SubjectId, conformance,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stores::{Shared, all, event, event_type, on_each, stream};

fn subject(name: &str) -> SubjectId {
    SubjectId::new(name).unwrap()
}

fn plan() -> EncryptionPlan {
    let protection = Protection::by("person").indexable(["person", "tags", "home"]);
    let erased = Payload::new(json!({"amount": 0})).unwrap();
    EncryptionPlan::default()
        .protect(event_type("registered"), protection.clone())
        .protect(event_type("paid"), protection.read_as_when_erased(&erased))
}

fn sealed_in<S: EventStore>(store: S, keys: Arc<dyn KeyStore>) -> EncryptedStore<S> {
    EncryptedStore::new(store, plan(), IndexKey::from_bytes([7; 32]), keys)
}

fn query(types: &[&str], patterns: &[Value]) -> EventQuery {
    let filter = EventFilter::of_types(types.iter().map(|name| event_type(name)));
    let patterns = patterns
        .iter()
        .cloned()
        .map(|pattern| PayloadPredicate::new(pattern).unwrap());
    EventQuery::any_of([filter.matching(patterns)])
}

fn found(store: &dyn EventStore, query: &EventQuery) -> Vec<u64> {
    crate::stores::numbers(&store.query(query).unwrap().event_records)
}

#[test]
fn sealed_payloads_are_read_as_they_were_written_and_stored_otherwise() {
    on_each(
        "sealed_payloads_are_read_as_they_were_written_and_stored_otherwise",
        |kind, inner| {
            let store = sealed_in(Shared(Arc::clone(&inner)), Arc::new(MemoryKeys::default()));
            let secret = json!({"person": "ann@example.org", "diagnosis": "hay fever", "tags": ["red", 1], "home": {"city": "Rome"}});
            let written = event("registered", secret.clone()).in_stream(stream("s"));
            let plain = event("opened", json!({"diagnosis": "plain"}));
            store.append(vec![written.clone(), written, plain]).unwrap();
            let read = all(&store);
            assert_eq!(read[0].payload.value(), &secret, "{kind}");
            assert_eq!(read[2].payload.value(), &json!({"diagnosis": "plain"}));
            let slice = store
                .read_stream(&stream("s"), openprod_events::StreamVersion::EMPTY, None)
                .unwrap();
            assert_eq!(slice.records, read[..2]);
            assert_eq!(
                store.read_streams(&[stream("s")], None).unwrap().records,
                read[..2]
            );
            let stored = all(&*inner);
            for record in &stored[..2] {
                let text = record.payload.canonical();
                // As they would stand there: what is sealed may spell a short word by chance.
                for word in [r#""ann@"#, "hay fever", r#""diagnosis""#, r#""red""#, r#""Rome""#] {
                    assert!(!text.contains(word), "{kind}: {text}");
                }
            }
            assert_ne!(
                stored[0].payload, stored[1].payload,
                "each is sealed with a nonce of its own"
            );
            assert_eq!(stored[2].payload.value(), &json!({"diagnosis": "plain"}));
            let metrics = store.metrics();
            assert_eq!((metrics.sealed, metrics.opened), (2, 6));
        },
    );
}

#[test]
fn nothing_plain_is_in_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let keys = SqliteKeys::open(&directory.path().join("keys.db"), &MasterKey::from_bytes([3; 32])).unwrap();
    let inner = SqliteStore::open(&directory.path().join("events.db")).unwrap();
    let store = sealed_in(inner, Arc::new(keys));
    let secret = json!({"person": "ann@example.org", "diagnosis": "hay fever"});
    store.append(vec![event("registered", secret)]).unwrap();
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(directory.path()).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    assert!(
        bytes.windows(10).any(|window| window == b"registered"),
        "types are plain"
    );
    for word in ["ann@example.org", "hay fever", "diagnosis"] {
        assert!(
            !bytes.windows(word.len()).any(|window| window == word.as_bytes()),
            "{word}"
        );
    }
}

#[test]
fn erased_subject_is_gone_and_others_are_not() {
    on_each("erased_subject_is_gone_and_others_are_not", |kind, inner| {
        let store = sealed_in(Shared(inner), Arc::new(MemoryKeys::default()));
        let of = |name: &str, person: &str| event(name, json!({"person": person, "amount": 5}));
        store
            .append(vec![
                of("registered", "ann"),
                of("paid", "ann"),
                of("paid", "bob"),
            ])
            .unwrap();
        assert!(store.erase(&subject("ann")).unwrap());
        assert!(!store.erase(&subject("ann")).unwrap(), "{kind}: once is enough");
        let read = all(&store);
        assert_eq!(read[0].payload.value(), &json!({"$erased": true}), "{kind}");
        assert_eq!(read[1].payload.value(), &json!({"$erased": true, "amount": 0}));
        assert!(is_erased(&read[0].payload) && is_erased(&read[1].payload));
        assert_eq!(read[2].payload.value(), &json!({"person": "bob", "amount": 5}));
        // Decisions about what happened stay as they are.
        assert_eq!(found(&store, &query(&["paid"], &[json!({"person": "ann"})])), [2]);
        // Somebody of that name comes back: a new key, which opens nothing of before.
        store.append(vec![of("paid", "ann")]).unwrap();
        let read = all(&store);
        assert_eq!(read[3].payload.value(), &json!({"person": "ann", "amount": 5}));
        assert!(is_erased(&read[1].payload));
        assert_eq!(store.metrics().erased, 5);
    });
}

#[test]
fn contexts_on_indexable_members_hold() {
    on_each("contexts_on_indexable_members_hold", |kind, inner| {
        let store = sealed_in(Shared(inner), Arc::new(MemoryKeys::default()));
        let about = query(&["paid", "opened"], &[json!({"person": "ann"})]);
        let paid = |person: &str| vec![event("paid", json!({"person": person}))];
        store.append_if(paid("ann"), &about, None).unwrap();
        let late = store.append_if(paid("ann"), &about, None).unwrap_err();
        assert!(late.is_conflict(), "{kind}: {late:?}");
        store.append(paid("bob")).unwrap();
        store
            .append_if(paid("ann"), &about, Some(SequenceNumber(1)))
            .unwrap();
    });
}

#[test]
fn predicate_on_an_opaque_member_is_refused_and_not_answered_by_nothing() {
    let store = sealed_in(MemoryStore::default(), Arc::new(MemoryKeys::default()));
    let pattern = json!({"person": "ann", "amount": 5});
    let untyped = EventQuery::any_of([
        EventFilter::default().matching([PayloadPredicate::new(pattern.clone()).unwrap()])
    ]);
    for asked in [
        query(&["opened", "paid"], std::slice::from_ref(&pattern)),
        untyped,
    ] {
        let error = store.query(&asked).unwrap_err();
        let StoreError::Encryption(EncryptionError::NotIndexable { member, .. }) = error else {
            panic!("{error:?}");
        };
        assert_eq!(member, "amount");
        let error = store
            .append_if(vec![event("opened", json!(1))], &asked, None)
            .unwrap_err();
        assert!(
            matches!(error, AppendError::Store(StoreError::Encryption(_))),
            "{error:?}"
        );
    }
    assert_eq!(found(&store, &query(&["opened"], &[pattern])), [0_u64; 0]);
    assert_eq!(store.head().unwrap(), None);
}

/// Payloads of few values, so that patterns meet them.
fn members() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(1)),
        Just(json!(1.5)),
        "[xy]".prop_map(Value::from)
    ];
    let inner = scalar.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    ("[uv]", inner.clone(), inner)
        .prop_map(|(person, tags, home)| json!({"person": person, "tags": tags, "home": home}))
}

fn patterns() -> impl Strategy<Value = Value> {
    (members(), proptest::collection::vec(any::<bool>(), 3)).prop_map(|(mut members, kept)| {
        for (name, kept) in ["person", "tags", "home"].into_iter().zip(kept) {
            if !kept {
                members.as_object_mut().unwrap().remove(name);
            }
        }
        members
    })
}

proptest! {
    // Each case makes a file.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn queries_find_what_they_would_find_among_plain_payloads(
        payloads in proptest::collection::vec((0_usize..3, members()), 0..20),
        patterns in proptest::collection::vec(patterns(), 1..4),
        types in proptest::option::of(proptest::collection::vec(0_usize..3, 0..3)),
    ) {
        const TYPES: [&str; 3] = ["registered", "paid", "opened"];
        let plain = MemoryStore::default();
        let directory = tempfile::tempdir().unwrap();
        let sqlite = SqliteStore::open(&directory.path().join("events.db")).unwrap();
        let store = sealed_in(sqlite, Arc::new(MemoryKeys::default()));
        for (name, value) in payloads {
            let event = event(TYPES[name], value);
            plain.append(vec![event.clone()]).unwrap();
            store.append(vec![event]).unwrap();
        }
        let predicates = patterns.into_iter().map(|pattern| PayloadPredicate::new(pattern).unwrap());
        let filter = match types {
            Some(types) => EventFilter::of_types(types.into_iter().map(|index| event_type(TYPES[index]))),
            None => EventFilter::default(),
        };
        let asked = EventQuery::any_of([filter.matching(predicates)]);
        let (expected, told) = (plain.query(&asked).unwrap(), store.query(&asked).unwrap());
        prop_assert_eq!(expected.current_context_version, told.current_context_version);
        let essence = |records: Vec<openprod_events::EventRecord>| -> Vec<_> {
            records.into_iter().map(|record| (record.sequence_number, record.payload)).collect()
        };
        prop_assert_eq!(essence(expected.event_records), essence(told.event_records));
    }
}

/// A stored payload of one event put into another store, changed by `change`.
fn transplanted(change: impl Fn(&mut Value), name: &str, of_stream: Option<&str>) -> StoreError {
    let keys: Arc<dyn KeyStore> = Arc::new(MemoryKeys::default());
    let store = sealed_in(MemoryStore::default(), Arc::clone(&keys));
    let written = event("paid", json!({"person": "ann", "amount": 5})).in_stream(stream("s"));
    store.append(vec![written]).unwrap();
    let mut payload = all(store.sealed())[0].payload.value().clone();
    change(&mut payload);
    let inner = MemoryStore::default();
    let event = event(name, payload);
    let event = match of_stream {
        Some(of_stream) => event.in_stream(stream(of_stream)),
        None => event,
    };
    inner.append(vec![event]).unwrap();
    let other = sealed_in(inner, keys);
    other.query(&EventQuery::all()).unwrap_err()
}

#[test]
fn changed_or_moved_payload_does_not_open() {
    let same = |_: &mut Value| {};
    let flipped = |payload: &mut Value| {
        let data = payload["$sealed"]["data"].as_str().unwrap();
        let last = if data.ends_with('A') { "B" } else { "A" };
        let data = format!("{}{last}{}", &data[..60], &data[61..]);
        payload["$sealed"]["data"] = json!(if data == payload["$sealed"]["data"] {
            data.replace(last, "C")
        } else {
            data
        });
    };
    let errors = [
        transplanted(same, "registered", Some("s")),
        transplanted(same, "paid", Some("t")),
        transplanted(same, "paid", None),
        transplanted(flipped, "paid", Some("s")),
        transplanted(|payload| payload["person"] = json!("another"), "paid", Some("s")),
        transplanted(
            |payload| drop(payload.as_object_mut().unwrap().remove("person")),
            "paid",
            Some("s"),
        ),
        transplanted(|payload| payload["more"] = json!(1), "paid", Some("s")),
        transplanted(|payload| payload["$sealed"]["v"] = json!(2), "paid", Some("s")),
        transplanted(
            |payload| payload["$sealed"]["data"] = json!("?"),
            "paid",
            Some("s"),
        ),
        transplanted(
            |payload| payload["$sealed"]["data"] = json!("AAAA"),
            "paid",
            Some("s"),
        ),
        transplanted(|payload| payload["$sealed"]["key"] = json!(1), "paid", Some("s")),
        transplanted(|payload| payload["$sealed"] = json!([]), "paid", Some("s")),
    ];
    for error in errors {
        assert_eq!(error.unreadable_event(), Some(SequenceNumber(1)), "{error:?}");
        assert!(
            matches!(error, StoreError::Encryption(EncryptionError::Unopenable { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn event_that_cannot_be_sealed_is_refused_as_a_whole() {
    let store = sealed_in(MemoryStore::default(), Arc::new(MemoryKeys::default()));
    let good = || event("paid", json!({"person": "ann"}));
    for (value, name) in [
        (json!({"amount": 5}), "paid"),
        (json!({"person": 7}), "paid"),
        (json!({"person": ""}), "paid"),
        (json!([1]), "paid"),
        (json!({"person": "ann", "$sealed": 1}), "paid"),
        (json!({"$sealed": {}}), "opened"),
        (json!({"person": "ann", "text": "x".repeat(900_000)}), "paid"),
    ] {
        let error = store.append(vec![good(), event(name, value)]).unwrap_err();
        assert!(
            matches!(error, AppendError::Store(StoreError::Encryption(_))),
            "{error:?}"
        );
        assert_eq!(store.head().unwrap(), None);
    }
}

#[test]
fn payloads_stored_before_they_were_protected_are_read_and_found() {
    let inner: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    inner
        .append(vec![event("paid", json!({"person": "ann", "amount": 1}))])
        .unwrap();
    let store = sealed_in(Shared(Arc::clone(&inner)), Arc::new(MemoryKeys::default()));
    store
        .append(vec![event("paid", json!({"person": "ann", "amount": 2}))])
        .unwrap();
    assert_eq!(
        found(&store, &query(&["paid"], &[json!({"person": "ann"})])),
        [1, 2]
    );
    // Nor is anything lost when a type is not protected any more.
    let later = EncryptedStore::new(
        Shared(inner),
        EncryptionPlan::default(),
        IndexKey::from_bytes([7; 32]),
        Arc::new(MemoryKeys::default()),
    );
    assert!(is_erased(&all(&later)[1].payload), "these keys do not know it");
}

fn keys_in(directory: &Path, master: u8) -> Result<SqliteKeys, KeyError> {
    SqliteKeys::open(&directory.join("keys.db"), &MasterKey::from_bytes([master; 32]))
}

#[test]
fn keys_in_a_file_last_and_need_their_master_key() {
    let directory = tempfile::tempdir().unwrap();
    let inner: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    let store = sealed_in(
        Shared(Arc::clone(&inner)),
        Arc::new(keys_in(directory.path(), 1).unwrap()),
    );
    let of = |person: &str| event("paid", json!({"person": person}));
    store.append(vec![of("ann"), of("bob"), of("ann")]).unwrap();
    drop(store);
    assert!(matches!(keys_in(directory.path(), 2), Err(KeyError::Unwrappable)));
    let store = sealed_in(
        Shared(Arc::clone(&inner)),
        Arc::new(keys_in(directory.path(), 1).unwrap()),
    );
    assert_eq!(all(&store)[1].payload.value(), &json!({"person": "bob"}));
    let before = std::fs::read(directory.path().join("keys.db")).unwrap();
    assert!(store.erase(&subject("ann")).unwrap());
    let reopened = sealed_in(Shared(inner), Arc::new(keys_in(directory.path(), 1).unwrap()));
    let read = all(&reopened);
    assert!(is_erased(&read[0].payload) && is_erased(&read[2].payload));
    assert_eq!(read[1].payload.value(), &json!({"person": "bob"}));
    let after = std::fs::read(directory.path().join("keys.db")).unwrap();
    assert_ne!(before, after);
    let wal = std::fs::read(directory.path().join("keys.db-wal")).unwrap_or_default();
    assert!(wal.is_empty(), "the log that had the key was cut");
}

#[test]
fn threads_and_processes_that_ask_for_one_subject_get_one_key() {
    let directory = tempfile::tempdir().unwrap();
    let stores = [
        keys_in(directory.path(), 1).unwrap(),
        keys_in(directory.path(), 1).unwrap(),
    ];
    for round in 0..10 {
        let name = subject(&format!("subject {round}"));
        let ids: Vec<_> = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..6)
                .map(|n| {
                    let (store, name) = (&stores[n % 2], &name);
                    scope.spawn(move || store.key_of(name).unwrap().0)
                })
                .collect();
            asked.into_iter().map(|asked| asked.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert!(stores[1].key(ids[0]).unwrap().is_some());
    }
}

#[test]
fn keys_that_cannot_be_had_are_no_erasure() {
    let directory = tempfile::tempdir().unwrap();
    let inner: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    let store = sealed_in(Shared(inner), Arc::new(keys_in(directory.path(), 1).unwrap()));
    store
        .append(vec![event("paid", json!({"person": "ann"}))])
        .unwrap();
    let spoil = "UPDATE data_key SET wrapped = x'00'";
    rusqlite::Connection::open(directory.path().join("keys.db"))
        .unwrap()
        .execute_batch(spoil)
        .unwrap();
    let error = store.query(&EventQuery::all()).unwrap_err();
    let expected = matches!(
        &error,
        StoreError::Encryption(EncryptionError::Keys(KeyError::Unwrappable))
    );
    assert!(expected, "{error:?}");
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!(
        "{:?} {:?}",
        MasterKey::from_bytes([1; 32]),
        IndexKey::from_bytes([1; 32])
    );
    assert_eq!(shown, "MasterKey(…) IndexKey(…)");
}

#[test]
fn store_with_an_empty_plan_conforms() {
    conformance::run(|| {
        let keys = Arc::new(MemoryKeys::default());
        let plan = EncryptionPlan::default();
        Box::new(EncryptedStore::new(
            MemoryStore::default(),
            plan,
            IndexKey::from_bytes([7; 32]),
            keys,
        ))
    })
    .unwrap();
}
