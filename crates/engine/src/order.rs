//! Places in an order: fractional indexes that keep what one writer adds at one place together.
//!
//! An index is lower-case hex of bytes, `base ‖ tag ‖ sub`, and is compared as a string. The base lies between
//! the neighbours at the moment when a run begins, the tag is the writer's, and the sub counts within the run,
//! forwards and backwards. Writers who know the same neighbours choose the same base and differ in the tag, so
//! their runs follow each other and never mix. Who adds between two items of one run begins a run inside it.
//!
//! The writer's last tag in a neighbour tells where a run's items begin. A wrong guess there costs length, not
//! order: everything that begins with the same bytes as a neighbour lies on one side of whatever does not.
//! Decision 0007 tells why.

use openprod_core::LogId;
use thiserror::Error;

/// The longest index made here, in bytes (twice that in hex digits). Who needs more spreads the siblings out.
pub(crate) const INDEX_BYTES_MAX: usize = 512;

/// The middle of a byte, where counting begins in both directions.
const FIRST: u8 = 0x80;

/// Where counting goes on in a further byte: far from the end, and not at the very beginning.
const LOW: u8 = 0x02;

/// The most bytes that a counter has after its head. As many as a tag, so that counting on from a run that
/// someone began behind a number cannot end up inside that run.
const COUNTER_BYTES_MAX: usize = TAG_BYTES;

const TAG_BYTES: usize = 4;

/// There is nothing to be found between two indexes: they are equal, the wrong way round, not made here, or as
/// long as indexes may be.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("order edges: there is no room between these neighbours; the siblings must be spread out first")]
pub(crate) struct NoRoom;

/// The tag of whoever writes `log`. Two writers with one tag (one pair in four thousand million) are no danger to
/// the order; their runs may mix.
pub(crate) fn tag_of(log: &LogId) -> [u8; TAG_BYTES] {
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&blake3::hash(log.as_bytes()).as_bytes()[..TAG_BYTES]);
    tag
}

/// An index greater than `left` and less than `right`, for the writer with `tag`; `None` is an open end.
///
/// # Errors
/// [`NoRoom`]; never panics, whatever the neighbours are.
pub(crate) fn between(
    left: Option<&str>,
    right: Option<&str>,
    tag: [u8; TAG_BYTES],
) -> Result<String, NoRoom> {
    let left = left.map(parse).transpose()?;
    let right = right.map(parse).transpose()?;
    let (left, right) = (left.as_deref(), right.as_deref());
    if let (Some(left), Some(right)) = (left, right)
        && left >= right
    {
        return Err(NoRoom);
    }
    let tag = inner(tag);
    let index = further(left, right, tag)
        .or_else(|| nearer(left, right, tag))
        .or_else(|| Some([open_between(left, right)?.as_slice(), &tag, &[FIRST]].concat()))
        .ok_or(NoRoom)?;
    let fits = left.is_none_or(|left| left < index.as_slice())
        && right.is_none_or(|right| index.as_slice() < right)
        && index.len() <= INDEX_BYTES_MAX;
    fits.then(|| data_encoding::HEXLOWER.encode(&index)).ok_or(NoRoom)
}

/// Indexes for `count` siblings, ascending, evenly spread over all there is, and short.
pub(crate) fn spread(count: usize, tag: [u8; TAG_BYTES]) -> Vec<String> {
    let tag = inner(tag);
    let shares = count as u128 + 1;
    let mut width = 1;
    while 1u128 << (8 * width) < 2 * shares {
        width += 1;
    }
    (1..shares)
        .map(|share| {
            let place = (share << (8 * width)) / shares;
            let base = &place.to_be_bytes()[16 - width..];
            data_encoding::HEXLOWER.encode(&[base, &tag, &[FIRST]].concat())
        })
        .collect()
}

fn parse(index: &str) -> Result<Vec<u8>, NoRoom> {
    if index.len() > 2 * INDEX_BYTES_MAX {
        return Err(NoRoom);
    }
    data_encoding::HEXLOWER
        .decode(index.as_bytes())
        .map_err(|_| NoRoom)
}

/// The tag without the first and the last byte there are: one step before or behind a tag then never ends up
/// behind its bytes, inside the run that it names.
fn inner(tag: [u8; TAG_BYTES]) -> [u8; TAG_BYTES] {
    tag.map(|byte| byte.clamp(1, 0xfe))
}

