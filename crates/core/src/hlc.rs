//! The hybrid logical clock: 12 bytes that sort like time and never run behind what their author has seen.
//!
//! Eight bytes of wall time (NTP64, whose low four bits stay clear as in `uhlc`) and four of counter, both
//! big-endian, so that the bytes sort as the clock does. The rule of succession is the one of Kulkarni et al.,
//! "Logical Physical Clocks" (2014); time is handed in, never read.

use std::fmt;
use std::time::Duration;

use uhlc::NTP64;
use wincode::{SchemaRead, SchemaWrite};

/// The step of the wall part: its low four bits stay clear.
const WALL_STEP: u64 = 1 << 4;

/// Wall-clock time, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The latest representable time: where the 32-bit seconds of NTP64 end (year 2106).
    pub const MAX: Self = Self((u32::MAX as u64) * 1_000_000 + 999_999);

    /// A time from microseconds since the Unix epoch; later than [`Timestamp::MAX`] counts as that.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// This time, later by `duration`, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self::from_micros(
            self.0
                .saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)),
        )
    }

    /// How long after `earlier` this time is; zero when it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    fn to_ntp(self) -> NTP64 {
        NTP64::from(Duration::from_micros(self.0))
    }
}

/// A hybrid logical timestamp; see the module's text. Ordered by wall time, then counter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SchemaRead, SchemaWrite)]
#[repr(transparent)]
pub struct Hlc([u8; 12]);

impl Hlc {
    /// Before everything.
    pub const ZERO: Self = Self([0; 12]);

    /// Puts the parts together; the low four bits of `wall` are cleared.
    #[must_use]
    pub fn new(wall: NTP64, counter: u32) -> Self {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&(wall.as_u64() & !(WALL_STEP - 1)).to_be_bytes());
        bytes[8..].copy_from_slice(&counter.to_be_bytes());
        Self(bytes)
    }

    /// The successor of `last` and of everything `seen`, at wall time `now`: greater than both, and as near to
    /// `now` as that allows. A counter that would overflow moves the wall part one step on instead.
    ///
    /// What comes from bundles always has a successor: a header that leaves no room for one is refused.
    #[must_use]
    pub fn next(last: Self, seen: Self, now: Timestamp) -> Self {
        let past = last.max(seen);
        let present = Self::new(now.to_ntp(), 0);
        if present > past { present } else { past.plus(1) }
    }

    /// This clock, `steps` later by its counter: the time of the operation at place `steps` of a bundle.
    ///
    /// Where time ends it stays at the last clock there is; [`Hlc::checked_plus`] tells.
    #[must_use]
    pub fn plus(self, steps: u32) -> Self {
        self.checked_plus(steps)
            .unwrap_or(Self::new(NTP64(u64::MAX), u32::MAX))
    }

    /// As [`Hlc::plus`]; `None` when time ends before that.
    #[must_use]
    pub fn checked_plus(self, steps: u32) -> Option<Self> {
        match self.counter().checked_add(steps) {
            Some(counter) => Some(Self::new(self.wall(), counter)),
            None => Some(Self::new(
                NTP64(self.wall().as_u64().checked_add(WALL_STEP)?),
                self.counter().wrapping_add(steps),
            )),
        }
    }

    /// The wall part.
    #[must_use]
    pub fn wall(self) -> NTP64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[..8]);
        NTP64(u64::from_be_bytes(bytes))
    }

    /// The counter part.
    #[must_use]
    pub fn counter(self) -> u32 {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.0[8..]);
        u32::from_be_bytes(bytes)
    }

    /// The wall part as a time.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        let wall = self.wall().as_u64();
        // 32.32 fixed point; rounding up undoes the truncation that the conversion from microseconds made.
        let micros = (u128::from(wall & 0xffff_ffff) * 1_000_000).div_ceil(1 << 32) as u64;
        Timestamp::from_micros((wall >> 32) * 1_000_000 + micros)
    }

    /// The 12 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// The clock whose bytes these are; `None` unless the low four bits of the wall part are clear.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 12]) -> Option<Self> {
        let hlc = Self(bytes);
        hlc.is_canonical().then_some(hlc)
    }

    /// Whether the low four bits of the wall part are clear, as they must be in signed bytes.
    #[must_use]
    pub const fn is_canonical(&self) -> bool {
        self.0[7].trailing_zeros() >= 4
    }
}

