//! Ids: a UUID with a prefix that says of what. The printed form is the id of the event stream too.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use values::{ValueCode, ValueError};

/// The name space of ids that are derived from another system's ids. Changing it would import everything
/// a second time.
const IMPORTED: Uuid = Uuid::from_u128(0x9f3d_7a52_6c1e_5b08_a4d7_21c8_0e6f_b395);

/// Length of a hyphenated UUID.
const UUID_CHARS: usize = 36;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What the printed form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id with this UUID; a fresh id takes a version 7 one, which sorts by time.
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The id without its prefix.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buffer = [0; UUID_CHARS];
                f.write_str($prefix)?;
                f.write_str(self.0.hyphenated().encode_lower(&mut buffer))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            /// Reads only what `Display` prints: one spelling per id, because ids are compared as text.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix($prefix)
                    .and_then(parse_canonical)
                    .map(Self)
                    .ok_or_else(|| {
                        ValueError::new(
                            ValueCode::InvalidFormat,
                            concat!("an id here is ", $prefix, " and a lower-case UUID with hyphens"),
                        )
                    })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!($prefix, "<uuid>"))
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }
    };
}

id! {
    /// A product, `prod_<uuid>`; its stock has a stream with the same id.
    ProductId, "prod_"
}
id! {
    /// An order, `ord_<uuid>`.
    OrderId, "ord_"
}
id! {
    /// A user, `usr_<uuid>`; customers are users.
    UserId, "usr_"
}
id! {
    /// A session: a user who is logged in somewhere, `ses_<uuid>`.
    SessionId, "ses_"
}
id! {
    /// A credit: money given back, `crd_<uuid>`.
    CreditId, "crd_"
}
id! {
    /// A rule for a query, `rule_<uuid>`.
    SearchRuleId, "rule_"
}

impl OrderId {
    /// The id of an order of another system: always the same for the same two texts.
    #[must_use]
    pub fn imported(source: &str, external_id: &str) -> Self {
        Self(imported("order", source, external_id))
    }

    /// Whether ids like this one sort by the time of their minting.
    pub(crate) fn sorts_by_time(self) -> bool {
        self.0.get_version_num() == 7
    }
}

impl CreditId {
    /// The id of a credit of another system: always the same for the same two texts.
    #[must_use]
    pub fn imported(source: &str, external_id: &str) -> Self {
        Self(imported("credit", source, external_id))
    }
}

impl UserId {
    /// The id of a customer of another system: always the same for the same two texts.
    #[must_use]
    pub fn imported(source: &str, reference: &str) -> Self {
        Self(imported("customer", source, reference))
    }
}

/// The length in front of the source keeps `a` + `bc` and `ab` + `c` apart.
fn imported(kind: &str, source: &str, external_id: &str) -> Uuid {
    let name = format!("{kind}:{}:{source}:{external_id}", source.len());
    Uuid::new_v5(&IMPORTED, name.as_bytes())
}

fn parse_canonical(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let mut buffer = [0; UUID_CHARS];
    (uuid.hyphenated().encode_lower(&mut buffer) == text).then_some(uuid)
}
