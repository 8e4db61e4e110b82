//! A circuit breaker before a store that fails: who is let through, who is told what, and when it is tried again.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use openprod_events::breaker::CircuitState;
use openprod_events::testkit::HandClock;
use openprod_events::{
    AppendError, BreakerConfig, CircuitBreaker, EventQuery, EventStore, EventType, MemoryStore, NewEvent,
    Payload, PostgresStore, SequenceNumber, StoreError, conformance,
};
use serde_json::json;

use crate::outage;
use crate::stores::Absent;

const REST: Duration = Duration::from_millis(100);

fn config() -> BreakerConfig {
    BreakerConfig {
        failures_max: NonZeroU32::new(3).unwrap(),
        rest_ms: 100,
        rest_ms_max: 150,
    }
}

fn event() -> NewEvent {
    let payload = Payload::new(json!({})).unwrap();
    NewEvent::new(EventType::new("happened").unwrap(), payload)
}

fn check_open(store: &dyn EventStore, expected: Duration) {
    let reading = store.query(&EventQuery::all()).unwrap_err();
    let writing = store.append(vec![event()]).unwrap_err();
    let AppendError::Store(writing) = writing else {
        panic!("{writing:?}");
    };
    for error in [reading, writing] {
        let words = error.to_string();
        assert!(error.is_passing(), "{error:?}");
        let StoreError::CircuitOpen { retry_after } = error else {
            panic!("{error:?}");
        };
        assert_eq!(retry_after, expected);
        assert!(words.contains(&format!("{} ms", expected.as_millis())), "{words}");
    }
}

/// Drives a store that can be taken away through an outage.
fn check_outage<S: EventStore>(store: S, set_away: impl Fn(bool)) {
    let clock = HandClock::default();
    let breaker = CircuitBreaker::with_clock(store, config(), clock.clone());
    breaker.append(vec![event()]).unwrap();
    set_away(true);
    for _ in 0..3 {
        assert_eq!(breaker.state(), CircuitState::Closed);
        let error = breaker.append(vec![event()]).unwrap_err();
        assert!(
            matches!(error, AppendError::Store(StoreError::Unavailable(_))),
            "{error:?}"
        );
    }
    assert_eq!(breaker.state(), CircuitState::Open);
    let calls = breaker.metrics().calls;
    check_open(&breaker, REST);
    clock.pass(REST / 4);
    check_open(&breaker, REST * 3 / 4);
    assert_eq!(breaker.metrics().calls, calls, "the store was left alone");
    // It is still away when it is tried, and is left alone for longer.
    clock.pass(REST);
    let error = breaker.head().unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    check_open(&breaker, REST * 3 / 2);
    // It comes back, which nobody knows before it is tried again.
    set_away(false);
    check_open(&breaker, REST * 3 / 2);
    clock.pass(REST * 3 / 2);
    assert_eq!(breaker.head().unwrap(), Some(SequenceNumber::FIRST));
    assert_eq!(breaker.state(), CircuitState::Closed);
    let told = breaker.append(vec![event()]).unwrap();
    assert_eq!(told.first_sequence_number, SequenceNumber(2));
    let metrics = breaker.metrics();
    assert_eq!((metrics.failures, metrics.opened), (4, 2));
    assert_eq!(metrics.refused, 8);
}

#[test]
fn store_that_fails_is_left_alone_and_tried_again() {
    let absent = Absent::over(MemoryStore::default());
    let hand = absent.clone();
    check_outage(absent, |away| hand.set_away(away));
}

#[test]
fn postgres_server_that_goes_away_is_left_alone_and_tried_again() {
    let Some((wired, wire, _)) =
        outage::wired("postgres_server_that_goes_away_is_left_alone_and_tried_again")
    else {
        return;
    };
    let store = PostgresStore::open(&wired).unwrap();
    check_outage(store, |away| {
        wire.set(if away { outage::CUT } else { outage::PASS })
    });
}

#[test]
fn conflicts_and_refusals_are_no_failures() {
    let breaker = CircuitBreaker::new(MemoryStore::default(), config());
    breaker.append(vec![event()]).unwrap();
    for _ in 0..10 {
        let conflict = breaker.append_if(vec![event()], &EventQuery::all(), None);
        assert!(conflict.unwrap_err().is_conflict());
        let refused = breaker.append(Vec::new()).unwrap_err();
        assert!(matches!(refused, AppendError::Refused(_)));
    }
    assert_eq!(breaker.state(), CircuitState::Closed);
    assert_eq!(breaker.metrics().failures, 0);
}

#[test]
fn trial_does_not_wait_for_news() {
    let clock = HandClock::default();
    let absent = Absent::over(MemoryStore::default());
    absent.set_away(true);
    let breaker = Arc::new(CircuitBreaker::with_clock(
        absent.clone(),
        config(),
        clock.clone(),
    ));
    for _ in 0..3 {
        assert!(breaker.head().is_err());
    }
    clock.pass(REST);
    absent.set_away(false);
    // The trial is a wait that lasts: it would keep all others out, and so it is only a look at the end of the store.
    assert_eq!(breaker.wait(None, Duration::from_secs(3_600)).unwrap(), None);
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[test]
fn store_behind_a_breaker_conforms() {
    conformance::run(|| {
        let store = MemoryStore::default();
        Box::new(CircuitBreaker::new(store, BreakerConfig::default())) as Box<dyn EventStore>
    })
    .unwrap();
}