/// Splits off what comes before the items of the writer's innermost run around `index`, tag included.
fn run(index: &[u8], tag: [u8; TAG_BYTES]) -> Option<(&[u8], &[u8])> {
    let at = index.windows(TAG_BYTES).rposition(|bytes| bytes == tag)?;
    Some(index.split_at(at + TAG_BYTES))
}

/// Continues the writer's own run forwards, if `left` is the last of it.
fn further(left: Option<&[u8]>, right: Option<&[u8]>, tag: [u8; TAG_BYTES]) -> Option<Vec<u8>> {
    let (run, sub) = run(left?, tag)?;
    if right.is_some_and(|right| right.starts_with(run)) {
        return None;
    }
    Some([run, &count_up(sub)].concat())
}

/// Continues the writer's own run backwards, if `right` is the first of it.
fn nearer(left: Option<&[u8]>, right: Option<&[u8]>, tag: [u8; TAG_BYTES]) -> Option<Vec<u8>> {
    let (run, sub) = run(right?, tag)?;
    if left.is_some_and(|left| left.starts_with(run)) {
        return None;
    }
    Some([run, &count_down(sub)?].concat())
}

/// The counter at the start of `sub`: its head `0x80 ± n` and `n` bytes of number; `None` if there is none.
fn counter(sub: &[u8]) -> Option<(u8, u64)> {
    let (&head, rest) = sub.split_first()?;
    let width = width(head)?;
    let number = rest.get(..width)?;
    Some((
        head,
        number
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    ))
}

fn width(head: u8) -> Option<usize> {
    let width = usize::from(head.abs_diff(FIRST));
    (width <= COUNTER_BYTES_MAX).then_some(width)
}

fn write_counter(head: u8, number: u64) -> Vec<u8> {
    let width = width(head).unwrap_or(0);
    [&[head], &number.to_be_bytes()[8 - width..]].concat()
}

/// Bytes that exceed `sub`, and still do with anything after them; as long as the logarithm of the count.
fn count_up(sub: &[u8]) -> Vec<u8> {
    let Some((head, number)) = counter(sub) else {
        return step_up(sub);
    };
    let last = (1u64 << (8 * width(head).unwrap_or(0))) - 1;
    if number < last {
        write_counter(head, number + 1)
    } else {
        write_counter(head + 1, 0)
    }
}

/// Bytes that are less than `sub`, and still are with anything after them; `None` if there are none.
fn count_down(sub: &[u8]) -> Option<Vec<u8>> {
    let Some((head, number)) = counter(sub) else {
        return step_down(sub);
    };
    Some(if number > 0 {
        write_counter(head, number - 1)
    } else {
        write_counter(head - 1, u64::MAX)
    })
}

/// As [`count_up`], by one in the first byte that allows it: for bytes whose meaning is not known.
fn step_up(bytes: &[u8]) -> Vec<u8> {
    let full = bytes.iter().take_while(|byte| **byte == 0xff).count();
    let mut next = bytes[..full].to_vec();
    match bytes.get(full) {
        None => next.push(FIRST),
        // A byte of one's own to count in: the next one here is a tag, and may be nearly full.
        Some(0xfe) => next.extend([0xff, LOW]),
        Some(byte) => next.push(byte + 1),
    }
    next
}

/// As [`count_down`], by one in the first byte that allows it, and never to a byte that has nothing below it.
fn step_down(bytes: &[u8]) -> Option<Vec<u8>> {
    let empty = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut next = bytes[..empty].to_vec();
    match bytes.get(empty)? {
        1 => next.extend([0, 0xff - LOW]),
        byte => next.push(byte - 1),
    }
    Some(next)
}

