//! Which bundle brought which clocks of which client, so that "had its author seen this?" can be answered.

use std::collections::BTreeMap;

use openprod_core::encoding::{DecodeError, decode, encode};
use openprod_storage::ChainId;
use wincode::{SchemaRead, SchemaWrite};

use super::client::ClientId;
use super::document::Bundle;

/// The clocks of all clients.
///
/// A client's spans have no gaps, and the author of each had seen all before it: what an author has seen of a
/// client is therefore always a beginning of its spans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Clocks {
    spans: BTreeMap<ClientId, Vec<Span>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    end: u32,
    bundle: Bundle,
}

#[derive(SchemaRead, SchemaWrite)]
struct StoredClient {
    client: ClientId,
    spans: Vec<StoredSpan>,
}

#[derive(SchemaRead, SchemaWrite)]
struct StoredSpan {
    length: u32,
    chain: u32,
    /// From the span before; mostly a byte.
    seq_step: i64,
}

impl Clocks {
    /// Each client and its next clock, in order of the clients.
    pub(super) fn ends(&self) -> impl Iterator<Item = (ClientId, u32)> {
        self.spans.iter().map(|(client, spans)| (*client, end(spans)))
    }

    /// The client's next clock.
    pub(super) fn end(&self, client: ClientId) -> u32 {
        self.spans.get(&client).map_or(0, |spans| end(spans))
    }

    /// The client's next clock as far as `seen` goes.
    pub(super) fn end_seen(&self, client: ClientId, seen: &dyn Fn(Bundle) -> bool) -> u32 {
        let Some(spans) = self.spans.get(&client) else {
            return 0;
        };
        end(&spans[..spans.partition_point(|span| seen(span.bundle))])
    }

    /// Says that `bundle` brought the client's clocks up to `until`.
    pub(super) fn advance(&mut self, client: ClientId, until: u32, bundle: Bundle) {
        let spans = self.spans.entry(client).or_default();
        match spans.last_mut() {
            Some(last) if last.bundle == bundle => last.end = until,
            _ => spans.push(Span { end: until, bundle }),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let clients = self.spans.iter().map(|(client, spans)| {
            let mut before = (0, 0_u64);
            let spans = spans.iter().map(|span| {
                let stored = StoredSpan {
                    length: span.end - before.0,
                    chain: span.bundle.chain.0,
                    seq_step: span.bundle.seq.wrapping_sub(before.1).cast_signed(),
                };
                before = (span.end, span.bundle.seq);
                stored
            });
            StoredClient {
                client: *client,
                spans: spans.collect(),
            }
        });
        encode(&clients.collect::<Vec<_>>())
    }

    /// `Ok(None)` when the bytes are a table that could not have been written.
    pub(super) fn decode(bytes: &[u8]) -> Result<Option<Self>, DecodeError> {
        let mut clocks = Self::default();
        for stored in decode::<Vec<StoredClient>>(bytes)? {
            let mut spans = Vec::with_capacity(stored.spans.len());
            let mut before = (0_u32, 0_u64);
            for span in stored.spans {
                let Some(end) = before.0.checked_add(span.length) else {
                    return Ok(None);
                };
                let seq = before.1.wrapping_add(span.seq_step.cast_unsigned());
                before = (end, seq);
                spans.push(Span {
                    end,
                    bundle: Bundle {
                        chain: ChainId(span.chain),
                        seq,
                    },
                });
            }
            clocks.spans.insert(stored.client, spans);
        }
        Ok(Some(clocks))
    }
}

fn end(spans: &[Span]) -> u32 {
    spans.last().map_or(0, |span| span.end)
}
