//! The statement of the sales report.

use sqlx::{Postgres, QueryBuilder};

use crate::entries::customer_label;
use crate::request::Group;
use crate::sales::Asked;
use crate::sum_query::{Customers, SumQuery};
use crate::totals::{PREVIOUS, TOTALS, totals_of};

impl Asked {
    /// The totals, then the rows in their order, in one statement so that they are of one moment. Periods count from 1; those that they
    /// are compared with go on behind them.
    pub(crate) fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        let report = &self.report;
        let all = self
            .periods
            .iter()
            .map(Some)
            .chain(self.previous.iter().map(Option::as_ref));
        let spans: Vec<_> = (1..)
            .zip(all)
            .filter_map(|(number, period)| Some((number, period?.span)))
            .collect();
        let wholes = [
            Some(self.whole()),
            self.whole_previous.as_ref().map(|previous| previous.span),
        ];
        let whole_spans: Vec<_> = (1..)
            .zip(wholes)
            .filter_map(|(number, span)| Some((number, span?)))
            .collect();
        let query_of = |group, customers, spans: &[_]| SumQuery {
            group,
            filter: &report.filter,
            by_order_date: report.by_order_date,
            customers,
            spans: spans.to_vec(),
        };
        sql.push("WITH ");
        push_cells(sql, "whole", |sql| {
            query_of(Group::None, Customers::All, &whole_spans).push(sql);
        });
        sql.push(", ");
        let mut from = "cells";
        if let Some(best) = &self.best {
            push_cells(sql, "cells", |sql| {
                query_of(report.group, Customers::Guests(best), &spans).push(sql);
                sql.push(" UNION ALL ");
                query_of(report.group, Customers::Top(best), &spans).push(sql);
            });
            sql.push(", ");
            push_cells(sql, "everything", |sql| {
                query_of(Group::None, Customers::All, &spans).push(sql);
            });
            push_others(sql);
            from = "best";
        } else {
            push_cells(sql, "cells", |sql| {
                query_of(report.group, Customers::All, &spans).push(sql);
            });
            if let Some(top) = report.top {
                self.push_top(sql, top);
                from = "best";
            }
        }
        let merged = report.fill || report.compare.is_some();
        if merged {
            self.push_merged(sql, from);
        }
        let (mut before, mut nothing) = (String::new(), String::new());
        if report.compare.is_some() {
            before = PREVIOUS.map(|name| format!(", {name}")).concat();
            nothing = PREVIOUS.map(|name| format!(", NULL::bigint AS {name}")).concat();
        }
        let (label, name) = self.labels();
        let columns = TOTALS.join(", ");
        sql.push(format_args!(
            " SELECT * FROM (SELECT TRUE AS total, period, currency, FALSE AS other, '' AS key, '' AS label, '' AS name, {columns}{nothing} \
             FROM whole UNION ALL SELECT FALSE, period, currency, other, key, \
             CASE WHEN other THEN '' ELSE coalesce({label}, key) END, {name}, {columns}{before} FROM {from} s) AS r \
             ORDER BY total DESC, period, currency COLLATE \"C\", other, {sort}, key COLLATE \"C\"",
            from = if merged { "merged" } else { from },
            sort = report.sort.sql(str::to_owned),
        ));
    }

    /// Ranks the groups over the whole time and puts those behind the first ones together.
    fn push_top(&self, sql: &mut QueryBuilder<'_, Postgres>, top: u32) {
        let rank = self.report.sort.sql(|name| format!("sum({name})"));
        let sums = TOTALS.map(|name| format!("sum(c.{name})::bigint AS {name}")).join(", ");
        sql.push(format_args!(
            ", ranked AS (SELECT currency, key, row_number() OVER (PARTITION BY currency ORDER BY {rank}, key) AS place \
             FROM cells WHERE period <= "
        ));
        sql.push_bind(i32::try_from(self.periods.len()).unwrap_or(i32::MAX));
        // Guests are no customer, and no discount is none: they have a row of their own beside the ranked ones.
        let (ranked, kept) = match self.report.group {
            Group::Customer | Group::DiscountCode | Group::DiscountCampaign | Group::DiscountKind => {
                (" AND key <> ''", "c.key <> '' AND ")
            }
            _ => ("", ""),
        };
        sql.push(ranked);
        sql.push(" GROUP BY currency, key), placed AS (SELECT c.*, ")
            .push(kept)
            .push("coalesce(r.place > ")
            .push_bind(i64::from(top))
            .push(format_args!(
                ", TRUE) AS beyond FROM cells c LEFT JOIN ranked r ON r.currency = c.currency AND r.key = c.key), \
                 best AS (SELECT c.period, c.currency, CASE WHEN c.beyond THEN '' ELSE c.key END AS key, c.beyond AS other, {sums} \
                 FROM placed c GROUP BY 1, 2, 3, 4)"
            ));
    }

    /// `merged`: each row beside what it is compared with, and rows of zeros where they are asked for.
    fn push_merged(&self, sql: &mut QueryBuilder<'_, Postgres>, from: &str) {
        let count = i32::try_from(self.periods.len()).unwrap_or(i32::MAX);
        sql.push(", places AS (");
        if self.report.fill {
            sql.push("SELECT n AS period, g.* FROM generate_series(1, ")
                .push_bind(count)
                .push(format_args!(
                    ") AS n CROSS JOIN (SELECT DISTINCT currency, other, key FROM {from}"
                ));
            if self.report.group == Group::None {
                sql.push(" UNION SELECT currency, FALSE, '' FROM whole");
                if !self.report.filter.currency.is_empty() {
                    sql.push(" UNION SELECT ")
                        .push_bind(self.report.filter.currency.clone())
                        .push(", FALSE, ''");
                }
            }
            sql.push(") AS g");
        } else {
            sql.push("SELECT DISTINCT (period - 1) % ")
                .push_bind(count)
                .push(format_args!(" + 1 AS period, currency, other, key FROM {from}"));
        }
        sql.push("), merged AS (SELECT p.period, p.currency, p.other, p.key");
        let same = |table: &str| {
            format!(
                "{table}.currency = p.currency AND {table}.other = p.other AND {table}.key = p.key AND {table}.period = p.period"
            )
        };
        for (name, before) in TOTALS.into_iter().zip(PREVIOUS) {
            sql.push(format_args!(", coalesce(c.{name}, 0) AS {name}"));
            if self.report.compare.is_some() {
                sql.push(format_args!(", coalesce(b.{name}, 0) AS {before}"));
            }
        }
        sql.push(format_args!(" FROM places p LEFT JOIN {from} c ON {}", same("c")));
        if self.report.compare.is_some() {
            sql.push(format_args!(" LEFT JOIN {from} b ON {} + ", same("b")))
                .push_bind(count);
        }
        sql.push(")");
    }

    /// The expressions of what people call a row and of its name.
    fn labels(&self) -> (String, String) {
        match self.report.group {
            Group::Product => {
                let of = |column| {
                    format!("(SELECT l.{column} FROM sales_label l WHERE l.dimension = 'product' AND l.key = s.key)")
                };
                (of("label"), of("name"))
            }
            Group::Customer => (customer_label("s.key"), "''".to_owned()),
            _ => ("s.key".to_owned(), "''".to_owned()),
        }
    }
}

