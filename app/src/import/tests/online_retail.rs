use std::collections::BTreeMap;
use std::io::Read;

use super::shop::Shop;
use super::*;
use chrono::{DateTime, TimeZone as _};
use chrono_tz::Europe::London;
use proto::v1::ImportOrderRow;
use proto::v1::LineKind::{self, Adjustment, Fee, Product};

const SAMPLE: &str = include_str!("../online_retail/sample.csv");

fn lines(shop: &Shop, order: &str) -> Vec<(LineKind, String, i64, i64, String)> {
    let books = shop.books();
    let lines = &books.orders[order].lines;
    lines
        .iter()
        .map(|line| {
            let undone = line.credits_external_id.clone();
            let sku = line.sku.clone();
            (line.kind(), sku, line.quantity, line.total, undone)
        })
        .collect()
}

fn line(kind: LineKind, sku: &str, units: i64, total: i64, undone: &str) -> (LineKind, String, i64, i64, String) {
    (kind, sku.into(), units, total, undone.into())
}

#[tokio::test]
async fn every_oddity_of_the_sample_is_mapped() {
    let case = Case::new(SAMPLE);
    let shop = Shop::default();
    let summary = case.online_retail(&shop).await.unwrap();
    assert_eq!(case.rejected(), Vec::<String>::new());
    assert_eq!(
        summary.counts,
        [("products", counts(6, 0, 0, 0)), ("orders", counts(15, 0, 0, 0))]
    );
    assert_eq!(summary.rows, 23, "rows of the file, not invoices");
    {
        let books = shop.books();
        let products: Vec<_> = books
            .products
            .values()
            .map(|row| {
                let price = row.price.as_ref().unwrap().amount;
                (row.sku.as_str(), row.name.as_str(), price)
            })
            .collect();
        assert_eq!(
            products,
            [
                ("90001A", "BLUE TEAPOT", 255),
                ("90001a", "BLUE TEAPOT SMALL", 165),
                ("90002", "RIBBON, RED", 42),
                ("90003", "£5 LUCKY DIP", 500),
                ("90004", "90004", 0),
                ("90005", "SAMPLE SPOON", 0),
            ]
        );
        let teapot = &books.products["90001A"];
        assert_eq!(teapot.category, "online-retail");
        assert_eq!(teapot.occurred_at_micros, Some(1_291_191_960_000_000));
        let two_times = &books.orders["900002"];
        assert_eq!(two_times.occurred_at_micros, 1_291_287_420_000_000);
        let summer = &books.orders["900015"];
        assert_eq!(summer.occurred_at_micros, 1_309_475_400_000_000);
        assert_eq!(summer.customer_reference, "10001");
        assert_eq!(books.orders["900003"].customer_reference, "");
        assert_eq!(books.orders["900003"].country, "EIRE");
        assert_eq!(books.orders["900010"].lines[0].name, "damaged");
        assert_eq!(books.orders["900011"].lines[0].name, "RIBBON, RED");
        assert!(books.orders["C900005"].credit && !books.orders["A900009"].credit);
    }
    for (order, expected) in [
        (
            "900001",
            vec![
                line(Product, "90001A", 6, 1530, ""),
                line(Product, "90001a", 2, 330, ""),
                line(Fee, "POST", 1, 1800, ""),
            ],
        ),
        // Its lines stand apart in the file.
        (
            "900003",
            vec![line(Product, "90003", 1, 500, ""), line(Product, "90002", 3, 126, "")],
        ),
        // The latest order with enough of it at that price.
        (
            "C900005",
            vec![
                line(Product, "90001A", 3, 765, "900002"),
                line(Fee, "POST", 1, 1800, "900001"),
            ],
        ),
        // Two orders together do not have as many left.
        (
            "C900006",
            vec![
                line(Product, "90001A", 1, 255, "900002"),
                line(Product, "90001A", 6, 1530, "900001"),
                line(Product, "90001A", 1, 255, ""),
            ],
        ),
        ("C900007", vec![line(Fee, "M", 1, 3897, "")]),
        ("C900008", vec![line(Fee, "D", 1, 500, "")]),
        ("A900009", vec![line(Fee, "B", 1, -11_062, "")]),
        ("900010", vec![line(Adjustment, "90002", -7, 0, "")]),
        ("900012", vec![line(Adjustment, "90004", -2, 0, "")]),
        ("900013", vec![line(Fee, "DCGS0055", -4, 0, "")]),
        (
            "900014",
            vec![line(Fee, "PADS", 1, 0, ""), line(Product, "90005", 1, 0, "")],
        ),
    ] {
        assert_eq!(lines(&shop, order), expected, "{order}");
    }
    let again = case.online_retail(&shop).await.unwrap();
    assert_eq!(again.counts[0].1, counts(0, 0, 6, 0));
    assert_eq!(again.counts[1].1, counts(0, 0, 15, 0));
}

