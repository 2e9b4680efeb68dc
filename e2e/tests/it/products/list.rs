//! `GET /v1/products`: filters, orders, pages.

use std::cmp::Ordering;

use e2e::{Answer, Client, PATIENCE, System, wait_until};
use serde_json::{Value, json};

/// SKU, name, pence, currency, category, colour, status, units.
type Row = (
    &'static str,
    &'static str,
    i64,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    i64,
);

const CATALOGUE: [Row; 10] = [
    ("A-1", "Enamel mug", 1250, "GBP", "kitchen/mugs", "red", "active", 5),
    (
        "A-2",
        "Enamel plate",
        900,
        "GBP",
        "kitchen/plates",
        "white",
        "active",
        0,
    ),
    ("A-3", "Steel mug", 1250, "GBP", "kitchen/mugs", "grey", "active", 2),
    (
        "B-1",
        "Kitchenware book",
        2000,
        "GBP",
        "kitchenware",
        "red",
        "active",
        1,
    ),
    ("B-2", "Mug tree", 3000, "EUR", "kitchen", "oak", "active", 0),
    ("C-1", "Travel mug 100%", 1500, "EUR", "travel/mugs", "red", "active", 9),
    ("C_2", "Travel bag", 4500, "USD", "travel", "blue", "active", 3),
    ("D-1", "Old mug", 100, "GBP", "kitchen/mugs", "red", "archived", 1),
    ("D-2", "New mug", 1600, "GBP", "kitchen/mugs", "red", "draft", 0),
    ("D-3", "Gone mug", 1700, "GBP", "kitchen/mugs", "red", "deleted", 0),
];

async fn shop() -> (System, Client, String) {
    let system = System::start().await;
    let admin = system.admin().await;
    for (sku, name, amount, currency, category, colour, status, units) in CATALOGUE {
        let body = json!({"sku": sku, "name": name, "price": {"amount": amount, "currency": currency}, "category": category,
            "attributes": {"colour": colour, "units": units, "fragile": units > 4}, "description": format!("The {sku} of our shop."),
            "status": if status == "deleted" { "active" } else { status }});
        let created = admin.post("/v1/products").json(body).await.ok(201);
        if units > 0 {
            let _ = admin.receive(created.id(), units).await.ok(200);
        }
        if status == "deleted" {
            let _ = admin.delete(format!("/v1/products/{}", created.id())).await.ok(204);
        }
    }
    wait_until("the search engine", PATIENCE, async || {
        let ready = system.anonymous().get("/readyz").await;
        (ready["checks"]["search"] == "ok").then_some(())
    })
    .await;
    let everything = system.everything().await;
    (system, admin, everything)
}

