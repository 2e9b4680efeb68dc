//! What a sale does to the index.

use e2e::{Answer, Client};
use sqlx::PgPool;

use super::shop::{shop, skus};

/// Notes every mark, and whether it was the sales that were looked through.
async fn watch(pool: &PgPool) {
    sqlx::raw_sql(
        "CREATE TABLE marked (product_id text NOT NULL, by_sales boolean NOT NULL);
         CREATE FUNCTION note_mark() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN INSERT INTO marked VALUES (NEW.product_id, current_query() LIKE ''%follow_sales%''); RETURN NULL; END';
         CREATE TRIGGER note_mark AFTER INSERT OR UPDATE OF mark ON search_dirty FOR EACH ROW EXECUTE FUNCTION note_mark()",
    )
    .execute(pool)
    .await
    .unwrap();
}

/// What was marked by the writes up to this one, once.
async fn marked(pool: &PgPool, admin: &Client, write: &Answer) -> Vec<(String, bool)> {
    // The token waits until the read models of products, stock and sales show the write.
    let _ = admin.get("/v1/products?sort=-sold").seeing(write).await.ok(200);
    sqlx::query_as("WITH taken AS (DELETE FROM marked RETURNING *) SELECT DISTINCT * FROM taken ORDER BY 1, 2")
        .fetch_all(pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_marks_a_product_only_when_it_runs_out_or_comes_back() {
    let (system, admin, _) = shop().await;
    let pool = system.pool();
    let shelf = admin.stocked("LAMP-1", 500, 3).await;
    let id = shelf.id.clone();
    let follows = |product: &str| vec![(product.to_owned(), true)];
    let changes = |product: &str| vec![(product.to_owned(), false), (product.to_owned(), true)];
    let _ = admin
        .get("/v1/products?sort=-sold")
        .seeing(&admin.receive(&id, 1).await.ok(200))
        .await
        .ok(200);
    watch(&pool).await;

    // Two of four: only the order by sales learns of it, and not from the order.
    let first = admin.order(&[(&id, 2)]).await.ok(201);
    assert_eq!(marked(&pool, &admin, &first).await, follows(&id));
    assert_eq!(skus(&admin.get("/v1/products?sort=-sold").await.ok(200))[0], "LAMP-1");
    // More of what is there.
    let received = admin.receive(&id, 3).await.ok(200);
    assert_eq!(marked(&pool, &admin, &received).await, []);
    // The last ones.
    let last = admin.order(&[(&id, 5)]).await.ok(201);
    assert_eq!(marked(&pool, &admin, &last).await, changes(&id));
    let none = admin
        .get("/v1/products?sku=LAMP-1&in_stock=true&facets=in_stock")
        .seeing(&last)
        .await
        .ok(200);
    assert_eq!(skus(&none), Vec::<&str>::new());
    // One order's come back.
    let cancelled = admin.cancel(first.id()).await.ok(200);
    assert_eq!(marked(&pool, &admin, &cancelled).await, changes(&id));
    let some = admin
        .get("/v1/products?sku=LAMP-1&in_stock=true&facets=in_stock")
        .seeing(&cancelled)
        .await
        .ok(200);
    assert_eq!(skus(&some).len(), 1);
}
