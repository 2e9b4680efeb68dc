//! The query that adds up sales: which kept sums and which entries it reads.

use sqlx::{Postgres, QueryBuilder};

use super::entries::{Side, push_entries};
use super::filter::Filter;
use super::kept_sums::push_kept;
use super::plan::{Segment, Source, segments};
use super::request::{Group, Level};
use super::sum_query::{Customers, SumQuery};

/// A dimension that sums are kept by, and the condition that the filter is in it.
struct Kept {
    dimension: &'static str,
    sources: &'static [Source],
}

const BY_QUARTER: &[Source] = &[Source::Entries, Source::Quarters, Source::Months];
const BY_DAY: &[Source] = &[Source::Entries, Source::Days, Source::Months];
const BY_MONTH: &[Source] = &[Source::Entries, Source::Months];
const BY_YEAR: &[Source] = &[Source::Entries, Source::Years];
const ENTRIES: &[Source] = &[Source::Entries];

impl SumQuery<'_> {
    /// The sums that answer this; `None`: no one kept them, so entries are added up.
    fn kept(&self) -> Option<Kept> {
        let Filter {
            product,
            category,
            direct,
            country,
            customer,
            ..
        } = self.filter;
        // Of few customers the entries are few.
        let few = product.is_some() || customer.is_some() || matches!(self.customers, Customers::Top(_));
        if few || self.filter.of_discounts() {
            return None;
        }
        let kept = |dimension, sources| Some(Kept { dimension, sources });
        match (self.group, category, country) {
            (Group::None | Group::Currency | Group::CustomerType, None, None) => kept("total", BY_QUARTER),
            (Group::None | Group::Currency | Group::CustomerType | Group::Country, None, _) => {
                kept("country", BY_QUARTER)
            }
            (Group::None | Group::Currency | Group::CustomerType, Some(_), None) if *direct => {
                kept("category_own", BY_QUARTER)
            }
            (Group::None | Group::Currency | Group::CustomerType, Some(_), None) => kept("category", BY_QUARTER),
            (Group::Category(_), Some(_), None) if *direct => kept("category_own", BY_QUARTER),
            (Group::Category(level), _, None) => kept(
                match level {
                    Level::Own => "category_own",
                    Level::Tree => "category",
                    // Both: see `push_level`.
                    Level::Depth(_) => "category*",
                },
                BY_QUARTER,
            ),
            (Group::Product, None, None) => kept("product", BY_DAY),
            (Group::Product, None, Some(_)) => kept("country_product", BY_YEAR),
            (Group::Customer, None, None) => kept("customer", BY_MONTH),
            _ => None,
        }
    }

    /// `SELECT period, currency, key` and the sums, `customer_type` by `customer_type`, some more than once.
    pub(super) fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        let kept = self.kept();
        let sources = kept.as_ref().map_or(ENTRIES, |kept| kept.sources);
        let segments: Vec<Segment> = self
            .spans
            .iter()
            .flat_map(|(number, span)| segments(*number, *span, sources))
            .collect();
        self.push_segments(&segments, kept.map(|kept| kept.dimension), sql);
    }

    /// The same for segments, of which those of sums are in `dimension`.
    pub(super) fn push_segments(
        &self,
        segments: &[Segment],
        dimension: Option<&'static str>,
        sql: &mut QueryBuilder<'_, Postgres>,
    ) {
        let years = match dimension {
            Some("customer") => "sales_customer_year",
            _ => "sales_year",
        };
        let table_of = |source: Source| match source {
            Source::Entries => "sales_entry",
            Source::Quarters | Source::Days => "sales",
            Source::Months => "sales_month",
            Source::Years => years,
        };
        let of = |table: &str| -> Vec<Segment> {
            let segments = segments.iter().copied();
            segments.filter(|segment| table_of(segment.source) == table).collect()
        };
        let mut union = "";
        if let Some(dimension) = dimension {
            for table in ["sales", "sales_month", years] {
                let segments = of(table);
                if !segments.is_empty() {
                    sql.push(union);
                    push_kept(self, table, dimension, &segments, sql);
                    union = " UNION ALL ";
                }
            }
        }
        let fine = of("sales_entry");
        if !fine.is_empty() || union.is_empty() {
            sql.push(union);
            let side = if self.by_order_date { Side::Sales } else { Side::Both };
            push_entries(self, &fine, side, sql);
            if self.by_order_date {
                sql.push(" UNION ALL ");
                push_entries(self, &fine, Side::Undone, sql);
            }
        }
    }
}
