use std::fmt::Write as _;

use super::shop::Shop;
use super::*;
use proto::v1::{self, ImportProductRow, LineKind};

const HEADER: &str = "external_id,type,occurred_at,currency,customer_reference,country,kind,sku,name,quantity,unit_price,total,credits_external_id\n";

/// A shop with the products `MUG` and `TEA`.
fn shop() -> Shop {
    let shop = Shop::default();
    for sku in ["MUG", "TEA"] {
        let row = ImportProductRow {
            sku: sku.into(),
            ..ImportProductRow::default()
        };
        shop.books().products.insert(sku.into(), row);
    }
    shop
}

#[tokio::test]
async fn rows_that_follow_each_other_are_one_order() {
    let case = Case::new(format!(
        "{HEADER}\
         1,,2011-07-01T08:26:00+01:00,GBP,17850,United Kingdom,,MUG,,2,1.25,,\n\
         1,,,,,,fee,POST,Postage,1,3.00,,\n\
         1,,2011-07-01T08:26:00+01:00,GBP,17850,United Kingdom,adjustment,TEA,damaged,-2,0,,\n\
         2,order,2011-07-02T00:00:00Z,JPY,,,product,TEA,Tea,3,100,299,\n\
         C1,credit,2011-07-03T00:00:00Z,GBP,17850,,,MUG,,1,1.25,,1\n\
         C1,,,,,,,MUG,,1,1.25,,\n"
    ));
    let shop = shop();
    let summary = case.orders(&shop).await.unwrap();
    assert_eq!(case.rejected(), Vec::<String>::new());
    assert_eq!(summary.counts, [("orders", counts(3, 0, 0, 0))]);
    {
        let books = shop.books();
        let first = &books.orders["1"];
        assert_eq!(first.occurred_at_micros, 1_309_505_160_000_000);
        assert_eq!(first.customer_reference, "17850");
        assert_eq!(first.lines.len(), 3);
        assert_eq!(first.lines[0].total, 250);
        assert_eq!(first.lines[1].kind(), LineKind::Fee);
        assert_eq!(first.lines[2].quantity, -2);
        assert_eq!(books.orders["2"].lines[0].total, 299);
        let credit = &books.orders["C1"];
        assert!(credit.credit);
        assert_eq!(credit.lines[0].credits_external_id, "1");
        assert_eq!(credit.lines[1].credits_external_id, "");
    }
    let again = case.orders(&shop).await.unwrap();
    assert_eq!(again.counts[0].1, counts(0, 0, 3, 0));
}

#[tokio::test]
async fn an_order_with_a_wrong_row_is_refused_whole() {
    let t = "2026-01-01T00:00:00Z";
    let rows = [
        format!("1,,{t},GBP,,,,MUG,,1,1.00,,"),
        format!("2,,{t},GBP,,,,MUG,,1,1.00,,"),
        "2,,,,,,,MUG,,0,1.00,,".to_owned(),
        "2,,,EUR,,,,MUG,,1,1.00,,".to_owned(),
        format!("3,,{t},GBP,,,,NO-SUCH,,1,1.00,,"),
        format!("4,,{t},GBP,,,,MUG,,1,1.00,,1"),
        format!("5,credit,{t},GBP,,,,MUG,,1,1.00,,NO-SUCH"),
        format!("6,,{t},GBP,,,,MUG,,1,-1.00,,"),
        format!("7,,{t},GBP,,,fee,X,,-1,-1.00,,"),
        format!("8,,{t},GBP,,,adjustment,MUG,,-1,1.00,,"),
        "9,,2026-01-01,GBP,,,,MUG,,1,1.00,,".to_owned(),
        "9,,,,,,,MUG,,x,1.00,,".to_owned(),
        format!("10,,{t},GBP,,,,MUG,,1"),
        format!("11,,{t},GBP,,,,MUG,,9223372036854775807,1.00,,"),
        format!("12,,{t},GBP,,,,MUG,,1000000000,10000000000,,"),
        format!("13,refund,{t},GBP,,,,MUG,,1,1.00,,"),
        format!("14,,{t},GBP,,,gift,MUG,,1,1.00,,"),
        format!("15,,{t},GBP,,,,MUG,,1,1.00,,"),
    ];
    let case = Case::new(format!("{HEADER}{}\n", rows.join("\n")));
    let shop = shop();
    let summary = case.orders(&shop).await.unwrap();
    assert_eq!(
        case.rejected(),
        [
            "4 quantity out_of_range",
            "5 currency differs",
            "6 sku not_found",
            "7 credits_external_id not_allowed",
            "8 credits_external_id not_found",
            "9 unit_price out_of_range",
            "11 unit_price out_of_range",
            "12 occurred_at invalid_format",
            "14  wrong_field_count",
            "15 quantity out_of_range",
            "16 total out_of_range",
            "17 type unknown",
            "18 kind unknown",
        ]
    );
    assert_eq!(summary.counts[0].1, counts(3, 0, 0, 12));
    assert!(shop.books().orders.keys().eq(["1", "15", "7"]));
}

