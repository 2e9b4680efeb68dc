use proto::{
    failure::{Failure, FailureKind},
    v1::{
        self, AdjustStockRequest, CheckStockReply, CheckStockRequest, OrderStockRequest, ProductRequest,
        ReceiveStockRequest, ReserveStockReply, ReserveStockRequest, SetStockRequest, StockLevel, StockLine,
    },
};
use sqlx::PgPool;

use crate::support::{ADMIN, Shop, answer, context, fields, new_product, refused};

const ORDER: &str = "ord_01970000-0000-7000-8000-000000000001";
const OTHER: &str = "ord_01970000-0000-7000-8000-000000000002";
const NOTHING: &str = "prod_00000000-0000-7000-8000-000000000000";

pub(crate) async fn reserve(shop: &Shop, order_id: &str, lines: &[(&str, i64)]) -> Result<ReserveStockReply, Failure> {
    let request = ReserveStockRequest {
        context: context(ADMIN),
        order_id: order_id.to_owned(),
        lines: of_lines(lines),
    };
    answer(shop.stock.clone().reserve_stock(request).await)
}

async fn check(shop: &Shop, lines: &[(&str, i64)]) -> Result<CheckStockReply, Failure> {
    let request = CheckStockRequest { lines: of_lines(lines) };
    answer(shop.stock.clone().check_stock(request).await)
}

