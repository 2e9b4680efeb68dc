//! Orders.

use proto::failure::FailureKind;
use proto::v1::{AmountRange, GetOrderRequest, LineKind, ListOrdersRequest, OrderLine, OrderStatus, TimeRange};
use sqlx::PgPool;

use crate::support::{Shop, failure, micros, refused};

const ORDERS: &str = r#"
INSERT INTO orders (id, number, status, customer_id, currency, total, product_ids, placed_at, lines) VALUES
('o1', 1, 'pending', 'usr_1', 'GBP', 2500, '{p1}', '2024-01-01T10:00Z', '[{"kind":"product","product_id":"p1","sku":"MUG-1","name":"Mug","category":"kitchen","quantity":2,"unit_price":1250,"total":2500}]'),
('o2', 2, 'cancelled', 'usr_2', 'GBP', 4000, '{p1,p2}', '2024-01-02T10:00Z', '[]'),
('o3', 3, 'confirmed', 'usr_1', 'EUR', 1000, '{p2}', '2024-01-03T10:00Z', '[]');
INSERT INTO orders (id, status, customer_reference, country, total, credited, placed_at, source, external_id, lines) VALUES
('o4', 'completed', '17850', 'United Kingdom', 1530, 30, '2010-12-01T08:26Z', 'online-retail', '536365',
 '[{"kind":"fee","sku":"POST","name":"POSTAGE","category":"","quantity":1,"unit_price":1530,"total":1530},{"kind":"adjustment","product_id":"p1","sku":"M","name":"","category":"","quantity":-1,"unit_price":0,"total":0}]'),
('o5', 'expired', '', '', 0, 0, '2010-12-01T08:26Z', 'online-retail', '536366', '[]');
UPDATE orders SET cancelled_at = '2024-01-05Z', cancel_reason = 'changed my mind' WHERE id = 'o2';
"#;

async fn orders(pool: PgPool) -> Shop {
    let shop = Shop::open(pool).await;
    shop.run(ORDERS).await;
    shop
}

fn by(change: impl FnOnce(&mut ListOrdersRequest)) -> ListOrdersRequest {
    let mut request = ListOrdersRequest::default();
    change(&mut request);
    request
}

fn get(id: &str, only: &str) -> GetOrderRequest {
    GetOrderRequest {
        id: id.to_owned(),
        only_customer_id: only.to_owned(),
        context: None,
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_order_comes_whole(pool: PgPool) {
    let shop = orders(pool).await;
    let order = shop
        .orders
        .clone()
        .get_order(get("o1", ""))
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(
        (order.number, order.status(), order.total),
        (1, OrderStatus::Pending, 2500)
    );
    let line = OrderLine {
        kind: LineKind::Product.into(),
        product_id: "p1".to_owned(),
        sku: "MUG-1".to_owned(),
        name: "Mug".to_owned(),
        category: "kitchen".to_owned(),
        quantity: 2,
        unit_price: 1250,
        total: 2500,
        ..OrderLine::default()
    };
    assert_eq!(order.lines, [line]);

    let order = shop
        .orders
        .clone()
        .get_order(get("o2", ""))
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(order.cancelled_at_micros, Some(micros("2024-01-05T00:00:00Z")));
    assert_eq!(order.cancel_reason, "changed my mind");

    let order = shop
        .orders
        .clone()
        .get_order(get("o4", ""))
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(
        (
            order.number,
            order.customer_id.as_str(),
            order.customer_reference.as_str()
        ),
        (0, "", "17850")
    );
    assert_eq!(
        (order.source.as_str(), order.external_id.as_str(), order.credited),
        ("online-retail", "536365", 30)
    );
    let kinds: Vec<_> = order.lines.iter().map(OrderLine::kind).collect();
    assert_eq!(kinds, [LineKind::Fee, LineKind::Adjustment]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn anothers_order_is_not_found(pool: PgPool) {
    let shop = orders(pool).await;
    for (id, only, found) in [
        ("o1", "usr_1", true),
        ("o1", "usr_2", false),
        ("o4", "usr_1", false),
        ("o9", "", false),
    ] {
        let result = shop.orders.clone().get_order(get(id, only)).await;
        assert_eq!(result.is_ok(), found, "{id} {only}");
        if !found {
            assert_eq!(failure(result).kind(), FailureKind::NotFound);
        }
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_filter_and_sort_works(pool: PgPool) {
    let shop = orders(pool).await;
    let placed = |from: &str, to: &str| {
        let range = TimeRange {
            from_micros: Some(micros(from)),
            to_micros: Some(micros(to)),
        };
        by(|list| list.placed = Some(range))
    };
    let sort = |sort: &str| by(|list| list.sort = sort.to_owned());
    let cases = [
        (by(|_| ()), "o3 o2 o1 o5 o4"),
        (
            by(|list| list.statuses = vec![OrderStatus::Pending.into(), OrderStatus::Expired.into()]),
            "o1 o5",
        ),
        (by(|list| list.customer_id = "usr_1".into()), "o3 o1"),
        (by(|list| list.product_id = "p1".into()), "o2 o1"),
        (placed("2024-01-01T10:00:00Z", "2024-01-03T10:00:00Z"), "o2 o1"),
        (
            by(|list| {
                list.total = Some(AmountRange {
                    min: Some(1000),
                    max: Some(2500),
                });
            }),
            "o3 o1 o4",
        ),
        (by(|list| list.currency = "EUR".into()), "o3"),
        (sort("placed_at"), "o4 o5 o1 o2 o3"),
        // By currency first.
        (sort("total"), "o3 o5 o4 o1 o2"),
        (sort("-total"), "o2 o1 o4 o5 o3"),
        (sort("number"), "o1 o2 o3 o4 o5"),
        (sort("-number"), "o3 o2 o1 o5 o4"),
    ];
    for (request, expected) in cases {
        let reply = shop
            .orders
            .clone()
            .list_orders(request.clone())
            .await
            .unwrap()
            .into_inner();
        let ids: Vec<_> = reply.orders.iter().map(|order| order.id.as_str()).collect();
        assert_eq!(ids.join(" "), expected, "{request:?}");
    }
    let wrong = [
        (by(|list| list.statuses = vec![0]), "status"),
        (sort("customer"), "sort"),
        (by(|list| list.product_id = "p9".into()), "product_id"),
        (
            by(|list| {
                list.placed = Some(TimeRange {
                    from_micros: Some(i64::MIN),
                    to_micros: None,
                });
            }),
            "from",
        ),
        (
            by(|list| {
                list.placed = Some(TimeRange {
                    from_micros: None,
                    to_micros: Some(i64::MAX),
                });
            }),
            "to",
        ),
    ];
    for (request, field) in wrong {
        assert_eq!(refused(shop.orders.clone().list_orders(request).await).0, field);
    }
}
