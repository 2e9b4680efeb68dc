//! Walking lists page by page, forward and back, while others write.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use proto::v1::{ListOrdersRequest, ListProductsRequest, PageInfo, PageRequest};
use sqlx::PgPool;

use crate::support::{Shop, failure, refused};

/// A list under test: one of the services, and one of its sorts.
#[derive(Clone, Copy, Debug)]
struct Walk {
    products: bool,
    sort: &'static str,
}

impl Walk {
    async fn page(self, shop: &Shop, limit: u32, cursor: &str) -> (Vec<String>, PageInfo) {
        let page = Some(PageRequest {
            limit,
            cursor: cursor.to_owned(),
        });
        let sort = self.sort.to_owned();
        if self.products {
            let request = ListProductsRequest {
                page,
                sort,
                ..Default::default()
            };
            let reply = shop.products.clone().list_products(request).await.unwrap().into_inner();
            let ids = reply.products.into_iter().map(|product| product.id);
            (ids.collect(), reply.page.unwrap())
        } else {
            let request = ListOrdersRequest {
                page,
                sort,
                ..Default::default()
            };
            let reply = shop.orders.clone().list_orders(request).await.unwrap().into_inner();
            let ids = reply.orders.into_iter().map(|order| order.id);
            (ids.collect(), reply.page.unwrap())
        }
    }

    /// Puts rows in whose sort values are few, so that most are ties.
    async fn insert(self, shop: &Shop, prefix: &str, rows: &[Row]) {
        let ids: Vec<_> = (0..rows.len())
            .map(|number| format!("{prefix}{:03}", number * 7 % 1000))
            .collect();
        let values: Vec<_> = rows.iter().map(|row| row.0).collect();
        let numbers: Vec<_> = rows.iter().map(|row| row.1).collect();
        let sql = if self.products {
            "INSERT INTO products (id, sku, name, name_key, price_amount, created_at)
             SELECT id, 'S' || value, 'Näme ' || value, 'name ' || value, coalesce(number, 9), to_timestamp(value)
             FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS row (id, value, number)"
        } else {
            "INSERT INTO orders (id, total, number, placed_at) SELECT id, value, number, to_timestamp(value + 0.000001)
             FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS row (id, value, number)"
        };
        sqlx::query(sql)
            .bind(ids)
            .bind(values)
            .bind(numbers)
            .execute(&shop.pool)
            .await
            .unwrap();
    }
}

/// A sort value and a nullable one.
type Row = (i64, Option<i64>);

fn rows(max: usize) -> impl Strategy<Value = Vec<Row>> {
    vec((0..4_i64, option::of(0..3_i64)), 0..max)
}

const WALKS: [Walk; 12] = {
    const fn walk(products: bool, sort: &'static str) -> Walk {
        Walk { products, sort }
    }
    [
        walk(true, ""),
        walk(true, "name"),
        walk(true, "-name"),
        walk(true, "price"),
        walk(true, "-sku"),
        walk(true, "created_at"),
        walk(false, ""),
        walk(false, "placed_at"),
        walk(false, "total"),
        walk(false, "-total"),
        walk(false, "number"),
        walk(false, "-number"),
    ]
};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn no_row_comes_twice_and_none_is_missed(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mut runner = TestRunner::deterministic();
    for walk in WALKS {
        for _ in 0..6 {
            shop.run("DELETE FROM products; DELETE FROM orders").await;
            let case = (rows(40), 1..9_u32, vec(rows(3), 0..20));
            let (rows, limit, inserts) = case.new_tree(&mut runner).unwrap().current();
            walk.insert(&shop, "m", &rows).await;
            there_and_back(&shop, walk, limit, &inserts).await;
        }
    }
}

/// Walks to the end and back to the beginning, while rows are inserted between the pages.
async fn there_and_back(shop: &Shop, walk: Walk, limit: u32, inserts: &[Vec<Row>]) {
    let (original, _) = walk.page(shop, 200, "").await;
    let mut inserts = inserts.iter().enumerate();
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let (ids, info) = walk.page(shop, limit, &cursor).await;
        assert_eq!(
            info.prev_cursor.is_empty(),
            pages.is_empty(),
            "only the first page has none before it"
        );
        pages.push(ids);
        cursor = info.next_cursor;
        if cursor.is_empty() {
            cursor = info.prev_cursor;
            break;
        }
        // Some sort before what was there, some behind, some between.
        if let Some((number, rows)) = inserts.next() {
            walk.insert(shop, &format!("{}{number}-", ["a", "m", "z"][number % 3]), rows)
                .await;
        }
    }
    let forward = pages.concat();
    check(walk, &original, &forward);
    assert!(
        pages.iter().rev().skip(1).all(|page| page.len() == limit as usize),
        "{walk:?}"
    );

    let mut backward: Vec<Vec<String>> = pages.pop().into_iter().collect();
    while !cursor.is_empty() {
        let (ids, info) = walk.page(shop, limit, &cursor).await;
        assert!(
            !info.next_cursor.is_empty(),
            "there is a page after this one: we come from it"
        );
        let (again, _) = walk.page(shop, limit, &info.next_cursor).await;
        assert_eq!(
            again.first(),
            backward.last().and_then(|page| page.first()),
            "next undoes prev"
        );
        backward.push(ids);
        cursor = info.prev_cursor;
    }
    backward.reverse();
    check(walk, &original, &backward.concat());
    let (now, _) = walk.page(shop, 200, "").await;
    let seen_back: BTreeSet<_> = backward.iter().flatten().collect();
    let order: Vec<_> = now.iter().filter(|id| seen_back.contains(id)).collect();
    assert_eq!(
        order,
        backward.iter().flatten().collect::<Vec<_>>(),
        "in the list's order"
    );
}

