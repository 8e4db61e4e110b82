//! Writes updates by hand, as no editor would.

use super::super::client::ClientId;
use super::super::update::Place;

/// A block of characters, or of deleted places.
#[derive(Clone, Debug)]
pub(super) struct Crafted {
    pub(super) origin: Option<Place>,
    pub(super) right: Option<Place>,
    pub(super) content: CraftedContent,
}

#[derive(Clone, Debug)]
pub(super) enum CraftedContent {
    Text(&'static str),
    Deleted(u32),
    /// Kind and bytes.
    Raw(u8, Vec<u8>),
}

/// One client's blocks from a clock on, and what they delete.
pub(super) fn update(
    client: ClientId,
    clock: u32,
    root: &str,
    blocks: &[Crafted],
    deletions: &[(ClientId, u32, u32)],
) -> Vec<u8> {
    let mut out = Vec::new();
    unsigned(u64::from(!blocks.is_empty()), &mut out);
    if !blocks.is_empty() {
        unsigned(blocks.len() as u64, &mut out);
        unsigned(client.get(), &mut out);
        unsigned(u64::from(clock), &mut out);
    }
    for block in blocks {
        let (kind, content) = match &block.content {
            CraftedContent::Text(text) => {
                let mut bytes = Vec::new();
                string(text, &mut bytes);
                (4, bytes)
            }
            CraftedContent::Deleted(length) => {
                let mut bytes = Vec::new();
                unsigned(u64::from(*length), &mut bytes);
                (1, bytes)
            }
            CraftedContent::Raw(kind, bytes) => (*kind, bytes.clone()),
        };
        if matches!(kind, 0 | 10) {
            out.push(kind);
            out.extend(content);
            continue;
        }
        let origin = if block.origin.is_some() { 0x80 } else { 0 };
        let right = if block.right.is_some() { 0x40 } else { 0 };
        out.push(kind | origin | right);
        for place in [block.origin, block.right].into_iter().flatten() {
            unsigned(place.client.get(), &mut out);
            unsigned(u64::from(place.clock), &mut out);
        }
        if origin | right == 0 {
            out.push(1);
            string(root, &mut out);
        }
        out.extend(content);
    }
    let mut deletions = deletions.to_vec();
    deletions.sort_unstable();
    let by_client: Vec<_> = deletions.chunk_by(|one, other| one.0 == other.0).collect();
    unsigned(by_client.len() as u64, &mut out);
    for ranges in by_client {
        unsigned(ranges[0].0.get(), &mut out);
        unsigned(ranges.len() as u64, &mut out);
        for (_, clock, length) in ranges {
            unsigned(u64::from(*clock), &mut out);
            unsigned(u64::from(*length), &mut out);
        }
    }
    out
}

pub(super) fn unsigned(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    unsigned(text.len() as u64, out);
    out.extend(text.as_bytes());
}
