//! The catalogue and its stock.

use proto::failure::FailureKind;
use proto::v1::attribute_value::Value;
use proto::v1::{
    AmountRange, AttributeRange, GetProductRequest, GetStockRequest, ListProductsRequest, ProductStatus, StockLevel,
};
use sqlx::PgPool;

use crate::support::{Shop, failure, micros, refused};

const CATALOGUE: &str = r#"
INSERT INTO products (id, sku, name, description, price_amount, currency, category, attributes, status, created_at) VALUES
('p1', 'MUG-1', 'Red mug', 'Holds 100% of your tea', 1250, 'GBP', 'kitchen/mugs', '{"colour":"red","size":10,"vegan":true}', 'active', '2024-01-01Z'),
('p2', 'MUG_2', 'Blue mug', 'Large, très grand', 1500, 'GBP', 'kitchen/mugs', '{"colour":"blue","size":10.5}', 'active', '2024-01-02Z'),
('p3', 'PAN-1', 'Pan', 'For the blue kitchen', 3000, 'EUR', 'kitchen', '{"colour":"red","size":"10"}', 'active', '2024-01-03Z'),
('p4', 'SET-1', 'Kitchenette', '', 9900, 'GBP', 'kitchenette', '{}', 'active', '2024-01-04Z'),
('p5', 'OLD-1', 'Old mug', '', 100, 'GBP', 'kitchen/mugs', '{}', 'archived', '2024-01-05Z'),
('p6', 'NEW-1', 'New mug', '', 100, 'GBP', 'kitchen/mugs', '{}', 'draft', '2024-01-06Z'),
('p7', 'BIN-1', 'Thrown away', '', 100, 'GBP', '', '{}', 'active', '2024-01-07Z');
UPDATE products SET name_key = lower(name);
UPDATE products SET deleted_at = '2024-02-01Z' WHERE id = 'p7';
INSERT INTO stock VALUES ('p1', 10, 2, 5, '2024-03-01Z'), ('p2', 3, 3, 4, '2024-03-01Z'), ('p5', 1, 0, 1, '2024-03-01Z');
"#;

async fn catalogue(pool: PgPool) -> Shop {
    let shop = Shop::open(pool).await;
    shop.run(CATALOGUE).await;
    shop
}

async fn ids(shop: &Shop, request: ListProductsRequest) -> String {
    let reply = shop.products.clone().list_products(request).await.unwrap().into_inner();
    let ids: Vec<_> = reply.products.iter().map(|product| product.id.as_str()).collect();
    ids.join(" ")
}

