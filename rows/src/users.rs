use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::row;

row! {
    /// A user.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct UserRow {
        /// Its id.
        pub id: String,
        /// The address that the user signs in with.
        pub email: String,
        /// The user's name.
        pub name: String as text,
        /// What the user may do.
        pub role: String,
        /// The version of its stream.
        pub version: u64,
        /// When the user was registered.
        pub created_at: DateTime<Utc>,
    }
    table "users", key "id", fill 90;
    index email "(email)";
}
