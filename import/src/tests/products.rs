use std::fmt::Write as _;

use super::shop::Shop;
use super::*;
use proto::v1::attribute_value::Value;

const HEADER: &str = "sku,name,price,currency\n";

fn many(rows: std::ops::Range<usize>) -> String {
    let mut text = HEADER.to_owned();
    for row in rows {
        writeln!(text, "P{row},Product {row},{row}.50,GBP").unwrap();
    }
    text
}

#[tokio::test]
async fn every_column_arrives() {
    let case = Case::new(
        "\u{feff}sku,name,description,price,currency,category,attributes,attributes.colour,status,initial_stock,created_at\r\n\
         MUG-1,\"Mug, \"\"large\"\"\",\"Two\r\nlines\",12.50,GBP,kitchen/mugs,\"{\"\"ml\"\": 350, \"\"hot\"\": true, \"\"kg\"\": 0.5, \"\"note\"\": \"\"x\"\"}\",red,active,10,2026-01-31T09:30:00+01:00\r\n\
         TEA,Tea,,500,JPY,,,,,,\r\n",
    );
    let shop = Shop::default();
    let summary = case.products(&shop).await.unwrap();
    assert_eq!(case.rejected(), Vec::<String>::new());
    assert_eq!(summary.counts, [("products", counts(2, 0, 0, 0))]);
    assert_eq!(summary.exit_code(), 0);
    let books = shop.books();
    let mug = &books.products["MUG-1"];
    assert_eq!(mug.name, "Mug, \"large\"");
    assert_eq!(mug.description, "Two\nlines");
    assert_eq!(mug.price.as_ref().unwrap().amount, 1250);
    assert_eq!(mug.category, "kitchen/mugs");
    assert_eq!(mug.initial_stock, 10);
    assert_eq!(mug.occurred_at_micros, Some(1_769_848_200_000_000));
    assert_eq!(mug.attributes.len(), 5);
    assert_eq!(mug.attributes["ml"].value, Some(Value::Integer(350)));
    assert_eq!(mug.attributes["hot"].value, Some(Value::Boolean(true)));
    assert_eq!(mug.attributes["kg"].value, Some(Value::Number(0.5)));
    assert_eq!(mug.attributes["colour"].value, Some(Value::Text("red".into())));
    assert_eq!(books.products["TEA"].price.as_ref().unwrap().amount, 500);
}

#[tokio::test]
async fn bad_rows_are_listed_and_good_ones_go_in() {
    let mut text = b"sku,name,price,currency,status,initial_stock,category\n".to_vec();
    let long = "x".repeat(70);
    let rows: &[(&[u8], &str)] = &[
        (b"A1,Good,1.00,GBP,active,5,a/b", ""),
        (b"A2,Bad,1.005,GBP,,,", "price too_many_decimals"),
        (b"A3,Bad,-1.00,GBP,,,", "price out_of_range"),
        (b"A4,Bad,99999999999999999999,GBP,,,", "price out_of_range"),
        (b"A5,Bad,10000000000.01,GBP,,,", "price out_of_range"),
        (b"A6,Bad,1e3,GBP,,,", "price invalid_format"),
        (b"A7,Bad,\"1,00\",GBP,,,", "price invalid_format"),
        (b"A8,No price yet,,,draft,,", ""),
        (b"A9,Bad,1.00,XXX,,,", "currency unknown"),
        (b"A10,Bad,1.00,,,,", "currency required"),
        (b",Bad,1.00,GBP,,,", "sku required"),
        (b"A11,,1.00,GBP,,,", "name required"),
        (b"A12,Caf\xE9,1.00,GBP,,,", "name invalid_utf8"),
        (b"A13,Nul\0,1.00,GBP,,,", "name invalid_character"),
        (b"A14,Bad,1.00,GBP,sold,,", "status unknown"),
        (b"A15,Bad,1.00,GBP,,-1,", "initial_stock out_of_range"),
        (b"A16,Bad,1.00,GBP,,1.5,", "initial_stock not_whole"),
        (b"A17,Bad,1.00,GBP,,,a//b", "category invalid_format"),
        (b"A18,Bad,1.00,GBP,,", " wrong_field_count"),
        (b"A19,Bad,1.00,GBP,,,,,", " wrong_field_count"),
        (b"A20,\"Bad\"x,1.00,GBP,,,", " stray_quote"),
        (long.as_bytes(), " wrong_field_count"),
        (b"A21,Good again,1.00,GBP,,,", ""),
        (b"A22,\"Bad,1.00,GBP,,,", " unterminated_quote"),
        (b"A23,Good after it,1.00,GBP,,,", ""),
    ];
    let mut expected = Vec::new();
    for (index, (row, wrong)) in rows.iter().enumerate() {
        text.extend_from_slice(row);
        text.push(b'\n');
        if !wrong.is_empty() {
            expected.push(format!("{} {wrong}", index + 2));
        }
    }
    let case = Case::new(text);
    let shop = Shop::default();
    let summary = case.products(&shop).await.unwrap();
    assert_eq!(case.rejected(), expected);
    assert_eq!(summary.counts[0].1, counts(4, 0, 0, expected.len() as u64));
    assert_eq!(summary.exit_code(), 2);
    assert_eq!(summary.errors.as_deref().unwrap().extension().unwrap(), "csv");
    assert!(shop.books().products.keys().eq(["A1", "A21", "A23", "A8"]));
    assert_eq!(shop.books().products["A8"].price, None);
    assert!(!case.progress().exists());
}

