//! Deltas to texts, made from what their author knows of the text.

use std::collections::BTreeMap;

use openprod_core::operation::SetCrdtField;
use openprod_core::{ActorId, EntityId, FieldId, LogId, Payload};
use openprod_engine::text::client_id;

use super::{Deed, Fa, Typing};
use crate::oracle::text::{Delta, Document, Insertion};
use crate::oracle::{Moment, Oracle};

/// The texts of a bundle's author, while the bundle is made.
pub(super) struct Typist {
    actor: ActorId,
    log: LogId,
    known: Oracle,
    texts: BTreeMap<(EntityId, FieldId), Document>,
}

impl Typist {
    /// One who knows what `known` does.
    pub(super) const fn new(actor: ActorId, log: LogId, known: Oracle) -> Self {
        Self {
            actor,
            log,
            known,
            texts: BTreeMap::new(),
        }
    }

    /// The payload of a deed, if it is typing.
    pub(super) fn payload(&mut self, deed: &Deed) -> Option<Payload> {
        let Deed::Type {
            entity,
            field,
            session,
            at,
            typing,
        } = *deed
        else {
            return None;
        };
        let (entity, field, session) = (entity.get(), field.get(), u64::from(session));
        let client = client_id(self.actor, self.log, field, session).get();
        let known = &self.known;
        let text = self
            .texts
            .entry((entity, field))
            .or_insert_with(|| known.text(entity, field));
        let mut delta = plan(text, client, at, typing).write();
        if typing == Typing::Cut {
            delta.pop();
        }
        text.apply(&delta, client, Moment::PLANNED, |_| true);
        Some(Payload::from(SetCrdtField {
            entity,
            facet: Fa(0).get(),
            field,
            session,
            delta,
        }))
    }
}

fn plan(text: &Document, client: u64, at: u8, typing: Typing) -> Delta {
    let places = text.places();
    let at = usize::from(at) % (places.len() + 1);
    let clock = text.end(client, |_| true);
    let id = |at: usize| places.get(at).map(|place| place.id);
    let insertion = |letters: u8| Insertion {
        first: (client, clock),
        origin: at.checked_sub(1).and_then(id),
        right: id(at),
        // Letters tell who put them in, and when.
        units: (0..u32::from(letters.max(1)))
            .map(|letter| b'a' as u16 + ((client as u32 % 7 + clock + letter) % 26) as u16)
            .collect(),
    };
    let erased = |count: u8| {
        let places = places.iter().skip(at).take(usize::from(count.max(1)));
        places.map(|place| place.id).collect()
    };
    let put = insertion(2);
    let (insertion, deletions) = match typing {
        Typing::Put(letters) => (Some(insertion(letters)), Default::default()),
        Typing::Erase(count) => (None, erased(count)),
        Typing::Replace(count) => (Some(put), erased(count)),
        Typing::Between(right) => {
            let right = id(usize::from(right) % (places.len() + 1));
            (Some(Insertion { right, ..put }), Default::default())
        }
        Typing::Forge => {
            let first = (client ^ 1, clock);
            (Some(Insertion { first, ..put }), Default::default())
        }
        Typing::Skip => {
            let first = (client, clock + 1);
            (Some(Insertion { first, ..put }), Default::default())
        }
        Typing::Repeat => {
            let first = (client, 0);
            (Some(Insertion { first, ..put }), Default::default())
        }
        Typing::Dangle => {
            let origin = Some((7, 7));
            (Some(Insertion { origin, ..put }), Default::default())
        }
        Typing::Cut => (Some(put), Default::default()),
    };
    Delta { insertion, deletions }
}
