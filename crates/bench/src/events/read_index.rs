//! V3 and V5: what the index costs and gives, with few events stored and with many.

use std::time::Instant;

use openprod_events::{EventStore as _, SequenceNumber};

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::events::read_log::{Log, scattered};
use crate::limit::event_rows::EventRows;
use crate::measure::{Contestant, Figure, Goal, Series, interleave, number, percentile};

/// How many appends a sample is the middle of; flushes take most of their time.
const APPENDS: u64 = 200;

/// How many checks and queries a sample is taken of.
const CALLS: u64 = 1_000;

const BY_HAND: &str = "the same statements by hand";

/// Conditional appends and checks, on a log, on a small one, and by hand, in turns.
pub(crate) fn contexts(setup: &Setup, log: &mut Log, small: &Log) -> Result<Vec<Figure>, BenchError> {
    let size = number(log.events as f64);
    let few = format!("the same with {} events stored", number(small.events as f64));
    let mut by_hand = log.by_hand.take().expect("a long log is written by hand too");
    let [ours, little, hand] = {
        let mut rounds = [0_u64; 3];
        let [own, other, third] = &mut rounds;
        let mut contestants: [Contestant<'_>; 3] = [
            Box::new(|| append_if_us(log, next(own))),
            Box::new(|| append_if_us(small, next(other))),
            Box::new(|| append_if_by_hand_us(log, &mut by_hand, next(third))),
        ];
        three(interleave(setup.rounds, &mut contestants)?)?
    };
    let appends = format!("conditional append, {size} events stored, p50");
    let mut figures = vec![
        Figure::new("V3", appends.clone(), "µs", ours.clone())
            .beside(few.clone(), little)
            .goal(Goal::RatioAtMost(1.5))
            .note(format!(
                "each sample is the median of {APPENDS} appends, one after the other, each flushed"
            )),
        Figure::new("V3", appends, "µs", ours).beside(BY_HAND, hand),
    ];
    let [ours, little, hand] = {
        let mut rounds = [0_u64; 3];
        let [own, other, third] = &mut rounds;
        let mut contestants: [Contestant<'_>; 3] = [
            Box::new(|| check_us(log, next(own))),
            Box::new(|| check_us(small, next(other))),
            Box::new(|| check_by_hand_us(log, &by_hand, next(third))),
        ];
        three(interleave(setup.rounds, &mut contestants)?)?
    };
    log.by_hand = Some(by_hand);
    let checks = format!("version of a context, {size} events stored, p50");
    figures.push(
        Figure::new("V3", checks.clone(), "µs", ours.clone())
            .beside(few, little)
            .goal(Goal::AtMost(10.0))
            .goal(Goal::RatioAtMost(1.5))
            .note("asked for through the store, with the transaction of a reader around it"),
    );
    figures.push(Figure::new("V3", checks, "µs", ours).beside(BY_HAND, hand));
    Ok(figures)
}

/// Queries for all events of a type and a key.
pub(crate) fn rows(setup: &Setup, log: &Log) -> Result<Vec<Figure>, BenchError> {
    let by_hand = log.by_hand.as_ref().expect("a long log is written by hand too");
    let (mut ends, mut hand_ends, mut found) = (Vec::new(), Vec::new(), 0);
    let (mut round, mut hand_round) = (0, 0);
    let mut contestants: [Contestant<'_>; 2] = [
        Box::new(|| {
            let times = times(next(&mut round), CALLS, 2, |n| {
                let (query, _) = log.context(n % log.events)?;
                let started = Instant::now();
                let result = log.store.query(&query).during("query by type and key")?;
                found += result.event_records.len();
                Ok(started.elapsed().as_secs_f64())
            })?;
            ends.push(percentile(&times, 95.0));
            Ok(percentile(&times, 50.0))
        }),
        Box::new(|| {
            let times = times(next(&mut hand_round), CALLS, 2, |n| {
                let (type_id, leaf, _) = log.list(n % log.events);
                let started = Instant::now();
                std::hint::black_box(by_hand.list(type_id, leaf)?);
                Ok(started.elapsed().as_secs_f64())
            })?;
            hand_ends.push(percentile(&times, 95.0));
            Ok(percentile(&times, 50.0))
        }),
    ];
    let mut series = interleave(setup.rounds, &mut contestants)?.into_iter();
    drop(contestants);
    let (Some(middles), Some(hand_middles)) = (series.next(), series.next()) else {
        return Err(BenchError::Wrong("two were measured".to_owned()));
    };
    let average = found as f64 / (ends.len() as u64 * CALLS) as f64;
    let size = number(log.events as f64);
    let what = |percent| format!("query by type and key, {size} events stored, p{percent}");
    // The first round warms up, as it does for the middles.
    let counted = |samples: Vec<f64>| Series::new(samples.into_iter().skip(1).collect());
    Ok(vec![
        Figure::new("V5", what(50), "µs", middles)
            .beside(BY_HAND, hand_middles)
            .goal(Goal::AtMost(100.0))
            .note(format!("{average:.1} events found on the average")),
        Figure::new("V5", what(95), "µs", counted(ends))
            .beside(BY_HAND, counted(hand_ends))
            .goal(Goal::AtMost(2_000.0)),
    ])
}

