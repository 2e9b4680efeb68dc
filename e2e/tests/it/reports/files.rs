//! The report as files.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::sales::shop_with_history;

/// The text of a PDF; `None` where there is no program to read it.
fn text_of(pdf: &[u8]) -> Option<String> {
    let mut reader = Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    reader.stdin.take()?.write_all(pdf).ok()?;
    let output = reader.wait_with_output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_form_has_the_same_rows() {
    let (_system, admin, _, everything) = shop_with_history().await;
    let path = "/v1/reports/sales?interval=month&from=2024-02-01&to=2024-06-01&tz=Europe/London&group_by=product&compare=previous_year&shop=Tea%20%26%20Co";
    let json = admin.get(path).after(&everything).await.ok(200);
    let rows = json["rows"].as_array().unwrap();

    let lines = admin.get(path).header("accept", "application/jsonl").await.ok(200);
    let lines: Vec<Value> = lines
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), rows.len());
    for (line, row) in lines.iter().zip(rows) {
        for name in [
            "period",
            "key",
            "label",
            "orders",
            "units",
            "net_units",
            "gross",
            "net",
            "tax",
            "total",
            "average_order_value",
        ] {
            assert_eq!(line[name], row[name], "{name}");
        }
        assert_eq!(line["net_change_points"], row["change"]["net"]["basis_points"]);
    }

    let sheet = admin.get(format!("{path}&format=xlsx")).await.ok(200);
    assert!(sheet.bytes().starts_with(b"PK"), "a zip archive");
    assert!(
        sheet
            .header("content-disposition")
            .unwrap()
            .contains("sales-2024-02-01-2024-06-01.xlsx")
    );
    let again = admin.get(format!("{path}&format=xlsx")).await.ok(200);
    assert_eq!(sheet.bytes(), again.bytes(), "the same report is the same file");

    let page = admin.get(path).header("accept", "application/pdf").await.ok(200);
    assert_eq!(page.header("content-type"), Some("application/pdf"));
    assert!(page.bytes().starts_with(b"%PDF-"));
    assert_eq!(
        page.bytes(),
        admin.get(format!("{path}&format=pdf")).await.ok(200).bytes()
    );
    if let Some(text) = text_of(page.bytes()) {
        for part in [
            "Tea & Co",
            "Sales by product and month",
            "Europe/London",
            "Enamel mug",
            "Total",
            "Page 1 of",
        ] {
            assert!(text.contains(part), "{part} is missing: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_orders_behind_a_number_are_a_file_too() {
    let (_system, admin, _, everything) = shop_with_history().await;
    let path = "/v1/reports/sales/orders?from=2024-03-01&to=2024-05-01&currency=GBP&measure=net&tz=Europe/London";
    let csv = admin.get(format!("{path}&format=csv")).after(&everything).await.ok(200);
    let mut reader = csv::Reader::from_reader(csv.text().as_bytes());
    let column = reader.headers().unwrap().iter().position(|name| name == "net").unwrap();
    let sum: i64 = reader
        .records()
        .map(|record| record.unwrap()[column].parse::<i64>().unwrap())
        .sum();
    let report = admin
        .get("/v1/reports/sales?from=2024-03-01&to=2024-05-01&currency=GBP&interval=none&tz=Europe/London")
        .await
        .ok(200);
    assert_eq!(report["totals"][0]["net"]["amount"], sum);
    for format in ["xlsx", "pdf", "jsonl"] {
        assert!(
            !admin
                .get(format!("{path}&format={format}"))
                .await
                .ok(200)
                .bytes()
                .is_empty()
        );
    }
}
