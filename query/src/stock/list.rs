//! The stock of all products, filtered, sorted and page by page.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use proto::v1::{ListStockReply, ListStockRequest, ProductStatus, StockItem, StockLevel};
use reads::Reads;
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};

use super::{MODELS, level};
use crate::cells::Cells;
use crate::error::Error;
use crate::like;
use crate::list::{Column, Kind, List, Sort, Value};
use crate::ranges::{Amounts, push_equal};
use crate::row::Word as _;

const ON_HAND: &str = "coalesce(s.on_hand, 0)";
const RESERVED: &str = "coalesce(s.reserved, 0)";
const AVAILABLE: &str = "coalesce(s.on_hand - s.reserved, 0)";

/// A condition follows.
static SELECT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.id, p.sku, {}, s.updated_at
FROM products p LEFT JOIN stock s ON s.product_id = p.id
WHERE ",
        level::COLUMNS
    )
});

struct StockRow {
    updated_at: Option<DateTime<Utc>>,
    item: StockItem,
    level: StockLevel,
}

impl StockRow {
    fn read(row: &PgRow) -> Result<Self, Error> {
        let cells = Cells::new("stock", row, "id");
        let updated_at: Option<DateTime<Utc>> = cells.get("updated_at")?;
        let level = level::read(&cells)?;
        let item = StockItem {
            product_id: cells.get("id")?,
            sku: cells.get("sku")?,
            level: Some(level),
            updated_at_micros: updated_at.map(|time| time.timestamp_micros()),
        };
        Ok(Self {
            updated_at,
            item,
            level,
        })
    }
}

static LIST: List<StockRow> = List {
    name: "stock",
    sorts: &[
        Sort {
            name: "sku",
            column: column("p.sku", Kind::Text, |row| Value::Text(row.item.sku.clone())),
        },
        Sort {
            name: "available",
            column: column(AVAILABLE, Kind::Integer, |row| Value::Integer(row.level.available)),
        },
        Sort {
            name: "on_hand",
            column: column(ON_HAND, Kind::Integer, |row| Value::Integer(row.level.on_hand)),
        },
        Sort {
            name: "reserved",
            column: column(RESERVED, Kind::Integer, |row| Value::Integer(row.level.reserved)),
        },
        Sort {
            name: "updated_at",
            column: Column {
                sql: "s.updated_at",
                kind: Kind::Time,
                nullable: true,
                value: |row| row.updated_at.map_or(Value::Null, Value::Time),
            },
        },
    ],
    default_sort: "sku",
    ties: &[column("p.id", Kind::Text, |row| {
        Value::Text(row.item.product_id.clone())
    })],
};

const fn column(sql: &'static str, kind: Kind, value: fn(&StockRow) -> Value) -> Column<StockRow> {
    Column {
        sql,
        kind,
        nullable: false,
        value,
    }
}

/// Of which products the list has the stock.
#[derive(Serialize)]
struct Filter {
    category: String,
    statuses: Vec<String>,
    sku: String,
    available: Amounts,
    reserved: Amounts,
}

pub(super) async fn list(query: &Reads, request: ListStockRequest) -> Result<ListStockReply, Error> {
    let filter = Filter {
        category: request.category,
        statuses: ProductStatus::asked(&request.statuses)?,
        sku: request.sku,
        available: Amounts::new(request.available),
        reserved: Amounts::new(request.reserved),
    };
    let page = LIST.page(request.page, &request.sort, &filter)?;
    let (filter, beside) = (&filter, &page);
    let read = |pool: sqlx::PgPool| async move {
        let mut sql = QueryBuilder::new(SELECT.as_str());
        filter.push(&mut sql);
        beside.push(&mut sql);
        let rows = sql.build().fetch_all(&pool).await?;
        rows.iter().map(StockRow::read).collect::<Result<Vec<_>, _>>()
    };
    let (rows, freshness) = query.read(request.context.as_ref(), MODELS, read).await?;
    let (items, page) = page.finish(rows, |row| row.item);
    Ok(ListStockReply {
        items,
        page: Some(page),
        freshness: Some(freshness),
    })
}

impl Filter {
    fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        sql.push("p.deleted_at IS NULL");
        if !self.statuses.is_empty() {
            sql.push(" AND p.status = ANY(")
                .push_bind(self.statuses.clone())
                .push(")");
        }
        if !self.category.is_empty() {
            sql.push(" AND (p.category = ")
                .push_bind(self.category.clone())
                .push(" OR p.category LIKE ")
                .push_bind(like::below(&self.category))
                .push(")");
        }
        push_equal(sql, "p.sku", &self.sku);
        self.available.push(sql, AVAILABLE);
        self.reserved.push(sql, RESERVED);
    }
}
