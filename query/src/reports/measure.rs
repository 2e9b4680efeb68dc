//! The numbers of a report.

use proto::v1::SalesRow;

/// A number that reports can be sorted by and that can be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Orders,
    Units,
    Gross,
    Discounts,
    Credits,
    CreditedUnits,
    Net,
    Tax,
    Total,
    NewCustomers,
}

/// How rows of a period and currency stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sort {
    /// `None`: by what they are called.
    pub(super) measure: Option<Measure>,
    pub(super) descending: bool,
}

/// The sums that rows are read as, and what they are called in a query.
pub(super) const SUMS: [&str; 7] = [
    "orders",
    "units",
    "gross",
    "discounts",
    "tax",
    "credits",
    "credited_units",
];

impl Measure {
    const ALL: [(&'static str, Self); 10] = [
        ("orders", Self::Orders),
        ("units", Self::Units),
        ("gross", Self::Gross),
        ("discounts", Self::Discounts),
        ("credits", Self::Credits),
        ("credited_units", Self::CreditedUnits),
        ("net", Self::Net),
        ("tax", Self::Tax),
        ("total", Self::Total),
        ("new_customers", Self::NewCustomers),
    ];

    pub(super) fn find(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, measure)| *measure)
    }

    pub(super) fn names() -> String {
        Self::ALL.map(|(name, _)| name).join(", ")
    }

    /// Of sums over rows with the columns [`SUMS`] and `new_orders`.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Units => "units",
            Self::Gross => "gross",
            Self::Discounts => "discounts",
            Self::Credits => "credits",
            Self::CreditedUnits => "credited_units",
            Self::Net => "(gross - discounts - credits)",
            Self::Tax => "tax",
            Self::Total => "(gross - discounts - credits + tax)",
            Self::NewCustomers => "new_orders",
        }
    }

    pub(super) fn of(self, row: &SalesRow) -> i64 {
        match self {
            Self::Orders => row.orders,
            Self::Units => row.units,
            Self::Gross => row.gross,
            Self::Discounts => row.discounts,
            Self::Credits => row.credits,
            Self::CreditedUnits => row.credited_units,
            Self::Net => row.net,
            Self::Tax => row.tax,
            Self::Total => row.net.saturating_add(row.tax),
            Self::NewCustomers => row.new_orders,
        }
    }
}
