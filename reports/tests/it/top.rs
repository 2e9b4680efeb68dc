//! The first ones: whatever they are found by, they are the first of all rows, and the others are the rest.

use proto::v1::{SalesCompare, SalesFilter, SalesGroup, SalesInterval, SalesRequest, SalesRow};
use sqlx::PgPool;

use crate::support::Shop;

/// Orders of 40 customers and of nobody known, by the hour for more than two years; some are cancelled.
const SALES: &str = "
INSERT INTO sales_entry (happened_at, ordered_at, order_id, line, kind, currency, country, customer, customer_type, product, units, amount, discounts, tax)
SELECT at, at, 'o' || i, l, 'sale', currency, country, customer, type, 'p' || (i * 7 + l) % 9, 1 + i % 4, 100 + i * 37 % 900, i % 5 * 3, i % 7
FROM generate_series(0, 1499) AS i CROSS JOIN LATERAL generate_series(0, i % 2) AS l CROSS JOIN LATERAL (SELECT
    '2022-11-01Z'::timestamptz + (i::bigint * i * 7919 % 1000003) * interval '75 seconds' AS at,
    CASE WHEN i % 5 = 0 THEN 'EUR' ELSE 'GBP' END AS currency, CASE WHEN i % 3 = 0 THEN 'FR' ELSE 'F' END AS country,
    CASE WHEN i % 11 = 0 THEN '' ELSE 'c' || i * i % 41 END AS customer,
    CASE WHEN i % 11 = 0 THEN 'guest' WHEN i % 4 = 0 THEN 'new' ELSE 'returning' END AS type) AS heading;
INSERT INTO sales_entry (happened_at, ordered_at, order_id, line, kind, currency, country, customer, customer_type, product, units, amount, discounts, tax)
SELECT happened_at + interval '20 days', happened_at, order_id, line, 'cancellation', currency, country, customer, customer_type, product, units,
    amount - discounts, 0, tax FROM sales_entry WHERE kind = 'sale' AND substr(order_id, 2)::integer % 6 = 0;
";

const SORTS: [&str; 9] = [
    "-net",
    "net",
    "-units",
    "-net_units",
    "net_units",
    "-average_order_value",
    "average_order_value",
    "-orders",
    "-new_customers",
];

/// A calendar year, one but for some hours, a month, a part of two years, several years.
const TIMES: [(&str, &str, &str); 6] = [
    ("UTC", "2024-01-01", "2025-01-01"),
    ("Asia/Kathmandu", "2024-01-01", "2025-01-01"),
    ("America/New_York", "2023-01-01", "2024-01-01"),
    ("UTC", "2024-02-01", "2024-03-01"),
    ("Europe/London", "2023-11-17", "2024-03-02"),
    ("UTC", "2022-01-01", "2026-01-01"),
];

async fn shop_with_sales(pool: PgPool) -> Shop {
    let shop = Shop::open(pool).await;
    shop.run(SALES).await;
    shop.sum_up().await;
    shop
}

async fn ask(shop: &Shop, request: &SalesRequest) -> (Vec<SalesRow>, Vec<SalesRow>) {
    let reply = shop.reports.clone().sales(request.clone()).await.unwrap().into_inner();
    (reply.rows, reply.totals)
}

fn sums(row: &SalesRow) -> [i64; 13] {
    [
        row.orders,
        row.units,
        row.gross,
        row.discounts,
        row.credits,
        row.credited_units,
        row.net,
        row.tax,
        row.new_orders,
        row.new_net,
        row.returning_orders,
        row.guest_orders,
        row.guest_net,
    ]
}

