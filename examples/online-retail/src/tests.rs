use std::fs;

use serde_json::{Value, json};

use super::*;

const SAMPLE: &str = include_str!("../sample.csv");

/// What comes of a file: its documents by kind, and what is wrong with it.
struct Case {
    products: Vec<Value>,
    orders: Vec<Value>,
    converted: Converted,
}

impl Case {
    fn of(text: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("in put.csv");
        fs::write(&file, text)?;
        let converted = convert(&file, folder.path())?;
        let documents = |name: &str| -> Vec<Value> {
            let text = fs::read_to_string(folder.path().join(name)).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        Ok(Self {
            products: documents(PRODUCTS),
            orders: documents(ORDERS),
            converted,
        })
    }

    fn order(&self, id: &str) -> &Value {
        self.orders.iter().find(|order| order["external_id"] == id).unwrap()
    }

    /// Kind, SKU, units, total and what is undone of each line.
    fn lines(&self, order: &str) -> Vec<Value> {
        let lines = self.order(order)["lines"].as_array().unwrap();
        lines
            .iter()
            .map(|line| {
                json!([
                    line["kind"],
                    line["sku"],
                    line["quantity"],
                    line["total"],
                    line["credits_external_id"]
                ])
            })
            .collect()
    }
}

#[test]
fn every_oddity_of_the_sample_is_mapped() {
    let case = Case::of(SAMPLE).unwrap();
    assert_eq!(case.converted.wrong, []);
    assert_eq!((case.converted.products, case.converted.orders), (6, 15));
    assert_eq!(case.converted.rows, 23, "lines of the file, not invoices");
    let mut products: Vec<_> = case
        .products
        .iter()
        .map(|product| json!([product["sku"], product["name"], product["price"]["amount"]]))
        .collect();
    products.sort_by_key(Value::to_string);
    assert_eq!(
        products,
        [
            json!(["90001A", "BLUE TEAPOT", 255]),
            json!(["90001a", "BLUE TEAPOT SMALL", 165]),
            json!(["90002", "RIBBON, RED", 42]),
            json!(["90003", "£5 LUCKY DIP", 500]),
            json!(["90004", "90004", 0]),
            json!(["90005", "SAMPLE SPOON", 0]),
        ]
    );
    let teapot = &case.products[0];
    assert_eq!(teapot["category"], "online-retail");
    assert_eq!(teapot["created_at"], "2010-12-01T08:26:00Z");
    assert_eq!(case.order("900002")["occurred_at"], "2010-12-02T10:57:00Z");
    let summer = case.order("900015");
    assert_eq!(summer["occurred_at"], "2011-06-30T23:10:00Z");
    assert_eq!(summer["customer_reference"], "10001");
    assert_eq!(case.order("900003")["customer_reference"], "");
    assert_eq!(case.order("900003")["country"], "EIRE");
    assert_eq!(case.order("900010")["lines"][0]["name"], "damaged");
    assert_eq!(case.order("900011")["lines"][0]["name"], "RIBBON, RED");
    assert_eq!(case.order("C900005")["type"], "credit");
    assert_eq!(case.order("A900009")["type"], "order");
    for (order, expected) in [
        (
            "900001",
            json!([
                ["product", "90001A", 6, 1530, ""],
                ["product", "90001a", 2, 330, ""],
                ["fee", "POST", 1, 1800, ""],
            ]),
        ),
        // Its lines stand apart in the file.
        (
            "900003",
            json!([["product", "90003", 1, 500, ""], ["product", "90002", 3, 126, ""]]),
        ),
        // The latest order with enough of it at that price.
        (
            "C900005",
            json!([
                ["product", "90001A", 3, 765, "900002"],
                ["fee", "POST", 1, 1800, "900001"],
            ]),
        ),
        // Two orders together do not have as many left.
        (
            "C900006",
            json!([
                ["product", "90001A", 1, 255, "900002"],
                ["product", "90001A", 6, 1530, "900001"],
                ["product", "90001A", 1, 255, ""],
            ]),
        ),
        ("C900007", json!([["fee", "M", 1, 3897, ""]])),
        ("C900008", json!([["fee", "D", 1, 500, ""]])),
        ("A900009", json!([["fee", "B", 1, -11_062, ""]])),
        ("900010", json!([["adjustment", "90002", -7, 0, ""]])),
        ("900012", json!([["adjustment", "90004", -2, 0, ""]])),
        ("900013", json!([["fee", "DCGS0055", -4, 0, ""]])),
        (
            "900014",
            json!([["fee", "PADS", 1, 0, ""], ["product", "90005", 1, 0, ""]]),
        ),
    ] {
        assert_eq!(Value::Array(case.lines(order)), expected, "{order}");
    }
    let kinds: Vec<_> = case.orders.iter().map(|order| order["type"] == "credit").collect();
    assert!(kinds.is_sorted(), "credits come behind what they undo");
}

#[test]
fn invoices_with_wrong_lines_are_left_out_and_listed() {
    let header = SAMPLE.lines().next().unwrap();
    let case = Case::of(&format!(
        "{header}\n\
         900001,90001A,TEAPOT,6,2010-12-01 08:26:00,2.55,10001.0,United Kingdom\n\
         900002,90001A,TEAPOT,0,2010-12-01 08:26:00,2.55,,EIRE\n\
         900003,90001A,TEAPOT,1,2010-12-01 08:26:00,2.5555,,EIRE\n\
         900004,90001A,TEAPOT,1,1.12.2010,2.55,,EIRE\n\
         900005,90001A,TEAPOT,-1,2010-12-01 08:26:00,2.55,,EIRE\n\
         C900006,90001A,TEAPOT,1,2010-12-01 08:26:00,2.55,,EIRE\n\
         900007,90001A,TEAPOT,1,2010-12-01 08:26:00,2.55,10001.0,EIRE\n\
         900007,90001A,TEAPOT,1,2010-12-01 08:26:00,2.55,10002.0,EIRE\n\
         900008,90001A\n\
         ,90001A,TEAPOT,1,2010-12-01 08:26:00,2.55,,EIRE\n\
         900009,90001A,TEAPOT,1,2010-12-01 08:26:00,-2.55,,EIRE\n\
         900010,90001A,TEAPOT,one,2010-12-01 08:26:00,2.55,,EIRE\n"
    ))
    .unwrap();
    let wrong: Vec<_> = case
        .converted
        .wrong
        .iter()
        .map(|wrong| (wrong.line, wrong.field))
        .collect();
    assert_eq!(
        wrong,
        [
            (3, "Quantity"),
            (4, "UnitPrice"),
            (5, "InvoiceDate"),
            (6, "Quantity"),
            (7, "Quantity"),
            (9, "CustomerID"),
            (10, ""),
            (11, "InvoiceNo"),
            (12, "UnitPrice"),
            (13, "Quantity"),
        ]
    );
    assert_eq!(case.orders.len(), 1);
    assert_eq!(case.orders[0]["external_id"], "900001");
}

#[test]
fn other_files_are_refused() {
    for text in [
        "",
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n",
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country,More\n",
    ] {
        assert!(Case::of(text).is_err(), "{text}");
    }
}
