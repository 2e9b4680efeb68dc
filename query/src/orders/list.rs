//! Orders, filtered, sorted and page by page.

use proto::v1::{ListOrdersReply, ListOrdersRequest, OrderStatus};
use reads::Reads;
use serde::Serialize;
use sqlx::{Postgres, QueryBuilder};

use super::MODELS;
use super::row::{OrderRow, SELECT};
use crate::error::Error;
use crate::known::{self, Thing};
use crate::list::{Column, Kind, List, Sort, Value};
use crate::ranges::{Amounts, Times, currency, push_equal};
use crate::row::Word as _;

/// The order by totals.
const TOTAL: &str = "total";

static LIST: List<OrderRow> = List {
    name: "orders",
    sorts: &[
        Sort {
            name: "placed_at",
            column: Column {
                sql: "placed_at",
                kind: Kind::Time,
                nullable: false,
                value: |row| Value::Time(row.placed_at),
            },
        },
        // Its pages are those of `BY_TOTAL`.
        Sort {
            name: TOTAL,
            column: COLUMN_TOTAL,
        },
        Sort {
            name: "number",
            column: Column {
                sql: "number",
                kind: Kind::Integer,
                nullable: true,
                value: |row| row.number.map_or(Value::Null, Value::Integer),
            },
        },
    ],
    default_sort: "-placed_at",
    ties: &[COLUMN_ID],
};

/// By currency, in each by amount: those of different currencies are not compared.
static BY_TOTAL: List<OrderRow> = List {
    name: "orders by total",
    sorts: &[Sort {
        name: TOTAL,
        column: Column {
            sql: "currency",
            kind: Kind::Text,
            nullable: false,
            value: |row| Value::Text(row.currency().to_owned()),
        },
    }],
    default_sort: TOTAL,
    ties: &[COLUMN_TOTAL, COLUMN_ID],
};

const COLUMN_TOTAL: Column<OrderRow> = Column {
    sql: "total",
    kind: Kind::Integer,
    nullable: false,
    value: |row| Value::Integer(row.total()),
};

const COLUMN_ID: Column<OrderRow> = Column {
    sql: "id",
    kind: Kind::Text,
    nullable: false,
    value: |row| Value::Text(row.id().to_owned()),
};

/// Which orders the list has.
#[derive(Serialize)]
struct Filter {
    statuses: Vec<String>,
    customer_id: String,
    product_id: String,
    placed: Times,
    total: Amounts,
    currency: String,
}

pub(super) async fn list(query: &Reads, request: ListOrdersRequest) -> Result<ListOrdersReply, Error> {
    let filter = Filter {
        statuses: OrderStatus::asked(&request.statuses)?,
        customer_id: request.customer_id,
        product_id: request.product_id,
        placed: Times::new(request.placed)?,
        total: Amounts::new(request.total),
        currency: currency(request.currency)?,
    };
    let by_total = request.sort.trim_start_matches('-') == TOTAL;
    let walk = if by_total { &BY_TOTAL } else { &LIST };
    let page = walk.page(request.page, &request.sort, &filter)?;
    let (filter, beside) = (&filter, &page);
    let read = |pool: sqlx::PgPool| async move {
        let mut sql = QueryBuilder::new(SELECT.as_str());
        filter.push(&mut sql);
        beside.push(&mut sql);
        let rows = sql.build().fetch_all(&pool).await?;
        rows.iter().map(OrderRow::read).collect::<Result<Vec<_>, _>>()
    };
    let (rows, freshness) = query.read(request.context.as_ref(), MODELS, read).await?;
    if rows.is_empty() && page.is_first() {
        let customer = ("customer_id", Thing::Customer, filter.customer_id.as_str());
        let product = ("product_id", Thing::Product, filter.product_id.as_str());
        known::check(query.pool(), &[customer, product]).await?;
    }
    let (orders, page) = page.finish(rows, Into::into);
    Ok(ListOrdersReply {
        orders,
        page: Some(page),
        freshness: Some(freshness),
    })
}

impl Filter {
    fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        sql.push("TRUE");
        if !self.statuses.is_empty() {
            sql.push(" AND status = ANY(")
                .push_bind(self.statuses.clone())
                .push(")");
        }
        push_equal(sql, "customer_id", &self.customer_id);
        push_equal(sql, "currency", &self.currency);
        if !self.product_id.is_empty() {
            sql.push(" AND product_ids @> ")
                .push_bind(vec![self.product_id.clone()]);
        }
        self.placed.push(sql, "placed_at");
        self.total.push(sql, "total");
    }
}
