//! The kinds of derived rows.

/// Names a set of rows, ordered by key. Keys and values are the engine's affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// The chains of bundles: logs, and branches of logs that forked.
    Chain,
    /// Bundles that are stored but not applied, and why.
    Held,
    /// What each command that was given here led to.
    Command,
    /// One row an entity: its existence, its facets and its fields.
    Entity,
    /// Which entities have a facet: `facet ‖ entity`, and how many: `facet`.
    Member,
    /// Which bundles touched an entity: `entity ‖ position`.
    Touch,
    /// Conflicts that are open.
    Conflict,
    /// Bundles that contradict each other, as portable evidence.
    Fork,
    /// One row an edge.
    Edge,
    /// Edges by the entity at either end.
    Incident,
    /// Operations that derive to nothing, and why.
    Void,
    /// Merges, splits and field mappings, in canonical order.
    Name,
    /// What the author of every so-manieth bundle of a chain had seen.
    Clock,
    /// Drafts: what was done in them and not committed.
    Overlay,
    /// One row a text or list: what it holds.
    Text,
    /// The deltas of texts and lists, by document.
    Delta,
    /// Facts, by this store's sequence number.
    Fact,
    /// The sequence number that this store gave to a fact, by operation: kept when everything else is derived anew.
    Ordinal,
    /// The types of facts.
    Kind,
    /// Facts by type and by what their payload holds.
    Posting,
    /// Facts by stream and version.
    Stream,
    /// Decisions that were taken on facts.
    Decision,
    /// Decisions by what they watch for: type, value and place.
    Watch,
    /// Facts that a decision had not seen and should have.
    Clash,
    /// What was resolved about decisions.
    Resolution,
    /// Bundles of facts by their command and content: `command ‖ content ‖ time ‖ bundle`.
    Effect,
    /// Bundles of which others say the same under the same command, and commands of which bundles say different things.
    Repetition,
    /// Decisions by the bundles whose facts they had not seen and should have.
    Clashed,
    /// Facts by stream and place in the log.
    Strand,
    /// What is known of the workspace as a whole: its name, secret, state hash and versions.
    Meta,
}

impl Space {
    /// Every space.
    pub const ALL: [Self; 30] = [
        Self::Chain,
        Self::Held,
        Self::Command,
        Self::Entity,
        Self::Member,
        Self::Touch,
        Self::Conflict,
        Self::Fork,
        Self::Edge,
        Self::Incident,
        Self::Void,
        Self::Name,
        Self::Clock,
        Self::Overlay,
        Self::Text,
        Self::Delta,
        Self::Fact,
        Self::Ordinal,
        Self::Kind,
        Self::Posting,
        Self::Stream,
        Self::Decision,
        Self::Watch,
        Self::Clash,
        Self::Resolution,
        Self::Effect,
        Self::Repetition,
        Self::Clashed,
        Self::Strand,
        Self::Meta,
    ];

    /// The name under which a store keeps the space.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Held => "held",
            Self::Command => "command",
            Self::Entity => "entity",
            Self::Member => "member",
            Self::Touch => "touch",
            Self::Conflict => "conflict",
            Self::Fork => "fork",
            Self::Edge => "edge",
            Self::Incident => "incident",
            Self::Void => "void",
            Self::Name => "name",
            Self::Clock => "clock",
            Self::Overlay => "overlay",
            Self::Text => "text",
            Self::Delta => "delta",
            Self::Fact => "fact",
            Self::Ordinal => "ordinal",
            Self::Kind => "kind",
            Self::Posting => "posting",
            Self::Stream => "stream",
            Self::Decision => "decision",
            Self::Watch => "watch",
            Self::Clash => "clash",
            Self::Resolution => "resolution",
            Self::Effect => "effect",
            Self::Repetition => "repetition",
            Self::Clashed => "clashed",
            Self::Strand => "strand",
            Self::Meta => "meta",
        }
    }

    /// Its place in [`Space::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_is_the_place_among_all() {
        for (index, space) in Space::ALL.into_iter().enumerate() {
            assert_eq!(space.index(), index);
        }
    }
}