fn sorted(mut skus: Vec<&str>) -> Vec<&str> {
    skus.sort_unstable();
    skus
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "a table of filters")]
async fn filters_choose_and_combine() {
    let (system, admin, everything) = shop().await;
    let public = system.anonymous();
    for (query, expected) in [
        ("", vec!["A-1", "A-2", "A-3", "B-1", "B-2", "C-1", "C_2"]),
        ("status=active", vec!["A-1", "A-2", "A-3", "B-1", "B-2", "C-1", "C_2"]),
        ("q=mug", vec!["A-1", "A-3", "B-2", "C-1"]),
        ("q=MUG+enamel", vec!["A-1"]),
        ("q=c_2", vec!["C_2"]),
        ("q=100%25", vec!["C-1"]),
        ("q=_", vec!["C_2"]),
        ("q=nothing", vec![]),
        ("category=kitchen", vec!["A-1", "A-2", "A-3", "B-2"]),
        ("category=kitchen/mugs", vec!["A-1", "A-3"]),
        ("category=kitch", vec![]),
        ("sku=A-1", vec!["A-1"]),
        ("sku=a-1", vec![]),
        ("currency=EUR", vec!["B-2", "C-1"]),
        ("min_price=1250&max_price=1500&currency=GBP", vec!["A-1", "A-3"]),
        ("in_stock=true", vec!["A-1", "A-3", "B-1", "C-1", "C_2"]),
        ("in_stock=false", vec!["A-2", "B-2"]),
        ("attr.colour=red", vec!["A-1", "B-1", "C-1"]),
        ("attr.colour=red&attr.units=9", vec!["C-1"]),
        ("attr.colour=white&attr.colour=grey", vec!["A-2", "A-3"]),
        ("category=travel&category=kitchenware", vec!["B-1", "C-1", "C_2"]),
        ("attr.fragile=true", vec!["A-1", "C-1"]),
        (
            "attr.colour=red&q=mug&category=travel&min_price=1&currency=EUR",
            vec!["C-1"],
        ),
    ] {
        let page = public
            .get(format!("/v1/products?{query}"))
            .after(&everything)
            .await
            .ok(200);
        // After what has all the words of a query comes what has some of them, uncounted.
        let mut skus = page.each("sku");
        skus.truncate(
            page["total"]
                .as_u64()
                .map_or(usize::MAX, |total| usize::try_from(total).unwrap()),
        );
        assert_eq!(sorted(skus), expected, "{query}");
        assert_eq!(
            (&page["next_cursor"], &page["prev_cursor"]),
            (&Value::Null, &Value::Null),
            "{query}"
        );
    }
    for (query, expected) in [
        ("", vec!["A-1", "A-2", "A-3", "B-1", "B-2", "C-1", "C_2", "D-1", "D-2"]),
        ("status=archived", vec!["D-1"]),
        ("status=archived,draft", vec!["D-1", "D-2"]),
        ("status=archived&status=draft", vec!["D-1", "D-2"]),
        ("deleted=true", vec!["D-3"]),
        ("deleted=false&q=old", vec!["D-1"]),
    ] {
        let page = admin
            .get(format!("/v1/products?{query}"))
            .after(&everything)
            .await
            .ok(200);
        assert_eq!(sorted(page.each("sku")), expected, "{query}");
    }
    let customer = system.customer("ann").await;
    for query in ["status=draft", "status=active,archived", "deleted=true"] {
        let _ = public
            .get(format!("/v1/products?{query}"))
            .await
            .refused(401, "unauthenticated");
        let _ = customer
            .get(format!("/v1/products?{query}"))
            .await
            .refused(403, "forbidden");
    }
    for (query, field, code) in [
        ("limit=0", "limit", "out_of_range"),
        ("limit=201", "limit", "out_of_range"),
        ("status=sold", "status", "unknown"),
        ("sort=colour", "sort", "unknown"),
        ("min_price=cheap", "min_price", "invalid_type"),
        ("min_price=1", "currency", "required"),
        ("min_price=2&max_price=1&currency=GBP", "max_price", "out_of_range"),
        ("in_stock=maybe", "in_stock", "invalid_type"),
        ("currency=pounds", "currency", "invalid_format"),
        ("colour=red", "colour", "unknown_parameter"),
        ("page=2", "page", "unknown_parameter"),
        ("q=%00", "q", "invalid_character"),
        ("q=a&q=b", "q", "duplicate_parameter"),
    ] {
        let _ =
            public
                .get(format!("/v1/products?{query}"))
                .await
                .refused_for(400, "invalid_parameter", &[(field, code)]);
    }
    let long = "a".repeat(513);
    let _ =
        public
            .get(format!("/v1/products?q={long}"))
            .await
            .refused_for(400, "invalid_parameter", &[("q", "too_long")]);
}