fn of_lines(lines: &[(&str, i64)]) -> Vec<StockLine> {
    let line = |(product_id, quantity): &(&str, i64)| StockLine {
        product_id: (*product_id).to_owned(),
        quantity: *quantity,
    };
    lines.iter().map(line).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_check_says_what_could_be_ordered_and_takes_nothing(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [a, b] = [shop.stocked("A", 100, 3).await, shop.stocked("B", 250, 5).await];
    let checked = check(&shop, &[(&b.id, 2), (&a.id, 1), (&b.id, 3)]).await.unwrap();
    let products: Vec<_> = checked
        .products
        .iter()
        .map(|product| (product.sku.as_str(), product.price.clone().unwrap().amount))
        .collect();
    assert_eq!(products, [("B", 250), ("A", 100), ("B", 250)]);
    assert_eq!(shop.stock_of(&b.id).await.reserved(), 0);
    assert_eq!(shop.count("StockReserved").await, 0);

    let failure = refused(
        check(&shop, &[(&b.id, 3), (&a.id, 4), (&b.id, 3)]).await,
        FailureKind::Conflict,
        "insufficient_stock",
    );
    assert_eq!(
        fields(&failure),
        [
            ("lines[0].quantity", "insufficient_stock"),
            ("lines[1].quantity", "insufficient_stock")
        ]
    );
    // A no is read afresh.
    shop.receive(&a.id, 1).await;
    check(&shop, &[(&a.id, 4)]).await.unwrap();
    let failure = refused(
        check(&shop, &[(&a.id, 1), (NOTHING, 1)]).await,
        FailureKind::NotFound,
        "product_not_found",
    );
    assert_eq!(fields(&failure), [("lines[1].product_id", "product_not_found")]);
    let failure = refused(
        check(&shop, &[("A", 0)]).await,
        FailureKind::Invalid,
        "validation_failed",
    );
    assert_eq!(
        fields(&failure),
        [
            ("lines[0].product_id", "invalid_format"),
            ("lines[0].quantity", "out_of_range")
        ]
    );
}

fn of_order(order_id: &str, product_ids: &[&str]) -> OrderStockRequest {
    OrderStockRequest {
        context: context(ADMIN),
        order_id: order_id.to_owned(),
        product_ids: product_ids.iter().map(|id| (*id).to_owned()).collect(),
        reason: "not wanted".to_owned(),
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stock_is_received_adjusted_and_counted(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let product = shop.stocked("A", 1, 10).await;
    let adjust = |quantity, reason: &str| AdjustStockRequest {
        context: context(ADMIN),
        product_id: product.id.clone(),
        quantity,
        reason: reason.to_owned(),
        expected_version: Some(1),
    };
    let adjusted = answer(shop.stock.clone().adjust_stock(adjust(-3, "broken")).await).unwrap();
    assert_eq!(
        adjusted.level,
        Some(StockLevel {
            on_hand: 7,
            reserved: 0,
            available: 7,
            version: 2
        })
    );
    assert_eq!(adjusted.committed.unwrap().version, 2);
    let stale = answer(shop.stock.clone().adjust_stock(adjust(-3, "broken")).await);
    refused(stale, FailureKind::StaleVersion, "version_mismatch");
    let wrong = answer(shop.stock.clone().adjust_stock(adjust(0, "")).await);
    let failure = refused(wrong, FailureKind::Invalid, "validation_failed");
    assert_eq!(fields(&failure), [("quantity", "out_of_range"), ("reason", "required")]);

    let set = |quantity, expected| SetStockRequest {
        context: context(ADMIN),
        product_id: product.id.clone(),
        quantity,
        expected,
        ..SetStockRequest::default()
    };
    let failure = refused(
        answer(shop.stock.clone().set_stock(set(20, 10)).await),
        FailureKind::Conflict,
        "stock_expectation_failed",
    );
    assert_eq!(failure.data, r#"{"actual":7,"expected":10}"#);
    let counted = answer(shop.stock.clone().set_stock(set(20, 7)).await).unwrap();
    assert_eq!(counted.level.unwrap().on_hand, 20);
    reserve(&shop, ORDER, &[(&product.id, 15)]).await.unwrap();
    let low = answer(shop.stock.clone().set_stock(set(14, 20)).await);
    refused(low, FailureKind::Conflict, "stock_below_reserved");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn only_a_product_that_is_there_has_stock(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let receive = |product_id: &str| ReceiveStockRequest {
        context: context(ADMIN),
        product_id: product_id.to_owned(),
        quantity: 1,
        ..ReceiveStockRequest::default()
    };
    let missing = answer(shop.stock.clone().receive_stock(receive(NOTHING)).await);
    refused(missing, FailureKind::NotFound, "product_not_found");
    let product = shop.create("A", 1).await;
    let delete = ProductRequest {
        context: context(ADMIN),
        id: product.id.clone(),
        expected_version: None,
    };
    shop.products.clone().delete_product(delete).await.unwrap();
    let deleted = answer(shop.stock.clone().receive_stock(receive(&product.id)).await);
    refused(deleted, FailureKind::Conflict, "product_deleted");
    let nonsense = answer(shop.stock.clone().receive_stock(receive("A")).await);
    refused(nonsense, FailureKind::Invalid, "validation_failed");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn all_lines_are_reserved_or_none(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [a, b, c] = [
        shop.stocked("A", 100, 5).await,
        shop.stocked("B", 250, 1).await,
        shop.create("C", 1).await,
    ];
    let failure = refused(
        reserve(&shop, ORDER, &[(&a.id, 2), (&b.id, 2), (&c.id, 3)]).await,
        FailureKind::Conflict,
        "insufficient_stock",
    );
    let data: serde_json::Value = serde_json::from_str(&failure.data).unwrap();
    assert_eq!(
        data,
        serde_json::json!({"lines": [
            {"product_id": b.id, "sku": "B", "requested": 2, "available": 1},
            {"product_id": c.id, "sku": "C", "requested": 3, "available": 0},
        ]})
    );
    assert_eq!(
        fields(&failure),
        [
            ("lines[1].quantity", "insufficient_stock"),
            ("lines[2].quantity", "insufficient_stock")
        ]
    );
    assert_eq!(shop.stock_of(&a.id).await.reserved(), 0);

    let draft = shop
        .products
        .clone()
        .create_product(v1::CreateProductRequest {
            status: 0,
            ..new_product("D", 1)
        })
        .await
        .unwrap()
        .into_inner()
        .product
        .unwrap();
    let failure = refused(
        reserve(&shop, ORDER, &[(&a.id, 1), (&draft.id, 1), (NOTHING, 1)]).await,
        FailureKind::Conflict,
        "product_not_active",
    );
    assert_eq!(
        fields(&failure),
        [
            ("lines[1].product_id", "product_not_active"),
            ("lines[2].product_id", "product_not_found")
        ]
    );
    refused(
        reserve(&shop, ORDER, &[(NOTHING, 1)]).await,
        FailureKind::NotFound,
        "product_not_found",
    );
    assert_eq!(shop.count("StockReserved").await, 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_reservation_is_made_once_per_order(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [a, b] = [shop.stocked("A", 100, 5).await, shop.stocked("B", 250, 5).await];
    // A product in two lines is one reservation.
    let lines = [(a.id.as_str(), 1), (b.id.as_str(), 2), (a.id.as_str(), 2)];
    let first = reserve(&shop, ORDER, &lines).await.unwrap();
    let again = reserve(&shop, ORDER, &lines).await.unwrap();
    assert_eq!(first.products, again.products);
    let prices: Vec<_> = first
        .products
        .iter()
        .map(|product| (product.sku.as_str(), product.price.as_ref().unwrap().amount))
        .collect();
    assert_eq!(prices, [("A", 100), ("B", 250), ("A", 100)]);
    assert_eq!(shop.stock_of(&a.id).await.reserved(), 3);
    assert_eq!(shop.count("StockReserved").await, 2);
    let other = reserve(&shop, ORDER, &[(&a.id, 1)]).await;
    refused(other, FailureKind::Conflict, "reserved_differently");

    let ids = [a.id.as_str(), b.id.as_str()];
    reserve(&shop, OTHER, &[(&a.id, 1)]).await.unwrap();
    for _ in 0..2 {
        answer(shop.stock.clone().release_stock(of_order(ORDER, &ids)).await).unwrap();
        answer(shop.stock.clone().commit_stock(of_order(OTHER, &ids)).await).unwrap();
    }
    let stock = shop.stock_of(&a.id).await;
    assert_eq!((stock.on_hand(), stock.reserved()), (4, 0));
    assert_eq!(shop.count("StockReleased").await, 2);
    assert_eq!(shop.count("StockCommitted").await, 1);
    let late = reserve(&shop, ORDER, &lines).await;
    refused(late, FailureKind::Conflict, "reservation_closed");
    let empty = answer(shop.stock.clone().release_stock(of_order(ORDER, &[])).await);
    refused(empty, FailureKind::Invalid, "validation_failed");
}
