//! Suggestions while somebody types.

use e2e::Client;
use serde_json::json;

use super::shop::{fill, options, shop};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suggestions_come_while_one_types() {
    let (system, _, everything) = shop().await;
    let public = system.anonymous();
    for (typed, expected) in [("po", vec!["M-3"]), ("enamel%20pl", vec!["P-1"]), ("ruck", vec!["B-1"])] {
        let answer = public
            .get(format!("/v1/products/suggest?q={typed}"))
            .after(&everything)
            .await
            .ok(200);
        assert_eq!(answer["answered_by"], "search");
        assert_eq!(answer.each("sku"), expected, "{typed}");
    }
    let answer = public.get("/v1/products/suggest?q=mu&limit=2").await.ok(200);
    assert_eq!((answer.items().len(), &answer["total"]), (2, &json!(3)), "{answer:?}");
    let first = &answer.items()[0];
    assert!(
        first["highlight"]["name"]
            .as_str()
            .is_some_and(|name| name.contains("<mark>")),
        "{answer:?}"
    );
    for member in ["id", "sku", "name", "category", "price", "in_stock"] {
        assert!(first.get(member).is_some(), "{member}: {answer:?}");
    }
    for (query, field, code) in [
        ("", "q", "required"),
        ("q=", "q", "required"),
        ("q=mu&limit=0", "limit", "out_of_range"),
        ("q=mu&limit=21", "limit", "out_of_range"),
        ("q=mu&sort=price", "sort", "unknown_parameter"),
    ] {
        let answer = public.get(format!("/v1/products/suggest?{query}")).await;
        let _ = answer.refused_for(400, "invalid_parameter", &[(field, code)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suggestions_are_different_products_and_categories() {
    let (system, admin, _) = shop().await;
    let create = async |number: usize, name: String, colour: &str, category: &str| {
        let body = json!({"sku": format!("S-{number}"), "name": name, "price": {"amount": 100, "currency": "GBP"},
            "category": category, "attributes": {"colour": colour}, "status": "active"});
        admin.post("/v1/products").json(body).await.ok(201)
    };
    for (number, colour) in ["red", "blue", "green", "white", "black", "pink"]
        .into_iter()
        .enumerate()
    {
        let _ = create(number, format!("Linen shirt {colour}"), colour, "clothes/shirts").await;
    }
    let _ = create(6, "Linen trousers".to_owned(), "blue", "clothes/trousers").await;
    let last = create(7, "Linen bag".to_owned(), "blue", "travel/linen goods").await;
    let answer = system
        .anonymous()
        .get("/v1/products/suggest?q=linen&limit=5")
        .seeing(&last)
        .await
        .ok(200);
    let names = answer.each("name");
    assert_eq!(
        names.iter().filter(|name| name.starts_with("Linen shirt")).count(),
        1,
        "{names:?}"
    );
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(answer["total"], 8);
    assert_eq!(
        answer["categories"],
        json!([
            {"value": "travel/linen goods", "name": "linen goods", "count": 1},
            {"value": "clothes", "name": "clothes", "count": 7},
            {"value": "clothes/shirts", "name": "shirts", "count": 6},
            {"value": "clothes/trousers", "name": "trousers", "count": 1},
        ])
    );
    let within = system
        .anonymous()
        .get("/v1/products/suggest?q=linen&category=clothes/shirts")
        .await
        .ok(200);
    assert_eq!(
        within["categories"],
        json!([{"value": "clothes/shirts", "name": "shirts", "count": 6}])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn past_queries_are_suggested_once_several_have_made_them() {
    let (system, _, _) = shop().await;
    let public = system.anonymous();
    let suggested = async || public.get("/v1/products/suggest?q=en").await.ok(200)["queries"].clone();
    for (at, name) in ["ann", "bob", "cat"].into_iter().enumerate() {
        assert_eq!(suggested().await, json!([]), "after {at}");
        let customer = system.customer(name).await;
        for query in ["Enamel%20%20mug", "enamel%20xylophone", "enamel%20mug"] {
            let _ = customer.get(format!("/v1/products?q={query}")).await.ok(200);
        }
    }
    assert_eq!(suggested().await, json!(["enamel mug"]));
    let system = options().with("past-queries", "off").start().await;
    let _ = fill(&system).await;
    for name in ["ann", "bob", "cat"] {
        let customer = system.customer(name).await;
        let _ = customer.get("/v1/products?q=enamel%20mug").await.ok(200);
    }
    let answer = system.anonymous().get("/v1/products/suggest?q=en").await.ok(200);
    assert_eq!(answer["queries"], json!([]));
}

/// Creates products of one price, each with its attributes; the answer to the last one.
async fn create(admin: &Client, products: &[(String, serde_json::Value)]) -> e2e::Answer {
    let mut last = None;
    for (number, (name, attributes)) in products.iter().enumerate() {
        let body = json!({"sku": format!("N-{number}"), "name": name, "price": {"amount": 100, "currency": "GBP"},
            "category": "clothes", "attributes": attributes, "status": "active"});
        last = Some(admin.post("/v1/products").json(body).await.ok(201));
    }
    last.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_makes_of_one_product_leave_room_for_the_others() {
    let (system, admin, _) = shop().await;
    let mut products = Vec::new();
    for colour in ["red", "blue", "green", "white", "black", "pink", "grey", "brown"] {
        for size in ["S", "M", "L", "XL", "XXL"] {
            let attributes = json!({"colour": colour, "size": size});
            products.push((format!("Linen shirt {colour} {size}"), attributes));
        }
    }
    for other in ["trousers", "jacket", "tablecloth", "napkin", "scarf"] {
        // Longer, so that the shirts come first.
        products.push((format!("The finest {other} that we have of linen"), json!({})));
    }
    // Their makes are told apart by the name alone.
    for colour in ["red", "white", "navy"] {
        products.push((format!("Linen mug {colour}"), json!({})));
    }
    let last = create(&admin, &products).await;
    let answer = system
        .anonymous()
        .get("/v1/products/suggest?q=linen")
        .seeing(&last)
        .await
        .ok(200);
    let names = answer.each("name");
    assert_eq!((names.len(), &answer["total"]), (7, &json!(48)), "{names:?}");
    for (begin, count) in [("Linen shirt", 1), ("Linen mug", 1), ("The finest", 5)] {
        let found = names.iter().filter(|name| name.starts_with(begin)).count();
        assert_eq!(found, count, "{begin}: {names:?}");
    }
    let few = system
        .anonymous()
        .get("/v1/products/suggest?q=linen&limit=3")
        .await
        .ok(200);
    assert_eq!(few.each("name"), names[..3], "the best of the same");
}