#[tokio::test]
async fn wrong_headers_are_refused_before_anything_is_written() {
    for (header, part) in [
        ("", "empty"),
        ("sku,name,price\nA,B,1.00\n", "missing columns: currency"),
        ("sku,name,price,currency,colour\n", "unknown column \"colour\""),
        ("sku,name,price,currency,sku\n", "stands twice"),
        ("sku:name:price:currency\n", "unknown column"),
        ("Sku,name,price,currency\n", "unknown column \"Sku\""),
        ("sku,name,price,currency,attributes.\n", "unknown column"),
        ("sku,name,price,\"currency\n", "no closing quote"),
    ] {
        let case = Case::new(header);
        let shop = Shop::default();
        let error = case.products(&shop).await.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(shop.books().rows, 0);
    }
    let case = Case::new(b"\xFF\xFEs\0k\0u\0\n");
    let error = case.products(&Shop::default()).await.unwrap_err();
    assert!(matches!(error, Error::Read(_)), "{error}");
    let case = Case::new(b"sku,name,price,currency,attributes.Gr\xF6\xDFe\n");
    let error = case.products(&Shop::default()).await.unwrap_err();
    assert!(error.to_string().contains("Latin-1"), "{error}");
}

#[tokio::test]
async fn files_of_spreadsheets_are_read_as_they_come() {
    let text = "sku,name,description,price,currency,initial_stock\n12345.0,Löffel,\"two\nlines\",12.5000,GBP,10.0\n,,,,,\nB2,=Cup,,7,GBP,\n";
    let semicolons = text.replace(',', ";").replace("=Cup", "'=Cup");
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    for file in [
        text.as_bytes().to_vec(),
        semicolons.clone().into_bytes(),
        format!("sep=;\r\n{}", semicolons.replace('\n', "\r\n")).into_bytes(),
        text.replace(',', "\t").replace('\n', "\r").into_bytes(),
        utf16(&format!("\u{feff}{}", text.replace(',', "\t"))),
        ruzstd::encoding::compress_to_vec(&*utf16(text), level),
    ] {
        let shown = String::from_utf8_lossy(&file).into_owned();
        let case = Case::new(file);
        let shop = Shop::default();
        let summary = case.products(&shop).await.unwrap();
        assert_eq!(
            (case.rejected(), summary.counts[0].1),
            (Vec::new(), counts(2, 0, 0, 0)),
            "{shown}"
        );
        let books = shop.books();
        let spoon = &books.products["12345.0"];
        assert_eq!(
            (&*spoon.name, &*spoon.description, spoon.initial_stock),
            ("Löffel", "two\nlines", 10)
        );
        assert_eq!(spoon.price.as_ref().unwrap().amount, 1250);
        assert_eq!(books.products["B2"].name, "=Cup");
    }
}

