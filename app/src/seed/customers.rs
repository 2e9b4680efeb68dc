//! Who buys.

use super::random::Random;

const FIRST_NAMES: &[&str] = &[
    "Amelia", "Oliver", "Isla", "George", "Ava", "Arthur", "Freya", "Noah", "Lily", "Leo", "Grace", "Oscar", "Maya",
    "Theo", "Nina", "Felix", "Zara", "Hugo", "Ruth", "Ivan", "Clara", "Owen", "Priya", "Samir", "Hanna", "Jonas",
    "Chloe", "Marc", "Sofia", "Daan",
];
const LAST_NAMES: &[&str] = &[
    "Ashworth",
    "Bennett",
    "Carter",
    "Dawson",
    "Ellis",
    "Fletcher",
    "Gallagher",
    "Hughes",
    "Ibrahim",
    "Jensen",
    "Khan",
    "Lambert",
    "Morgan",
    "Novak",
    "O'Brien",
    "Patel",
    "Quinn",
    "Rossi",
    "Schmidt",
    "Taylor",
    "Usher",
    "Visser",
    "Walsh",
    "Young",
    "Zhang",
];
/// Countries, the frequent ones several times.
const COUNTRIES: &[(&str, u64)] = &[
    ("GB", 70),
    ("IE", 9),
    ("FR", 6),
    ("DE", 6),
    ("NL", 4),
    ("US", 3),
    ("SE", 2),
];

/// A customer of the demo shop.
pub(super) struct Customer {
    pub(super) name: String,
    pub(super) email: String,
    /// What the history of orders calls the customer.
    pub(super) reference: String,
    /// ISO 3166-1.
    pub(super) country: &'static str,
}

/// The customer of a number.
pub(super) fn customer(index: u64) -> Customer {
    let random = &mut Random::of("customer", index);
    let first = random.pick(FIRST_NAMES).copied().unwrap_or_default();
    let last = random.pick(LAST_NAMES).copied().unwrap_or_default();
    let number = index + 1;
    let weights: Vec<_> = COUNTRIES.iter().map(|(_, weight)| *weight).collect();
    Customer {
        name: format!("{first} {last}"),
        email: format!("customer{number}@example.com"),
        reference: format!("customer{number}"),
        country: COUNTRIES[random.weighted(&weights)].0,
    }
}