/// Every original row is there, in its order, and no row is there twice.
fn check(walk: Walk, original: &[String], walked: &[String]) {
    let distinct: BTreeSet<_> = walked.iter().collect();
    assert_eq!(distinct.len(), walked.len(), "{walk:?}: a row came twice");
    let before: BTreeSet<_> = original.iter().collect();
    let kept: Vec<_> = walked.iter().filter(|id| before.contains(id)).collect();
    assert_eq!(kept, original.iter().collect::<Vec<_>>(), "{walk:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_page_whose_rows_are_gone_leads_back(pool: PgPool) {
    let shop = Shop::open(pool).await;
    for walk in [
        Walk {
            products: false,
            sort: "total",
        },
        Walk {
            products: false,
            sort: "-number",
        },
    ] {
        shop.run("DELETE FROM orders").await;
        walk.insert(&shop, "m", &[(1, Some(9)), (2, Some(8)), (3, None), (4, None)])
            .await;
        let (first, info) = walk.page(&shop, 2, "").await;
        let (second, last) = walk.page(&shop, 2, &info.next_cursor).await;
        let gone = format!("DELETE FROM orders WHERE id IN ('{}')", second.join("','"));
        shop.run(&gone).await;
        let (empty, back) = walk.page(&shop, 2, &info.next_cursor).await;
        assert_eq!((empty.len(), back.next_cursor.as_str()), (0, ""));
        assert_eq!(walk.page(&shop, 2, &back.prev_cursor).await.0, first);
        assert_eq!(walk.page(&shop, 2, &last.prev_cursor).await.0, first);

        shop.run("DELETE FROM orders").await;
        let (empty, forth) = walk.page(&shop, 2, &last.prev_cursor).await;
        assert_eq!((empty.len(), forth.prev_cursor.as_str()), (0, ""));
        walk.insert(&shop, "m", &[(1, Some(9)), (2, Some(8)), (3, None), (4, None)])
            .await;
        assert_eq!(walk.page(&shop, 2, &forth.next_cursor).await.0, second);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_cursor_of_another_list_is_refused(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let by_total = Walk {
        products: false,
        sort: "total",
    };
    by_total.insert(&shop, "m", &[(1, None), (2, None)]).await;
    let cursor = by_total.page(&shop, 1, "").await.1.next_cursor;
    assert!(
        cursor
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    );

    let order_list = |page: PageRequest, sort: &str, currency: &str| ListOrdersRequest {
        page: Some(page),
        sort: sort.to_owned(),
        currency: currency.to_owned(),
        ..Default::default()
    };
    let page = |cursor: &str| PageRequest {
        limit: 1,
        cursor: cursor.to_owned(),
    };
    let mut orders = shop.orders.clone();
    orders
        .list_orders(order_list(page(&cursor), "total", ""))
        .await
        .unwrap();
    for request in [
        order_list(page(&cursor), "-total", ""),
        order_list(page(&cursor), "", ""),
        order_list(page(&cursor), "total", "GBP"),
        order_list(page("nonsense"), "total", ""),
        order_list(page("W10"), "total", ""),
        order_list(page(&cursor[1..]), "total", ""),
        order_list(page("\u{e9}"), "total", ""),
    ] {
        assert_eq!(failure(orders.list_orders(request).await).code, "invalid_cursor");
    }
    let products = ListProductsRequest {
        page: Some(page(&cursor)),
        sort: "price".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        failure(shop.products.clone().list_products(products).await).code,
        "invalid_cursor"
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn limits_are_kept(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let walk = Walk {
        products: true,
        sort: "name",
    };
    walk.insert(&shop, "m", &vec![(1, None); 210]).await;
    assert_eq!(walk.page(&shop, 0, "").await.0.len(), 24);
    assert_eq!(walk.page(&shop, 200, "").await.0.len(), 200);
    let page = Some(PageRequest {
        limit: 201,
        cursor: String::new(),
    });
    let request = ListProductsRequest {
        page,
        ..Default::default()
    };
    assert_eq!(refused(shop.products.clone().list_products(request).await).0, "limit");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_page_ends_before_it_is_too_large_to_send(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.run(
        "INSERT INTO products (id, sku, name, description)
         SELECT 'p' || n, 'S' || n, 'N', repeat('x', 1000000) FROM generate_series(1, 8) AS n",
    )
    .await;
    let walk = Walk {
        products: true,
        sort: "sku",
    };
    let (first, info) = walk.page(&shop, 200, "").await;
    let (second, info) = walk.page(&shop, 200, &info.next_cursor).await;
    let (third, last) = walk.page(&shop, 200, &info.next_cursor).await;
    assert_eq!(
        [first, second.clone(), third].concat(),
        ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"]
    );
    assert_eq!(last.next_cursor, "");
    assert_eq!(walk.page(&shop, 200, &last.prev_cursor).await.0, second);
}
