//! Files of products and orders, and the demo shop, into a running system.

use std::path::Path;

use app::seed;
use e2e::System;
use import::{Counts, Format, Input};
use serde_json::json;
use uuid::Uuid;

const PRODUCTS: &str = "\
sku,name,price,currency,category,attributes,status,initial_stock,created_at
MUG-1,\"Mug, large\",12.50,GBP,kitchen/mugs,\"{\"\"ml\"\":350}\",active,10,2020-01-01T00:00:00Z
TEA-1,Tea,4.00,GBP,food/tea,,active,,
BAD-1,Bad,4.005,GBP,,,active,,
";
const ORDERS: &str = "\
external_id,type,occurred_at,currency,customer_reference,kind,sku,name,quantity,unit_price,credits_external_id
A-1,,2025-01-31T09:30:00Z,GBP,17850,,MUG-1,,2,12.50,
A-1,,,,,fee,POSTAGE,Postage,1,3.95,
A-2,,2025-02-01T09:30:00Z,GBP,,,NO-SUCH,,1,1.00,
C-1,credit,2025-02-03T12:00:00Z,GBP,17850,,MUG-1,,1,12.50,A-1
";

fn options(file: &Path) -> import::Options {
    import::Options {
        input: Input::File(file.to_owned()),
        errors: None,
        folder: file.parent().unwrap().to_owned(),
        restart: false,
        actor: "system:import".to_owned(),
        correlation_id: Uuid::from_u128(7),
    }
}

fn counts(created: u64, updated: u64, unchanged: u64, rejected: u64) -> Counts {
    Counts {
        created,
        updated,
        unchanged,
        rejected,
        sent_again: 0,
    }
}

#[tokio::test]
async fn products_and_orders_come_in_from_files() {
    let system = System::start().await;
    let commands = system.grpc();
    let products = system.folder().join("products.csv");
    std::fs::write(&products, PRODUCTS).unwrap();
    let summary = import::products(commands.clone(), Format::Csv, &options(&products))
        .await
        .unwrap();
    assert_eq!(summary.counts, [("products", counts(2, 0, 0, 1))]);
    let listed = std::fs::read_to_string(summary.errors.unwrap()).unwrap();
    assert_eq!(
        listed.lines().nth(1),
        Some("4,price,too_many_decimals,GBP has 2 decimals,BAD-1")
    );

    let orders = system.folder().join("orders.csv");
    std::fs::write(&orders, ORDERS).unwrap();
    let summary = import::orders(commands.clone(), "old-shop", Format::Csv, &options(&orders))
        .await
        .unwrap();
    let listed = std::fs::read_to_string(summary.errors.unwrap()).unwrap();
    assert_eq!(summary.counts, [("orders", counts(2, 0, 0, 1))], "{listed}");
    assert!(listed.lines().nth(1).unwrap().starts_with("4,sku,"), "{listed}");

    let admin = system.admin().await;
    let token = system.everything().await;
    let page = admin.get("/v1/products?sku=MUG-1").after(&token).await.ok(200);
    let mug = &page.items()[0];
    assert_eq!(mug["price"]["amount"], 1_250);
    assert_eq!(mug["attributes"]["ml"], 350);
    assert_eq!(mug["stock"]["on_hand"], 10);
    assert_eq!(mug["created_at"], "2020-01-01T00:00:00.000000Z");
    let page = admin.get("/v1/orders").after(&token).await.ok(200);
    let order = &page.items()[0];
    assert_eq!(page.items().len(), 1);
    assert_eq!(order["total"]["amount"], 2_895);
    assert_eq!(order["credited"]["amount"], 1_250);
    assert_eq!(order["lines"][0]["name"], "Mug, large");
    assert_eq!(order["placed_at"], "2025-01-31T09:30:00.000000Z");

    let summary = import::products(commands.clone(), Format::Csv, &options(&products))
        .await
        .unwrap();
    assert_eq!(summary.counts[0].1, counts(0, 0, 2, 1));
    // What the shop does with a product since does not make another order of its history.
    std::fs::write(
        &products,
        PRODUCTS.replace("kitchen/mugs", "mugs").replace("Mug, large", "Mug"),
    )
    .unwrap();
    let summary = import::products(commands.clone(), Format::Csv, &options(&products))
        .await
        .unwrap();
    assert_eq!(summary.counts[0].1, counts(0, 1, 1, 1));
    let summary = import::orders(commands, "old-shop", Format::Csv, &options(&orders))
        .await
        .unwrap();
    assert_eq!(summary.counts[0].1, counts(0, 0, 2, 1));
}

