//! The numbers of a report.

/// A number that reports can be sorted by and that can be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Orders,
    Units,
    Gross,
    Discounts,
    Credits,
    CreditedUnits,
    NetUnits,
    Net,
    Tax,
    Total,
    AverageOrderValue,
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
    const ALL: [(&'static str, Self); 12] = [
        ("orders", Self::Orders),
        ("units", Self::Units),
        ("gross", Self::Gross),
        ("discounts", Self::Discounts),
        ("credits", Self::Credits),
        ("credited_units", Self::CreditedUnits),
        ("net_units", Self::NetUnits),
        ("net", Self::Net),
        ("tax", Self::Tax),
        ("total", Self::Total),
        ("average_order_value", Self::AverageOrderValue),
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

    /// Whether it is a sum over orders, so that each of them adds something to it.
    pub(super) fn adds_up(self) -> bool {
        self != Self::AverageOrderValue
    }

    /// The expression of it, where `of` is that of a column of [`SUMS`] or of `new_orders`. NULL: there is none.
    pub(super) fn sql(self, of: impl Fn(&str) -> String) -> String {
        let net = || format!("({} - {} - {})", of("gross"), of("discounts"), of("credits"));
        match self {
            Self::Orders => of("orders"),
            Self::Units => of("units"),
            Self::Gross => of("gross"),
            Self::Discounts => of("discounts"),
            Self::Credits => of("credits"),
            Self::CreditedUnits => of("credited_units"),
            Self::NetUnits => format!("({} - {})", of("units"), of("credited_units")),
            Self::Net => net(),
            Self::Tax => of("tax"),
            Self::Total => format!("({} + {})", net(), of("tax")),
            Self::AverageOrderValue => format!(
                "(({} - {})::double precision / nullif({}, 0))",
                of("gross"),
                of("discounts"),
                of("orders")
            ),
            Self::NewCustomers => of("new_orders"),
        }
    }
}

impl Sort {
    /// What rows are ordered by, where `of` is the expression of a sum and `label` that of what a row is called.
    pub(super) fn sql(self, of: impl Fn(&str) -> String) -> String {
        let what = match self.measure {
            Some(measure) => measure.sql(of),
            None => "label COLLATE \"C\"".to_owned(),
        };
        let way = if self.descending { "DESC" } else { "ASC" };
        format!("{what} {way} NULLS LAST")
    }
}
