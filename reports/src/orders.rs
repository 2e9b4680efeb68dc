//! The orders and credits behind a number: their sums are the number.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use proto::v1::{SalesOrder, SalesOrdersReply, SalesOrdersRequest};
use reads::Reads;
use reads::cells::Cells;
use reads::error::Error;
use reads::list::{Column, Kind, List, Sort, Value};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};

use super::calendar::Span;
use super::entries::{customer_label, entry_joins, entry_key, push_filter};
use super::filter::{Filter, check_key};
use super::measure::Measure;
use super::request::{Dates, Group, Level, by_order_date, group};

/// As many as can be ranked, and what has none.
const MAX_EXCEPT: usize = 101;

static LIST: List<OrderRow> = List {
    name: "sales_orders",
    sorts: &[Sort {
        name: "at",
        column: Column {
            sql: "at",
            kind: Kind::Time,
            nullable: false,
            value: |row| Value::Time(row.at),
        },
    }],
    default_sort: "at",
    ties: &[
        Column {
            sql: "order_id",
            kind: Kind::Text,
            nullable: false,
            value: |row| Value::Text(row.order.order_id.clone()),
        },
        Column {
            sql: "document",
            kind: Kind::Text,
            nullable: false,
            value: |row| Value::Text(row.order.credit_id.clone()),
        },
        Column {
            sql: "kind",
            kind: Kind::Text,
            nullable: false,
            value: |row| Value::Text(row.kind.clone()),
        },
    ],
};

/// What the list has, and so what its cursors belong to.
#[derive(Debug, Serialize)]
pub(super) struct Asked {
    #[serde(skip)]
    pub(super) zone: Tz,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    pub(super) filter: Filter,
    by_order_date: bool,
    measure: Option<String>,
    /// Grouping, keys.
    except: Vec<String>,
    #[serde(skip)]
    group: Group,
    grouping: String,
}

pub(super) struct OrderRow {
    at: DateTime<Utc>,
    kind: String,
    pub(super) order: SalesOrder,
}

impl Asked {
    pub(super) fn new(request: &SalesOrdersRequest) -> Result<Self, Error> {
        let dates = Dates::new(&request.from, &request.to, &request.time_zone)?;
        let span = Span::of_days(dates.zone, dates.from, dates.to);
        let filter = Filter::new(request.filter.as_ref(), &request.currency)?;
        let group = group(request.group_by, request.category_level, &filter)?;
        let measure = match request.measure.as_str() {
            "" => None,
            name => Some(Measure::find(name).filter(|measure| measure.adds_up()).ok_or_else(|| {
                let message = "must be a measure that adds up: average_order_value does not, and neither does label";
                Error::invalid("measure", "unknown", message)
            })?),
        };
        if request.except.len() > MAX_EXCEPT {
            return Err(Error::invalid(
                "except",
                "too_many",
                format!("at most {MAX_EXCEPT} keys"),
            ));
        }
        for key in &request.except {
            check_key("except", key)?;
        }
        if !request.except.is_empty() && matches!(group, Group::None | Group::Currency | Group::Category(Level::Tree)) {
            return Err(Error::invalid(
                "except",
                "contradiction",
                "needs the group_by that its keys are of",
            ));
        }
        Ok(Self {
            zone: dates.zone,
            start: span.start,
            end: span.end,
            filter,
            by_order_date: by_order_date(request.credits_by)?,
            measure: measure.map(|measure| measure.sql(str::to_owned)),
            except: request.except.clone(),
            group,
            grouping: format!("{group:?}"),
        })
    }