/// Bytes of which every continuation lies between `left` and `right`; `None` if there are none.
///
/// One step beyond a neighbour where the other side is open, half-way where both are near.
fn open_between(left: Option<&[u8]>, right: Option<&[u8]>) -> Option<Vec<u8>> {
    let (left, right) = match (left, right) {
        (None, None) => return Some(vec![FIRST]),
        (Some(left), None) => return Some(step_up(left)),
        (None, Some(right)) => return step_down(right),
        (Some(left), Some(right)) => (left, right),
    };
    let common = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let (shared, below) = left.split_at(common);
    let above = &right[common..];
    let rest = match (below.split_first(), above.first()) {
        (None, _) => step_down(above)?,
        (Some((low, _)), Some(high)) if high - low >= 2 => vec![low + (high - low) / 2],
        (Some((low, after)), _) => [&[*low], step_up(after).as_slice()].concat(),
    };
    Some([shared, &rest].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An item of a test: who wrote it, in which run, and its index.
    type Item = (u8, u32, String);

    fn tag(writer: u8) -> [u8; TAG_BYTES] {
        tag_of(&LogId::from_bytes([writer; 16]))
    }

    fn index_at(items: &[Item], at: usize, writer: u8) -> Result<String, NoRoom> {
        let place = |at: usize| items.get(at).map(|(_, _, index)| index.as_str());
        let left = at.checked_sub(1).and_then(place);
        between(left, place(at), tag(writer))
    }

    /// Inserts at `at`, as a list would, and holds the index against the list.
    fn insert(items: &mut Vec<Item>, at: usize, writer: u8, run: u32) {
        let index = index_at(items, at, writer).unwrap_or_else(|_| {
            let indexes = spread(items.len(), tag(writer));
            for (item, index) in items.iter_mut().zip(indexes) {
                item.2 = index;
            }
            index_at(items, at, writer).expect("there is room after spreading out")
        });
        items.insert(at, (writer, run, index));
        let around = &items[at.saturating_sub(1)..(at + 2).min(items.len())];
        assert!(around.windows(2).all(|pair| pair[0].2 < pair[1].2), "{around:?}");
    }

    fn longest(items: &[Item]) -> usize {
        items
            .iter()
            .map(|(_, _, index)| index.len() / 2)
            .max()
            .unwrap_or(0)
    }

    /// Inserts a run at `gap`, each item at a place within what the run has become: `step / 2³²` of the way.
    fn insert_run(items: &mut Vec<Item>, gap: usize, writer: u8, run: u32, steps: &[u32]) {
        for (len, step) in steps.iter().enumerate() {
            let within = (u64::from(*step) * (len as u64 + 1)) >> 32;
            insert(items, gap + within as usize, writer, run);
        }
    }

    /// A way to write a run: forwards, backwards, or here and there.
    fn steps() -> impl Strategy<Value = Vec<u32>> {
        let anywhere = prop::collection::vec(any::<u32>(), 1..25);
        (anywhere, 0..3u8).prop_map(|(steps, way)| {
            steps
                .into_iter()
                .map(|step| match way {
                    0 => u32::MAX,
                    1 => 0,
                    _ => step,
                })
                .collect()
        })
    }

    fn history() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, Vec<u32>)>> {
        prop::collection::vec((any::<prop::sample::Index>(), 0u8..4, steps()), 0..8)
    }

    proptest! {
        #[test]
        fn concurrent_runs_at_one_gap_never_mix(
            history in history(),
            deleted in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
            gap in any::<prop::sample::Index>(),
            ways in prop::collection::vec(steps(), 4),
        ) {
            let mut items = Vec::new();
            for (at, writer, steps) in &history {
                let gap = at.index(items.len() + 1);
                insert_run(&mut items, gap, *writer, 0, steps);
            }
            for index in &deleted {
                if !items.is_empty() {
                    items.remove(index.index(items.len()));
                }
            }
            prop_assert!(longest(&items) < INDEX_BYTES_MAX / 2, "nothing was spread out");
            let gap = gap.index(items.len() + 1);
            let mut merged = items.clone();
            for (writer, steps) in ways.iter().enumerate() {
                let mut own = items.clone();
                insert_run(&mut own, gap, writer as u8, 1, steps);
                merged.extend(own.into_iter().filter(|(_, run, _)| *run == 1));
            }
            merged.sort_by(|a, b| a.2.cmp(&b.2));
            prop_assert!(merged.windows(2).all(|pair| pair[0].2 < pair[1].2), "no two are equal");
            let mut writers: Vec<u8> = merged.iter().filter(|(_, run, _)| *run == 1).map(|item| item.0).collect();
            writers.dedup();
            prop_assert_eq!(writers.len(), ways.len(), "{:?}", writers);
        }

        #[test]
        fn random_insertions_keep_the_order_of_a_list(
            places in prop::collection::vec((any::<prop::sample::Index>(), 0u8..3), 0..300),
        ) {
            let mut items = Vec::new();
            for (number, (at, writer)) in places.iter().enumerate() {
                let at = at.index(items.len() + 1);
                insert(&mut items, at, *writer, number as u32);
            }
            let mut sorted = items.clone();
            sorted.sort_by(|a, b| a.2.cmp(&b.2));
            prop_assert_eq!(sorted, items);
        }

        #[test]
        fn whatever_the_neighbours_are_the_result_lies_strictly_between(
            left in prop::option::of(neighbour()),
            right in prop::option::of(neighbour()),
            tag in any::<[u8; 4]>(),
        ) {
            if let Ok(index) = between(left.as_deref(), right.as_deref(), tag) {
                prop_assert!(left.is_none_or(|left| left < index));
                prop_assert!(right.is_none_or(|right| index < right));
                prop_assert!(index.len() <= 2 * INDEX_BYTES_MAX);
            }
        }

        #[test]
        fn neighbours_of_bytes_have_room_unless_only_zeros_divide_them(
            left in prop::collection::vec(any::<u8>(), 0..12),
            right in prop::collection::vec(any::<u8>(), 0..12),
            tag in any::<[u8; 4]>(),
        ) {
            let (left, right) = if left < right { (left, right) } else { (right, left) };
            let tight = right.starts_with(&left) && right[left.len()..].iter().all(|byte| *byte == 0);
            let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
            prop_assert_eq!(between(Some(&hex(&left)), Some(&hex(&right)), tag).is_err(), tight);
            prop_assert!(between(Some(&hex(&right)), None, tag).is_ok());
        }

        #[test]
        fn spread_indexes_ascend_are_short_and_leave_room(count in 0usize..3_000, writer in 0u8..4) {
            let indexes = spread(count, tag(writer));
            prop_assert_eq!(indexes.len(), count);
            prop_assert!(indexes.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(indexes.iter().all(|index| index.len() <= 2 * 7));
            for pair in indexes.windows(2).take(50) {
                prop_assert!(between(Some(&pair[0]), Some(&pair[1]), tag(writer ^ 1)).is_ok());
            }
        }
    }

    /// Indexes, what looks like them, and what does not.
    fn neighbour() -> impl Strategy<Value = String> {
        prop_oneof![
            "[0-9a-f]{0,24}",
            "(80|81|7f|ff|00|fe|01){0,12}",
            "[0-9a-fA-F]{0,9}",
            any::<String>(),
        ]
    }

    #[test]
    fn run_of_ten_thousand_takes_eight_bytes_in_either_direction() {
        for back in [false, true] {
            let mut items = Vec::new();
            for _ in 0..10_000 {
                let at = if back { 0 } else { items.len() };
                insert(&mut items, at, 1, 1);
            }
            assert!(longest(&items) <= 8, "{} bytes", longest(&items));
        }
    }

    #[test]
    fn run_of_ten_thousand_inside_another_takes_fifteen_bytes() {
        for writer in [1, 2] {
            for back in [false, true] {
                let mut items = Vec::new();
                for _ in 0..100 {
                    let at = items.len();
                    insert(&mut items, at, 1, 1);
                }
                for count in 0..10_000 {
                    insert(&mut items, if back { 50 } else { 50 + count }, writer, 2);
                }
                assert!(longest(&items) <= 15, "{} bytes", longest(&items));
            }
        }
    }

    #[test]
    fn appending_in_turns_takes_a_byte_for_two_hundred() {
        for back in [false, true] {
            let mut items = Vec::new();
            for count in 0..10_000 {
                let at = if back { 0 } else { items.len() };
                insert(&mut items, at, (count % 2) as u8, 1);
            }
            assert!(longest(&items) <= 6 + 10_000 / 200, "{} bytes", longest(&items));
        }
    }

    #[test]
    fn insertion_between_the_last_two_takes_six_bytes_at_most_until_there_is_no_room() {
        let mut items = Vec::new();
        insert(&mut items, 0, 1, 1);
        insert(&mut items, 1, 1, 1);
        let mut count = 0;
        let mut at = 1;
        while let Ok(index) = index_at(&items, at, 1) {
            items.insert(at, (1, 1, index));
            count += 1;
            at += count % 2;
            assert!(longest(&items) <= 6 * (count + 2));
        }
        assert!(count > INDEX_BYTES_MAX / 6, "{count} insertions");
    }

    #[test]
    fn neighbours_without_room_are_told() {
        let refused =
            |left, right| assert_eq!(between(left, right, tag(1)), Err(NoRoom), "{left:?} {right:?}");
        refused(Some("80"), Some("80"));
        refused(Some("81"), Some("80"));
        refused(Some("80"), Some("8000"));
        refused(None, Some(""));
        refused(None, Some("00"));
        refused(Some("8"), None);
        refused(Some("AB"), None);
        refused(None, Some("Jane"));
        for long in ["ff".repeat(INDEX_BYTES_MAX), "80".repeat(INDEX_BYTES_MAX + 1)] {
            assert_eq!(between(Some(&long), None, tag(1)), Err(NoRoom));
        }
    }
}
