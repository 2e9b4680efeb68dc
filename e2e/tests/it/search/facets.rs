//! Counts by value, and prices.

use serde_json::{Value, json};

use super::shop::shop;

fn counts(facet: &Value) -> Vec<(String, u64)> {
    let mut counts: Vec<_> = facet
        .as_array()
        .unwrap_or_else(|| panic!("{facet:?}"))
        .iter()
        .map(|entry| {
            (
                entry["value"].as_str().unwrap().to_owned(),
                entry["count"].as_u64().unwrap(),
            )
        })
        .collect();
    counts.sort();
    counts
}

fn expected(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    pairs
        .iter()
        .map(|(value, count)| ((*value).to_owned(), *count))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chosen_value_leaves_the_others_their_counts() {
    let (system, _, everything) = shop().await;
    let public = system.anonymous();
    let path = "/v1/products?q=mug&facets=category,in_stock,attr.colour,attr.no_such";
    let all = public.get(path).after(&everything).await.ok(200);
    assert_eq!(
        counts(&all["facets"]["attr.colour"]),
        expected(&[("grey", 1), ("red", 2)])
    );
    assert_eq!(
        counts(&all["facets"]["category"]),
        expected(&[("kitchen", 3), ("kitchen/mugs", 3)])
    );
    assert_eq!(
        counts(&all["facets"]["in_stock"]),
        expected(&[("false", 1), ("true", 2)])
    );
    assert_eq!(all["facets"]["attr.no_such"], json!([]));
    let red = public.get(format!("{path}&attr.colour=red")).await.ok(200);
    assert_eq!(red["total"], 2);
    assert_eq!(
        red["facets"]["attr.colour"], all["facets"]["attr.colour"],
        "disjunctive"
    );
    assert_eq!(
        counts(&red["facets"]["in_stock"]),
        expected(&[("true", 2)]),
        "narrowed by the others"
    );
    let plates = public
        .get("/v1/products?category=kitchen/plates&facets=category&limit=1")
        .await
        .ok(200);
    assert_eq!(plates["total"], 1);
    assert!(
        counts(&plates["facets"]["category"]).contains(&("kitchen/mugs".to_owned(), 3)),
        "{plates:?}"
    );
    let none = public.get("/v1/products?q=mug").await.ok(200);
    assert!(none["facets"].is_null(), "{none:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_are_told_by_currency() {
    let (system, _, everything) = shop().await;
    let public = system.anonymous();
    let page = public.get("/v1/products?facets=price").after(&everything).await.ok(200);
    let money = |amount: i64, currency: &str| json!({"amount": amount, "currency": currency});
    assert_eq!(
        page["facets"]["price"],
        json!([
            {"currency": "EUR", "count": 3, "min": money(5500, "EUR"), "max": money(9900, "EUR"), "average": money(7767, "EUR")},
            {"currency": "GBP", "count": 6, "min": money(800, "GBP"), "max": money(3100, "GBP"), "average": money(1742, "GBP")},
        ])
    );
    let bounded = public
        .get("/v1/products?q=mug&facets=price&min_price=1000&currency=GBP")
        .await
        .ok(200);
    assert_eq!(bounded["total"], 2);
    assert_eq!(
        (
            &bounded["facets"]["price"][0]["min"]["amount"],
            &bounded["facets"]["price"][0]["count"]
        ),
        (&json!(800), &json!(3)),
        "the bounds of the price leave the ends of the slider where they are: {bounded:?}"
    );
    let none = public.get("/v1/products?q=xylophone&facets=price").await.ok(200);
    assert_eq!(none["facets"]["price"], json!([]));
}
