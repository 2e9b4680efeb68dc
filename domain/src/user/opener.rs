use serde::{Deserialize, Serialize};

/// Who opens an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opener {
    /// Somebody of the shop, for somebody else.
    Staff,
    /// The customer whose it is.
    Customer,
}
