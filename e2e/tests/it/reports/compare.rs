//! Comparison, ranking and first orders.

use serde_json::{Value, json};

use super::sales::shop_with_history;

fn net(row: &Value) -> i64 {
    row["net"]["amount"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_compared_is_what_the_other_report_says() {
    let (_system, admin, _, everything) = shop_with_history().await;
    let report = async |query: &str| {
        let path = format!("/v1/reports/sales?{query}&currency=GBP&tz=Europe/London");
        admin.get(path).after(&everything).await.ok(200)
    };
    let april = report("interval=month&from=2024-04-01&to=2024-05-01&group_by=product&compare=previous_period").await;
    assert_eq!(
        april["compared_with"],
        json!({"from": "2024-03-01", "to": "2024-04-01"})
    );
    let march = report("interval=month&from=2024-03-01&to=2024-04-01&group_by=product").await;
    let mut seen = 0;
    for row in april["rows"].as_array().unwrap() {
        let before = march["rows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|before| before["key"] == row["key"]);
        let before = before.map_or(0, net);
        assert_eq!(row["previous"]["net"]["amount"], before, "{row}");
        let change = &row["change"]["net"];
        assert_eq!(change["absolute"]["amount"], net(row) - before);
        // Half away from zero.
        let points = (before != 0).then(|| {
            let change = (net(row) - before) * 10_000;
            (change.abs() * 2 + before.abs()) / (before.abs() * 2) * change.signum()
        });
        assert_eq!(change["basis_points"].as_i64(), points, "{row}");
        seen += 1;
    }
    assert!(seen > 3);
    assert_eq!(april["totals"][0]["previous"]["net"], march["totals"][0]["net"]);

    // A year ago nothing was sold: there is no percentage of nothing.
    let year = report("interval=week&from=2024-03-04&to=2024-04-01&compare=previous_year").await;
    assert_eq!(year["compared_with"], json!({"from": "2023-03-06", "to": "2023-04-03"}));
    for row in year["rows"].as_array().unwrap() {
        assert_eq!(
            (&row["previous"]["orders"], &row["change"]["orders"]["basis_points"]),
            (&json!(0), &Value::Null)
        );
    }
    let leap = report("interval=day&from=2024-02-28&to=2024-03-02&compare=previous_year").await;
    let days: Vec<_> = leap["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["previous"]["from"].clone())
        .collect();
    assert_eq!(json!(days), json!(["2023-02-28", null, "2023-03-01"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_ones_and_all_others_are_the_whole() {
    let (_system, admin, _, everything) = shop_with_history().await;
    let period = "interval=month&from=2024-03-01&to=2024-06-01&currency=GBP&tz=Europe/London&group_by=product";
    let all = admin
        .get(format!("/v1/reports/sales?{period}"))
        .after(&everything)
        .await
        .ok(200);
    let top = admin
        .get(format!("/v1/reports/sales?{period}&top=2&sort=-units"))
        .await
        .ok(200);
    let sum = |report: &e2e::Answer, name: &str| -> i64 {
        let value = |row: &Value| row[name].as_i64().or(row[name]["amount"].as_i64()).unwrap();
        report["rows"].as_array().unwrap().iter().map(value).sum()
    };
    for name in ["units", "gross", "discounts", "credits", "credited_units", "net", "tax"] {
        assert_eq!(sum(&top, name), sum(&all, name), "{name}");
    }
    let mut units: std::collections::BTreeMap<String, i64> = std::collections::BTreeMap::new();
    for row in all["rows"].as_array().unwrap() {
        *units.entry(row["key"].as_str().unwrap().to_owned()).or_default() += row["units"].as_i64().unwrap();
    }
    let mut ranked: Vec<_> = units.into_iter().collect();
    ranked.sort_by_key(|(_, units)| -units);
    let mut first: Vec<_> = ranked.into_iter().take(2).map(|(key, _)| key).collect();
    first.sort();
    let mut found: Vec<String> = top["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["key"].as_str().map(str::to_owned))
        .collect();
    found.sort();
    found.dedup();
    assert_eq!(found, first);
    let others = top["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["other"] == true)
        .count();
    assert!((1..=3).contains(&others), "one a month");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_are_new_once() {
    let (_system, admin, sales, everything) = shop_with_history().await;
    assert!(!sales.is_empty());
    let path = "/v1/reports/sales?from=2024-01-01&to=2025-01-01&interval=month";
    let report = admin.get(path).after(&everything).await.ok(200);
    let of = |row: &Value, kind: &str| row["customers"][kind]["orders"].as_i64().unwrap();
    let rows = report["rows"].as_array().unwrap();
    // Two customers are known, whatever they pay in.
    assert_eq!(rows.iter().map(|row| of(row, "new")).sum::<i64>(), 2);
    for row in rows {
        let kinds = ["new", "returning", "guest"];
        assert_eq!(
            kinds.iter().map(|kind| of(row, kind)).sum::<i64>(),
            row["orders"].as_i64().unwrap()
        );
        let net_of = |kind: &&str| row["customers"][kind]["net"]["amount"].as_i64().unwrap();
        assert_eq!(kinds.iter().map(net_of).sum::<i64>(), net(row));
        let orders = row["orders"].as_i64().unwrap();
        let sold = row["gross"]["amount"].as_i64().unwrap() - row["discounts"]["amount"].as_i64().unwrap();
        match row["average_order_value"]["amount"].as_i64() {
            Some(average) => assert!((average * orders - sold).abs() * 2 <= orders, "{row}"),
            None => assert_eq!(orders, 0),
        }
    }
}