/// The median time of an append that holds, in microseconds.
fn append_if_us(log: &Log, round: u64) -> Result<f64, BenchError> {
    let times = times(round, APPENDS, 0, |n| {
        let (query, fact) = log.context(n % log.events)?;
        let seen = log.store.query(&query).during("read a context")?;
        let started = Instant::now();
        log.store
            .append_if(vec![fact], &query, seen.current_context_version)
            .during("append under a condition")?;
        Ok(started.elapsed().as_secs_f64())
    })?;
    Ok(percentile(&times, 50.0))
}

fn append_if_by_hand_us(log: &Log, by_hand: &mut EventRows, round: u64) -> Result<f64, BenchError> {
    let times = times(round, APPENDS, 0, |n| {
        let n = n % log.events;
        let ((type_id, leaf, text), row) = (log.list(n), log.row(n));
        let newest = by_hand.newest(type_id, leaf, &text)?;
        let started = Instant::now();
        by_hand.append_if(&row, leaf, newest)?;
        Ok(started.elapsed().as_secs_f64())
    })?;
    Ok(percentile(&times, 50.0))
}

/// The median time in which the version of a context is told and no event is read, in microseconds.
fn check_us(log: &Log, round: u64) -> Result<f64, BenchError> {
    let times = times(round, CALLS, 1, |n| {
        let (query, _) = log.context(n % log.events)?;
        let query = query.after(Some(SequenceNumber(u64::MAX)));
        let started = Instant::now();
        let result = log.store.query(&query).during("check a context")?;
        let took = started.elapsed().as_secs_f64();
        if result.current_context_version.is_none() || !result.event_records.is_empty() {
            return Err(BenchError::Wrong("a context was not found".to_owned()));
        }
        Ok(took)
    })?;
    Ok(percentile(&times, 50.0))
}

fn check_by_hand_us(log: &Log, by_hand: &EventRows, round: u64) -> Result<f64, BenchError> {
    let times = times(round, CALLS, 1, |n| {
        let (type_id, leaf, text) = log.list(n % log.events);
        let started = Instant::now();
        let newest = by_hand.newest(type_id, leaf, &text)?;
        let took = started.elapsed().as_secs_f64();
        if newest.is_none() {
            return Err(BenchError::Wrong("a context was not found by hand".to_owned()));
        }
        Ok(took)
    })?;
    Ok(percentile(&times, 50.0))
}

/// How long calls took, in microseconds, each about an event picked as if by chance. Other `series` pick others.
fn times(
    round: u64,
    calls: u64,
    series: u64,
    mut call: impl FnMut(u64) -> Result<f64, BenchError>,
) -> Result<Vec<f64>, BenchError> {
    (0..calls)
        .map(|index| Ok(call(scattered(series * 1_000_000 + round * calls + index))? * 1e6))
        .collect()
}

/// The number of a round, counted on.
const fn next(round: &mut u64) -> u64 {
    let this = *round;
    *round += 1;
    this
}

fn three(series: Vec<Series>) -> Result<[Series; 3], BenchError> {
    <[Series; 3]>::try_from(series).map_err(|_| BenchError::Wrong("three were measured".to_owned()))
}