#[tokio::test]
async fn an_unreadable_row_takes_along_only_orders_that_it_may_belong_to() {
    let row = |id: &str, day: u32| format!("{id},,2026-01-{day:02}T00:00:00Z,GBP,,,,MUG,,1,1.00,,");
    let rows = [
        row("1", 1),
        row("2", 2),
        // No id, but the time of order 2 and not of order 3.
        row("", 2),
        row("3", 3),
        row("4", 4),
        // Neither id nor time: may be of 4 or of 5.
        ",,,GBP,,,,MUG,,1,1.00,,".to_owned(),
        row("5", 5),
        row("6", 6),
        // Between two rows of one order.
        "\"".to_owned(),
        row("6", 6),
        row("7", 7),
        // A row whose id can be read takes along nobody else.
        "8,ragged".to_owned(),
        row("9", 9),
    ];
    let case = Case::new(format!("{HEADER}{}\n", rows.join("\n")));
    let shop = shop();
    case.orders(&shop).await.unwrap();
    assert_eq!(
        case.rejected(),
        [
            "3 external_id incomplete",
            "4 external_id required",
            "6 external_id incomplete",
            "7 external_id required",
            "8 external_id incomplete",
            "10  unterminated_quote",
            "13  wrong_field_count",
        ]
    );
    assert!(shop.books().orders.keys().eq(["1", "3", "7", "9"]));
}

#[tokio::test]
async fn credits_wait_for_the_orders_that_they_undo() {
    let mut text = HEADER.to_owned();
    for number in 0..1_500 {
        let time = "2026-01-01T00:00:00Z";
        writeln!(text, "{number},,{time},GBP,,,,MUG,,1,1.00,,").unwrap();
        if number % 70 == 0 {
            writeln!(text, "C{number},credit,{time},GBP,,,,MUG,,1,1.00,,{number}").unwrap();
        }
    }
    let case = Case::new(&text);
    let shop = shop();
    let summary = case.orders(&shop).await.unwrap();
    assert_eq!(case.rejected(), Vec::<String>::new());
    assert_eq!(summary.counts[0].1, counts(1_522, 0, 0, 0));
}

#[tokio::test]
async fn same_id_with_other_content_is_refused() {
    let case = Case::new(format!(
        "{HEADER}1,,2026-01-01T00:00:00Z,GBP,,,,MUG,,1,1.00,,\n\
         2,,2026-01-01T00:00:00Z,GBP,,,,MUG,,1,1.00,,\n\
         1,,2026-01-01T00:00:00Z,GBP,,,,MUG,,2,1.00,,\n"
    ));
    let shop = shop();
    case.orders(&shop).await.unwrap();
    assert_eq!(case.rejected(), ["4 external_id imported_differently"]);
    assert_eq!(shop.books().orders["1"].lines[0].quantity, 1);
}

#[tokio::test]
async fn documents_are_orders() {
    let case = Case::new(concat!(
        r#"{"external_id":"1","occurred_at":"2011-07-01T08:26:00+01:00","currency":"GBP","customer_reference":"17850","country":"United Kingdom","lines":[{"sku":"MUG","quantity":2,"unit_price":125},{"kind":"fee","sku":"POST","name":"Postage","quantity":1,"unit_price":{"amount":300,"currency":"GBP"}}]}"#,
        "\n",
        r#"{"external_id":"C1","type":"credit","occurred_at":"2011-07-02T00:00:00Z","currency":"GBP","lines":[{"sku":"MUG","quantity":1,"unit_price":125,"credits_external_id":"1"}]}"#,
        "\n",
        r#"{"external_id":"2","occurred_at":"2011-07-02T00:00:00Z","currency":"GBP","lines":[]}"#,
        "\n",
        r#"{"external_id":"3","occurred_at":"2011-07-02T00:00:00Z","currency":"GBP","lines":[{"sku":"MUG","quantity":1,"unit_price":125},{"sku":"MUG","quantity":1.5,"unit_price":125}]}"#,
        "\n",
        r#"{"external_id":"4","occurred_at":"2011-07-02T00:00:00Z","currency":"GBP","lines":[{"sku":"MUG","quantity":1,"unit_price":{"amount":1,"currency":"EUR"}}]}"#,
        "\n",
        r#"{"external_id":"5","occurred_at":"2011-07-02T00:00:00Z","currency":"GBP","lines":[{"sku":"GONE","quantity":1,"unit_price":1}]}"#,
        "\n",
        r#"{"external_id":"6","occurred_at":"2011-07-02T00:00:00Z","currency":"GBP","lines":[7]}"#,
    ));
    let shop = shop();
    let summary = case.orders_jsonl(&shop).await.unwrap();
    assert_eq!(
        case.rejected(),
        [
            "3 lines required",
            "4 lines[1].quantity not_whole",
            "5 lines[0].unit_price.currency differs",
            "6 lines[0].sku not_found",
            "7 lines[0] invalid_format",
        ]
    );
    assert_eq!(summary.counts[0].1, counts(2, 0, 0, 5));
    let books = shop.books();
    assert_eq!(books.orders["1"].lines[1].unit_price, 300);
    assert_eq!(books.orders["1"].lines[0].total, 250);
}

