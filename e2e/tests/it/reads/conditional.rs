//! Entity tags, 304 and compression.

use std::io::Read as _;

use e2e::{Answer, System, product};
use flate2::read::GzDecoder;
use serde_json::json;

fn tag(answer: &Answer) -> String {
    answer.header("etag").expect("an entity tag").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_client_has_is_not_sent_again() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 5).await;
    let order = ann.order(&[(&mug.id, 1)]).await.ok(201);
    let everything = system.everything().await;
    let paths = [
        format!("/v1/products/{}", mug.id),
        format!("/v1/products/{}/stock", mug.id),
        format!("/v1/products/{}?fields=id,price.amount", mug.id),
        "/v1/products".to_owned(),
        format!("/v1/orders/{}", order.id()),
        format!("/v1/orders/{}?expand=customer,lines.product", order.id()),
        "/v1/orders?expand=customer".to_owned(),
        "/v1/stock".to_owned(),
        "/v1/users".to_owned(),
        "/v1/audit?limit=2".to_owned(),
        "/v1/me".to_owned(),
    ];
    for path in &paths {
        let read = admin.get(path).after(&everything).await.ok(200);
        let tag = tag(&read);
        assert_eq!(read.header("cache-control"), Some("private, no-cache"), "{read:?}");
        assert!(
            read.header("vary").is_some_and(|vary| vary.contains("authorization")),
            "{read:?}"
        );
        let known = admin.get(path).header("if-none-match", &tag).await.ok(304);
        assert_eq!(known.text(), "");
        assert_eq!(known.header("etag"), Some(tag.as_str()));
        assert_eq!(known.header("cache-control"), Some("private, no-cache"));
        assert_eq!(known.header("content-type"), None);
        let weak = format!("\"other\", W/{}", tag.trim_start_matches("W/"));
        let _ = admin.get(path).header("if-none-match", weak).await.ok(304);
        let _ = admin.get(path).header("if-none-match", "\"other\"").await.ok(200);
    }

    // Whatever changes what is shown changes the tag: a sale is seen in the product, in the stock and in the lists.
    let before: Vec<_> = {
        let mut tags = Vec::new();
        for path in &paths[..4] {
            tags.push(tag(&admin.get(path).await.ok(200)));
        }
        tags
    };
    let received = admin.receive(&mug.id, 3).await.ok(200);
    for (path, before) in paths.iter().zip(&before) {
        let read = admin.get(path).seeing(&received).header("if-none-match", before).await;
        let expected = if path.contains("fields") { 304 } else { 200 };
        // Only the chosen members count; but a strong tag also has the versions of all that it was chosen from.
        assert!(
            read.status() == expected || (expected == 304 && read.status() == 200),
            "{path}: {read:?}"
        );
    }

    // A tag is what `If-Match` takes, however much of it the client was shown.
    let whole = admin
        .get(format!("/v1/products/{}", mug.id))
        .seeing(&received)
        .await
        .ok(200);
    let chosen = admin.get(&paths[2]).seeing(&received).await.ok(200);
    assert_ne!(tag(&whole), tag(&chosen));
    let renamed = admin
        .patch(format!("/v1/products/{}", mug.id))
        .json(json!({"name": "New"}))
        .header("if-match", tag(&chosen))
        .await
        .ok(200);
    let _ = admin
        .patch(format!("/v1/products/{}", mug.id))
        .json(json!({"name": "Newer"}))
        .header("if-match", tag(&whole))
        .await
        .refused(412, "version_mismatch");
    let read = admin
        .get(format!("/v1/products/{}", mug.id))
        .seeing(&renamed)
        .await
        .ok(200);
    assert_eq!(
        tag(&read),
        tag(&renamed),
        "a write answers with the tag that a read will answer with"
    );
    let deleted = admin.delete(format!("/v1/products/{}", mug.id)).await.ok(204);
    let gone = system
        .anonymous()
        .get(format!("/v1/products/{}", mug.id))
        .seeing(&deleted)
        .header("if-none-match", tag(&read))
        .await;
    assert_eq!(gone.status(), 404, "{gone:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_answers_are_compressed_for_who_can_read_them() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mut body = product("MUG-1", 1250);
    body["description"] = json!("A mug for all seasons. ".repeat(200));
    let mug = admin.post("/v1/products").json(body).await.ok(201);
    let path = format!("/v1/products/{}", mug.id());
    let plain = admin.get(&path).seeing(&mug).await.ok(200);
    assert_eq!(plain.header("content-encoding"), None);
    let packed = admin.get(&path).header("accept-encoding", "gzip").await.ok(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let vary: Vec<_> = packed
        .headers()
        .get_all("vary")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    assert!(vary.join(",").to_lowercase().contains("accept-encoding"), "{vary:?}");
    let mut text = String::new();
    GzDecoder::new(packed.bytes()).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text());
    assert!(packed.bytes().len() * 5 < text.len());
    assert_ne!(tag(&packed), tag(&plain), "another representation");
    let known = admin
        .get(&path)
        .header("accept-encoding", "gzip")
        .header("if-none-match", tag(&packed))
        .await
        .ok(304);
    assert_eq!(known.header("content-encoding"), None);
    let _ = admin.get(&path).header("if-none-match", tag(&packed)).await.ok(200);
    let brotli = admin
        .get(&path)
        .header("accept-encoding", "br;q=1, gzip;q=0.5")
        .await
        .ok(200);
    assert_eq!(brotli.header("content-encoding"), Some("br"));
    let refused = admin.get(&path).header("accept-encoding", "identity").await.ok(200);
    assert_eq!(refused.text(), plain.text());
    let list = admin
        .get("/v1/products")
        .header("accept-encoding", "gzip")
        .await
        .ok(200);
    assert_eq!(list.header("content-encoding"), Some("gzip"));
    // Too short to be worth it.
    let me = admin.get("/v1/me").header("accept-encoding", "gzip").await.ok(200);
    assert_eq!(me.header("content-encoding"), None);
    // The tag of a compressed copy is good for a write.
    let _ = admin
        .patch(&path)
        .json(json!({"name": "New"}))
        .header("if-match", tag(&packed))
        .await
        .ok(200);
}
