//! From a number to the orders and credits that make it, and on to their events.

use std::collections::BTreeMap;

use e2e::Client;
use serde_json::Value;

use super::sales::shop_with_history;

const MEASURES: [&str; 9] = [
    "orders",
    "units",
    "gross",
    "discounts",
    "credits",
    "credited_units",
    "net",
    "tax",
    "total",
];

fn number(row: &Value, name: &str) -> i64 {
    row[name].as_i64().or(row[name]["amount"].as_i64()).unwrap()
}

fn figures(row: &Value) -> [i64; 9] {
    MEASURES.map(|name| number(row, name))
}

/// The sums of all pages behind a row.
async fn drilled(admin: &Client, row: &Value, more: &str) -> ([i64; 9], Vec<Value>) {
    let link = row["links"]["orders"].as_str().unwrap().to_owned();
    let (mut sums, mut items, mut cursor) = ([0; 9], Vec::new(), String::new());
    loop {
        let page = admin.get(format!("{link}{more}&limit=7{cursor}")).await.ok(200);
        for item in page.items() {
            for (sum, value) in sums.iter_mut().zip(figures(item)) {
                *sum += value;
            }
            items.push(item.clone());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (sums, items),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_number_is_the_sum_of_its_orders() {
    let (_system, admin, _, everything) = shop_with_history().await;
    let period = "from=2024-03-06&to=2024-05-10";
    let mut checked = 0;
    for (index, question) in [
        "interval=week&tz=Asia/Kathmandu",
        "interval=month&group_by=product&tz=Europe/London",
        "interval=month&group_by=product&top=1&sort=-units",
        "interval=none&group_by=product&top=2&credits_by=order_date&country=France",
        "interval=none&group_by=category",
        "interval=none&group_by=category&category=kitchen",
        "interval=month&group_by=category&category_level=own&credits_by=order_date",
        "interval=none&group_by=category&category_level=tree",
        "interval=none&group_by=category&top=1",
        "interval=month&group_by=country&credits_by=order_date&tz=America/New_York",
        "interval=none&group_by=country&top=1&customer_type=returning",
        "interval=week&group_by=customer",
        "interval=none&group_by=customer&category=kitchen",
        "interval=month&group_by=customer_type",
        "interval=year&group_by=currency&country=",
        "interval=none&group_by=discount_code",
        "interval=month&group_by=discount_campaign&discount_kind=coupon",
        "interval=none&group_by=discount_code&top=1&credits_by=order_date",
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/v1/reports/sales?{period}&{question}");
        let report = admin.get(&path).after(&everything).await.ok(200);
        let rows = report["rows"].as_array().unwrap();
        assert!(!rows.is_empty(), "{path}");
        // Some of the rows, others for each question, and all that are of several groups or of none.
        let chosen = rows
            .iter()
            .enumerate()
            .filter(|(row, value)| row % 3 == index % 3 || value["other"] == true || value["key"] == "none");
        for (_, row) in chosen {
            assert_eq!(drilled(&admin, row, "").await.0, figures(row), "{path}: {row}");
            checked += 1;
        }
        for total in report["totals"].as_array().unwrap() {
            assert_eq!(drilled(&admin, total, "").await.0, figures(total), "{path}: {total}");
        }
    }
    assert!(checked > 60, "{checked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_measure_shows_what_adds_to_it_and_orders_lead_to_their_events() {
    let (_system, admin, _, everything) = shop_with_history().await;
    let path = "/v1/reports/sales?from=2024-03-01&to=2024-05-10&interval=none&currency=GBP";
    let report = admin.get(path).after(&everything).await.ok(200);
    let total = &report["totals"][0];
    for measure in MEASURES {
        let (sums, items) = drilled(&admin, total, &format!("&measure={measure}")).await;
        let place = MEASURES.iter().position(|name| *name == measure).unwrap();
        assert_eq!(sums[place], number(total, measure), "{measure}");
        assert!(items.iter().all(|item| number(item, measure) != 0), "{measure}");
    }
    let (_, newcomers) = drilled(&admin, total, "&measure=new_customers").await;
    assert_eq!(
        i64::try_from(newcomers.len()).unwrap(),
        total["customers"]["new"]["orders"].as_i64().unwrap()
    );

    let (_, items) = drilled(&admin, total, "").await;
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for item in items {
        let kind = item["kind"].as_str().unwrap().to_owned();
        let seen = kinds.entry(kind.clone()).or_default();
        *seen += 1;
        if *seen > 3 {
            continue;
        }
        let stream = admin.get(item["links"]["events"].as_str().unwrap()).await.ok(200);
        let expected = if kind == "order" {
            "OrderImported"
        } else {
            "CreditIssued"
        };
        assert_eq!(stream.items()[0]["event_type"], expected);
        if let Some(order) = item["links"]["order"].as_str() {
            let _ = admin.get(order).await.ok(200);
        }
    }
    assert!(kinds["order"] > 3 && kinds["credit"] > 3, "{kinds:?}");
}