#[tokio::test]
async fn discounts_and_taxes_are_taken_along_and_checked() {
    const COLUMNS: &str = "external_id,occurred_at,currency,sku,quantity,unit_price,total,discount,tax\n";
    let t = "2026-01-01T00:00:00Z";
    let case = Case::new(format!(
        "{COLUMNS}1,{t},GBP,MUG,2,1.25,,0.50,0.33\n2,{t},GBP,MUG,1,12.00,9.60,3.00,0.60\n3,{t},GBP,MUG,1,1.00,,,1.01\n\
         4,{t},GBP,MUG,1,1.00,,-0.01,\n5,{t},GBP,MUG,1,1.00,,1.01,\n"
    ));
    let shop = shop();
    case.orders(&shop).await.unwrap();
    let fields: Vec<_> = case
        .rejected()
        .iter()
        .map(|row| row.split(' ').nth(1).unwrap_or_default().to_owned())
        .collect();
    assert_eq!(fields, ["tax", "discount"]);
    let books = shop.books();
    let amounts = |id: &str| {
        let line = &books.orders[id].lines[0];
        (line.total, line.discount, line.tax)
    };
    assert_eq!((amounts("1"), amounts("2")), ((200, 50, 33), (960, 300, 60)));
    // Whatever does not say of which kind it is took something off these goods.
    let on_goods = v1::Discount {
        amount: 50,
        kind: v1::DiscountKind::Line.into(),
        ..v1::Discount::default()
    };
    assert_eq!(books.orders["1"].lines[0].discounts, [on_goods]);
    assert_eq!(amounts("5"), (0, 100, 0));
}

#[tokio::test]
async fn totals_follow_from_prices_and_discounts() {
    const COLUMNS: &str = "external_id;occurred_at;currency;kind;sku;quantity;unit_price;total;discount;tax\n";
    let row = |id: &str, rest: &str| format!("{id};2026-01-01T00:00:00Z;GBP;{rest}\n");
    let rows = [
        row("right", ";MUG;2.0;5.000;9.00;1.00;"),
        row("wrong", ";MUG;2;5.00;9.50;1.00;"),
        row("taxed", ";MUG;2;5.00;10.80;1.00;1.80"),
        row("fractions", ";MUG;8;0.13;1.00;;"),
        row("too-fractional", ";MUG;8;0.13;0.99;;"),
        row("coupon", ";MUG;2;5.00;;11.00;"),
        row("coupon-0", ";MUG;2;5.00;0.00;11.00;"),
        row("coupon-below", ";MUG;2;5.00;-1.00;11.00;"),
        row("negative", ";MUG;2;5.00;-1.00;;"),
        row("half", ";MUG;2.5;5.00;;;"),
        row("none", ";MUG;0;5.00;;;"),
        row("voucher", ";MUG;1;5.00;;;") + &row("voucher", "fee;COUPON;1;-6.00;;;"),
        row("voucher-2", ";MUG;1;5.00;;;") + &row("voucher-2", "fee;COUPON;1;-5.00;;;"),
        row("bad-debt", "fee;B;1;-11062.06;;;"),
    ];
    let case = Case::new(COLUMNS.to_owned() + &rows.concat());
    let shop = shop();
    case.orders(&shop).await.unwrap();
    assert_eq!(
        case.rejected(),
        [
            "3 total differs",
            "6 total differs",
            "10 total out_of_range",
            "11 quantity not_whole",
            "12 quantity out_of_range",
            "13 total below_zero",
        ]
    );
    let books = shop.books();
    for coupon in ["coupon", "coupon-0", "coupon-below"] {
        let line = &books.orders[coupon].lines[0];
        assert_eq!((line.total, line.discount), (0, 1_000), "{coupon}");
    }
    assert_eq!(books.orders.len(), 8);
}

#[tokio::test]
async fn rows_of_separators_take_nothing_along() {
    let t = "2026-01-01T00:00:00Z";
    let blank = ",,,,,,,,,,,,";
    let row = |id: &str| format!("{id},,{t},GBP,,,,MUG,,1,1.00,,");
    let rows = [
        row("1"),
        blank.to_owned(),
        row("2"),
        ",,".to_owned(),
        row("2"),
        " , ,\t".to_owned(),
        blank.to_owned(),
    ];
    let case = Case::new(format!("{HEADER}{}", rows.join("\r\n")));
    let shop = shop();
    let summary = case.orders(&shop).await.unwrap();
    assert_eq!((case.rejected(), summary.counts[0].1), (Vec::new(), counts(2, 0, 0, 0)));
    assert_eq!(summary.rows, 3);
    assert_eq!(shop.books().orders["2"].lines.len(), 2);
}