impl fmt::Display for Hlc {
    /// 24 lower-case hex digits.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hlc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hlc({}+{})", self.timestamp().as_micros(), self.counter())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    fn hlc() -> impl Strategy<Value = Hlc> {
        (
            any::<u32>(),
            any::<u32>(),
            prop_oneof![any::<u32>(), Just(u32::MAX), Just(0)],
        )
            .prop_map(|(seconds, fraction, counter)| {
                Hlc::new(NTP64(u64::from(seconds) << 32 | u64::from(fraction)), counter)
            })
    }

    proptest! {
        #[test]
        fn next_exceeds_everything_it_knows(last in hlc(), seen in hlc(), now in 0..Timestamp::MAX.0) {
            let next = Hlc::next(last, seen, Timestamp(now));
            prop_assert!(next > last && next > seen);
            prop_assert!(next.is_canonical());
        }

        #[test]
        fn next_never_runs_ahead_without_a_reason(last in hlc(), seen in hlc(), now in 0..Timestamp::MAX.0) {
            let next = Hlc::next(last, seen, Timestamp(now));
            let present = Hlc::new(Timestamp(now).to_ntp(), 0);
            prop_assert!(next == present || next == last.max(seen).plus(1));
        }

        #[test]
        fn bytes_sort_as_time_does(a in hlc(), b in hlc()) {
            prop_assert_eq!(a.cmp(&b), (a.wall(), a.counter()).cmp(&(b.wall(), b.counter())));
            prop_assert_eq!(Hlc::from_bytes(*a.as_bytes()), Some(a));
        }

        #[test]
        fn steps_are_strictly_increasing(a in hlc(), steps in 0u32..65_536) {
            prop_assert!(a.plus(steps + 1) > a.plus(steps));
        }

        #[test]
        fn time_stops_at_its_end_and_never_runs_backwards(back in 0u32..20, a in any::<u32>(), b in any::<u32>()) {
            let last = Hlc::new(NTP64(u64::MAX), u32::MAX);
            let near = Hlc::new(NTP64(u64::MAX - u64::from(back) * WALL_STEP), a);
            let (less, more) = (a.min(b), a.max(b));
            prop_assert!(near <= near.plus(less) && near.plus(less) <= near.plus(more));
            match near.checked_plus(b) {
                Some(later) => prop_assert!(later == near.plus(b) && (later > near || b == 0)),
                None => prop_assert!(near.plus(b) == last && back == 0),
            }
        }

        #[test]
        fn timestamp_survives_within_a_microsecond(micros in 0..Timestamp::MAX.0) {
            let back = Hlc::next(Hlc::ZERO, Hlc::ZERO, Timestamp(micros)).timestamp();
            prop_assert!(back.0.abs_diff(micros) <= 1, "{} {}", micros, back.0);
        }
    }

    thread_local! {
        static NOW: Cell<u64> = const { Cell::new(0) };
    }

    #[test]
    fn agrees_with_uhlc_on_what_comes_after_a_remote_time() {
        // uhlc folds its counter into the low bits of the wall part; what both must agree on is the wall part.
        let oracle = uhlc::HLCBuilder::new()
            .with_clock(|| NTP64(NOW.get()))
            .with_max_delta(Duration::from_secs(u64::from(u32::MAX)))
            .build();
        let mut last = Hlc::ZERO;
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..2_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let now = Timestamp(1_700_000_000_000_000 + (random >> 44));
            NOW.set(now.to_ntp().as_u64() & !(WALL_STEP - 1));
            if random & 1 == 0 {
                last = Hlc::next(last, Hlc::ZERO, now);
                let theirs = oracle.new_timestamp();
                assert!(theirs.get_time().as_u64().abs_diff(last.wall().as_u64()) < 2_001 * WALL_STEP);
            } else {
                let remote = Hlc::new(NTP64(NOW.get().wrapping_add(random >> 40)), 0);
                last = Hlc::next(last, remote, now);
                let stamp = uhlc::Timestamp::new(remote.wall(), uhlc::ID::rand());
                oracle.update_with_timestamp(&stamp).expect("the delta allows it");
                assert!(last > remote);
            }
        }
    }
}
