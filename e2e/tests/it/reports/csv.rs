//! The report as a table for spreadsheets.

use e2e::Answer;
use serde_json::Value;

use super::sales::shop_with_history;

fn records(answer: &Answer) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(answer.text().as_bytes());
    reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_says_the_same_and_runs_no_formulas() {
    let (_system, admin, _, everything) = shop_with_history().await;
    for group in ["none", "product", "country", "customer"] {
        let path =
            format!("/v1/reports/sales?interval=month&from=2024-02-01&to=2024-06-01&tz=Europe/London&group_by={group}");
        let json = admin.get(&path).after(&everything).await.ok(200);
        let table = admin.get(&path).header("accept", "text/csv").await.ok(200);
        assert!(
            table
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("text/csv")),
            "{table:?}"
        );
        assert!(
            table
                .header("content-disposition")
                .is_some_and(|name| name.contains(".csv"))
        );
        assert_eq!(
            table.text(),
            admin.get(format!("{path}&format=csv")).await.ok(200).text()
        );
        let records = records(&table);
        let (header, rows) = records.split_first().unwrap();
        assert_eq!(header[0], "period");
        let column = |name: &str| {
            header
                .iter()
                .position(|column| column == name)
                .unwrap_or_else(|| panic!("{name} is no column of {header:?}"))
        };
        let sold = json["rows"].as_array().unwrap();
        assert_eq!(rows.len(), sold.len());
        for (row, figures) in rows.iter().zip(sold) {
            for name in ["orders", "units", "credited_units", "net_units"] {
                assert_eq!(row[column(name)], figures[name].to_string(), "{name} of {row:?}");
            }
            for name in ["gross", "credits", "net", "discounts", "tax", "total"] {
                assert_eq!(
                    row[column(name)],
                    figures[name]["amount"].to_string(),
                    "{name} of {row:?}"
                );
            }
            for name in ["period", "currency", "label", "name"] {
                let cell = &row[column(name)];
                let text = figures[name].as_str().unwrap_or_default();
                assert!(
                    !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']),
                    "{cell:?} is a formula"
                );
                assert!(cell == text || *cell == format!("'{text}"), "{cell:?} is not {text:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_refused_in_json() {
    let (_system, admin, _, _) = shop_with_history().await;
    let _ = admin
        .get("/v1/reports/sales?format=csv")
        .await
        .refused(400, "invalid_parameter");
    let empty = admin
        .get("/v1/reports/sales?format=csv&from=1999-01-01&to=1999-01-02")
        .await
        .ok(200);
    assert_eq!(records(&empty).len(), 1, "a header and nothing else: {empty:?}");
    let json = admin
        .get("/v1/reports/sales?from=1999-01-01&to=1999-01-02")
        .header("accept", "text/csv;q=0.1, application/json")
        .await
        .ok(200);
    assert_eq!(json["rows"], Value::Array(Vec::new()));
}
