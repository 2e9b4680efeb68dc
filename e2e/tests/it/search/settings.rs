//! Synonyms and stop words.

use e2e::System;
use serde_json::json;

use super::shop::{shop, skus, sorted_skus};

const SETTINGS: &str = "/v1/search/settings";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn synonyms_and_stop_words_take_effect_without_downtime() {
    let (system, admin, everything) = shop().await;
    let public = system.anonymous();
    let before = public.get("/v1/products?q=cup").after(&everything).await.ok(200);
    assert_eq!(skus(&before), [] as [&str; 0]);
    let empty = admin.get(SETTINGS).await.ok(200);
    assert_eq!(empty.json(), &json!({"synonyms": [], "stop_words": [], "version": 0}));
    assert_eq!(empty.header("etag"), Some("\"0\""));

    let synonyms = json!([{"words": ["mug", "cup"]}, {"from": "backpack", "to": ["rucksack", "holdall"]}]);
    let changed = admin
        .request(http::Method::PUT, SETTINGS)
        .json(json!({"synonyms": synonyms, "stop_words": ["please"]}))
        .if_match(0)
        .await
        .ok(200);
    assert_eq!((&changed["synonyms"], &changed["version"]), (&synonyms, &json!(1)));
    assert_eq!(changed.header("etag"), Some("\"1\""));
    let found = public.get("/v1/products?q=cup").seeing(&changed).await.ok(200);
    assert_eq!(sorted_skus(&found), ["M-1", "M-2", "M-3"]);
    let found = public.get("/v1/products?q=backpack").await.ok(200);
    assert_eq!(sorted_skus(&found), ["B-1", "B-2"]);
    let found = public.get("/v1/products?q=rucksack").await.ok(200);
    assert_eq!(skus(&found), ["B-1"], "one way");
    let found = public.get("/v1/products?q=please+mug").await.ok(200);
    assert_eq!(sorted_skus(&found), ["M-1", "M-2", "M-3"]);

    let patched = admin
        .patch(SETTINGS)
        .merge(json!({"synonyms": null}))
        .if_match(1)
        .await
        .ok(200);
    assert_eq!(
        (&patched["synonyms"], &patched["stop_words"]),
        (&json!([]), &json!(["please"]))
    );
    let found = public.get("/v1/products?q=cup").seeing(&patched).await.ok(200);
    assert_eq!(skus(&found), [] as [&str; 0]);
    let read = admin.get(SETTINGS).seeing(&patched).await.ok(200);
    assert_eq!(
        (&read["version"], read["updated_at"].is_string()),
        (&json!(2), true),
        "{read:?}"
    );

    let _ = admin
        .patch(SETTINGS)
        .json(json!({"stop_words": []}))
        .if_match(1)
        .await
        .refused(412, "version_mismatch");
    let again = admin
        .patch(SETTINGS)
        .json(json!({"stop_words": ["please"]}))
        .await
        .ok(200);
    assert_eq!(again["version"], 2, "what is set already changes nothing");
    let events = admin.get("/v1/streams/search_settings/search_settings").await.ok(200);
    assert_eq!(
        events.each("event_type"),
        ["SearchSettingsChanged", "SearchSettingsChanged"]
    );
    let audited = admin
        .get("/v1/audit?type=SearchSettingsChanged")
        .after(&system.everything().await)
        .await
        .ok(200);
    assert_eq!(audited.items().len(), 2, "{audited:?}");
    for event in audited.items() {
        assert_eq!(event["metadata"]["actor"], admin.user_id(), "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_settings_are_for_administrators() {
    let system = System::start().await;
    let customer = system.customer("ann").await;
    let public = system.anonymous();
    for path in [SETTINGS, "/v1/search/rules"] {
        let _ = public.get(path).await.refused(401, "unauthenticated");
        let _ = customer.get(path).await.refused(403, "forbidden");
    }
    let body = json!({"synonyms": [], "stop_words": ["x"]});
    for method in [http::Method::PUT, http::Method::PATCH] {
        let _ = public
            .request(method.clone(), SETTINGS)
            .json(body.clone())
            .await
            .refused(401, "unauthenticated");
        let _ = customer
            .request(method, SETTINGS)
            .json(body.clone())
            .await
            .refused(403, "forbidden");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_settings_are_told() {
    let system = System::start().await;
    let admin = system.admin().await;
    let many: Vec<String> = (0..1001).map(|number| format!("w{number}")).collect();
    for (body, field, code) in [
        (
            json!({"synonyms": [{"words": ["mug"]}]}),
            "synonyms[0].words",
            "required",
        ),
        (
            json!({"synonyms": [{"words": ["mug", "Mug"]}]}),
            "synonyms[0].words",
            "duplicate",
        ),
        (
            json!({"synonyms": [{"words": ["mug", " "]}]}),
            "synonyms[0].words[1]",
            "required",
        ),
        (
            json!({"synonyms": [{"from": "mug", "to": []}]}),
            "synonyms[0].to",
            "required",
        ),
        (json!({"synonyms": [{"from": "mug"}]}), "synonyms[0].to", "required"),
        (json!({"synonyms": {}}), "synonyms", "invalid_type"),
        (json!({"stop_words": ["a", "A"]}), "stop_words", "duplicate"),
        (json!({"stop_words": ["a", "to be"]}), "stop_words[1]", "invalid_format"),
        (json!({"stop_words": ["don't"]}), "stop_words[0]", "invalid_format"),
        (json!({"stop_words": ["***"]}), "stop_words[0]", "invalid_format"),
        (
            json!({"synonyms": [{"words": many[..51]}]}),
            "synonyms[0].words",
            "too_many",
        ),
        (json!({"stop_words": ["a\nb"]}), "stop_words[0]", "invalid_character"),
        (json!({"stop_words": ["x".repeat(101)]}), "stop_words[0]", "too_long"),
        (json!({"stop_words": many}), "stop_words", "too_many"),
        (json!({"stop_words": "the"}), "stop_words", "invalid_type"),
        (json!({"boosts": 1}), "boosts", "unknown_field"),
    ] {
        let answer = admin.patch(SETTINGS).json(body.clone()).await;
        let _ = answer.refused_for(422, "validation_failed", &[(field, code)]);
    }
    let _ = admin
        .request(http::Method::PUT, SETTINGS)
        .json(json!({"synonyms": []}))
        .await
        .refused_for(422, "validation_failed", &[("stop_words", "required")]);
    let read = admin.get(SETTINGS).await.ok(200);
    assert_eq!(read["version"], 0, "nothing of it was stored");
}
