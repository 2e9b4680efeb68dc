//! The sales report on the days that are not 24 hours long, and in zones that are not whole hours away.

use proto::v1::{SalesInterval, SalesRequest};
use sqlx::PgPool;

use crate::support::Shop;

/// Puts one order into every quarter hour between two times, so that a row's orders count its quarter hours.
async fn fill(shop: &Shop, from: &str, to: &str) {
    sqlx::query(
        "INSERT INTO sales_entry (happened_at, ordered_at)
         SELECT bucket, bucket FROM generate_series($1::timestamptz, $2::timestamptz - interval '15 min', '15 min') AS bucket",
    )
    .bind(crate::support::time(from))
    .bind(crate::support::time(to))
    .execute(&shop.pool)
    .await
    .unwrap();
    shop.sum_up().await;
}

/// Each period's first day and quarter hours.
async fn periods(shop: &Shop, zone: &str, interval: SalesInterval, from: &str, to: &str) -> Vec<(String, i64)> {
    let request = SalesRequest {
        interval: interval.into(),
        time_zone: zone.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        ..Default::default()
    };
    let reply = shop.reports.clone().sales(request).await.unwrap().into_inner();
    let total: i64 = reply.totals.iter().map(|total| total.orders).sum();
    assert_eq!(reply.rows.iter().map(|row| row.orders).sum::<i64>(), total);
    reply.rows.into_iter().map(|row| (row.period, row.orders)).collect()
}