#[tokio::test]
async fn invoices_with_wrong_lines_are_listed() {
    let good = "900001,90001A,TEAPOT,6,2010-12-01 08:26:00,2.55,10001.0,United Kingdom\n";
    let header = SAMPLE.lines().next().unwrap();
    let case = Case::new(format!(
        "{header}\n{good}\
         900002,90001A,TEAPOT,0,2010-12-01 08:26:00,2.55,,EIRE\n\
         900003,90001A,TEAPOT,1,2010-12-01 08:26:00,2.5555,,EIRE\n\
         900004,90001A,TEAPOT,1,1.12.2010,2.55,,EIRE\n\
         900005,90001A,TEAPOT,-1,2010-12-01 08:26:00,2.55,,EIRE\n\
         C900006,90001A,TEAPOT,1,2010-12-01 08:26:00,2.55,,EIRE\n\
         900007,90001A,TEAPOT,1,2010-12-01 08:26:00,2.55,10001.0,EIRE\n\
         900007,90001A,TEAPOT,1,2010-12-01 08:26:00,2.55,10002.0,EIRE\n\
         900008,90001A\n\
         ,90001A,TEAPOT,1,2010-12-01 08:26:00,2.55,,EIRE\n\
         900009,90001A,TEAPOT,1,2010-12-01 08:26:00,-2.55,,EIRE\n"
    ));
    let shop = Shop::default();
    let summary = case.online_retail(&shop).await.unwrap();
    assert_eq!(
        case.rejected(),
        [
            "3 Quantity out_of_range",
            "4 UnitPrice invalid_format",
            "5 InvoiceDate invalid_format",
            "6 Quantity out_of_range",
            "7 Quantity out_of_range",
            "9 CustomerID differs",
            "10  wrong_field_count",
            "11 InvoiceNo required",
            "12 UnitPrice out_of_range",
        ]
    );
    assert_eq!(summary.exit_code(), 2);
    assert!(shop.books().orders.keys().eq(["900001"]));
}

#[tokio::test]
async fn other_files_are_refused() {
    let case = Case::new("Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n");
    let shop = Shop::default();
    let error = case.online_retail(&shop).await.unwrap_err();
    assert!(matches!(error, Error::Header(_)), "{error}");
    let options = options(Path::new("-"), Path::new("."));
    let error = super::super::online_retail(shop.transport(), &options)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("standard input"), "{error}");
    assert_eq!(shop.books().rows, 0);
}

