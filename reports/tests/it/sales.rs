//! The sales report: groups, totals, bounds.

use proto::failure::FailureKind;
use proto::v1::{SalesFilter, SalesGroup, SalesInterval, SalesReply, SalesRequest, SalesRow};
use sqlx::PgPool;

use crate::support::{Shop, failure, refused};

const SALES: &str = "
INSERT INTO sales_entry (happened_at, ordered_at, order_id, line, kind, currency, country, customer, customer_type, product, category, units, amount, discounts, tax) VALUES
('2024-01-01T09:00Z', '2024-01-01T09:00Z', 'o1', 0, 'sale', 'GBP', 'France', 'c1', 'new', 'p1', 'kitchen', 3, 2000, 200, 300),
('2024-01-01T09:00Z', '2024-01-01T09:00Z', 'o1', 1, 'sale', 'GBP', 'France', 'c1', 'new', 'p2', 'garden', 2, 3000, 0, 0),
('2024-01-01T23:45Z', '2024-01-01T23:45Z', 'o2', 0, 'sale', 'GBP', '', 'c1', 'returning', 'p1', 'kitchen', 1, 1000, 0, 0),
('2024-01-03T00:00Z', '2024-01-01T09:00Z', 'o1', 0, 'cancellation', 'GBP', 'France', 'c1', 'new', 'p1', 'kitchen', 1, 700, 0, 100),
('2024-01-03T12:00Z', '2024-01-03T12:00Z', 'o3', 0, 'sale', 'EUR', '', '', 'guest', 'fee:POST', '', 0, 900, 0, 0),
('2024-01-04T00:00Z', '2024-01-04T00:00Z', 'o4', 0, 'sale', 'GBP', '', '', 'guest', 'p1', 'kitchen', 9, 9999, 0, 0);
INSERT INTO sales_label VALUES ('product', 'p1', 'MUG-1', 'Mug'), ('product', 'p2', 'PAN-1', 'Pan'), ('customer', 'p1', 'no', 'no');
";

fn report(interval: SalesInterval, group: SalesGroup, from: &str, to: &str) -> SalesRequest {
    SalesRequest {
        interval: interval.into(),
        group_by: group.into(),
        from: from.to_owned(),
        to: to.to_owned(),
        ..Default::default()
    }
}

async fn ask(shop: &Shop, request: SalesRequest) -> SalesReply {
    shop.reports.clone().sales(request).await.unwrap().into_inner()
}

/// Period, key, label, name, then currency, orders, units, gross, discounts, credits, credited units, net, tax.
fn lines(rows: &[SalesRow]) -> Vec<String> {
    let line = |row: &SalesRow| {
        let (period, key, label, name) = (&row.period, &row.key, &row.label, &row.name);
        let numbers = [
            row.orders,
            row.units,
            row.gross,
            row.discounts,
            row.credits,
            row.credited_units,
            row.net,
            row.tax,
        ];
        format!(
            "{period}|{key}|{label}|{name}|{} {}",
            row.currency,
            numbers.map(|number| number.to_string()).join(" ")
        )
    };
    rows.iter().map(line).collect()
}

