//! Words, filters, orders and pages.

use e2e::{Client, System};
use serde_json::{Value, json};

use super::shop::{CATALOGUE, id_of, options, searching, shop, skus, sorted_skus};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_find_products() {
    let (system, _, everything) = shop().await;
    let public = system.anonymous();
    for (query, expected) in [
        ("q=mug", vec!["M-1", "M-2", "M-3"]),
        ("q=MUG+enamel", vec!["M-1"]),
        // One mistake from five letters on, two from nine.
        ("q=enamle+mug", vec!["M-1"]),
        ("q=porcelian", vec!["M-3"]),
        ("q=rucksak", vec!["B-1"]),
        ("q=creme+brulee", vec!["T-1"]),
        ("q=Cr%C3%88ME", vec!["T-1"]),
        ("q=%D8%AD%D9%82%D9%8A%D8%A8%D8%A9", vec!["A-1"]),
        // The last word may be a beginning, if nothing has it as it is.
        ("q=porcel", vec!["M-3"]),
        ("q=enamel+pla", vec!["P-1"]),
        ("q=xylophone", vec![]),
        ("q=mug&category=kitchen", vec!["M-1", "M-2", "M-3"]),
        ("q=mug&category=travel", vec![]),
        ("q=mug&in_stock=true", vec!["M-1", "M-3"]),
        ("q=mug&in_stock=false", vec!["M-2"]),
        ("q=mug&attr.colour=red", vec!["M-1", "M-3"]),
        ("q=mug&attr.colour=red&attr.colour=grey", vec!["M-1", "M-2", "M-3"]),
        ("q=mug&attr.colour=red&attr.units=2", vec!["M-3"]),
        ("q=mug&attr.gift=true", vec!["M-1"]),
        ("q=mug&min_price=800&max_price=1250&currency=GBP", vec!["M-1", "M-3"]),
        ("q=mug&currency=EUR", vec![]),
        ("q=mug&sku=M-2", vec!["M-2"]),
        ("q=mug&sku=K-1", vec![]),
        (
            "facets=category&category=travel&category=kitchen/plates",
            vec!["A-1", "B-1", "B-2", "P-1"],
        ),
        ("facets=category&category=kitch", vec![]),
    ] {
        let page = public
            .get(format!("/v1/products?{query}"))
            .after(&everything)
            .await
            .ok(200);
        assert_eq!(page["total"], expected.len(), "{query}");
        let mut found = skus(&page);
        let others = found.split_off(expected.len());
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
        assert!(query.contains('+') || others.is_empty(), "{query}: {others:?}");
    }
    let page = public.get("/v1/products?q=enamel+mug&facets=category").await.ok(200);
    assert_eq!(skus(&page)[0], "M-1", "what has all of the words first");
    let mut others = skus(&page)[1..].to_vec();
    others.sort_unstable();
    assert_eq!(
        others,
        ["M-2", "M-3", "P-1"],
        "then what has some of them, which is not counted"
    );
    assert_eq!(
        (&page["total"], &page["relaxed"]),
        (&json!(1), &Value::Null),
        "{page:?}"
    );
    assert_eq!(page["facets"]["category"][0]["count"], 1, "{page:?}");
    let page = public.get("/v1/products?q=steel+mu").await.ok(200);
    assert_eq!((skus(&page)[0], &page["total"]), ("M-2", &json!(1)), "a beginning");
    let mut others = skus(&page)[1..].to_vec();
    others.sort_unstable();
    assert_eq!(others, ["M-1", "M-3"], "is followed in the same way");
    for orders in ["sort=price", "sort=-name"] {
        let page = public.get(format!("/v1/products?q=enamel+mug&{orders}")).await.ok(200);
        assert_eq!(skus(&page), ["M-1"], "{orders}");
    }
    let page = public.get("/v1/products?q=mug").after(&everything).await.ok(200);
    let shown = public.get("/v1/products?sku=M-1").await.ok(200);
    assert!(
        page.items().contains(&shown.items()[0]),
        "a hit is shown as the listing shows it: {page:?}"
    );
    // Without words there is nothing to search: the database lists, newest first.
    for query in ["", "q=", "q=%20", "sort=price", "category=kitchen"] {
        let page = public.get(format!("/v1/products?{query}")).await.ok(200);
        assert_eq!(
            (&page["answered_by"], page.header("search-degraded")),
            (&json!("database"), None)
        );
    }
    let all = public.get("/v1/products?sort=relevance").await.ok(200);
    assert_eq!(skus(&all).first(), Some(&"A-1"), "no words: the newest first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_finds_nothing_is_corrected() {
    let (system, _, everything) = shop().await;
    let page = system
        .anonymous()
        .get("/v1/products?q=enxmxl")
        .after(&everything)
        .await
        .ok(200);
    assert!(page.items().is_empty(), "{page:?}");
    assert_eq!(
        (&page["total"], &page["correction"]),
        (&json!(0), &json!("enamel")),
        "{page:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn highlights_are_safe_html() {
    let (system, _, everything) = shop().await;
    let page = system
        .anonymous()
        .get("/v1/products?q=porcelain&highlight=true")
        .after(&everything)
        .await
        .ok(200);
    let highlight = &page.items()[0]["highlight"];
    assert_eq!(highlight["name"], "<mark>Porcelain</mark> mug");
    let description = highlight["description"].as_str().unwrap();
    assert!(
        description.contains("<mark>Porcelain</mark>") && description.contains("&amp;") && !description.contains("<b>"),
        "{description}"
    );
    let begun = system
        .anonymous()
        .get("/v1/products?q=porcel&highlight=true")
        .await
        .ok(200);
    assert!(
        begun.items()[0]["highlight"]["name"]
            .as_str()
            .is_some_and(|name| name.contains("<mark>"))
    );
    // Also in orders that the engine does not keep.
    for sort in ["sku", "-name", "created_at"] {
        let path = format!("/v1/products?q=porcel&highlight=true&sort={sort}");
        let page = system.anonymous().get(path).await.ok(200);
        assert_eq!(&page.items()[0]["highlight"], &begun.items()[0]["highlight"], "{sort}");
    }
    let plain = system.anonymous().get("/v1/products?q=porcelain").await.ok(200);
    assert!(plain.items()[0].get("highlight").is_none(), "{plain:?}");
}

/// Follows the cursor `relation` from `path` on; the SKUs of each page, and the path of the last one.
async fn walk(client: &Client, path: &str, relation: &str) -> (Vec<Vec<String>>, String) {
    let (mut pages, mut at) = (Vec::new(), path.to_owned());
    loop {
        let page = client.get(&at).await.ok(200);
        pages.push(page.each("sku").into_iter().map(str::to_owned).collect());
        assert!(pages.len() < 20, "a walk that does not end: {pages:?}");
        match page[relation].as_str() {
            Some(cursor) => at = format!("{path}&cursor={cursor}"),
            None => return (pages, at),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_leads_to_the_last_page_and_back() {
    let (system, admin, everything) = shop().await;
    let torch = id_of(&admin, "T-1").await;
    let board = id_of(&admin, "K-1").await;
    let ordered = admin.order(&[(&torch, 3), (&board, 1)]).await.ok(201);
    let public = system.anonymous();
    let _ = public.get("/v1/products?sort=-sold").seeing(&ordered).await.ok(200);
    let price = |sku: &str| {
        let row = CATALOGUE.iter().find(|row| row.0 == sku).unwrap();
        (row.3, row.2)
    };
    for (sort, expected) in [
        ("relevance", None),
        ("-sold", None),
        ("name", None),
        ("price", None),
        ("-price", None),
        ("-created_at", None),
        // Orders that the engine does not keep.
        ("-name", None),
        (
            "created_at",
            Some(vec!["M-1", "M-2", "M-3", "P-1", "K-1", "B-1", "B-2", "T-1", "A-1"]),
        ),
        (
            "sku",
            Some(vec!["A-1", "B-1", "B-2", "K-1", "M-1", "M-2", "M-3", "P-1", "T-1"]),
        ),
        (
            "-updated_at",
            Some(vec!["A-1", "T-1", "B-2", "B-1", "K-1", "P-1", "M-3", "M-2", "M-1"]),
        ),
        ("sold", None),
    ] {
        let path = format!("/v1/products?facets=in_stock&sort={sort}&limit=4");
        let whole = public
            .get(format!("/v1/products?facets=in_stock&sort={sort}"))
            .after(&everything)
            .await
            .ok(200);
        let all: Vec<String> = skus(&whole).into_iter().map(str::to_owned).collect();
        assert_eq!((all.len(), &whole["total"]), (9, &json!(9)), "{sort}");
        if let Some(expected) = expected {
            assert_eq!(all, expected, "{sort}");
        }
        let (forth, last) = walk(&public, &path, "next_cursor").await;
        assert_eq!(forth.concat(), all, "{sort}");
        assert_eq!(forth.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1], "{sort}");
        let at_end = public.get(&last).await.ok(200);
        let back = format!("{path}&cursor={}", at_end["prev_cursor"].as_str().unwrap());
        let page = public.get(&back).await.ok(200);
        assert_eq!(page.each("sku"), all[4..8], "{sort}: the page before the last");
        let first = format!("{path}&cursor={}", page["prev_cursor"].as_str().unwrap());
        let page = public.get(&first).await.ok(200);
        assert_eq!(page.each("sku"), all[..4], "{sort}: the first page again");
        assert!(
            page["prev_cursor"].is_null() && !page["next_cursor"].is_null(),
            "{sort}: {page:?}"
        );
        // Amounts of one currency are compared with one another, and with no others.
        let keys: Vec<(&str, i64)> = all.iter().map(|sku| price(sku)).collect();
        match sort {
            "price" => assert!(keys.is_sorted(), "{keys:?}"),
            "-price" => assert!(keys.iter().rev().is_sorted(), "{keys:?}"),
            "-sold" => assert_eq!(all[..2], ["T-1", "K-1"]),
            "sold" => assert_eq!(all[7..], ["K-1", "T-1"]),
            _ => {}
        }
    }
    // A sale that is undone counts no more.
    let cancelled = admin.cancel(ordered.id()).await.ok(200);
    let other = admin.order(&[(&board, 1)]).await.ok(201);
    let _ = public.get("/v1/products?sort=-sold").seeing(&cancelled).await.ok(200);
    let page = public
        .get("/v1/products?sort=-sold&limit=1")
        .seeing(&other)
        .await
        .ok(200);
    assert_eq!(skus(&page), ["K-1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_belongs_to_its_search() {
    let (system, _, everything) = shop().await;
    let public = system.anonymous();
    let page = public
        .get("/v1/products?q=mug&limit=1")
        .after(&everything)
        .await
        .ok(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = public
        .get(format!("/v1/products?q=mug&limit=2&cursor={cursor}"))
        .await
        .ok(200);
    assert_eq!(skus(&next).len(), 2, "the size of the page may change");
    let half = &cursor[..cursor.len() / 2];
    for query in [
        format!("q=enamel&cursor={cursor}"),
        format!("q=mug&sort=price&cursor={cursor}"),
        format!("q=mug&in_stock=true&cursor={cursor}"),
        format!("cursor={cursor}"),
        format!("q=mug&cursor={half}"),
        format!("q=mug&cursor={cursor}AAAA"),
        "q=mug&cursor=nonsense".to_owned(),
        format!("deleted=false&sort=sku&cursor={cursor}"),
    ] {
        let _ = public
            .get(format!("/v1/products?{query}"))
            .await
            .refused(400, "invalid_cursor");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_parameters_are_told() {
    let system = System::start().await;
    let public = system.anonymous();
    let many: Vec<String> = (0..21).map(|number| format!("attr.a{number}")).collect();
    let many = format!("facets={}", many.join(","));
    let long = format!("q={}", "x".repeat(600));
    for (query, field, code) in [
        ("facets=colour", "facets", "unknown"),
        ("facets=attr.", "facets", "unknown"),
        ("facets=category,,colour", "facets", "unknown"),
        (many.as_str(), "facets", "too_many"),
        (long.as_str(), "q", "too_long"),
        ("q=mug&limit=0", "limit", "out_of_range"),
        ("q=mug&limit=201", "limit", "out_of_range"),
        ("q=mug&sort=-relevance", "sort", "unknown"),
        ("q=mug&sort=colour", "sort", "unknown"),
        ("q=mug&highlight=maybe", "highlight", "invalid_type"),
        (
            "q=mug&min_price=2&max_price=1&currency=GBP",
            "max_price",
            "out_of_range",
        ),
        ("q=mug&min_price=2", "currency", "required"),
        ("q=mug&currency=pounds&min_price=1", "currency", "invalid_format"),
        ("q=a&q=b", "q", "duplicate_parameter"),
        ("q=%00", "q", "invalid_character"),
        ("q=mug&attr.=x", "attr.", "invalid_format"),
        ("q=mug&page=2", "page", "unknown_parameter"),
    ] {
        let answer = public.get(format!("/v1/products?{query}")).await;
        assert_eq!(
            (answer.status(), &answer["code"]),
            (400, &json!("invalid_parameter")),
            "{query}"
        );
        let blamed = answer.fields();
        assert!(
            blamed.contains(&(field.to_owned(), code.to_owned())),
            "{query}: {blamed:?}"
        );
    }
    // What people type is never wrong.
    for typed in [
        "%22",
        "AND+OR+NOT",
        "%2Bmug+-steel",
        "name%3Amug",
        "(",
        "*",
        "%F0%9F%A5%B3",
        "%E2%80%8F",
        "'+OR+1%3D1",
    ] {
        let _ = public.get(format!("/v1/products?q={typed}")).await.ok(200);
        let _ = public.get(format!("/v1/products/suggest?q={typed}")).await.ok(200);
    }
    let words = "word+".repeat(60);
    let _ = public.get(format!("/v1/products?q={words}")).await.ok(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_for_sale_is_found_by_visitors() {
    let (system, admin, _) = shop().await;
    let public = system.anonymous();
    let steel = id_of(&admin, "M-2").await;
    let enamel = id_of(&admin, "M-1").await;
    let _ = admin.post(format!("/v1/products/{steel}/archive")).await.ok(200);
    let deleted = admin.delete(format!("/v1/products/{enamel}")).await.ok(204);
    let everything = system.everything().await;
    let found = public.get("/v1/products?q=mug").after(&everything).await.ok(200);
    assert_eq!(skus(&found), ["M-3"]);
    let found = admin.get("/v1/products?q=mug").after(&everything).await.ok(200);
    assert_eq!(sorted_skus(&found), ["M-2", "M-3"]);
    let found = admin.get("/v1/products?q=mug&status=archived").await.ok(200);
    assert_eq!(skus(&found), ["M-2"]);
    let found = admin
        .get("/v1/products?q=mug&deleted=true")
        .seeing(&deleted)
        .await
        .ok(200);
    assert_eq!(
        (found.each("sku"), &found["answered_by"]),
        (vec!["M-1"], &json!("database"))
    );
    let _ = public
        .get("/v1/products?q=mug&status=archived")
        .await
        .refused(401, "unauthenticated");
    let restored = admin.post(format!("/v1/products/{enamel}/restore")).await.ok(200);
    let found = public.get("/v1/products?q=mug").seeing(&restored).await.ok(200);
    assert_eq!(sorted_skus(&found), ["M-1", "M-3"]);
    assert_eq!(found.items()[0].get("deleted_at"), None::<&Value>);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_have_one_order_whoever_answers() {
    let system = options().start().await;
    let admin = system.admin().await;
    searching(&system).await;
    let names = [
        "10 mugs",
        "9 mugs",
        "_mug",
        "alpha",
        "Álvaro",
        "Beta",
        "éclair",
        "Zebra",
        "Ωmega",
        "حقيبة",
        "マグ",
    ];
    for (number, name) in names.iter().enumerate().rev() {
        let body = json!({"sku": format!("N-{number}"), "name": name, "price": {"amount": 1, "currency": "GBP"}, "status": "active"});
        let _ = admin.post("/v1/products").json(body).await.ok(201);
    }
    let everything = system.everything().await;
    for (facets, answered_by) in [("", "database"), ("&facets=category", "search")] {
        for (sort, reversed) in [("name", false), ("-name", true)] {
            let path = format!("/v1/products?sort={sort}{facets}");
            let page = system.anonymous().get(&path).after(&everything).await.ok(200);
            assert_eq!(page["answered_by"], answered_by, "{path}");
            let mut found = page.each("name");
            if reversed {
                found.reverse();
            }
            assert_eq!(found, names, "{path}");
        }
    }
}
