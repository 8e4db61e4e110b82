//! What somebody may be permitted to do.

use super::declared_name::declared_name;

declared_name! {
    /// What somebody may be permitted to do, such as `accounts.transfer`. What it means is decided by an
    /// [`Authority`](crate::executor::Authority).
    Permission, "permission"
}
