//! The figures.

use chrono::{Days, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use e2e::{Client, System};
use serde_json::{Value, json};

use super::history::{self, Asked, PRODUCTS, Sale, expected, reported, totals};

pub(super) async fn shop_with_history() -> (System, Client, Vec<Sale>, String) {
    let system = System::start().await;
    let admin = system.admin().await;
    for (sku, name, category) in PRODUCTS {
        let body = json!({"sku": sku, "name": name.replace('\n', " "), "category": category, "price": {"amount": 100, "currency": "GBP"}, "status": "active"});
        let _ = admin.post("/v1/products").json(body).await.ok(201);
    }
    let sales = history::spring();
    history::import(&system, &sales).await;
    let everything = system.everything().await;
    (system, admin, sales, everything)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_are_an_independent_sum() {
    let (_system, admin, sales, everything) = shop_with_history().await;
    let (from, to) = (day("2024-03-06"), day("2024-05-10"));
    for zone in [
        Tz::UTC,
        Tz::Europe__London,
        Tz::America__New_York,
        Tz::Asia__Kathmandu,
        Tz::Pacific__Kiritimati,
    ] {
        for interval in ["day", "week", "month", "quarter", "year"] {
            for group in [
                "none",
                "product",
                "category",
                "country",
                "customer",
                "currency",
                "customer_type",
                "discount_code",
                "discount_campaign",
                "discount_kind",
            ] {
                for convention in ["happened", "order_date"] {
                    let asked = Asked {
                        interval,
                        group,
                        zone,
                        from,
                        to,
                        by_order_date: convention == "order_date",
                    };
                    let query = format!(
                        "interval={interval}&group_by={group}&from={from}&to={to}&tz={zone}&credits_by={convention}"
                    );
                    let path = format!("/v1/reports/sales?{query}");
                    let report = admin.get(path).after(&everything).await.ok(200);
                    assert_eq!(reported(&report["rows"]), expected(&sales, asked), "{query}");
                    let whole = totals(&expected(&sales, Asked { group: "none", ..asked }));
                    let totals: Vec<_> = reported(&report["totals"])
                        .into_iter()
                        .map(|((_, _, currency), figures)| (currency, figures))
                        .collect();
                    assert_eq!(totals, whole.into_iter().collect::<Vec<_>>(), "{query}");
                    assert_eq!(
                        (&report["interval"], &report["time_zone"]),
                        (&json!(interval), &json!(zone.name())),
                        "{query}"
                    );
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_period_has_a_row_and_a_currency_can_be_chosen() {
    let (_system, admin, sales, everything) = shop_with_history().await;
    let (from, to) = (day("2024-03-30"), day("2024-04-15"));
    let report = admin
        .get(format!(
            "/v1/reports/sales?from={from}&to={to}&currency=GBP&tz=Europe/London"
        ))
        .after(&everything)
        .await
        .ok(200);
    let periods: Vec<&str> = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["period"].as_str().unwrap())
        .collect();
    let days: Vec<String> = from.iter_days().take(16).map(|day| day.to_string()).collect();
    assert_eq!(periods, days, "a chart has no holes");
    let asked = Asked {
        interval: "day",
        group: "none",
        zone: Tz::Europe__London,
        from,
        to,
        by_order_date: false,
    };
    let mut expectation = expected(&sales, asked);
    expectation.retain(|(_, _, currency), _| currency == "GBP");
    assert_eq!(reported(&report["rows"]), expectation);
    let nothing = admin
        .get("/v1/reports/sales?from=1999-01-01&to=1999-01-04&currency=GBP")
        .await
        .ok(200);
    assert!(reported(&nothing["rows"]).is_empty() && reported(&nothing["totals"]).is_empty());
    let weeks = admin
        .get("/v1/reports/sales?interval=week&from=2024-03-06&to=2024-03-20&currency=GBP")
        .await
        .ok(200);
    let periods: Vec<&Value> = weeks["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["period"])
        .collect();
    assert_eq!(
        periods,
        ["2024-03-04", "2024-03-11", "2024-03-18"],
        "weeks begin on Monday"
    );
    let products = admin
        .get("/v1/reports/sales?interval=month&from=2024-01-01&to=2025-01-01&group_by=product&currency=GBP")
        .await
        .ok(200);
    let mugs = products["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["label"] == "MUG")
        .unwrap();
    assert!(mugs["key"].as_str().is_some_and(|key| key.starts_with("prod_")));
    assert_eq!(mugs["name"], "Enamel mug");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_shows_at_once_and_its_cancellation_is_a_credit() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let (kept, dropped) = (
        ann.order(&[(&mug.id, 2)]).await.ok(201),
        ann.order(&[(&mug.id, 3)]).await.ok(201),
    );
    let from = system.clock().now().date_naive() - Days::new(1);
    let report = format!(
        "/v1/reports/sales?interval=month&from={from}&to={}&group_by=product",
        from + Days::new(40)
    );
    let sum = |report: &e2e::Answer, name: &str| -> i64 {
        let number = |row: &Value| row[name].as_i64().or(row[name]["amount"].as_i64()).unwrap();
        report["totals"].as_array().unwrap().iter().map(number).sum()
    };
    let figures = |report: &e2e::Answer| {
        ["orders", "units", "gross", "credits", "credited_units", "net"].map(|name| sum(report, name))
    };
    let _ = admin.get(&report).seeing(&kept).await.ok(200);
    let before = admin.get(&report).seeing(&dropped).await.ok(200);
    assert_eq!(before["rows"][0]["key"], mug.id.as_str());
    let before = admin.get(&report).after(&system.everything().await).await.ok(200);
    assert_eq!(figures(&before), [2, 5, 6250, 0, 0, 6250]);
    let cancelled = ann.cancel(dropped.id()).await.ok(200);
    let after = admin.get(&report).seeing(&cancelled).await.ok(200);
    assert_eq!(
        figures(&after),
        [2, 5, 6250, 3750, 3, 2500],
        "the sale stays, and is taken back"
    );
    let customers = admin
        .get(report.replace("product", "customer"))
        .seeing(&cancelled)
        .await
        .ok(200);
    assert_eq!(customers["rows"][0]["key"], ann.user_id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_counts_on_the_day_it_happened() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let order = admin.order(&[(&mug.id, 2)]).await.ok(201);
    let placed: chrono::DateTime<chrono::Utc> = order["placed_at"].as_str().unwrap().parse().unwrap();
    system.clock().advance(TimeDelta::days(3));
    // The token of three days ago is none any more.
    let _ = admin.get("/v1/me").await.refused(401, "token_expired");
    let admin = system.anonymous().log_in("admin@shop.example", e2e::PASSWORD).await;
    let cancelled = admin.cancel(order.id()).await.ok(200);
    let gone: chrono::DateTime<chrono::Utc> = cancelled["cancelled_at"].as_str().unwrap().parse().unwrap();
    assert!(gone - placed >= TimeDelta::days(3));
    let from = placed.date_naive();
    let report = admin
        .get(format!("/v1/reports/sales?from={from}&to={}", from + Days::new(6)))
        .seeing(&cancelled)
        .await
        .ok(200);
    let on = |day: NaiveDate| {
        report["rows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["period"] == day.to_string())
            .unwrap()
    };
    let figures = |row: &Value| {
        (
            row["orders"].clone(),
            row["gross"]["amount"].clone(),
            row["credits"]["amount"].clone(),
            row["net"]["amount"].clone(),
        )
    };
    assert_eq!(figures(on(from)), (json!(1), json!(2500), json!(0), json!(2500)));
    assert_eq!(
        figures(on(gone.date_naive())),
        (json!(0), json!(0), json!(2500), json!(-2500))
    );
}