fn by(change: impl FnOnce(&mut ListProductsRequest)) -> ListProductsRequest {
    let mut request = ListProductsRequest {
        sort: "sku".to_owned(),
        ..Default::default()
    };
    change(&mut request);
    request
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_product_comes_whole_and_with_its_stock(pool: PgPool) {
    let shop = catalogue(pool).await;
    let request = GetProductRequest {
        id: "p1".to_owned(),
        ..Default::default()
    };
    let product = shop
        .products
        .clone()
        .get_product(request)
        .await
        .unwrap()
        .into_inner()
        .product
        .unwrap();
    assert_eq!((product.sku.as_str(), product.name.as_str()), ("MUG-1", "Red mug"));
    assert_eq!(
        product
            .price
            .as_ref()
            .map(|price| (price.amount, price.currency.as_str())),
        Some((1250, "GBP"))
    );
    assert_eq!(
        product.stock,
        Some(StockLevel {
            on_hand: 10,
            reserved: 2,
            available: 8,
            version: 5
        })
    );
    assert_eq!(product.status(), ProductStatus::Active);
    assert_eq!(product.created_at_micros, micros("2024-01-01T00:00:00Z"));
    let value = |key: &str| {
        product
            .attributes
            .get(key)
            .and_then(|attribute| attribute.value.clone())
    };
    assert_eq!(value("colour"), Some(Value::Text("red".to_owned())));
    assert_eq!(value("size"), Some(Value::Integer(10)));
    assert_eq!(value("vegan"), Some(Value::Boolean(true)));

    let request = GetProductRequest {
        id: "p3".to_owned(),
        ..Default::default()
    };
    let product = shop
        .products
        .clone()
        .get_product(request)
        .await
        .unwrap()
        .into_inner()
        .product
        .unwrap();
    assert_eq!(product.stock, Some(StockLevel::default()));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_hidden_is_not_found_unless_asked_for(pool: PgPool) {
    let shop = catalogue(pool).await;
    for id in ["p5", "p6", "p7", "p8", "p\0"] {
        let request = GetProductRequest {
            id: id.to_owned(),
            ..Default::default()
        };
        let failure = failure(shop.products.clone().get_product(request.clone()).await);
        if id == "p\0" {
            assert_eq!(failure.kind(), FailureKind::Invalid);
            continue;
        }
        assert_eq!(
            (failure.kind(), failure.code.as_str()),
            (FailureKind::NotFound, "not_found")
        );
        let request = GetProductRequest {
            include_hidden: true,
            ..request
        };
        assert_eq!(
            shop.products.clone().get_product(request).await.is_ok(),
            id != "p8",
            "{id}"
        );
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_filter_filters(pool: PgPool) {
    let shop = catalogue(pool).await;
    let attribute = |key: &str, value: &str| {
        let pair = (key.to_owned(), value.to_owned());
        by(|list| list.attributes = [pair].into())
    };
    let cases = [
        (by(|_| ()), "p1 p2 p3 p4"),
        (by(|list| list.search = "MUG".into()), "p1 p2"),
        (by(|list| list.search = " blue  kitchen".into()), "p3"),
        (by(|list| list.search = "blue mug".into()), "p2"),
        (by(|list| list.search = "mug-1".into()), "p1"),
        (by(|list| list.search = "100%".into()), "p1"),
        (by(|list| list.search = "_".into()), "p2"),
        (by(|list| list.search = "TRÈS".into()), "p2"),
        (by(|list| list.search = "\\".into()), ""),
        (by(|list| list.category = "kitchen".into()), "p1 p2 p3"),
        (by(|list| list.category = "kitchen/mugs".into()), "p1 p2"),
        (by(|list| list.category = "kitche_".into()), ""),
        (by(|list| list.sku = "MUG_2".into()), "p2"),
        (
            by(|list| {
                list.price = Some(AmountRange {
                    min: Some(1250),
                    max: Some(1500),
                });
            }),
            "p1 p2",
        ),
        (
            by(|list| {
                list.price = Some(AmountRange {
                    min: Some(1501),
                    max: None,
                });
            }),
            "p3 p4",
        ),
        (by(|list| list.currency = "EUR".into()), "p3"),
        (by(|list| list.in_stock = Some(true)), "p1"),
        (by(|list| list.in_stock = Some(false)), "p2 p3 p4"),
        (attribute("colour", "red"), "p1 p3"),
        (attribute("size", "10"), "p1 p3"),
        (attribute("size", "10.50"), "p2"),
        (attribute("vegan", "true"), "p1"),
        (attribute("vegan", "yes"), ""),
        (attribute("colour\" : 1", "red"), ""),
        (by(|list| list.statuses = vec![ProductStatus::Draft.into()]), ""),
        (by(|list| list.include_hidden = true), "p1 p2 p6 p5 p3 p4"),
        (
            by(|list| {
                list.include_hidden = true;
                list.deleted = true;
            }),
            "p7",
        ),
        (by(|list| list.deleted = true), ""),
        (
            by(|list| {
                list.include_hidden = true;
                list.statuses = vec![ProductStatus::Draft.into(), ProductStatus::Archived.into()];
            }),
            "p6 p5",
        ),
        (
            by(|list| {
                list.search = "mug".into();
                list.attributes = [
                    ("colour".to_owned(), "red".to_owned()),
                    ("size".to_owned(), "10".to_owned()),
                ]
                .into();
                list.in_stock = Some(true);
            }),
            "p1",
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(ids(&shop, request.clone()).await, expected, "{request:?}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_range_of_numbers_meets_any_value(pool: PgPool) {
    let shop = catalogue(pool).await;
    let long = "9".repeat(2_000);
    for (id, value) in [
        ("p1", "1994"),
        ("p2", r#""1990""#),
        ("p3", r#""1e400""#),
        ("p4", &format!("\"{long}\"")),
        ("p5", "0.1"),
        ("p6", "1e300"),
    ] {
        let attributes = format!(r#"{{"year": {value}, "{id}": true}}"#);
        shop.run(&format!(
            "UPDATE products SET attributes = '{attributes}' WHERE id = '{id}'"
        ))
        .await;
    }
    for (odd, text) in [
        ("p7", "1e-400"),
        ("p8", "1999."),
        ("p9", "+.1E4"),
        ("p10", "-1e999"),
        ("p11", "1e9999"),
        ("p12", "red"),
    ] {
        shop.run(&format!(
            r#"INSERT INTO products (id, sku, name, name_key, description, price_amount, currency, category, attributes, status, created_at)
               VALUES ('{odd}', '{odd}', '', '', '', 1, 'GBP', '', '{{"year": "{text}"}}', 'active', '2024-01-01Z')
               ON CONFLICT (id) DO UPDATE SET attributes = excluded.attributes, deleted_at = NULL"#
        ))
        .await;
    }
    for (min, max, expected) in [
        (Some(1990.0), Some(1999.0), "p1 p2 p8"),
        (Some(1990.0), None, "p1 p2 p6 p8"),
        (None, Some(1000.0), "p5 p7 p9"),
        (Some(0.1), Some(0.1), "p5"),
        (Some(-1e308), Some(0.05), "p7"),
        (Some(1e308), None, ""),
    ] {
        let range = AttributeRange {
            key: "year".to_owned(),
            min,
            max,
        };
        let request = by(|list| {
            list.ranges = vec![range];
            list.include_hidden = true;
        });
        let found = ids(&shop, request).await;
        let mut found: Vec<&str> = found.split_whitespace().collect();
        found.sort_unstable();
        assert_eq!(found.join(" "), expected, "{min:?}..{max:?}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_sort_sorts(pool: PgPool) {
    let shop = catalogue(pool).await;
    shop.run("UPDATE products SET updated_at = '2024-05-01Z' WHERE id = 'p2'")
        .await;
    let cases = [
        ("", "p4 p3 p2 p1"),
        ("created_at", "p1 p2 p3 p4"),
        ("-created_at", "p4 p3 p2 p1"),
        ("name", "p2 p4 p3 p1"),
        ("-name", "p1 p3 p4 p2"),
        // By currency, in each by amount.
        ("price", "p3 p1 p2 p4"),
        ("-price", "p4 p2 p1 p3"),
        ("updated_at", "p1 p3 p4 p2"),
        ("-updated_at", "p2 p4 p3 p1"),
        ("sku", "p1 p2 p3 p4"),
        ("-sku", "p4 p3 p2 p1"),
    ];
    for (sort, expected) in cases {
        let request = ListProductsRequest {
            sort: sort.to_owned(),
            ..Default::default()
        };
        assert_eq!(ids(&shop, request).await, expected, "{sort}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_makes_no_sense_is_refused_by_field(pool: PgPool) {
    let shop = catalogue(pool).await;
    let cases = [
        (by(|list| list.sort = "colour".into()), "sort"),
        (by(|list| list.sort = "--name".into()), "sort"),
        (by(|list| list.statuses = vec![0]), "status"),
        (by(|list| list.statuses = vec![77]), "status"),
        (by(|list| list.currency = "gbp".into()), "currency"),
        (
            by(|list| list.search = "x".repeat(search::MAX_WORDS_CHARS + 1)),
            "search",
        ),
    ];
    for (request, field) in cases {
        let result = shop.products.clone().list_products(request).await;
        assert_eq!(refused(result).0, field);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn stock_of_a_product_without_any_is_zero_and_of_none_is_not_found(pool: PgPool) {
    let shop = catalogue(pool).await;
    let request = |id: &str| GetStockRequest {
        product_id: id.to_owned(),
        include_hidden: true,
        ..Default::default()
    };
    let reply = shop.stock.clone().get_stock(request("p2")).await.unwrap().into_inner();
    assert_eq!(
        reply.level,
        Some(StockLevel {
            on_hand: 3,
            reserved: 3,
            available: 0,
            version: 4
        })
    );
    assert_eq!(reply.updated_at_micros, Some(micros("2024-03-01T00:00:00Z")));
    let reply = shop.stock.clone().get_stock(request("p3")).await.unwrap().into_inner();
    assert_eq!(
        (reply.level, reply.updated_at_micros),
        (Some(StockLevel::default()), None)
    );
    assert_eq!(
        failure(shop.stock.clone().get_stock(request("p9")).await).kind(),
        FailureKind::NotFound
    );
    for id in ["p5", "p6", "p7"] {
        let hidden = GetStockRequest {
            include_hidden: false,
            ..request(id)
        };
        assert_eq!(
            failure(shop.stock.clone().get_stock(hidden).await).kind(),
            FailureKind::NotFound
        );
    }
}
