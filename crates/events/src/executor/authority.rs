//! Who may do what.

use std::collections::{BTreeMap, BTreeSet};

use crate::command::Permission;
use crate::name::Actor;

/// Knows who may do what. It is asked before a command is validated or anything is read. Functions are authorities.
pub trait Authority: Send + Sync {
    /// Whether `actor` is permitted that. Whoever cannot tell says no.
    fn permits(&self, actor: &Actor, permission: &Permission) -> bool;
}

/// Permits nobody anything: what an executor begins with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Authority for Nobody {
    fn permits(&self, _: &Actor, _: &Permission) -> bool {
        false
    }
}

impl<F: Fn(&Actor, &Permission) -> bool + Send + Sync> Authority for F {
    fn permits(&self, actor: &Actor, permission: &Permission) -> bool {
        self(actor, permission)
    }
}

/// Permissions by role: an actor may do what any of their roles may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    permissions: BTreeMap<String, BTreeSet<Permission>>,
    members: BTreeMap<Actor, BTreeSet<String>>,
}

impl Roles {
    /// No roles, so nobody may do anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, where a role may do these things too.
    #[must_use]
    pub fn grant(mut self, role: &str, permissions: impl IntoIterator<Item = Permission>) -> Self {
        self.permissions
            .entry(role.to_owned())
            .or_default()
            .extend(permissions);
        self
    }

    /// The same, where an actor has a role.
    #[must_use]
    pub fn assign(mut self, actor: Actor, role: &str) -> Self {
        self.members.entry(actor).or_default().insert(role.to_owned());
        self
    }
}

impl Authority for Roles {
    fn permits(&self, actor: &Actor, permission: &Permission) -> bool {
        let roles = self.members.get(actor).into_iter().flatten();
        roles
            .filter_map(|role| self.permissions.get(role))
            .any(|permissions| permissions.contains(permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actor_may_do_what_any_of_their_roles_may() {
        let [open, close] = [Permission::new("open"), Permission::new("close")];
        let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| Actor::new(name).unwrap());
        let roles = Roles::new()
            .grant("clerk", [open.clone()])
            .grant("manager", [close.clone()])
            .assign(ann.clone(), "clerk")
            .assign(bob.clone(), "clerk")
            .assign(bob.clone(), "manager")
            .assign(eve.clone(), "guest");
        assert!(roles.permits(&ann, &open) && !roles.permits(&ann, &close));
        assert!(roles.permits(&bob, &open) && roles.permits(&bob, &close));
        assert!(!roles.permits(&eve, &open) && !Nobody.permits(&bob, &open));
    }
}