#[tokio::test]
async fn interrupted_import_goes_on_where_it_was() {
    let mut text = SAMPLE.to_owned();
    for number in 0..2_000 {
        let line = format!("91{number:04},90001A,TEAPOT,2,2011-08-01 09:00:00,2.55,10001.0,EIRE\n");
        text.push_str(&line);
        if number % 20 == 0 {
            text.push_str(&line.replace(",2,", ",-1,").replacen("91", "C91", 1));
        }
    }
    let case = Case::new(text);
    let whole = Shop::default();
    Case::new(fs::read(case.folder.path().join("in put.csv")).unwrap())
        .online_retail(&whole)
        .await
        .unwrap();
    let shop = Shop::default();
    shop.books().breaks_after = Some(5);
    case.online_retail(&shop).await.unwrap_err();
    assert!(case.progress().exists());
    shop.books().breaks_after = None;
    let summary = case.online_retail(&shop).await.unwrap();
    assert!(summary.resumed);
    assert_eq!(summary.counts[0].1.total(), 6);
    assert_eq!(summary.counts[1].1.total(), 15 + 2_000 + 100);
    assert_eq!(shop.books().orders, whole.books().orders);
    assert!(!case.progress().exists());
    // A store that lacks the products refuses the orders, which tells as much as if it had created them.
    let other = Shop::default();
    shop.books().breaks_after = Some(5);
    case.online_retail(&shop).await.unwrap_err();
    let summary = case.online_retail(&other).await.unwrap();
    assert_eq!(summary.counts[1].1.rejected, 0);
    assert_eq!(other.books().orders, whole.books().orders);
}

/// The folder of the whole data set, if this machine has it.
fn data_set() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/online-retail");
    folder.join("online-retail.csv.zst").exists().then_some(folder)
}

/// Net value of each row of a file of control totals, rounded to the penny.
fn control_totals(folder: &Path, name: &str) -> BTreeMap<String, i64> {
    let mut text = String::new();
    let path = folder.join(name);
    let file = super::super::online_retail::open(&Input::File(path)).unwrap();
    { file }.read_to_string(&mut text).unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let mut fields = line.split(',');
            let key = fields.next().unwrap().to_owned();
            let value: f64 = fields.next_back().unwrap().parse().unwrap();
            #[expect(clippy::cast_possible_truncation, reason = "far from the limits")]
            let pence = (value * 100.0).round() as i64;
            (key, pence)
        })
        .collect()
}

fn net(totals: &mut BTreeMap<String, i64>, key: &str, row: &ImportOrderRow, total: i64) {
    let signed = if row.credit { -total } else { total };
    *totals.entry(key.to_owned()).or_default() += signed;
}

#[tokio::test]
async fn whole_file_comes_out_right_to_the_penny() {
    let Some(folder) = data_set() else {
        println!("skipped: no data");
        return;
    };
    let shop = Shop::default();
    let state = tempfile::tempdir().unwrap();
    let mut options = options(&folder.join("online-retail.csv.zst"), state.path());
    options.errors = Some(state.path().join("errors.csv"));
    let summary = super::super::online_retail(shop.transport(), &options).await.unwrap();
    assert_eq!(summary.errors, None);
    assert_eq!(summary.counts[0].1, counts(4_037, 0, 0, 0));
    assert_eq!(summary.counts[1].1, counts(25_900, 0, 0, 0));
    let (mut days, mut codes, mut customers) = <(BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>)>::default();
    let mut linked = [0, 0];
    for row in shop.books().orders.values() {
        let time = DateTime::from_timestamp_micros(row.occurred_at_micros).unwrap();
        let day = London
            .from_utc_datetime(&time.naive_utc())
            .format("%Y-%m-%d")
            .to_string();
        for line in &row.lines {
            net(&mut days, &day, row, line.total);
            net(&mut codes, &line.sku, row, line.total);
            if !row.customer_reference.is_empty() {
                net(&mut customers, &row.customer_reference, row, line.total);
            }
            if row.credit && line.kind() == Product {
                linked[usize::from(line.credits_external_id.is_empty())] += line.quantity;
            }
        }
    }
    assert_eq!(days, control_totals(&folder, "expected_by_day.csv.zst"));
    assert_eq!(codes, control_totals(&folder, "expected_by_stockcode.csv.zst"));
    assert_eq!(customers, control_totals(&folder, "expected_by_customer.csv.zst"));
    println!(
        "units taken back from a known order: {}, from an unknown one: {}",
        linked[0], linked[1]
    );
}
