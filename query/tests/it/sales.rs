//! The sales report: groups, totals, bounds.

use proto::failure::FailureKind;
use proto::v1::{SalesGroup, SalesInterval, SalesReply, SalesRequest, SalesRow};
use sqlx::PgPool;

use crate::support::{Shop, failure, refused};

const SALES: &str = "
INSERT INTO sales (dimension, key, currency, bucket, orders, units, gross, credits, credited_units) VALUES
('total', '', 'GBP', '2024-01-01T09:00Z', 2, 5, 5000, 0, 0),
('total', '', 'GBP', '2024-01-01T23:45Z', 1, 1, 1000, 0, 0),
('total', '', 'GBP', '2024-01-03T00:00Z', 0, 0, 0, 700, 1),
('total', '', 'EUR', '2024-01-03T12:00Z', 1, 1, 900, 0, 0),
('total', '', 'GBP', '2024-01-04T00:00Z', 9, 9, 9999, 0, 0),
('product', 'p1', 'GBP', '2024-01-01T09:00Z', 2, 3, 2000, 0, 0),
('product', 'p2', 'GBP', '2024-01-01T09:00Z', 1, 2, 3000, 0, 0),
('product', 'p1', 'GBP', '2024-01-01T23:45Z', 1, 1, 1000, 0, 0),
('product', 'p3', 'GBP', '2024-01-01T23:45Z', 1, 1, 3000, 0, 0),
('product', 'fee:POST', 'EUR', '2024-01-03T12:00Z', 1, 0, 900, 0, 0),
('customer', '', 'GBP', '2024-01-01T09:00Z', 2, 5, 5000, 0, 0),
('country', 'France', 'GBP', '2024-01-01T09:00Z', 2, 5, 5000, 0, 0),
('category', 'kitchen/mugs', 'GBP', '2024-01-01T09:00Z', 2, 5, 5000, 0, 0);
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

fn lines(rows: &[SalesRow]) -> Vec<String> {
    let line = |row: &SalesRow| {
        let SalesRow {
            period,
            key,
            label,
            name,
            currency,
            orders,
            units,
            gross,
            credits,
            credited_units,
            net,
        } = row;
        format!("{period}|{key}|{label}|{name}|{currency} {orders} {units} {gross} {credits} {credited_units} {net}")
    };
    rows.iter().map(line).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_interval_of_every_currency_has_a_row_without_grouping(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.run(SALES).await;
    let days = report(SalesInterval::Day, SalesGroup::None, "2024-01-01", "2024-01-04");
    let reply = ask(&shop, days.clone()).await;
    let expected = [
        "2024-01-01||||EUR 0 0 0 0 0 0",
        "2024-01-01||||GBP 3 6 6000 0 0 6000",
        "2024-01-02||||EUR 0 0 0 0 0 0",
        "2024-01-02||||GBP 0 0 0 0 0 0",
        "2024-01-03||||EUR 1 1 900 0 0 900",
        "2024-01-03||||GBP 0 0 0 700 1 -700",
    ];
    assert_eq!(lines(&reply.rows), expected);
    assert_eq!(
        lines(&reply.totals),
        ["||||EUR 1 1 900 0 0 900", "||||GBP 3 6 6000 700 1 5300"]
    );

    let reply = ask(
        &shop,
        SalesRequest {
            currency: "EUR".to_owned(),
            ..days.clone()
        },
    )
    .await;
    assert_eq!(
        (reply.rows.len(), lines(&reply.totals)),
        (3, vec!["||||EUR 1 1 900 0 0 900".to_owned()])
    );
    let reply = ask(
        &shop,
        SalesRequest {
            currency: "USD".to_owned(),
            ..days
        },
    )
    .await;
    assert_eq!(
        (reply.rows.len(), lines(&reply.totals)),
        (3, vec!["||||USD 0 0 0 0 0 0".to_owned()])
    );
    let reply = ask(
        &shop,
        report(SalesInterval::Day, SalesGroup::None, "2025-01-01", "2025-01-04"),
    )
    .await;
    assert_eq!((reply.rows.len(), reply.totals.len()), (0, 0));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn groups_are_named_and_ordered_by_net_and_totals_count_an_order_once(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.run(SALES).await;
    let reply = ask(
        &shop,
        report(SalesInterval::Month, SalesGroup::Product, "2024-01-01", "2024-01-04"),
    )
    .await;
    let expected = [
        "2024-01-01|fee:POST|fee:POST||EUR 1 0 900 0 0 900",
        "2024-01-01|p1|MUG-1|Mug|GBP 3 4 3000 0 0 3000",
        "2024-01-01|p2|PAN-1|Pan|GBP 1 2 3000 0 0 3000",
        "2024-01-01|p3|p3||GBP 1 1 3000 0 0 3000",
    ];
    assert_eq!(lines(&reply.rows), expected);
    assert_eq!(
        lines(&reply.totals),
        ["||||EUR 1 1 900 0 0 900", "||||GBP 3 6 6000 700 1 5300"]
    );

    let groups = [
        (SalesGroup::Customer, "2024-01-01||||GBP 2 5 5000 0 0 5000"),
        (SalesGroup::Country, "2024-01-01|France|France||GBP 2 5 5000 0 0 5000"),
        (
            SalesGroup::Category,
            "2024-01-01|kitchen/mugs|kitchen/mugs||GBP 2 5 5000 0 0 5000",
        ),
    ];
    for (group, expected) in groups {
        let reply = ask(&shop, report(SalesInterval::Day, group, "2024-01-01", "2024-01-04")).await;
        assert_eq!(lines(&reply.rows), [expected]);
        assert_eq!(reply.totals.len(), 2);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_report_that_is_too_large_is_refused(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.run(
        "INSERT INTO sales (dimension, key, currency, bucket, gross)
         SELECT 'product', 'p' || n, 'GBP', '2024-01-01Z'::timestamptz + n % 2 * interval '1 day', 1 FROM generate_series(1, 100000) AS n",
    )
    .await;
    let all = report(SalesInterval::Day, SalesGroup::Product, "2024-01-01", "2024-01-03");
    assert_eq!(ask(&shop, all.clone()).await.rows.len(), 100_000);
    shop.run(
        "INSERT INTO sales (dimension, key, currency, bucket) VALUES ('product', 'one more', 'GBP', '2024-01-01Z')",
    )
    .await;
    let failure = failure(shop.reports.clone().sales(all).await);
    assert_eq!(
        (failure.kind(), failure.code.as_str()),
        (FailureKind::Invalid, "report_too_large")
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_makes_no_sense_is_refused_by_field(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let good = report(SalesInterval::Day, SalesGroup::None, "2024-01-01", "2024-01-04");
    let cases = [
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
                group_by: 9,
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
    for (request, field) in cases {
        assert_eq!(
            refused(shop.reports.clone().sales(request.clone()).await).0,
            field,
            "{request:?}"
        );
    }
}