#[tokio::test]
async fn what_spreadsheets_and_other_shops_write_comes_in() {
    let system = System::start().await;
    let commands = system.grpc();
    let products = system.folder().join("products.csv");
    std::fs::write(
        &products,
        "sep=;\rsku;name;price;currency;status;attributes.Größe;attributes.my key\r'=1+1;Mug;5.0000;GBP;active;L;\"two\rlines\"\r;;;;;;\r\
         '=1+1;Mug;6.00;EUR;;;\r",
    )
    .unwrap();
    let summary = import::products(commands.clone(), Format::Csv, &options(&products))
        .await
        .unwrap();
    assert_eq!((&summary.counts[0].1, summary.rows), (&counts(1, 0, 0, 1), 2));
    let listed = std::fs::read_to_string(summary.errors.unwrap()).unwrap();
    let refused = listed.lines().nth(1).unwrap();
    assert!(
        refused.starts_with("6,currency,currency_mismatch,") && refused.ends_with(",'=1+1"),
        "{listed}"
    );

    let orders = system.folder().join("orders.jsonl");
    std::fs::write(
        &orders,
        r#"{"external_id":"A-1","occurred_at":"2025-01-31T09:30:00Z","currency":"GBP","lines":[{"sku":"=1+1","quantity":2.0,"unit_price":500,"discounts":[{"amount":150,"kind":"coupon","code":"SUMMER10","campaign":"Summer"},{"amount":50,"kind":"loyalty"}]},{"sku":"=1+1","quantity":1,"unit_price":500,"discount":100}]}
{"external_id":"A-2","occurred_at":"2025-01-31T09:30:00Z","currency":"GBP","lines":[{"sku":"=1+1","quantity":1,"unit_price":500,"discount":3,"discounts":[{"amount":1}]}]}
"#,
    )
    .unwrap();
    let summary = import::orders(commands, "old-shop", Format::Jsonl, &options(&orders))
        .await
        .unwrap();
    assert_eq!(summary.counts[0].1, counts(1, 0, 0, 1));
    let listed = std::fs::read_to_string(summary.errors.unwrap()).unwrap();
    assert!(listed.contains("\n2,lines[0].discount,differs,"), "{listed}");

    let admin = system.admin().await;
    let token = system.everything().await;
    let page = admin.get("/v1/products").after(&token).await.ok(200);
    let mug = &page.items()[0];
    assert_eq!(
        (&mug["sku"], &mug["price"]["currency"]),
        (&json!("=1+1"), &json!("GBP"))
    );
    assert_eq!(mug["attributes"], json!({"Größe": "L", "my key": "two\nlines"}));
    let found = admin
        .get("/v1/products?attr.my+key=two%0Alines&facets=attr.my+key")
        .after(&token)
        .await
        .ok(200);
    assert_eq!(found.items().len(), 1);
    let big = json!({"attributes": {"id": 18_446_744_073_709_551_615_u64}});
    let path = format!("/v1/products/{}", mug["id"].as_str().unwrap());
    let refused = admin.patch(&path).merge(big).await;
    let _ = refused.refused_for(422, "validation_failed", &[("attributes.id", "out_of_range")]);

    let page = admin.get("/v1/orders").after(&token).await.ok(200);
    let line = &page.items()[0]["lines"][0];
    assert_eq!(
        line["discounts"],
        json!([
            {"amount": {"amount": 150, "currency": "GBP"}, "kind": "coupon", "code": "SUMMER10", "campaign": "Summer"},
            {"amount": {"amount": 50, "currency": "GBP"}, "kind": "loyalty"},
        ])
    );
    let report = admin
        .get("/v1/reports/sales?from=2025-01-01&to=2026-01-01&interval=none&group_by=discount_code&sort=label")
        .after(&token)
        .await
        .ok(200);
    let rows: Vec<_> = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let amount = |name: &str| row[name]["amount"].as_i64().unwrap();
            (
                row["key"].as_str().unwrap(),
                row["orders"].as_i64().unwrap(),
                row["units"].as_i64().unwrap(),
                amount("gross"),
                amount("discounts"),
            )
        })
        .collect();
    assert_eq!(rows, [("", 1, 1, 500, 150), ("SUMMER10", 1, 2, 1_000, 150)]);
}

#[tokio::test]
async fn the_demo_shop_is_made_once() {
    let system = System::start().await;
    let services = system.grpc();
    let mut options = seed::Options {
        scale: 1,
        today: "2026-06-15".parse().unwrap(),
        admin: Some(seed::Login {
            email: "boss@shop.example".to_owned(),
            password: e2e::PASSWORD.to_owned(),
        }),
        customer_password: e2e::PASSWORD.to_owned(),
        actor: "system:seed".to_owned(),
        correlation_id: Uuid::from_u128(7),
    };
    let summary = seed::run(services.clone(), services.clone(), &options).await.unwrap();
    assert_eq!(summary.products, counts(2_000, 0, 0, 0));
    assert_eq!(summary.customers, counts(300, 0, 0, 0));
    assert_eq!(summary.orders, counts(5_000, 0, 0, 0));
    assert_eq!(summary.admin_created, Some(true));

    let before = system.everything().await;
    options.today = "2026-07-01".parse().unwrap();
    let again = seed::run(services.clone(), services, &options).await.unwrap();
    assert_eq!(again.products, counts(0, 0, 2_000, 0));
    assert_eq!(again.orders, counts(0, 0, 5_000, 0));
    assert_eq!(again.credits.unchanged, summary.credits.created);
    assert_eq!(again.admin_created, Some(false));
    assert_eq!(system.everything().await, before, "a second run writes nothing");

    let admin = system.anonymous().log_in("boss@shop.example", e2e::PASSWORD).await;
    let pending = admin
        .get("/v1/orders?status=pending&limit=100")
        .after(&before)
        .await
        .ok(200);
    assert_eq!(pending.items().len(), 20);
    let cancelled = admin
        .get("/v1/orders?status=cancelled&limit=100")
        .after(&before)
        .await
        .ok(200);
    assert_eq!(cancelled.items().len(), 4);
    let customer = system.anonymous().log_in("customer1@example.com", e2e::PASSWORD).await;
    assert_eq!(customer.get("/v1/orders").after(&before).await.ok(200).items().len(), 3);
}