fn compare(left: &Value, right: &Value) -> Ordering {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => left.as_str().cmp(&right.as_str()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_can_be_walked_both_ways() {
    let (_system, admin, everything) = shop().await;
    // Prices are by currency, in each by amount.
    let by = |name: &str, item: &Value| {
        if name == "price" {
            let price = &item["price"];
            (price["currency"].clone(), price["amount"].clone())
        } else {
            (Value::Null, item[name].clone())
        }
    };
    for name in ["name", "price", "created_at", "updated_at", "sku"] {
        for sort in [name.to_owned(), format!("-{name}")] {
            let whole = admin
                .get(format!("/v1/products?sort={sort}&limit=100"))
                .after(&everything)
                .await
                .ok(200);
            assert_eq!(whole.items().len(), 9);
            let keys: Vec<_> = whole.items().iter().map(|item| by(name, item)).collect();
            if name != "name" {
                // Names sort as people expect, which is not by code points.
                let order = |pair: &[(Value, Value)]| {
                    compare(&pair[0].0, &pair[1].0).then_with(|| compare(&pair[0].1, &pair[1].1))
                        != if sort.starts_with('-') {
                            Ordering::Less
                        } else {
                            Ordering::Greater
                        }
                };
                assert!(keys.windows(2).all(order), "{sort}: {keys:?}");
            }
            let expected = whole.each("sku").into_iter().map(str::to_owned).collect::<Vec<_>>();
            let (forth, last) = walk(&admin, &format!("/v1/products?sort={sort}&limit=2"), "next").await;
            assert_eq!(forth, expected, "{sort}");
            let (mut back, _) = walk(&admin, &last, "prev").await;
            back.extend_from_slice(&forth[8..]);
            assert_eq!(back, expected, "{sort} backwards");
        }
    }
    let whole = admin.get("/v1/products").after(&everything).await.ok(200);
    assert_eq!(
        whole.each("sku").first(),
        Some(&"D-2"),
        "newest first, unless said otherwise"
    );
}

/// Follows `Link` until there is no more; returns the SKUs in the list's order, and the address of the page before the last request's.
async fn walk(admin: &Client, start: &str, relation: &str) -> (Vec<String>, String) {
    let (mut path, mut pages, mut last) = (start.to_owned(), Vec::<Vec<String>>::new(), String::new());
    let mut first = relation == "prev";
    loop {
        let page = admin.get(&path).await.ok(200);
        assert!(page.items().len() <= 2 && pages.len() <= 10);
        if !first {
            pages.push(page.each("sku").into_iter().map(str::to_owned).collect());
        }
        first = false;
        assert_eq!(page["next_cursor"].is_null(), link(&page, "next").is_none());
        assert_eq!(page["prev_cursor"].is_null(), link(&page, "prev").is_none());
        assert!(
            relation == "prev" || (pages.len() == 1) == page["prev_cursor"].is_null(),
            "{page:?}"
        );
        last.clone_from(&path);
        match link(&page, relation) {
            Some(next) => path = next,
            None => break,
        }
    }
    if relation == "prev" {
        pages.reverse();
    }
    (pages.concat(), last)
}

/// The address of a relation in the `Link` header.
fn link(page: &Answer, relation: &str) -> Option<String> {
    let wanted = format!("; rel=\"{relation}\"");
    let found = page
        .header("link")?
        .split(", ")
        .find_map(|link| link.strip_suffix(&wanted))?;
    Some(found.trim_start_matches('<').trim_end_matches('>').to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_belongs_to_its_list() {
    let (system, admin, everything) = shop().await;
    let page = admin
        .get("/v1/products?sort=price&limit=3")
        .after(&everything)
        .await
        .ok(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    assert!(
        cursor
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)),
        "{cursor}"
    );
    let same = admin
        .get(format!("/v1/products?sort=price&limit=4&cursor={cursor}"))
        .await
        .ok(200);
    assert_eq!(same.items().len(), 4, "the size of the page may change");
    let (head, tail) = cursor.split_at(cursor.len() / 2);
    for (query, why) in [
        (format!("sort=name&cursor={cursor}"), "another order"),
        (format!("sort=price&q=mug&cursor={cursor}"), "another filter"),
        ("sort=price&cursor=nonsense".to_owned(), "no cursor at all"),
        (format!("sort=price&cursor={tail}"), "half a cursor"),
        (format!("sort=price&cursor={head}"), "the other half"),
        (format!("sort=price&cursor={cursor}AAAA"), "a longer one"),
    ] {
        let refused = admin.get(format!("/v1/products?{query}")).await;
        assert_eq!(
            (refused.status(), refused["code"].as_str()),
            (400, Some("invalid_cursor")),
            "{why}: {refused:?}"
        );
    }
    let _ = system
        .anonymous()
        .get(format!("/v1/products?sort=price&cursor={cursor}"))
        .await
        .refused(400, "invalid_cursor");
    let _ = admin
        .get(format!("/v1/orders?cursor={cursor}"))
        .await
        .refused(400, "invalid_cursor");
}