#[tokio::test]
async fn attributes_keep_their_names_and_values() {
    let case = Case::new(
        "sku,name,price,currency,attributes,attributes.attributes.colour,attributes.colour,attributes.Größe,attributes.my key\n\
         A1,Mug,1,GBP,\"{\"\"x\"\": null, \"\"ten\"\": 10.0}\",inner,red,L,\"two\nlines\"\n\
         A2,Mug,1,GBP,\"{\"\"id\"\": 18446744073709551615}\",,,,\n\
         A3,Mug,1,GBP,\"{\"\"id\"\": 99999999999999999999}\",,,,\n\
         A4,Mug,1,GBP,\"{\"\"colour\"\": \"\"x\"\"}\",,red,,\n\
         A5,Mug,1,GBP,\"{\"\"colour\"\": null}\",,red,,\n",
    );
    let shop = Shop::default();
    case.products(&shop).await.unwrap();
    assert_eq!(
        case.rejected(),
        [
            "4 attributes.id out_of_range",
            "5 attributes.id out_of_range",
            "6 attributes.colour duplicate"
        ]
    );
    let books = shop.books();
    let mut read: Vec<_> = books.products["A1"]
        .attributes
        .iter()
        .map(|(key, value)| (&**key, value.value.clone()))
        .collect();
    read.sort_unstable_by_key(|(key, _)| *key);
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    assert_eq!(
        read,
        [
            ("Größe", text("L")),
            ("attributes.colour", text("inner")),
            ("colour", text("red")),
            ("my key", text("two\nlines")),
            ("ten", Some(Value::Number(10.0))),
        ]
    );
}

#[tokio::test]
async fn second_run_changes_nothing() {
    let case = Case::new(many(0..1_000));
    let shop = Shop::default();
    case.products(&shop).await.unwrap();
    let summary = case.products(&shop).await.unwrap();
    assert_eq!(summary.counts[0].1, counts(0, 0, 1_000, 0));
    case.rewrite(many(0..1_000).replace("P7,Product 7", "P7,Product seven"));
    let summary = case.products(&shop).await.unwrap();
    assert_eq!(summary.counts[0].1, counts(0, 1, 999, 0));
}

#[tokio::test]
async fn last_row_of_a_repeated_sku_counts() {
    let mut text = many(0..450);
    text.push_str("P3,Once more,1.00,GBP\nP3,And again,1.00,GBP\n");
    let case = Case::new(text);
    let shop = Shop::default();
    let summary = case.products(&shop).await.unwrap();
    assert_eq!(summary.counts[0].1, counts(450, 2, 0, 0));
    assert_eq!(shop.books().products["P3"].name, "And again");
}

#[tokio::test]
async fn interrupted_import_goes_on_where_it_was() {
    let mut text = many(0..2_000);
    text.insert_str(HEADER.len(), "BAD,Bad,x,GBP\n");
    let case = Case::new(text);
    let shop = Shop::default();
    shop.books().breaks_after = Some(4);
    let error = case.products(&shop).await.unwrap_err();
    assert!(matches!(error, Error::Service(_)), "{error}");
    assert!(case.progress().exists());
    let done = shop.books().products.len();
    assert_eq!(done, 799);
    {
        let mut books = shop.books();
        books.breaks_after = None;
        books.rows = 0;
    }
    let summary = case.products(&shop).await.unwrap();
    assert!(summary.resumed);
    assert_eq!(summary.counts[0].1.total(), 2_001);
    assert_eq!(summary.counts[0].1.rejected, 1);
    assert_eq!(shop.books().products.len(), 2_000);
    assert!(!case.progress().exists());
    assert_eq!(case.rejected(), ["2 price invalid_format"]);
}

