//! A year of a real shop's trade, from its file to the sales report over HTTP, to the penny.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use chrono::{Datelike as _, Days, NaiveDate};
use e2e::{Client, System};
use import::{Counts, Format, Input};
use uuid::Uuid;

/// Net value in pence by day, stock code or customer.
type Totals = BTreeMap<String, i64>;

/// What `make import-online-retail` does: the counts of products, then of orders.
async fn run(system: &System, file: &Path) -> [Counts; 2] {
    let folder = system.folder().join("online-retail");
    let converted = online_retail::convert(file, &folder).unwrap();
    assert_eq!(converted.wrong, []);
    let commands = system.grpc();
    let options = |name| import::Options {
        input: Input::File(folder.join(name)),
        errors: None,
        folder: system.folder().to_owned(),
        restart: false,
        actor: "system:import".to_owned(),
        correlation_id: Uuid::from_u128(7),
    };
    let products = import::products(commands.clone(), Format::Jsonl, &options(online_retail::PRODUCTS))
        .await
        .unwrap();
    let orders = import::orders(
        commands,
        online_retail::SOURCE,
        Format::Jsonl,
        &options(online_retail::ORDERS),
    )
    .await
    .unwrap();
    [products, orders].map(|summary| {
        assert_eq!(summary.errors, None);
        summary.counts[0].1
    })
}

async fn report(admin: &Client, token: &str, interval: &str, group: &str, member: &str) -> Totals {
    let path = format!(
        "/v1/reports/sales?interval={interval}&from=2010-12-01&to=2012-01-01&tz=Europe/London&group_by={group}&currency=GBP"
    );
    let answer = admin.get(path).after(token).await.ok(200);
    let mut totals = Totals::new();
    for row in answer["rows"].as_array().unwrap() {
        let key = row[member].as_str().unwrap().trim_start_matches("fee:").to_owned();
        *totals.entry(key).or_default() += row["net"]["amount"].as_i64().unwrap();
    }
    totals
}

/// Compares two sets of totals, in which what comes to nothing may be left out.
fn assert_same(what: &str, mut left: Totals, mut right: Totals) {
    left.retain(|_, total| *total != 0);
    right.retain(|_, total| *total != 0);
    assert_eq!(left, right, "net value by {what}");
}

async fn compare(system: &System, mut expected: [Totals; 4]) {
    let admin = system.admin().await;
    let token = system.everything().await;
    let heads = token.clone();
    e2e::wait_until("the report to be up to date", 4 * e2e::PATIENCE, || {
        let request = admin
            .get("/v1/reports/sales?from=2010-12-01&to=2010-12-02")
            .after(&heads);
        async move { (request.await.status() == 200).then_some(()) }
    })
    .await;
    let [days, codes, customers, countries] = &mut expected;
    for (interval, first_day) in [
        ("week", first_of_week as fn(NaiveDate) -> NaiveDate),
        ("month", first_of_month),
    ] {
        let mut sums = Totals::new();
        for (day, value) in days.iter() {
            *sums.entry(first_day(day.parse().unwrap()).to_string()).or_default() += value;
        }
        let found = report(&admin, &token, interval, "none", "period").await;
        assert_same(interval, found, sums);
    }
    let whole: i64 = days.values().sum();
    for interval in ["quarter", "year", "none"] {
        let found = report(&admin, &token, interval, "none", "period").await;
        assert_eq!(found.values().sum::<i64>(), whole, "{interval}");
    }
    assert_same(
        "country",
        report(&admin, &token, "month", "country", "label").await,
        std::mem::take(countries),
    );
    assert_same(
        "day",
        report(&admin, &token, "day", "none", "period").await,
        std::mem::take(days),
    );
    assert_same(
        "stock code",
        report(&admin, &token, "month", "product", "label").await,
        std::mem::take(codes),
    );
    let mut found = report(&admin, &token, "month", "customer", "label").await;
    found.remove("");
    assert_same("customer", found, std::mem::take(customers));
    drill(&admin, &token, whole).await;
}

/// The orders behind the total and behind the best product add up to the same.
async fn drill(admin: &Client, token: &str, whole: i64) {
    let period = "from=2010-12-01&to=2012-01-01&tz=Europe/London&currency=GBP";
    let top = admin
        .get(format!(
            "/v1/reports/sales?{period}&interval=none&group_by=product&top=1"
        ))
        .after(token)
        .await
        .ok(200);
    let (best, others) = (&top["rows"][0], &top["rows"][1]);
    assert_eq!(top["totals"][0]["net"]["amount"], whole);
    for row in [best, others, &top["totals"][0]] {
        let link = row["links"]["orders"].as_str().unwrap();
        let lines = admin.get(format!("{link}&format=jsonl")).await.ok(200);
        let net = |line: &str| -> i64 {
            let order: serde_json::Value = serde_json::from_str(line).unwrap();
            order["net"]["amount"].as_i64().unwrap()
        };
        let sum: i64 = lines.text().lines().map(net).sum();
        assert_eq!(row["net"]["amount"], sum, "{link}");
    }
}

