//! V3, V5, V6 and V7: writing and reading a log of ten million events.
//!
//! The log takes about three gigabytes, and as much by hand; it is made once, and measured on the way.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use openprod_events::subscription::{Start, Subscription, SubscriptionConfig, Topic};
use openprod_events::{EventQuery, EventStore, SequenceNumber, SqliteStore};

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::events::read_log::{Log, Rates};
use crate::events::{projecting, read_index};
use crate::limit::event_rows::EventRows;
use crate::measure::{Contestant, Figure, Goal, Series, interleave, number};

/// How many events a page and a batch have.
pub(crate) const PAGE: NonZeroUsize = NonZeroUsize::new(2_000).expect("2,000 is not 0");

/// How many events a log has with which a large one is compared, at any scale.
const SMALL: u64 = 10_000;

/// V3, V5, V6 and V7.
pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let directory = setup.directory()?;
    let directory = directory.path();
    let full = setup.amount(10_000_000);
    let mut small = Log::create(directory, setup.amount(SMALL).max(100), false)?;
    small.fill(setup.amount(SMALL).max(100), &mut Rates::default())?;
    let mut log = Log::create(directory, full, true)?;
    let (mut first, mut rates) = (Rates::default(), Rates::default());
    let mut figures = Vec::new();
    log.fill(setup.amount(1_000_000), &mut first)?;
    if setup.wants("V3") {
        figures.extend(read_index::contexts(setup, &mut log, &small)?);
    }
    if setup.wants("V6") {
        figures.push(written(first, log.events));
        figures.extend(reading(setup, &log)?);
        figures.extend(projecting::rates(setup, directory, &log)?);
    }
    log.fill(full, &mut rates)?;
    if setup.wants("V6") {
        figures.push(written(rates, log.events));
    }
    if setup.wants("V3") {
        figures.extend(read_index::contexts(setup, &mut log, &small)?);
    }
    if setup.wants("V5") {
        figures.extend(read_index::rows(setup, &log)?);
    }
    if setup.wants("V7") {
        figures.push(projecting::rebuild(directory, &log)?);
    }
    Ok(figures)
}

fn written(rates: Rates, events: u64) -> Figure {
    let what = format!("batch writes, up to {} events", number(events as f64));
    Figure::new("V6", what, "events/s", Series::new(rates.ours))
        .beside("the same rows by hand, sorted alike", Series::new(rates.by_hand))
        .goal(Goal::AtLeast(100_000.0))
        .note("50,000 events a commit, four lists of the index each; a sample is a commit, with the making of its events")
}

/// A store that nobody has read yet.
pub(crate) fn open(path: &Path) -> Result<Arc<dyn EventStore>, BenchError> {
    Ok(Arc::new(SqliteStore::open(path).during("open an event store")?))
}

/// Pages of all events, and a subscription to them.
fn reading(setup: &Setup, log: &Log) -> Result<Vec<Figure>, BenchError> {
    let by_hand = log.by_hand.as_ref().expect("a long log is written by hand too");
    let mut contestants: [Contestant<'_>; 3] = [
        Box::new(|| pages(&log.path, log.events)),
        Box::new(|| batches(&log.path, log.events)),
        Box::new(|| {
            let started = Instant::now();
            let mut read = 0;
            each_page(by_hand, log.events, |page| {
                read += page.len();
                Ok(())
            })?;
            Ok(read as f64 / started.elapsed().as_secs_f64())
        }),
    ];
    let mut series = interleave(setup.rounds, &mut contestants)?.into_iter();
    let (Some(pages), Some(batches), Some(by_hand)) = (series.next(), series.next(), series.next()) else {
        return Err(BenchError::Wrong("three were measured".to_owned()));
    };
    let limit = "the same pages by hand, payloads parsed";
    Ok(vec![
        Figure::new("V6", "reads, all events in pages", "events/s", pages)
            .beside(limit, by_hand.clone())
            .goal(Goal::AtLeast(500_000.0)),
        Figure::new("V6", "subscription, replaying", "events/s", batches)
            .beside(limit, by_hand)
            .goal(Goal::AtLeast(200_000.0)),
    ])
}

fn pages(path: &Path, events: u64) -> Result<f64, BenchError> {
    let store = open(path)?;
    let started = Instant::now();
    let (mut read, mut cursor) = (0, None::<SequenceNumber>);
    while read < events {
        let result = store
            .query_page(&EventQuery::all().after(cursor), Some(PAGE))
            .during("read a page")?;
        read += result.event_records.len() as u64;
        cursor = result.last_returned_sequence_number;
    }
    Ok(read as f64 / started.elapsed().as_secs_f64())
}

fn batches(path: &Path, events: u64) -> Result<f64, BenchError> {
    let config = SubscriptionConfig {
        batch_max: PAGE,
        ..SubscriptionConfig::default()
    };
    let mut subscription =
        Subscription::open(open(path)?, Topic::All, Start::Beginning, config).during("subscribe")?;
    let started = Instant::now();
    let mut given = 0;
    while given < events {
        given += subscription.poll().during("read a batch")?.records.len() as u64;
    }
    Ok(given as f64 / started.elapsed().as_secs_f64())
}

/// All events by hand, page by page.
pub(crate) fn each_page(
    rows: &EventRows,
    events: u64,
    mut act: impl FnMut(Vec<(i64, serde_json::Value)>) -> Result<(), BenchError>,
) -> Result<(), BenchError> {
    let mut after = 0;
    while after < events as i64 {
        let page = rows.page(after, PAGE.get())?;
        let last = page.last().map(|(seq, _)| *seq);
        after = last.ok_or_else(|| BenchError::Wrong(format!("the limit ends at {}", rows.head())))?;
        act(page)?;
    }
    Ok(())
}