async fn shop_with_sales(pool: PgPool) -> Shop {
    let shop = Shop::open(pool).await;
    shop.run(SALES).await;
    shop.sum_up().await;
    shop
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_interval_of_every_currency_has_a_row_without_grouping(pool: PgPool) {
    let shop = shop_with_sales(pool).await;
    let days = report(SalesInterval::Day, SalesGroup::None, "2024-01-01", "2024-01-04");
    let reply = ask(&shop, days.clone()).await;
    let expected = [
        "2024-01-01||||EUR 0 0 0 0 0 0 0 0",
        "2024-01-01||||GBP 2 6 6000 200 0 0 5800 300",
        "2024-01-02||||EUR 0 0 0 0 0 0 0 0",
        "2024-01-02||||GBP 0 0 0 0 0 0 0 0",
        "2024-01-03||||EUR 1 0 900 0 0 0 900 0",
        "2024-01-03||||GBP 0 0 0 0 700 1 -700 -100",
    ];
    assert_eq!(lines(&reply.rows), expected);
    assert_eq!(
        lines(&reply.totals),
        ["||||EUR 1 0 900 0 0 0 900 0", "||||GBP 2 6 6000 200 700 1 5100 200"]
    );
    let only = |currency: &str| SalesRequest {
        currency: currency.to_owned(),
        ..days.clone()
    };
    let reply = ask(&shop, only("EUR")).await;
    assert_eq!(
        (reply.rows.len(), lines(&reply.totals)),
        (3, vec!["||||EUR 1 0 900 0 0 0 900 0".to_owned()])
    );
    let reply = ask(&shop, only("USD")).await;
    assert_eq!(
        (reply.rows.len(), lines(&reply.totals)),
        (3, vec!["||||USD 0 0 0 0 0 0 0 0".to_owned()])
    );
    let reply = ask(
        &shop,
        report(SalesInterval::Day, SalesGroup::None, "2025-01-01", "2025-01-04"),
    )
    .await;
    assert_eq!((reply.rows.len(), reply.totals.len()), (0, 0));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn groups_are_named_and_ordered_and_totals_count_an_order_once(pool: PgPool) {
    let shop = shop_with_sales(pool).await;
    let products = report(SalesInterval::Month, SalesGroup::Product, "2024-01-01", "2024-01-04");
    let reply = ask(&shop, products.clone()).await;
    let expected = [
        "2024-01-01|fee:POST|fee:POST||EUR 1 0 900 0 0 0 900 0",
        "2024-01-01|p2|PAN-1|Pan|GBP 1 2 3000 0 0 0 3000 0",
        "2024-01-01|p1|MUG-1|Mug|GBP 2 4 3000 200 700 1 2100 200",
    ];
    assert_eq!(lines(&reply.rows), expected);
    assert_eq!(
        lines(&reply.totals),
        ["||||EUR 1 0 900 0 0 0 900 0", "||||GBP 2 6 6000 200 700 1 5100 200"]
    );
    let sorted = SalesRequest {
        sort: "-units".to_owned(),
        currency: "GBP".to_owned(),
        top: 1,
        ..products
    };
    let reply = ask(&shop, sorted).await;
    assert_eq!(
        lines(&reply.rows),
        [
            "2024-01-01|p1|MUG-1|Mug|GBP 2 4 3000 200 700 1 2100 200",
            "2024-01-01||||GBP 1 2 3000 0 0 0 3000 0"
        ]
    );
    assert!(reply.rows[1].other);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn sums_and_entries_say_the_same(pool: PgPool) {
    let shop = shop_with_sales(pool).await;
    let only = |group, filter: SalesFilter, by_order_date: bool| SalesRequest {
        filter: Some(filter),
        credits_by: by_order_date.into(),
        currency: "GBP".to_owned(),
        ..report(SalesInterval::Day, group, "2024-01-01", "2024-01-04")
    };
    let key = |text: &str| Some(text.to_owned());
    for (filter, by_order_date, expected) in [
        // From sums.
        (
            SalesFilter {
                country: key("France"),
                ..Default::default()
            },
            false,
            "1 5 5000 200 700 1 4100 200",
        ),
        (
            SalesFilter {
                category: key("kitchen"),
                ..Default::default()
            },
            false,
            "2 4 3000 200 700 1 2100 200",
        ),
        (
            SalesFilter {
                customer_type: "returning".to_owned(),
                ..Default::default()
            },
            false,
            "1 1 1000 0 0 0 1000 0",
        ),
        // From entries.
        (
            SalesFilter {
                customer: key("c1"),
                ..Default::default()
            },
            false,
            "2 6 6000 200 700 1 5100 200",
        ),
        (
            SalesFilter {
                product: key("p1"),
                ..Default::default()
            },
            true,
            "2 4 3000 200 700 1 2100 200",
        ),
        (
            SalesFilter {
                country: key("France"),
                category: key("kitchen"),
                ..Default::default()
            },
            false,
            "1 3 2000 200 700 1 1100 200",
        ),
        (
            SalesFilter {
                category: key("kitchen"),
                country: key(""),
                ..Default::default()
            },
            true,
            "1 1 1000 0 0 0 1000 0",
        ),
    ] {
        let reply = ask(&shop, only(SalesGroup::None, filter.clone(), by_order_date)).await;
        assert_eq!(lines(&reply.totals), [format!("||||GBP {expected}")], "{filter:?}");
        for group in [
            SalesGroup::Product,
            SalesGroup::Category,
            SalesGroup::Country,
            SalesGroup::Customer,
            SalesGroup::CustomerType,
        ] {
            let reply = ask(&shop, only(group, filter.clone(), by_order_date)).await;
            let sum: i64 = reply.rows.iter().map(|row| row.net).sum();
            assert_eq!(sum, reply.totals[0].net, "{group:?} {filter:?}");
        }
    }
    let undone = ask(&shop, only(SalesGroup::None, SalesFilter::default(), true)).await;
    assert_eq!(lines(&undone.rows)[0], "2024-01-01||||GBP 2 6 6000 200 700 1 5100 200");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_report_that_is_too_large_is_refused(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.run(
        "INSERT INTO sales_entry (product, amount, happened_at, ordered_at)
         SELECT 'p' || n, 1, at, at FROM generate_series(1, 50000) AS n, LATERAL (SELECT '2024-01-01Z'::timestamptz + n % 2 * interval '1 day' AS at) t",
    )
    .await;
    shop.sum_up().await;
    let all = report(SalesInterval::Day, SalesGroup::Product, "2024-01-01", "2024-01-03");
    assert_eq!(ask(&shop, all.clone()).await.rows.len(), 50_000);
    shop.run(
        "INSERT INTO sales VALUES ('product', '2024-01-01Z', 'GBP', 'one more', 'guest', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
    )
    .await;
    let failure = failure(shop.reports.clone().sales(all).await);
    assert_eq!(
        (failure.kind(), failure.code.as_str()),
        (FailureKind::Invalid, "report_too_large")
    );
    for part in ["50000", "format=jsonl", "/v1/exports"] {
        assert!(failure.message.contains(part), "{}", failure.message);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_makes_no_sense_is_refused_by_field(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let good = report(SalesInterval::Day, SalesGroup::None, "2024-01-01", "2024-01-04");
    let categories = |length: usize| SalesRequest {
        filter: Some(SalesFilter {
            category: Some("🫖".repeat(length)),
            ..SalesFilter::default()
        }),
        ..good.clone()
    };
    let longest = ask(&shop, categories(400)).await;
    assert_eq!(longest.rows.len(), 0);
    let cases = [
        (categories(401), "category"),
        (
            SalesRequest {
                interval: 0,
                ..good.clone()
            },
            "interval",
        ),
        (
            SalesRequest {
                interval: 9,
                ..good.clone()
            },
            "interval",
        ),
        (
            SalesRequest {
                group_by: 99,
                ..good.clone()
            },
            "group_by",
        ),
        (
            SalesRequest {
                time_zone: "Europe/Londres".to_owned(),
                ..good.clone()
            },
            "tz",
        ),
        (
            SalesRequest {
                time_zone: "+01:00".to_owned(),
                ..good.clone()
            },
            "tz",
        ),
        (
            SalesRequest {
                from: "2024-1-1".to_owned(),
                ..good.clone()
            },
            "from",
        ),
        (
            SalesRequest {
                from: "+12024-01-01".to_owned(),
                ..good.clone()
            },
            "from",
        ),
        (
            SalesRequest {
                to: "2024-02-30".to_owned(),
                ..good.clone()
            },
            "to",
        ),
        (
            SalesRequest {
                to: String::new(),
                ..good.clone()
            },
            "to",
        ),
        (
            SalesRequest {
                to: "2024-01-01".to_owned(),
                ..good.clone()
            },
            "to",
        ),
        (
            SalesRequest {
                to: "2034-02-01".to_owned(),
                ..good.clone()
            },
            "to",
        ),
        (
            SalesRequest {
                currency: "pounds".to_owned(),
                ..good
            },
            "currency",
        ),
    ];
    for year in ["0000", "0001", "9999"] {
        let far = report(
            SalesInterval::Day,
            SalesGroup::None,
            &format!("{year}-01-01"),
            "9999-01-02",
        );
        let refused = refused(shop.reports.clone().sales(far).await);
        assert_eq!(refused, ("from".to_owned(), "out_of_range".to_owned()), "{year}");
    }
    for (request, field) in cases {
        assert_eq!(
            refused(shop.reports.clone().sales(request.clone()).await).0,
            field,
            "{request:?}"
        );
    }
}