fn add(rows: &[&SalesRow]) -> [i64; 13] {
    let mut all = [0; 13];
    for row in rows {
        all.iter_mut().zip(sums(row)).for_each(|(sum, more)| *sum += more);
    }
    all
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_first_customers_are_the_first_of_all(pool: PgPool) {
    let shop = shop_with_sales(pool).await;
    for (zone, from, to) in TIMES {
        for sort in SORTS {
            for by_order_date in [false, true] {
                let all = SalesRequest {
                    interval: SalesInterval::None.into(),
                    group_by: SalesGroup::Customer.into(),
                    from: from.to_owned(),
                    to: to.to_owned(),
                    time_zone: zone.to_owned(),
                    sort: sort.to_owned(),
                    credits_by: by_order_date.into(),
                    ..SalesRequest::default()
                };
                let first = SalesRequest { top: 4, ..all.clone() };
                let what = format!("{zone} {from} {to} {sort} {by_order_date}");
                let (all, totals) = ask(&shop, &all).await;
                let (found, same_totals) = ask(&shop, &first).await;
                assert_eq!(totals, same_totals, "{what}");
                for total in totals {
                    let of = |rows: &[SalesRow]| -> Vec<SalesRow> {
                        rows.iter()
                            .filter(|row| row.currency == total.currency)
                            .cloned()
                            .collect()
                    };
                    let (all, found) = (of(&all), of(&found));
                    let known: Vec<&SalesRow> = all.iter().filter(|row| !row.key.is_empty()).collect();
                    let (best, rest) = known.split_at(known.len().min(4));
                    let guests: Vec<&SalesRow> = all.iter().filter(|row| row.key.is_empty()).collect();
                    let keys = |rows: &[&SalesRow]| rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>();
                    let shown: Vec<&SalesRow> = found.iter().filter(|row| !row.other && !row.key.is_empty()).collect();
                    assert_eq!(keys(&shown), keys(best), "{what}");
                    assert_eq!(add(&shown), add(best), "{what}");
                    let shown: Vec<&SalesRow> = found.iter().filter(|row| !row.other && row.key.is_empty()).collect();
                    assert_eq!(add(&shown), add(&guests), "{what}");
                    let others: Vec<&SalesRow> = found.iter().filter(|row| row.other).collect();
                    assert_eq!(add(&others), add(rest), "{what}");
                }
            }
        }
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn they_are_shown_month_by_month_beside_the_year_before(pool: PgPool) {
    let shop = shop_with_sales(pool).await;
    let request = SalesRequest {
        interval: SalesInterval::Month.into(),
        group_by: SalesGroup::Customer.into(),
        from: "2024-01-01".to_owned(),
        to: "2025-01-01".to_owned(),
        compare: SalesCompare::PreviousYear.into(),
        top: 3,
        ..SalesRequest::default()
    };
    let (rows, totals) = ask(&shop, &request).await;
    for total in totals {
        let of: Vec<&SalesRow> = rows.iter().filter(|row| row.currency == total.currency).collect();
        assert_eq!(add(&of), sums(&total));
        let before: Vec<&SalesRow> = of.iter().map(|row| row.previous.as_deref().unwrap()).collect();
        assert_eq!(add(&before), sums(total.previous.as_deref().unwrap()));
        let mut keys: Vec<_> = of
            .iter()
            .filter(|row| !row.other && !row.key.is_empty())
            .map(|row| &row.key)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 3);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn products_of_a_country_are_what_its_entries_say(pool: PgPool) {
    let shop = shop_with_sales(pool).await;
    for (zone, from, to) in TIMES {
        for country in ["FR", "F", ""] {
            let of_country = SalesRequest {
                interval: SalesInterval::None.into(),
                group_by: SalesGroup::Product.into(),
                from: from.to_owned(),
                to: to.to_owned(),
                time_zone: zone.to_owned(),
                filter: Some(SalesFilter {
                    country: Some(country.to_owned()),
                    ..SalesFilter::default()
                }),
                ..SalesRequest::default()
            };
            let (rows, _) = ask(&shop, &of_country).await;
            for row in &rows {
                // One product of one country is added up from entries.
                let mut one = of_country.clone();
                one.group_by = SalesGroup::None.into();
                one.currency.clone_from(&row.currency);
                one.filter.as_mut().unwrap().product = Some(row.key.clone());
                let (_, totals) = ask(&shop, &one).await;
                assert_eq!(sums(row), sums(&totals[0]), "{zone} {from} {country} {}", row.key);
            }
            let (best, _) = ask(&shop, &SalesRequest { top: 2, ..of_country }).await;
            assert_eq!(
                add(&best.iter().collect::<Vec<_>>()),
                add(&rows.iter().collect::<Vec<_>>())
            );
            assert_eq!(rows.is_empty(), country.is_empty());
        }
    }
}