    /// Selects the rows; a condition may follow.
    pub(super) fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        // An order counts for each of the groups that it is in, when several are looked at together.
        let orders = if self.except.is_empty() || !self.group.of_lines() {
            "1".to_owned()
        } else {
            format!("count(DISTINCT {})", entry_key(self.group))
        };
        sql.push(format_args!(
            "SELECT s.*, {label} AS label, \
             (SELECT coalesce(o.number::text, o.external_id) FROM orders o WHERE o.id = s.order_id) AS number \
             FROM (SELECT {time} AS at, e.order_id, e.document, e.kind, e.happened_at, e.ordered_at, e.customer, \
             e.customer_type, e.country, e.currency, \
             (CASE WHEN e.kind = 'sale' THEN {orders} ELSE 0 END)::bigint AS orders, \
             (CASE WHEN e.kind = 'sale' AND e.customer_type = 'new' THEN {orders} ELSE 0 END)::bigint AS new_orders, \
             (CASE WHEN e.kind = 'sale' THEN sum(e.units) ELSE 0 END)::bigint AS units, \
             (CASE WHEN e.kind = 'sale' THEN sum(e.amount) ELSE 0 END)::bigint AS gross, \
             sum(e.discounts)::bigint AS discounts, \
             (CASE WHEN e.kind = 'sale' THEN sum(e.tax) ELSE -sum(e.tax) END)::bigint AS tax, \
             (CASE WHEN e.kind = 'sale' THEN 0 ELSE sum(e.amount) END)::bigint AS credits, \
             (CASE WHEN e.kind = 'sale' THEN 0 ELSE sum(e.units) END)::bigint AS credited_units \
             FROM sales_entry e{joins} WHERE ",
            time = if self.by_order_date {
                "e.ordered_at"
            } else {
                "e.happened_at"
            },
            joins = entry_joins(self.group),
            label = customer_label("s.customer"),
        ));
        self.push_time(sql);
        for (column, value) in [
            ("currency", &self.filter.currency),
            ("customer_type", &self.filter.customer_type),
        ] {
            if !value.is_empty() {
                sql.push(format_args!(" AND e.{column} = ")).push_bind(value.clone());
            }
        }
        push_filter(sql, &self.filter);
        if !self.except.is_empty() {
            sql.push(format_args!(" AND {} <> ALL (", entry_key(self.group)))
                .push_bind(self.except.clone())
                .push(")");
            if matches!(self.group, Group::Product | Group::Category(_)) {
                sql.push(" AND e.product <> ''");
            }
        }
        sql.push(
            " GROUP BY at, e.order_id, e.document, e.kind, e.happened_at, e.ordered_at, e.customer, e.customer_type, \
             e.country, e.currency) AS s WHERE TRUE",
        );
        if let Some(measure) = &self.measure {
            sql.push(format_args!(" AND {measure} <> 0"));
        }
    }

    fn push_time(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        let range = |sql: &mut QueryBuilder<'_, Postgres>, column: &str| {
            sql.push(format_args!("e.{column} >= ")).push_bind(self.start);
            sql.push(format_args!(" AND e.{column} < ")).push_bind(self.end);
        };
        if !self.by_order_date {
            return range(sql, "happened_at");
        }
        sql.push("(e.kind = 'sale' AND ");
        range(sql, "happened_at");
        sql.push(" OR e.kind <> 'sale' AND ");
        range(sql, "ordered_at");
        sql.push(")");
    }

    /// All of them, in the order of time.
    pub(super) fn push_everything(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        sql.push("SELECT r.*, FALSE AS total FROM (");
        self.push(sql);
        sql.push(") AS r ORDER BY at, order_id, document, kind");
    }
}

impl OrderRow {
    pub(super) fn read(row: &PgRow) -> Result<Self, Error> {
        let cells = Cells::new("sales_entry", row, "order_id");
        let kind: String = cells.get("kind")?;
        let (happened_at, ordered_at): (DateTime<Utc>, DateTime<Utc>) =
            (cells.get("happened_at")?, cells.get("ordered_at")?);
        let customer: String = cells.get("customer")?;
        Ok(Self {
            at: cells.get("at")?,
            order: SalesOrder {
                order_id: cells.get("order_id")?,
                credit_id: cells.get("document")?,
                kind: if kind == "sale" {
                    "order".to_owned()
                } else {
                    kind.clone()
                },
                happened_at_micros: happened_at.timestamp_micros(),
                ordered_at_micros: ordered_at.timestamp_micros(),
                order_number: cells.get::<Option<String>>("number")?.unwrap_or_default(),
                customer_label: cells
                    .get::<Option<String>>("label")?
                    .unwrap_or_else(|| customer.clone()),
                customer,
                customer_type: cells.get("customer_type")?,
                country: cells.get("country")?,
                currency: cells.get("currency")?,
                orders: cells.get("orders")?,
                units: cells.get("units")?,
                gross: cells.get("gross")?,
                discounts: cells.get("discounts")?,
                tax: cells.get("tax")?,
                credits: cells.get("credits")?,
                credited_units: cells.get("credited_units")?,
            },
            kind,
        })
    }
}

pub(super) async fn orders(query: &Reads, request: SalesOrdersRequest) -> Result<SalesOrdersReply, Error> {
    let asked = Asked::new(&request)?;
    let page = LIST.page(request.page, &request.sort, &asked)?;
    let freshness = query.fresh(request.context.as_ref(), &["sales"]).await?;
    let mut sql = QueryBuilder::new("");
    asked.push(&mut sql);
    page.push(&mut sql);
    let rows = sql.build().persistent(false).fetch_all(query.pool()).await?;
    let rows = rows.iter().map(OrderRow::read).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() && page.is_first() {
        asked.filter.check(query.pool()).await?;
    }
    let (orders, page) = page.finish(rows, |row| row.order);
    Ok(SalesOrdersReply {
        orders,
        page: Some(page),
        freshness: Some(freshness),
    })
}