#[tokio::test]
async fn a_packed_file_is_as_good_as_what_is_in_it() {
    let packed = |text: &str| {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(text.as_bytes(), level)
    };
    let case = Case::new(packed(&many(0..2_000)));
    let shop = Shop::default();
    shop.books().breaks_after = Some(4);
    case.products(&shop).await.unwrap_err();
    assert!(case.progress().exists());
    shop.books().breaks_after = None;
    let summary = case.products(&shop).await.unwrap();
    assert!(summary.resumed);
    assert_eq!(summary.counts[0].1.total(), 2_000);
    assert_eq!(shop.books().products.len(), 2_000);

    let attributes: serde_json::Map<String, serde_json::Value> = (0..184)
        .map(|number| (format!("attr_{number}"), number.into()))
        .collect();
    let document = serde_json::json!({"sku": "TV-1", "name": "Television", "attributes": attributes,
        "price": {"amount": 49_900, "currency": "EUR"}});
    let case = Case::new(packed(&format!("{document}\n")));
    let summary = case.products_jsonl(&shop).await.unwrap();
    assert_eq!(
        summary.counts,
        [("products", counts(1, 0, 0, 0))],
        "{:?}",
        case.rejected()
    );
    assert_eq!(shop.books().products["TV-1"].attributes.len(), 184);
    let mut damaged = packed(&many(0..2_000));
    damaged.truncate(damaged.len() / 2);
    let error = Case::new(damaged).products(&shop).await.unwrap_err();
    assert!(matches!(error, Error::Read(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn progress_is_resumed_past_the_acknowledged_rows() {
    let case = Case::new(many(0..5_000));
    let shop = Shop::default();
    shop.books().breaks_after = Some(10);
    case.products(&shop).await.unwrap_err();
    // With time standing still only the first batch was noted; the file now says that more were.
    let mut saved: serde_json::Value = serde_json::from_slice(&fs::read(case.progress()).unwrap()).unwrap();
    let text = fs::read_to_string(case.folder.path().join("in put.csv")).unwrap();
    let offset = |row: u64| {
        let lines = usize::try_from(row).unwrap() + 1;
        text.split_inclusive('\n').take(lines).map(str::len).sum::<usize>()
    };
    for (name, row) in [("from", 1_000), ("until", 1_200)] {
        saved[name] = serde_json::json!({"offset": offset(row), "line": row + 2, "items": row, "rows": row});
    }
    saved["counts"]["created"] = 1_000.into();
    fs::write(case.progress(), saved.to_string()).unwrap();
    {
        let mut books = shop.books();
        books.breaks_after = None;
        books.rows = 0;
    }
    let summary = case.products(&shop).await.unwrap();
    assert_eq!(shop.books().rows, 4_000);
    assert_eq!(summary.counts[0].1.total(), 5_000);
    assert_eq!(shop.books().products.len(), 5_000);
}

#[tokio::test]
async fn progress_of_another_store_is_not_believed() {
    let case = Case::new(many(0..2_000));
    let first = Shop::default();
    first.books().breaks_after = Some(4);
    case.products(&first).await.unwrap_err();
    assert!(case.progress().exists());
    let second = Shop::default();
    let summary = case.products(&second).await.unwrap();
    assert!(!summary.resumed);
    assert_eq!(summary.counts[0].1.total(), 2_000);
    assert_eq!(second.books().products.len(), 2_000);
}

#[tokio::test]
async fn progress_of_another_file_is_not_believed() {
    let case = Case::new(many(0..2_000));
    let shop = Shop::default();
    shop.books().breaks_after = Some(4);
    case.products(&shop).await.unwrap_err();
    shop.books().breaks_after = None;
    case.rewrite(many(10_000..11_000));
    let summary = case.products(&shop).await.unwrap();
    assert!(!summary.resumed);
    assert_eq!(summary.counts[0].1, counts(1_000, 0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn busy_service_is_asked_again_and_a_poisoned_row_stands_alone() {
    let case = Case::new(many(0..300));
    let shop = Shop::default();
    shop.books().busy = 3;
    shop.books().poison = Some("P123".to_owned());
    let summary = case.products(&shop).await.unwrap();
    assert_eq!(summary.counts[0].1, counts(299, 0, 0, 1));
    assert_eq!(case.rejected(), ["125 name cursed"]);
    let other = Shop::default();
    other.books().busy = 1_000;
    let error = case.products(&other).await.unwrap_err();
    assert!(matches!(error, Error::Service(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn rows_that_a_lost_answer_may_have_made_are_told_apart() {
    let case = Case::new(many(0..300));
    let shop = Shop::default();
    shop.books().loses = 1;
    let summary = case.products(&shop).await.unwrap();
    let all = summary.counts[0].1;
    assert!(all.sent_again > 0);
    assert_eq!((all.created + all.unchanged, all.sent_again), (300, all.unchanged));
    let told = summary.to_string();
    assert!(told.contains("of the unchanged were sent again"), "{told}");
    // In a second run they were there before.
    let summary = case.products(&shop).await.unwrap();
    assert_eq!(summary.counts[0].1, counts(0, 0, 300, 0));
    assert!(!summary.to_string().contains("sent again"));
}

#[tokio::test]
async fn documents_name_the_field_that_is_wrong() {
    let good = r#"{"sku":"A1","name":"Mug","price":{"amount":1250,"currency":"GBP"},"category":"kitchen/mugs","attributes":{"colour":"red","ml":350},"status":"active","initial_stock":3,"description":null}"#;
    let rows: &[(&str, &str)] = &[
        (good, ""),
        (r#"{"sku":"A4","name":"No price yet","price":null}"#, ""),
        (r#"{"sku":"A2","name":"Mug","price":{}}"#, "price.amount required"),
        (
            r#"{"sku":"A2","name":"Mug","price":{"amount":12.5,"currency":"GBP"}}"#,
            "price.amount not_whole",
        ),
        (
            r#"{"sku":"A2","name":"Mug","price":{"amount":-1,"currency":"GBP"}}"#,
            "price out_of_range",
        ),
        (
            r#"{"sku":"A2","name":"Mug","price":{"amount":18446744073709551615,"currency":"GBP"}}"#,
            "price.amount out_of_range",
        ),
        (
            r#"{"sku":"A2","name":"Mug","price":{"amount":1,"currency":"gbp"}}"#,
            "price.currency invalid_format",
        ),
        (
            r#"{"sku":"A2","name":"Mug","price":{"amount":1,"currency":"GBP","vat":2}}"#,
            "price.vat unknown_field",
        ),
        (r#"{"sku":"A2","name":"Mug","price":"12.50"}"#, "price invalid_format"),
        (
            r#"{"sku":7,"name":"Mug","price":{"amount":1,"currency":"GBP"}}"#,
            "sku invalid_format",
        ),
        (
            r#"{"sku":"A2","name":"Mug","colour":"red","price":{"amount":1,"currency":"GBP"}}"#,
            "colour unknown_field",
        ),
        (
            r#"{"sku":"A2","name":"Mug","price":{"amount":1,"currency":"GBP"},"attributes":{"a\tb":1}}"#,
            "attributes invalid_character",
        ),
        (
            r#"{"sku":"A2","name":"Mug","price":{"amount":1,"currency":"GBP"},"attributes":{"a":[1]}}"#,
            "attributes.a invalid_format",
        ),
        (
            r#"{"sku":"A2","name":"N\u0000L","price":{"amount":1,"currency":"GBP"}}"#,
            "name invalid_character",
        ),
        (r#"{"sku":"A2""#, " invalid_json"),
        (r"[1]", " invalid_json"),
        (
            r#"{"sku":"A2","name":"Mug","price":{"amount":1e999,"currency":"GBP"}}"#,
            " invalid_json",
        ),
        ("", ""),
        (
            r#"  {"sku":"A3","name":"Last","price":{"amount":1,"currency":"GBP"}}  "#,
            "",
        ),
    ];
    let text: Vec<_> = rows.iter().map(|(row, _)| *row).collect();
    let expected: Vec<_> = (1..)
        .zip(rows)
        .filter(|(_, (_, wrong))| !wrong.is_empty())
        .map(|(line, (_, wrong))| format!("{line} {wrong}"))
        .collect();
    let mut bytes = b"\xEF\xBB\xBF".to_vec();
    bytes.extend_from_slice(text.join("\r\n").as_bytes());
    bytes.extend_from_slice(b"\n{\"sku\":\"Caf\xE9\"}\n");
    bytes.extend_from_slice("[".repeat(10_000).as_bytes());
    bytes.push(b'\n');
    bytes.extend(std::iter::repeat_n(b'x', 3 * 1024 * 1024));
    let mut expected = expected;
    let line = rows.len() + 1;
    expected.push(format!("{line}  invalid_utf8"));
    expected.push(format!("{}  invalid_json", line + 1));
    expected.push(format!("{}  row_too_long", line + 2));
    let case = Case::new(bytes);
    let shop = Shop::default();
    let summary = case.products_jsonl(&shop).await.unwrap();
    assert_eq!(case.rejected(), expected);
    assert_eq!(summary.counts[0].1.created, 3);
    let summary = case.products_jsonl(&shop).await.unwrap();
    assert_eq!(summary.counts[0].1.unchanged, 3);
}

#[tokio::test]
async fn missing_file_and_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::default();
    for path in [folder.path().join("missing.csv"), folder.path().to_owned()] {
        let options = options(&path, folder.path());
        let error = super::super::products(shop.transport(), Format::Csv, &options)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Open { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()));
    }
}

#[tokio::test]
async fn a_read_only_place_is_answered_from_the_data_folder() {
    let case = Case::new("sku,name,price,currency\nA1,Good,1.00,GBP\nA2,Bad,x,GBP\n");
    let folder = case.folder.path().join("not/yet/there");
    let options = Options {
        // Nothing can be made in /proc, whoever asks.
        input: Input::File("/proc/self/mountinfo".into()),
        folder: folder.clone(),
        ..case.options.clone()
    };
    let (files, _) = super::super::files(&options, "products").unwrap();
    assert_eq!(files.report, folder.join("mountinfo.errors.csv"));
    let shop = Shop::default();
    let options = Options {
        errors: Some(folder.join("errors.csv")),
        ..case.options.clone()
    };
    let summary = super::super::products(shop.transport(), Format::Csv, &options)
        .await
        .unwrap();
    assert_eq!(summary.errors, Some(folder.join("errors.csv")));
    assert!(folder.join("errors.csv").exists());
}