fn first_of_week(day: NaiveDate) -> NaiveDate {
    day - Days::new(day.weekday().num_days_from_monday().into())
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap()
}

/// The control totals of a file, worked out line by line.
fn totals_of(file: &Path) -> [Totals; 4] {
    let mut totals: [Totals; 4] = Default::default();
    for record in csv::Reader::from_path(file).unwrap().records() {
        let record = record.unwrap();
        let thousandths = |text: &str| {
            let (whole, fraction) = text.split_once('.').unwrap();
            format!("{whole}{fraction:0<3}").parse::<i64>().unwrap()
        };
        let value = record[3].parse::<i64>().unwrap() * thousandths(&record[5]) / 10;
        let customer = record[6].trim_end_matches(".0");
        for (totals, key) in totals
            .iter_mut()
            .zip([&record[4][..10], &record[1], customer, &record[7]])
        {
            *totals.entry(key.to_owned()).or_default() += value;
        }
    }
    totals[2].remove("");
    totals
}

#[tokio::test]
async fn a_sample_with_every_oddity_comes_out_right() {
    let system = System::start().await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/online-retail/sample.csv");
    let counts = run(&system, &file).await;
    let created = |created| Counts {
        created,
        ..Counts::default()
    };
    assert_eq!(counts, [created(6), created(15)]);
    compare(&system, totals_of(&file)).await;

    let before = system.everything().await;
    let again = run(&system, &file).await;
    let unchanged = |unchanged| Counts {
        unchanged,
        ..Counts::default()
    };
    assert_eq!(again, [unchanged(6), unchanged(15)]);
    assert_eq!(system.everything().await, before, "a second run writes nothing");

    let admin = system.anonymous().log_in("admin@shop.example", e2e::PASSWORD).await;
    let orders = admin
        .get("/v1/orders?limit=100&sort=placed_at")
        .after(&before)
        .await
        .ok(200);
    assert_eq!(orders.items().len(), 11);
    let first = &orders.items()[0];
    assert_eq!(first["placed_at"], "2010-12-01T08:26:00.000000Z");
    assert_eq!(first["total"]["amount"], 3_660);
    assert_eq!(first["customer_reference"], "10001");
    // Three teapots and the postage came back, and six more teapots later.
    assert_eq!(first["credited"]["amount"], 1_800 + 1_530);
}

/// The folder of the whole data set: beside the workspace, or where `TILLROLL_DATA_SETS` says.
fn data_set() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "says what the test is to run on")]
    let folder = std::env::var_os("TILLROLL_DATA_SETS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let folder = folder.join("online-retail");
    folder.join("online-retail.csv.zst").exists().then_some(folder)
}

/// The last column of a file of control totals, rounded to the penny.
fn control_totals(folder: &Path, name: &str) -> Totals {
    let mut text = String::new();
    let file = File::open(folder.join(name)).unwrap();
    ruzstd::decoding::StreamingDecoder::new(file)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let mut totals = Totals::new();
    for record in csv::Reader::from_reader(text.as_bytes()).records() {
        let record = record.unwrap();
        let value: f64 = record[record.len() - 1].parse().unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "far from the limits")]
        totals.insert(record[0].to_owned(), (value * 100.0).round() as i64);
    }
    totals
}

/// The net value of each country, to the penny.
fn by_country(folder: &Path) -> Totals {
    let text = std::fs::read_to_string(folder.join("reference.json")).unwrap();
    let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
    let pence = |value: &serde_json::Value| -> i64 {
        let value: f64 = value["net_value"].as_str().unwrap().parse().unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "far from the limits")]
        let pence = (value * 100.0).round() as i64;
        pence
    };
    let countries = reference["per_country"].as_object().unwrap();
    countries
        .iter()
        .map(|(country, value)| (country.clone(), pence(value)))
        .collect()
}

#[tokio::test]
async fn the_whole_file_comes_out_right_to_the_penny() {
    let Some(folder) = data_set() else {
        println!("skipped: no data");
        return;
    };
    let system = System::start().await;
    let counts = run(&system, &folder.join("online-retail.csv.zst")).await;
    let created = |created| Counts {
        created,
        ..Counts::default()
    };
    assert_eq!(counts, [created(4_037), created(25_900)]);
    let of = |name| control_totals(&folder, name);
    let expected = [
        of("expected_by_day.csv.zst"),
        of("expected_by_stockcode.csv.zst"),
        of("expected_by_customer.csv.zst"),
        by_country(&folder),
    ];
    compare(&system, expected).await;
}