fn expected<const N: usize>(rows: [(&str, i64); N]) -> Vec<(String, i64)> {
    rows.map(|(day, quarters)| (day.to_owned(), quarters)).to_vec()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn london_has_a_day_of_23_hours_and_one_of_25(pool: PgPool) {
    let shop = Shop::open(pool).await;
    fill(&shop, "2011-03-01T00:00:00Z", "2011-12-01T00:00:00Z").await;
    let spring = periods(&shop, "Europe/London", SalesInterval::Day, "2011-03-26", "2011-03-29").await;
    assert_eq!(
        spring,
        expected([("2011-03-26", 96), ("2011-03-27", 92), ("2011-03-28", 96)])
    );
    let autumn = periods(&shop, "Europe/London", SalesInterval::Day, "2011-10-29", "2011-11-01").await;
    assert_eq!(
        autumn,
        expected([("2011-10-29", 96), ("2011-10-30", 100), ("2011-10-31", 96)])
    );
    let months = periods(&shop, "Europe/London", SalesInterval::Month, "2011-03-15", "2011-05-01").await;
    assert_eq!(months, expected([("2011-03-01", 17 * 96 - 4), ("2011-04-01", 30 * 96)]));
    let weeks = periods(&shop, "Europe/London", SalesInterval::Week, "2011-03-21", "2011-04-04").await;
    assert_eq!(weeks, expected([("2011-03-21", 7 * 96 - 4), ("2011-03-28", 7 * 96)]));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn kathmandu_is_quarters_of_an_hour_away(pool: PgPool) {
    let shop = Shop::open(pool).await;
    // From local midnight of the second to local midnight of the third.
    fill(&shop, "2024-01-01T18:15:00Z", "2024-01-02T18:15:00Z").await;
    let days = periods(&shop, "Asia/Kathmandu", SalesInterval::Day, "2024-01-01", "2024-01-04").await;
    assert_eq!(
        days,
        expected([("2024-01-01", 0), ("2024-01-02", 96), ("2024-01-03", 0)])
    );
    let days = periods(&shop, "", SalesInterval::Day, "2024-01-01", "2024-01-04").await;
    assert_eq!(
        days,
        expected([("2024-01-01", 23), ("2024-01-02", 73), ("2024-01-03", 0)])
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn clocks_that_change_at_midnight_lose_nothing(pool: PgPool) {
    let shop = Shop::open(pool).await;
    fill(&shop, "2018-01-01T00:00:00Z", "2019-01-01T00:00:00Z").await;
    // No midnight: 00:00 becomes 01:00.
    let spring = periods(
        &shop,
        "America/Sao_Paulo",
        SalesInterval::Day,
        "2018-11-03",
        "2018-11-06",
    )
    .await;
    assert_eq!(
        spring,
        expected([("2018-11-03", 96), ("2018-11-04", 92), ("2018-11-05", 96)])
    );
    // 24:00 becomes 23:00 again.
    let autumn = periods(
        &shop,
        "America/Sao_Paulo",
        SalesInterval::Day,
        "2018-02-16",
        "2018-02-19",
    )
    .await;
    assert_eq!(
        autumn,
        expected([("2018-02-16", 96), ("2018-02-17", 100), ("2018-02-18", 96)])
    );
    // Two midnights: 01:00 becomes 00:00.
    let havana = periods(&shop, "America/Havana", SalesInterval::Day, "2018-11-03", "2018-11-06").await;
    assert_eq!(
        havana,
        expected([("2018-11-03", 96), ("2018-11-04", 100), ("2018-11-05", 96)])
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn weeks_run_over_the_year_and_are_cut_at_the_ends(pool: PgPool) {
    let shop = Shop::open(pool).await;
    fill(&shop, "2024-12-01T00:00:00Z", "2025-02-01T00:00:00Z").await;
    let weeks = periods(&shop, "UTC", SalesInterval::Week, "2024-12-25", "2025-01-08").await;
    assert_eq!(
        weeks,
        expected([("2024-12-23", 5 * 96), ("2024-12-30", 7 * 96), ("2025-01-06", 2 * 96)])
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn days_agree_with_postgresqls_own_calendar(pool: PgPool) {
    let shop = Shop::open(pool).await;
    fill(&shop, "2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z").await;
    for zone in [
        "Europe/London",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Chatham",
        "Africa/Cairo",
    ] {
        for (interval, name) in [
            (SalesInterval::Day, "day"),
            (SalesInterval::Week, "week"),
            (SalesInterval::Month, "month"),
        ] {
            let oracle: Vec<(String, i64)> = sqlx::query_as(
                "SELECT to_char(date_trunc($1, bucket AT TIME ZONE $2), 'YYYY-MM-DD'), sum(orders)::bigint FROM sales
                 WHERE dimension = 'total' AND bucket AT TIME ZONE $2 >= '2023-01-03' AND bucket AT TIME ZONE $2 < '2023-12-30' GROUP BY 1 ORDER BY 1",
            )
            .bind(name)
            .bind(zone)
            .fetch_all(&shop.pool)
            .await
            .unwrap();
            assert_eq!(
                periods(&shop, zone, interval, "2023-01-03", "2023-12-30").await,
                oracle,
                "{zone} {name}"
            );
        }
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_offset_of_no_whole_quarter_hours_is_exact(pool: PgPool) {
    let shop = Shop::open(pool).await;
    // Liberia was 44 minutes and 30 seconds behind until 1972.
    shop.run(
        "INSERT INTO sales_entry (happened_at, ordered_at) SELECT at::timestamptz, at::timestamptz FROM unnest(ARRAY[
             '1971-03-02T00:44:29.999999Z', '1971-03-02T00:44:30Z', '1971-03-03T00:44:29Z', '1971-03-03T00:44:30Z']) AS at",
    )
    .await;
    shop.sum_up().await;
    let days = periods(&shop, "Africa/Monrovia", SalesInterval::Day, "1971-02-28", "1971-03-06").await;
    let sold: Vec<_> = days.into_iter().filter(|(_, orders)| *orders > 0).collect();
    assert_eq!(
        sold,
        expected([("1971-03-01", 1), ("1971-03-02", 2), ("1971-03-03", 1)])
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_day_that_the_date_line_took_is_no_day(pool: PgPool) {
    let shop = Shop::open(pool).await;
    fill(&shop, "2011-12-28T00:00:00Z", "2012-01-03T00:00:00Z").await;
    let days = periods(&shop, "Pacific/Apia", SalesInterval::Day, "2011-12-29", "2012-01-02").await;
    assert_eq!(
        days,
        expected([("2011-12-29", 96), ("2011-12-31", 96), ("2012-01-01", 96)])
    );
}
