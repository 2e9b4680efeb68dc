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
async fn a_chosen_category_leads_to_those_below_it() {
    let (system, _, everything) = shop().await;
    let page = system
        .anonymous()
        .get("/v1/products?category=kitchen&facets=category")
        .after(&everything)
        .await
        .ok(200);
    assert_eq!(
        page["facets"]["category"],
        json!([
            {"value": "kitchen/mugs", "name": "mugs", "count": 3},
            {"value": "kitchen/plates", "name": "plates", "count": 1},
            {"value": "kitchen/tools", "name": "tools", "count": 1},
        ])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_of_numbers_filters_in_the_engine_and_in_the_database() {
    let (system, _, everything) = shop().await;
    let public = system.anonymous();
    for (range, expected) in [
        ("2..4", vec!["A-1", "B-1", "M-3", "T-1"]),
        ("5..", vec!["M-1", "P-1"]),
        ("..0", vec!["B-2", "M-2"]),
        ("6.5..7", vec!["P-1"]),
        ("8..9", vec![]),
    ] {
        for facets in ["&facets=attr.units", ""] {
            let path = format!("/v1/products?attr.units={range}{facets}");
            let page = public.get(&path).after(&everything).await.ok(200);
            let mut skus = page.each("sku");
            skus.sort_unstable();
            assert_eq!(skus, expected, "{path}");
            assert_eq!(
                page["answered_by"],
                if facets.is_empty() { "database" } else { "search" }
            );
        }
    }
    let page = public
        .get("/v1/products?attr.units=7&attr.units=..0&attr.colour=white&attr.colour=grey&facets=in_stock")
        .await
        .ok(200);
    assert_eq!(page["total"], 2, "a range is one of the values: {page:?}");
    for (query, field, code) in [
        ("attr.units=9..2", "attr.units", "invalid_range"),
        ("attr.units=few..many", "attr.units", "invalid_range"),
        ("attr.units=%3E3", "attr.units", "invalid_range"),
        ("attr.units[gte]=3", "attr.units[gte]", "unsupported"),
        ("attr.units%3E=3", "attr.units>", "unsupported"),
        ("attr.units%3C3", "attr.units<3", "unsupported"),
        ("attr.units!=3", "attr.units!", "unsupported"),
        ("facets=units", "facets", "unknown"),
    ] {
        let answer = public.get(format!("/v1/products?{query}")).await;
        let _ = answer.refused_for(400, "invalid_parameter", &[(field, code)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_of_numbers_meets_values_that_no_number_holds() {
    let (system, admin, _) = shop().await;
    let public = system.anonymous();
    let mut last = None;
    for (sku, year) in [
        ("Y-1", json!("1e400")),
        ("Y-2", json!("1994")),
        ("Y-3", json!(1990)),
        ("Y-4", json!("9".repeat(900))),
    ] {
        let body = json!({"sku": sku, "name": "Almanac", "price": {"amount": 1, "currency": "GBP"}, "status": "active",
            "attributes": {"year": year}});
        last = Some(admin.post("/v1/products").json(body).await.ok(201));
    }
    let last = last.unwrap();
    for (range, expected) in [
        ("1990..1999", vec!["Y-2", "Y-3"]),
        ("1991..", vec!["Y-2"]),
        ("..2e300", vec!["Y-2", "Y-3"]),
    ] {
        for by in ["", "&facets=in_stock"] {
            let path = format!("/v1/products?attr.year={range}{by}");
            let page = public.get(&path).seeing(&last).await.ok(200);
            let mut skus = page.each("sku");
            skus.sort_unstable();
            assert_eq!(skus, expected, "{path}");
        }
    }
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