/// `WITH` one more: `period, currency, key` and the sums, none of them all zero.
fn push_cells<'a>(
    sql: &mut QueryBuilder<'a, Postgres>,
    name: &str,
    rows: impl FnOnce(&mut QueryBuilder<'a, Postgres>),
) {
    sql.push(format_args!(
        "{name} AS (SELECT r.period, r.currency, r.key, FALSE AS other, {} FROM (",
        totals_of("r")
    ));
    rows(sql);
    let some = crate::measure::SUMS
        .map(|sum| format!("sum(r.{sum}) <> 0"))
        .join(" OR ");
    sql.push(format_args!(") r GROUP BY 1, 2, 3 HAVING {some})"));
}

/// `best`: the cells, and in a row of its own what everything has more than they have together.
fn push_others(sql: &mut QueryBuilder<'_, Postgres>) {
    let columns = TOTALS.join(", ");
    let less = TOTALS.map(|name| format!("sum({name})::bigint AS {name}")).join(", ");
    let minus = TOTALS.map(|name| format!("-{name}")).join(", ");
    let some = TOTALS.map(|name| format!("sum({name}) <> 0")).join(" OR ");
    sql.push(format_args!(
        ", best AS (SELECT period, currency, key, other, {columns} FROM cells \
         UNION ALL SELECT period, currency, '', TRUE, {less} FROM (SELECT period, currency, {columns} FROM everything \
         UNION ALL SELECT period, currency, {minus} FROM cells) AS rest GROUP BY 1, 2 HAVING {some})"
    ));
}
