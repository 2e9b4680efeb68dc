//! Reports as files, and what people are called in them.

use proto::v1::export_request::Report;
use proto::v1::{ExportFormat, ExportRequest, SalesGroup, SalesInterval, SalesOrdersRequest, SalesRequest};
use sqlx::PgPool;

use crate::support::Shop;

const SALES: &str = "
INSERT INTO sales_entry (happened_at, ordered_at, order_id, currency, customer, customer_type, category, amount) VALUES
('2023-12-31T18:15:30Z', '2023-12-31T18:15:30Z', 'o1', 'GBP', 'usr_ann', 'new', 'kitchen', 2000),
('2024-01-02T09:00Z', '2024-01-02T09:00Z', 'o2', 'GBP', 'usr_bob', 'new', 'kitchen/mugs', 1000),
('2024-01-03T09:00Z', '2024-01-03T09:00Z', 'o3', 'GBP', 'usr_old', 'new', 'other', 500),
('2024-01-04T09:00Z', '2024-01-04T09:00Z', 'o4', 'GBP', '', 'guest', '', 9000);
INSERT INTO sales_label (dimension, key, label, name) VALUES
('customer', 'usr_ann', 'usr_ann', 'usr_ann'), ('customer', 'usr_bob', 'usr_bob', 'usr_bob'), ('customer', 'usr_old', '17850', '17850');
INSERT INTO users (id, email, name, role, version, created_at) VALUES
('usr_ann', 'ann@shop.example', 'Ann', 'customer', 1, '2023-01-01Z'), ('usr_bob', 'bob@shop.example', '', 'customer', 1, '2023-01-01Z');
INSERT INTO orders_v1 (id, number, customer_id, external_id) VALUES ('o1', 7, 'usr_ann', NULL), ('o3', NULL, 'usr_old', '536365');
";

async fn shop_with_sales(pool: PgPool) -> Shop {
    let shop = Shop::open(pool).await;
    shop.run(SALES).await;
    shop.sum_up().await;
    shop
}

fn january(group: SalesGroup) -> SalesRequest {
    SalesRequest {
        interval: SalesInterval::None.into(),
        group_by: group.into(),
        from: "2024-01-01".to_owned(),
        to: "2024-02-01".to_owned(),
        time_zone: "Asia/Kathmandu".to_owned(),
        ..SalesRequest::default()
    }
}

fn orders() -> SalesOrdersRequest {
    SalesOrdersRequest {
        from: "2024-01-01".to_owned(),
        to: "2024-02-01".to_owned(),
        time_zone: "Asia/Kathmandu".to_owned(),
        ..SalesOrdersRequest::default()
    }
}

/// The columns of a CSV file, row by row.
async fn csv(shop: &Shop, report: Report, columns: &[&str]) -> Vec<String> {
    let request = ExportRequest {
        report: Some(report),
        format: ExportFormat::Csv.into(),
        shop: String::new(),
    };
    let mut chunks = shop.reports.clone().export(request).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.message().await.unwrap() {
        bytes.extend(chunk.data);
    }
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let header = reader.headers().unwrap().clone();
    let places: Vec<usize> = columns
        .iter()
        .map(|name| header.iter().position(|column| column == *name).unwrap())
        .collect();
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            places.iter().map(|place| &record[*place]).collect::<Vec<_>>().join("|")
        })
        .collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn customers_are_called_by_their_accounts(pool: PgPool) {
    let shop = shop_with_sales(pool).await;
    let reply = shop
        .reports
        .clone()
        .sales(january(SalesGroup::Customer))
        .await
        .unwrap()
        .into_inner();
    let called: Vec<_> = reply
        .rows
        .iter()
        .map(|row| [row.key.as_str(), &row.label, &row.name].join("|"))
        .collect();
    assert_eq!(
        called,
        ["||", "usr_ann|Ann|", "usr_bob|bob@shop.example|", "usr_old|17850|"]
    );
    let first = SalesRequest {
        top: 1,
        ..january(SalesGroup::Customer)
    };
    let reply = shop.reports.clone().sales(first).await.unwrap().into_inner();
    let nets: Vec<_> = reply
        .rows
        .iter()
        .map(|row| (row.key.as_str(), row.other, row.net))
        .collect();
    assert_eq!(nets, [("", false, 9000), ("usr_ann", false, 2000), ("", true, 1500)]);
    let reply = shop.reports.clone().sales_orders(orders()).await.unwrap().into_inner();
    let called: Vec<_> = reply
        .orders
        .iter()
        .map(|order| [order.order_number.as_str(), &order.customer_label].join("|"))
        .collect();
    assert_eq!(called, ["7|Ann", "|bob@shop.example", "536365|17850", "|"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_file_says_the_time_on_the_clocks_of_its_period(pool: PgPool) {
    let shop = shop_with_sales(pool).await;
    let rows = csv(
        &shop,
        Report::Orders(orders()),
        &["happened_at", "time_zone", "order_number", "order_id"],
    )
    .await;
    assert_eq!(rows[0], "2024-01-01T00:00:30.000000+05:45|Asia/Kathmandu|7|o1");
    assert_eq!(rows[2], "2024-01-03T14:45:00.000000+05:45|Asia/Kathmandu|536365|o3");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn files_for_programs_are_of_any_length_and_pages_are_not(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.run(
        "INSERT INTO sales_entry (order_id, product, amount, happened_at, ordered_at)
         SELECT 'o' || n, 'p' || n % 60000, 1, at, at FROM generate_series(1, 120000) AS n,
         LATERAL (SELECT '2024-01-01Z'::timestamptz + n / 60000 * interval '1 day' AS at) t",
    )
    .await;
    shop.sum_up().await;
    let products = SalesRequest {
        interval: SalesInterval::Day.into(),
        ..january(SalesGroup::Product)
    };
    let refused = shop.reports.clone().sales(products.clone()).await;
    assert_eq!(crate::support::failure(refused).code, "report_too_large");
    let rows = csv(&shop, Report::Sales(products.clone()), &["period", "key", "net"]).await;
    assert_eq!(rows.len(), 120_000);
    assert!(rows.is_sorted_by_key(|row| row.split('|').next().unwrap().to_owned()));
    assert!(rows.iter().all(|row| row.ends_with("|1")));
    assert_eq!(csv(&shop, Report::Orders(orders()), &["order_id"]).await.len(), 120_000);
    for report in [Report::Sales(products), Report::Orders(orders())] {
        let request = ExportRequest {
            report: Some(report),
            format: ExportFormat::Pdf.into(),
            shop: String::new(),
        };
        let failure = crate::support::failure(shop.reports.clone().export(request).await.map(|_| ()));
        assert_eq!(failure.code, "report_too_large");
        assert!(
            failure.message.contains("20000") && failure.message.contains("csv"),
            "{}",
            failure.message
        );
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_file_tells_all_others_and_a_category_itself(pool: PgPool) {
    let shop = shop_with_sales(pool).await;
    let columns = ["key", "label", "other", "direct", "net"];
    let mut request = january(SalesGroup::Category);
    (request.top, request.category_level) = (1, -1);
    let rows = csv(&shop, Report::Sales(request.clone()), &columns).await;
    assert_eq!(rows, ["||false|false|9000", "|other|true|false|3500"]);
    (request.top, request.category_level) = (0, 2);
    let rows = csv(&shop, Report::Sales(request), &columns).await;
    assert_eq!(
        rows,
        [
            "||false|false|9000",
            "kitchen|kitchen|false|true|2000",
            "kitchen/mugs|kitchen/mugs|false|false|1000",
            "other|other|false|true|500"
        ]
    );
}
