//! `?as_of=`

use e2e::{Answer, Client, System};
use serde_json::{Value, json};

use super::blamed;

/// `lane.position` of an event.
fn position(event: &Value) -> String {
    format!("{}.{}", event["lane"], event["position"])
}

fn encoded(time: &str) -> String {
    time.replace('+', "%2B")
}

/// The product's and the stock's bodies at a moment.
async fn at(client: &Client, id: &str, as_of: &str) -> (Answer, Answer) {
    let product = client.get(format!("/v1/products/{id}?as_of={as_of}")).await.ok(200);
    let stock = client
        .get(format!("/v1/products/{id}/stock?as_of={as_of}"))
        .await
        .ok(200);
    (product, stock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn things_are_read_as_they_stood_after_each_event() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let path = format!("/v1/products/{}", mug.id);
    let live = async |client: &Client, token: &Answer| {
        let product = client.get(&path).seeing(token).await.ok(200);
        let stock = client.get(format!("{path}/stock")).seeing(token).await.ok(200);
        (product, stock)
    };
    // Everything is remembered as it was answered at the time, with the token of the write before it.
    let mut past: Vec<(Answer, (Answer, Answer))> = Vec::new();
    let mut write = mug.received.clone();
    for step in 0..6 {
        past.push((write.clone(), live(&admin, &write).await));
        write = match step {
            0 => admin
                .patch(&path)
                .merge(json!({"price": {"amount": 1500, "currency": "GBP"}, "attributes": {"colour": "red"}}))
                .await
                .ok(200),
            1 => ann.order(&[(&mug.id, 3)]).await.ok(201),
            2 => admin
                .patch(&path)
                .merge(json!({"name": "Cup", "attributes": {"colour": null, "size": 2}}))
                .await
                .ok(200),
            3 => admin.post(format!("{path}/archive")).await.ok(200),
            4 => admin.receive(&mug.id, 5).await.ok(200),
            _ => admin.post(format!("{path}/publish")).await.ok(200),
        };
    }
    past.push((write.clone(), live(&admin, &write).await));
    for (step, (write, (product, stock))) in past.iter().enumerate() {
        let token = write.header("consistency-token").unwrap();
        let (then, stock_then) = at(&admin, &mug.id, token).await;
        assert_eq!(then.json(), product.json(), "step {step}");
        assert_eq!(stock_then.json(), stock.json(), "step {step}");
        assert_eq!(then.header("etag"), product.header("etag"));
        // The answer says which moment it is of, and that leads to the same answer again.
        let told = then.header("as-of-position").unwrap();
        assert_eq!(at(&admin, &mug.id, told).await.0.json(), product.json());
        let time = then.header("as-of-time").unwrap();
        assert_eq!(
            at(&admin, &mug.id, &encoded(time)).await.0.json(),
            product.json(),
            "step {step} at {time}"
        );
    }
    // The bodies did differ.
    assert_eq!(past[1].1.0["price"]["amount"], 1500);
    assert_eq!(past[2].1.1["reserved"], 3);
    assert_eq!(past[3].1.0["name"], "Cup");
    assert_eq!(past[4].1.0["status"], "archived");

    // While it was archived, it was not there for customers; before and after it was.
    let archived = past[4].0.header("consistency-token").unwrap();
    let _ = ann
        .get(format!("{path}?as_of={archived}"))
        .seeing(&write)
        .await
        .refused(404, "product_not_found");
    let _ = ann
        .get(format!("{path}/stock?as_of={archived}"))
        .await
        .refused(404, "product_not_found");
    let before = past[1].0.header("consistency-token").unwrap();
    let seen = system.anonymous().get(format!("{path}?as_of={before}")).await.ok(200);
    assert_eq!(seen.json(), past[1].1.0.json());
    // What is hidden now is hidden at all times.
    let hidden = admin.delete(&path).await.ok(204);
    let _ = ann
        .get(format!("{path}?as_of={before}"))
        .seeing(&hidden)
        .await
        .refused(404, "product_not_found");
    assert_eq!(at(&admin, &mug.id, before).await.0.json(), past[1].1.0.json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_and_users_have_a_past_too() {
    let system = System::start().await;
    let (admin, ann, bob) = (
        system.admin().await,
        system.customer("ann").await,
        system.customer("bob").await,
    );
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let placed = ann.order(&[(&mug.id, 2)]).await.ok(201);
    let path = format!("/v1/orders/{}", placed.id());
    let pending = ann.get(&path).seeing(&placed).await.ok(200);
    let cancelled = admin.cancel(placed.id()).await.ok(200);
    let now = ann.get(&path).seeing(&cancelled).await.ok(200);
    assert_eq!(
        (&pending["status"], &now["status"]),
        (&json!("pending"), &json!("cancelled"))
    );

    let events = admin.get(format!("/v1/streams/order/{}", placed.id())).await.ok(200);
    let [first, last] = events.items() else {
        panic!("{events:?}")
    };
    let as_of = async |client: &Client, moment: &str| client.get(format!("{path}?as_of={moment}")).await;
    assert_eq!(as_of(&ann, &position(first)).await.ok(200).json(), pending.json());
    assert_eq!(as_of(&admin, &position(first)).await.ok(200).json(), pending.json());
    assert_eq!(as_of(&ann, &position(last)).await.ok(200).json(), now.json());
    let chosen = as_of(&ann, &format!("{}&fields=id,status", position(first)))
        .await
        .ok(200);
    assert_eq!(chosen.json(), &json!({"id": placed.id(), "status": "pending"}));
    let expanded = as_of(&ann, &format!("{}&expand=customer", position(first))).await;
    blamed(expanded, "invalid_parameter", "expand");
    let recorded = last["recorded_at"].as_str().unwrap();
    assert_eq!(
        as_of(&ann, recorded).await.ok(200).json(),
        now.json(),
        "the instant itself is included"
    );
    let earlier = chrono::DateTime::parse_from_rfc3339(recorded).unwrap() - chrono::Duration::microseconds(1);
    let earlier = earlier.to_rfc3339();
    assert_eq!(
        as_of(&ann, &encoded(&earlier)).await.ok(200).json(),
        pending.json(),
        "any offset is understood"
    );
    let _ = as_of(&bob, &position(first)).await.refused(404, "order_not_found");
    let _ = system
        .anonymous()
        .get(format!("{path}?as_of={}", position(first)))
        .await
        .refused(401, "unauthenticated");

    let me = ann.get("/v1/me").await.ok(200);
    let everything = system.everything().await;
    assert_eq!(
        ann.get(format!("/v1/me?as_of={everything}")).await.ok(200).json(),
        me.json()
    );
    let _ = ann.get("/v1/me?as_of=2001-01-01").await.refused(404, "not_created_yet");
    let user = format!("/v1/users/{}", ann.user_id());
    let past = admin.get(format!("{user}?as_of={everything}")).await.ok(200);
    assert_eq!(past.json(), me.json());
    let early = admin.get(format!("{user}?as_of=2001-01-01")).await;
    let _ = early.refused(404, "not_created_yet");
    let theirs = ann.get(format!("{user}?as_of={everything}")).await;
    let _ = theirs.refused(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_set_about_the_search_has_a_past_too() {
    const SETTINGS: &str = "/v1/search/settings";
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let before = mug.received.header("consistency-token").unwrap();
    let nothing = admin.get(SETTINGS).await.ok(200);
    let rule = json!({"query": "cup", "pinned": [mug.id], "hidden": []});
    let ruled = admin.post("/v1/search/rules").json(rule).await.ok(201);
    let rule = format!("/v1/search/rules/{}", ruled.id());
    let there = admin.get(&rule).seeing(&ruled).await.ok(200);
    let set = admin
        .patch(SETTINGS)
        .merge(json!({"stop_words": ["please"]}))
        .await
        .ok(200);
    let then = admin.get(SETTINGS).seeing(&set).await.ok(200);
    let gone = admin.delete(&rule).await.ok(204);
    let cleared = admin.patch(SETTINGS).merge(json!({"stop_words": null})).await.ok(200);
    let now = admin.get(SETTINGS).seeing(&cleared).await.ok(200);
    assert_eq!(
        (&then["stop_words"], &now["stop_words"]),
        (&json!(["please"]), &json!([]))
    );

    let at = async |path: &str, write: &Answer| {
        let moment = write.header("consistency-token").unwrap();
        admin.get(format!("{path}?as_of={moment}")).await
    };
    for (write, settings) in [(&ruled, &nothing), (&set, &then), (&gone, &then), (&cleared, &now)] {
        let past = at(SETTINGS, write).await.ok(200);
        assert_eq!(past["stop_words"], settings["stop_words"]);
        assert_eq!(past.header("etag"), settings.header("etag"));
        assert!(past.header("as-of-position").is_some());
    }
    let past = admin.get(format!("{SETTINGS}?as_of={before}")).await.ok(200);
    assert_eq!(past.json(), nothing.json(), "nothing was set yet");
    for write in [&ruled, &set] {
        assert_eq!(at(&rule, write).await.ok(200).json(), there.json());
    }
    for write in [&gone, &cleared] {
        let _ = at(&rule, write).await.refused(404, "search_rule_not_found");
    }
    let _ = ann
        .get(format!("{SETTINGS}?as_of={before}"))
        .await
        .refused(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moments_that_make_no_sense_are_refused() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let order = ann.order(&[(&mug.id, 1)]).await.ok(201);
    let everything = system.everything().await;
    let _ = admin
        .get(format!("/v1/orders/{}", order.id()))
        .after(&everything)
        .await
        .ok(200);
    let lane: u32 = {
        let stream = admin.get(format!("/v1/streams/product/{}", mug.id)).await.ok(200);
        u32::try_from(stream.items()[0]["lane"].as_u64().unwrap()).unwrap()
    };
    let paths = [
        format!("/v1/products/{}", mug.id),
        format!("/v1/products/{}/stock", mug.id),
        format!("/v1/orders/{}", order.id()),
        format!("/v1/users/{}", ann.user_id()),
        "/v1/search/settings".to_owned(),
        "/v1/me".to_owned(),
    ];
    for path in &paths {
        for wrong in [
            "",
            "yesterday",
            "now",
            "17",
            "1.",
            ".1",
            "1.x",
            "-1.1",
            "1.1-",
            "3.1-3.2",
            "9.1-3.1",
            "01.1",
            "1.1.1",
            "1.99999999999999999999",
            "2026-13-01",
            "2026-01-01T00:00:00",
            "%00",
            "1.1%20",
            "99999999999.1",
        ] {
            blamed(
                admin.get(format!("{path}?as_of={wrong}")).await,
                "invalid_parameter",
                "as_of",
            );
        }
        for beyond in [
            "9999-12-31T23:59:59Z",
            "2100-01-01",
            "64.0",
            "64.1",
            &format!("{lane}.999999999"),
            "0000-01-01T00:00:00Z",
        ] {
            blamed(
                admin.get(format!("{path}?as_of={beyond}")).await,
                "invalid_parameter",
                "as_of",
            );
        }
        let twice = admin.get(format!("{path}?as_of=2026-01-01&as_of=2026-01-02")).await;
        blamed(twice, "invalid_parameter", "as_of");
        let early = admin.get(format!("{path}?as_of=1970-01-01")).await;
        let _ = if path.ends_with("settings") {
            early.ok(200)
        } else {
            early.refused(404, "not_created_yet")
        };
    }
    let _ = admin
        .get(format!("{}?as_of={lane}.0", paths[0]))
        .await
        .refused(404, "not_created_yet");
    let unknown = "0198c0de-0000-7000-8000-00000000dead";
    for (path, code) in [
        (format!("/v1/products/prod_{unknown}"), "product_not_found"),
        (format!("/v1/products/prod_{unknown}/stock"), "product_not_found"),
        (format!("/v1/orders/ord_{unknown}"), "order_not_found"),
    ] {
        let _ = admin.get(format!("{path}?as_of=1970-01-01")).await.refused(404, code);
    }
    for list in [
        "/v1/products",
        "/v1/orders",
        "/v1/audit",
        "/v1/reports/sales?interval=day&from=2026-01-01&to=2026-01-02",
        &format!("/v1/streams/stock/{}", mug.id),
    ] {
        let and = if list.contains('?') { '&' } else { '?' };
        let answer = admin.get(format!("{list}{and}as_of=2026-01-01")).await;
        blamed(answer, "invalid_parameter", "as_of");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_that_came_later_than_its_product_was_zero() {
    let system = System::start().await;
    let admin = system.admin().await;
    let created = admin
        .post("/v1/products")
        .json(e2e::product("MUG-1", 1250))
        .await
        .ok(201);
    let path = format!("/v1/products/{}", created.id());
    let bare = admin.get(format!("{path}/stock")).seeing(&created).await.ok(200);
    let _ = admin.receive(created.id(), 7).await.ok(200);
    let token = created.header("consistency-token").unwrap();
    let then = admin.get(format!("{path}/stock?as_of={token}")).await.ok(200);
    assert_eq!(then.json(), bare.json());
    assert_eq!(then["on_hand"], 0);
    // A token of somewhere else is the moment of that write.
    let elsewhere = system.customer("ann").await;
    let placed = elsewhere.order(&[(created.id(), 2)]).await.ok(201);
    let _ = admin.receive(created.id(), 1).await.ok(200);
    let events = admin.get(format!("/v1/streams/order/{}", placed.id())).await.ok(200);
    let then = admin
        .get(format!("{path}/stock?as_of={}", position(&events.items()[0])))
        .await
        .ok(200);
    assert_eq!((&then["on_hand"], &then["reserved"]), (&json!(7), &json!(2)));
}
