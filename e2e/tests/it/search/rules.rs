//! Products that a query shows first, or never.

use serde_json::json;

use super::shop::{id_of, shop, skus, sorted_skus};

const RULES: &str = "/v1/search/rules";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_pins_and_hides() {
    let (system, admin, everything) = shop().await;
    let public = system.anonymous();
    let before = public.get("/v1/products?q=mug").after(&everything).await.ok(200);
    assert_eq!(sorted_skus(&before), ["M-1", "M-2", "M-3"]);
    let (plate, steel) = (id_of(&admin, "P-1").await, id_of(&admin, "M-2").await);
    let created = admin
        .post(RULES)
        .json(json!({"query": "Mug ", "pinned": [plate], "hidden": [steel]}))
        .await
        .ok(201);
    assert_eq!(
        created.header("location"),
        Some(format!("{RULES}/{}", created.id()).as_str())
    );
    let read = admin
        .get(format!("{RULES}/{}", created.id()))
        .seeing(&created)
        .await
        .ok(200);
    assert_eq!(read.json(), created.json());
    for query in ["mug", "MUG", "%20mug%20", "m%C3%BBg"] {
        let found = public
            .get(format!("/v1/products?q={query}"))
            .seeing(&created)
            .await
            .ok(200);
        assert_eq!(skus(&found).first(), Some(&"P-1"), "{query}");
        assert_eq!(sorted_skus(&found), ["M-1", "M-3", "P-1"], "{query}");
        assert_eq!(found["total"], 3);
    }
    let other = public.get("/v1/products?q=steel+mug").await.ok(200);
    assert!(
        skus(&other).contains(&"M-2"),
        "other queries are not touched: {other:?}"
    );

    let listed = admin.get(RULES).seeing(&created).await.ok(200);
    assert_eq!(listed.items(), [created.json().clone()]);
    let second = admin
        .post(RULES)
        .json(json!({"query": "Bowl", "hidden": [steel]}))
        .await
        .ok(201);
    let (of_steel, of_plate) = (format!("product={steel}&sort=created_at"), format!("product={plate}"));
    for (query, expected) in [
        ("sort=query", vec![second.id(), created.id()]),
        ("sort=-created_at", vec![second.id(), created.id()]),
        ("sort=created_at", vec![created.id(), second.id()]),
        ("q=BOW", vec![second.id()]),
        (of_steel.as_str(), vec![created.id(), second.id()]),
        (of_plate.as_str(), vec![created.id()]),
        ("q=%25", vec![]),
    ] {
        let listed = admin.get(format!("{RULES}?{query}")).seeing(&second).await.ok(200);
        assert_eq!(listed.each("id"), expected, "{query}");
    }
    let page = admin.get(format!("{RULES}?sort=-query&limit=1")).await.ok(200);
    let next = page["next_cursor"].as_str().unwrap();
    let next = admin
        .get(format!("{RULES}?sort=-query&limit=1&cursor={next}"))
        .await
        .ok(200);
    assert_eq!(
        (page.each("id"), next.each("id")),
        (vec![created.id()], vec![second.id()])
    );
    let deleted = admin.delete(format!("{RULES}/{}", created.id())).await.ok(204);
    let found = public.get("/v1/products?q=mug").seeing(&deleted).await.ok(200);
    assert_eq!(sorted_skus(&found), ["M-1", "M-2", "M-3"]);
    let _ = admin
        .delete(format!("{RULES}/{}", created.id()))
        .await
        .refused(404, "search_rule_not_found");
    let _ = admin
        .get(format!("{RULES}/{}", created.id()))
        .seeing(&deleted)
        .await
        .refused(404, "search_rule_not_found");
    let _ = admin
        .delete(format!("{RULES}/nonsense"))
        .await
        .refused(404, "search_rule_not_found");
    let events = admin.get("/v1/streams/search_settings/search_settings").await.ok(200);
    assert_eq!(
        events.each("event_type"),
        ["SearchRuleCreated", "SearchRuleCreated", "SearchRuleDeleted"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pins_are_for_the_order_of_relevance_and_replace_nothing() {
    let (system, admin, everything) = shop().await;
    let public = system.anonymous();
    let plate = id_of(&admin, "P-1").await;
    let mut created = everything;
    for query in ["mug", "porcel"] {
        let rule = json!({"query": query, "pinned": [plate]});
        let answer = admin.post(RULES).json(rule).await.ok(201);
        created = answer.header("consistency-token").unwrap().to_owned();
    }
    let pinned = public.get("/v1/products?q=mug").after(&created).await.ok(200);
    assert_eq!(pinned["total"], 4, "{pinned:?}");
    for sort in [
        "sku",
        "-sku",
        "created_at",
        "-created_at",
        "name",
        "-name",
        "updated_at",
        "price",
        "-sold",
        "sold",
    ] {
        let found = public.get(format!("/v1/products?q=mug&sort={sort}")).await.ok(200);
        assert_eq!(sorted_skus(&found), ["M-1", "M-2", "M-3"], "{sort}");
        assert_eq!(found["total"], 3, "{sort}");
    }
    let begun = public.get("/v1/products?q=porcel").await.ok(200);
    assert_eq!(skus(&begun), ["P-1", "M-3"], "still the beginning of a word");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_rules_are_told() {
    let (_system, admin, _) = shop().await;
    let mug = id_of(&admin, "M-1").await;
    let unknown = "prod_0198c0de-0000-7000-8000-00000000dead";
    for (body, field, code) in [
        (json!({"pinned": [mug]}), "query", "required"),
        (json!({"query": " ", "pinned": [mug]}), "query", "required"),
        (
            json!({"query": "* \u{1f389}", "pinned": [mug]}),
            "query",
            "invalid_format",
        ),
        (json!({"query": "mug"}), "pinned", "required"),
        (json!({"query": "mug", "pinned": [unknown]}), "pinned[0]", "unknown"),
        (
            json!({"query": "mug", "hidden": [mug, unknown]}),
            "hidden[1]",
            "unknown",
        ),
        (
            json!({"query": "mug", "pinned": ["M-1"]}),
            "pinned[0]",
            "invalid_format",
        ),
        (
            json!({"query": "mug", "pinned": [mug], "hidden": [mug]}),
            "pinned",
            "duplicate",
        ),
        (
            json!({"query": "mug", "pinned": vec![mug.clone(); 21]}),
            "pinned",
            "too_many",
        ),
        (json!({"query": "mug", "pinned": [7]}), "pinned[0]", "invalid_type"),
        (
            json!({"query": "mug", "pinned": [mug], "boost": 1}),
            "boost",
            "unknown_field",
        ),
    ] {
        let answer = admin.post(RULES).json(body).await;
        let _ = answer.refused_for(422, "validation_failed", &[(field, code)]);
    }
    let rule = json!({"query": "mug", "pinned": [mug]});
    let created = admin.post(RULES).json(rule.clone()).key("once").await.ok(201);
    let replayed = admin.post(RULES).json(rule.clone()).key("once").await.ok(201);
    assert_eq!(
        (replayed.json(), replayed.header("idempotent-replayed")),
        (created.json(), Some("true"))
    );
    for query in ["mug", " MUG", "M\u{fc}g"] {
        let rule = json!({"query": query, "hidden": [mug]});
        let taken = admin.post(RULES).json(rule).await.refused(409, "search_rule_exists");
        assert_eq!(taken["rule_id"], created.id(), "{query}");
    }
    for (query, field, code) in [
        ("limit=0", "limit", "out_of_range"),
        ("limit=201", "limit", "out_of_range"),
        ("sort=pinned", "sort", "unknown"),
    ] {
        let answer = admin.get(format!("{RULES}?{query}")).await;
        let _ = answer.refused_for(400, "invalid_parameter", &[(field, code)]);
    }
    let _ = admin
        .get(format!("{RULES}?cursor=nonsense"))
        .await
        .refused(400, "invalid_cursor");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_listed_page_by_page() {
    let (_system, admin, _) = shop().await;
    let mug = id_of(&admin, "M-1").await;
    let mut last = None;
    for number in 0..5 {
        let rule = json!({"query": format!("query {number}"), "hidden": [mug]});
        last = Some(admin.post(RULES).json(rule).await.ok(201));
    }
    let last = last.unwrap();
    let (mut queries, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin
            .get(format!("{RULES}?limit=2{cursor}"))
            .seeing(&last)
            .await
            .ok(200);
        queries.extend(page.each("query").into_iter().map(str::to_owned));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(
        queries,
        ["query 0", "query 1", "query 2", "query 3", "query 4"],
        "the oldest first"
    );
}
