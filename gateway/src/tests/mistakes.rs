//! Everything that is wrong with a body is reported at once: its shape and its values. The codes are those of the services, which are not
//! called.

use serde_json::json;

use super::*;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn mistakes_of_shape_and_value_are_told_together() {
    let world = World::new(|call| panic!("no service is asked: {call:?}"));
    let token = world.admin();
    let product = format!("/v1/products/{PRODUCT}");
    let cancel = format!("/v1/orders/{ORDER}/cancel");
    let long = "x".repeat(501);
    let lines: Vec<Value> = (0..501)
        .map(|_| json!({"product_id": PRODUCT, "quantity": 1}))
        .collect();
    for (method, path, body, expected) in [
        (
            "POST",
            "/v1/products",
            json!({
                "sku": "A\u{0410}", "name": " ", "price": {"amount": -1, "currency": "XYZ"}, "category": "a//b", "colour": "red",
                "attributes": {"size": 1e300, " ": "x"}
            }),
            &[
                ("attributes. ", "required"),
                ("attributes.size", "out_of_range"),
                ("category", "invalid_format"),
                ("colour", "unknown_field"),
                ("name", "required"),
                ("price.amount", "out_of_range"),
                ("price.currency", "unknown"),
                ("sku", "invalid_character"),
            ][..],
        ),
        (
            "PATCH",
            &product,
            json!({
                "sku": "", "name": null, "price": {"amount": -1, "currency": "gbp"}, "category": "/", "description": 7, "colour": "red"
            }),
            &[
                ("category", "invalid_format"),
                ("colour", "unknown_field"),
                ("description", "invalid_type"),
                ("name", "required"),
                ("price.amount", "out_of_range"),
                ("price.currency", "invalid_format"),
                ("sku", "required"),
            ],
        ),
        (
            "POST",
            "/v1/stock/receive",
            json!({"product_id": "prod_1", "quantity": 0, "reason": long, "shelf": 1}),
            &[
                ("product_id", "invalid_format"),
                ("quantity", "out_of_range"),
                ("reason", "too_long"),
                ("shelf", "unknown_field"),
            ],
        ),
        (
            "POST",
            "/v1/stock/adjust",
            json!({"product_id": 1, "quantity": 0, "reason": "", "shelf": 1}),
            &[
                ("product_id", "invalid_type"),
                ("quantity", "out_of_range"),
                ("reason", "required"),
                ("shelf", "unknown_field"),
            ],
        ),
        (
            "POST",
            "/v1/stock/set",
            json!({"quantity": -1, "expected": "1", "reason": long, "shelf": 1}),
            &[
                ("expected", "invalid_type"),
                ("product_id", "required"),
                ("quantity", "out_of_range"),
                ("reason", "too_long"),
                ("shelf", "unknown_field"),
            ],
        ),
        (
            "POST",
            "/v1/orders",
            json!({
                "lines": [{"product_id": PRODUCT, "quantity": 0}, {"product_id": "x", "quantity": 1.5}], "currency": "XXX", "country": "UK",
                "expected_total": {"amount": "1", "currency": "GBP"}, "gift": true
            }),
            &[
                ("country", "unknown"),
                ("currency", "unknown"),
                ("expected_total.amount", "invalid_type"),
                ("gift", "unknown_field"),
                ("lines[0].quantity", "out_of_range"),
                ("lines[1].product_id", "invalid_format"),
                ("lines[1].quantity", "invalid_type"),
            ],
        ),
        (
            "POST",
            "/v1/orders",
            json!({"lines": [], "currency": "gbp"}),
            &[("currency", "invalid_format"), ("lines", "required")],
        ),
        (
            "POST",
            "/v1/orders",
            json!({"lines": lines, "country": 1}),
            &[("country", "invalid_type"), ("lines", "too_many")],
        ),
        (
            "POST",
            &cancel,
            json!({"reason": "a\nb", "refund": 1}),
            &[("reason", "invalid_character"), ("refund", "unknown_field")],
        ),
        (
            "PUT",
            "/v1/search/settings",
            json!({
                "synonyms": [{"words": ["sofa"]}, {"words": ["a", "A"]}, {"from": "b", "to": [1]}, {"from": "\n", "to": ["c"]}],
                "stop_words": ["two words", "the", "The"], "language": "en"
            }),
            &[
                ("language", "unknown_field"),
                ("stop_words", "duplicate"),
                ("stop_words[0]", "invalid_format"),
                ("synonyms[0].words", "required"),
                ("synonyms[1].words", "duplicate"),
                ("synonyms[2].to[0]", "invalid_type"),
                ("synonyms[3].from", "required"),
            ],
        ),
        (
            "POST",
            "/v1/search/rules",
            json!({"query": "!", "pinned": ["prod_1", 2], "hidden": vec![PRODUCT; 101], "boost": 2}),
            &[
                ("boost", "unknown_field"),
                ("hidden", "too_many"),
                ("pinned[0]", "invalid_format"),
                ("pinned[1]", "invalid_type"),
                ("query", "invalid_format"),
            ],
        ),
    ] {
        let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
        let answer = world.send(method, path, &headers, body.to_string()).await;
        let problem = answer.problem(422, "validation_failed");
        let mut reported: Vec<(&str, &str)> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| (error["field"].as_str().unwrap(), error["code"].as_str().unwrap()))
            .collect();
        reported.sort_unstable();
        assert_eq!(reported, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn a_category_to_filter_by_is_one_that_there_can_be() {
    let world = World::alone();
    let token = world.admin();
    for path in [
        "/v1/products?category=kitchen/",
        "/v1/products?category=kitchen&category=/mugs",
        "/v1/products/suggest?q=mug&category=kitchen//mugs",
        "/v1/stock?category=kitchen/",
    ] {
        let refused = world.get(path, &[("authorization", &token)]).await;
        let refused = refused.problem(400, "invalid_parameter");
        assert_eq!(refused["errors"].as_array().unwrap().len(), 1, "{path}");
        assert_eq!(
            (&refused["errors"][0]["field"], &refused["errors"][0]["code"]),
            (&"category".into(), &"invalid_format".into()),
            "{path}"
        );
    }
}
