//! What kind of command one is.

use super::declared_name::declared_name;

declared_name! {
    /// What kind of command one is: an imperative, such as `transfer_money`.
    CommandType, "command type"
}
