use proto::{
    failure::FailureKind,
    v1::{self, ChangePriceRequest, CreateProductRequest, ProductRequest, ProductStatus, UpdateProductRequest},
};
use sqlx::PgPool;

use crate::support::{ADMIN, Shop, answer, context, fields, gbp, keyed, new_product, priced, refused};

fn request(id: &str) -> ProductRequest {
    ProductRequest {
        context: context(ADMIN),
        id: id.to_owned(),
        expected_version: None,
    }
}

fn update(id: &str) -> UpdateProductRequest {
    UpdateProductRequest {
        context: context(ADMIN),
        id: id.to_owned(),
        ..UpdateProductRequest::default()
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_product_is_answered_whole(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let text = |text: &str| v1::AttributeValue {
        value: Some(v1::attribute_value::Value::Text(text.to_owned())),
    };
    let reply = answer(
        shop.products
            .clone()
            .create_product(CreateProductRequest {
                description: "holds tea".to_owned(),
                attributes: [("colour".to_owned(), text("red"))].into(),
                ..new_product("MUG-1", 1250)
            })
            .await,
    )
    .unwrap();
    let product = reply.product.unwrap();
    let committed = reply.committed.unwrap();
    let now = shop.clock.now().timestamp_micros();
    assert!(product.id.starts_with("prod_"));
    assert_eq!(product.price, gbp(1250));
    assert_eq!(product.attributes["colour"], text("red"));
    assert_eq!(product.status(), ProductStatus::Active);
    assert_eq!((product.version, committed.version), (1, 1));
    assert_eq!((product.created_at_micros, product.updated_at_micros), (now, now));
    assert_eq!(product.stock, Some(v1::StockLevel::default()));
    assert!(!committed.consistency_token.is_empty());
    assert!(!committed.replayed);

    shop.receive(&product.id, 10).await;
    shop.clock.advance(std::time::Duration::from_secs(5));
    let published = answer(shop.products.clone().publish_product(request(&product.id)).await).unwrap();
    let published = published.product.unwrap();
    assert_eq!(published.version, 1, "it was active already");
    assert_eq!(published.updated_at_micros, now);
    let stock = published.stock.unwrap();
    assert_eq!(
        (stock.on_hand, stock.reserved, stock.available, stock.version),
        (10, 0, 10, 1)
    );
    let archived = answer(shop.products.clone().archive_product(request(&product.id)).await).unwrap();
    let archived = archived.product.unwrap();
    assert_eq!((archived.version, archived.status()), (2, ProductStatus::Archived));
    assert_eq!(archived.created_at_micros, now);
    assert_eq!(archived.updated_at_micros, now + 5_000_000);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_wrong_field_is_told_at_once(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let wrong = CreateProductRequest {
        sku: " ".to_owned(),
        name: String::new(),
        price: Some(v1::Money {
            amount: -1,
            currency: "GBP".to_owned(),
        }),
        category: "a//b".to_owned(),
        status: 99,
        ..new_product("X", 1)
    };
    let failure = refused(
        answer(shop.products.clone().create_product(wrong).await),
        FailureKind::Invalid,
        "validation_failed",
    );
    assert_eq!(
        fields(&failure),
        [
            ("category", "invalid_format"),
            ("name", "required"),
            ("price.amount", "out_of_range"),
            ("sku", "required"),
            ("status", "unknown"),
        ]
    );
    let anonymous = CreateProductRequest {
        context: None,
        ..new_product("X", 1)
    };
    let failure = refused(
        answer(shop.products.clone().create_product(anonymous).await),
        FailureKind::Invalid,
        "validation_failed",
    );
    assert_eq!(fields(&failure), [("context.actor", "required")]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_update_changes_what_it_names(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let product = shop.create("MUG-1", 1250).await;
    let changed = answer(
        shop.products
            .clone()
            .update_product(UpdateProductRequest {
                expected_version: Some(1),
                name: Some("Better mug".to_owned()),
                price: priced(1300),
                status: Some(ProductStatus::Archived.into()),
                ..update(&product.id)
            })
            .await,
    )
    .unwrap()
    .product
    .unwrap();
    assert_eq!(changed.name, "Better mug");
    assert_eq!(changed.price, gbp(1300));
    assert_eq!(changed.status(), ProductStatus::Archived);
    assert_eq!((changed.sku.as_str(), changed.version), ("MUG-1", 4));

    let stale = UpdateProductRequest {
        expected_version: Some(1),
        name: Some("Late".to_owned()),
        ..update(&product.id)
    };
    let failure = refused(
        answer(shop.products.clone().update_product(stale).await),
        FailureKind::StaleVersion,
        "version_mismatch",
    );
    assert_eq!(failure.data, r#"{"actual":4,"expected":1}"#);
    let back = UpdateProductRequest {
        status: Some(ProductStatus::Draft.into()),
        ..update(&product.id)
    };
    let back = answer(shop.products.clone().update_product(back).await);
    refused(back, FailureKind::Conflict, "status_not_reachable");
    let nothing = "prod_00000000-0000-7000-8000-000000000000";
    let missing = answer(shop.products.clone().update_product(update(nothing)).await);
    refused(missing, FailureKind::NotFound, "product_not_found");

    let price = ChangePriceRequest {
        context: context(ADMIN),
        id: product.id.clone(),
        expected_version: None,
        price: gbp(1400),
    };
    let priced = answer(shop.products.clone().change_price(price).await).unwrap();
    assert_eq!(priced.product.unwrap().price, gbp(1400));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_sku_has_one_owner_and_moves_with_it(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let first = shop.create("A", 1).await;
    let second = shop.create("B", 1).await;
    let take = |id: &str, sku: &str| UpdateProductRequest {
        sku: Some(sku.to_owned()),
        ..update(id)
    };
    let taken = answer(shop.products.clone().update_product(take(&second.id, "A")).await);
    refused(taken, FailureKind::Conflict, "sku_taken");
    answer(shop.products.clone().update_product(take(&first.id, "C")).await).unwrap();
    answer(shop.products.clone().update_product(take(&second.id, "A")).await).unwrap();
    answer(shop.products.clone().update_product(take(&second.id, "A")).await).unwrap();
    shop.create("B", 1).await;
    let again = answer(shop.products.clone().create_product(new_product("C", 1)).await);
    refused(again, FailureKind::Conflict, "sku_taken");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_product_frees_its_sku_and_claims_it_again(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let first = shop.create("A", 1).await;
    let deleted = answer(shop.products.clone().delete_product(request(&first.id)).await).unwrap();
    let deleted_at = Some(shop.clock.now().timestamp_micros());
    assert_eq!(deleted.product.unwrap().deleted_at_micros, deleted_at);
    shop.clock.advance(std::time::Duration::from_secs(1));
    let again = answer(shop.products.clone().delete_product(request(&first.id)).await).unwrap();
    assert_eq!(again.product.unwrap().deleted_at_micros, deleted_at);
    let changed = answer(shop.products.clone().publish_product(request(&first.id)).await);
    refused(changed, FailureKind::Conflict, "product_deleted");

    let second = shop.create("A", 1).await;
    let restored = answer(shop.products.clone().restore_product(request(&first.id)).await);
    refused(restored, FailureKind::Conflict, "sku_taken");
    answer(shop.products.clone().delete_product(request(&second.id)).await).unwrap();
    let restored = answer(shop.products.clone().restore_product(request(&first.id)).await).unwrap();
    assert_eq!(restored.product.unwrap().deleted_at_micros, None);
    let taken = answer(shop.products.clone().create_product(new_product("A", 1)).await);
    refused(taken, FailureKind::Conflict, "sku_taken");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_32_who_want_one_sku_at_once_one_gets_it(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let other = shop.beside(2).await;
    let creators = (0..32).map(|index| {
        let mut products = if index % 2 == 0 {
            shop.products.clone()
        } else {
            other.products.clone()
        };
        tokio::spawn(async move { answer(products.create_product(new_product("ONE", index)).await) })
    });
    let mut created = 0;
    for creator in creators.collect::<Vec<_>>() {
        match creator.await.unwrap() {
            Ok(_) => created += 1,
            Err(failure) => assert_eq!(failure.code, "sku_taken", "{failure:?}"),
        }
    }
    assert_eq!(created, 1);
    assert_eq!(shop.count("ProductCreated").await, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_creates_one_product(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let create = |key: &str, body: &str| CreateProductRequest {
        context: keyed(ADMIN, key, body),
        ..new_product("MUG-1", 1250)
    };
    let first = answer(shop.products.clone().create_product(create("k", "a")).await).unwrap();
    let again = answer(shop.products.clone().create_product(create("k", "a")).await).unwrap();
    assert!(again.committed.as_ref().unwrap().replayed);
    assert_eq!(again.product, first.product);
    assert_eq!(
        again.committed.unwrap().consistency_token,
        first.committed.unwrap().consistency_token
    );
    let other = answer(shop.products.clone().create_product(create("k", "b")).await);
    refused(other, FailureKind::KeyReused, "idempotency_key_reused");
    let hashless = answer(shop.products.clone().create_product(create("k2", "")).await);
    let failure = refused(hashless, FailureKind::Invalid, "validation_failed");
    assert_eq!(fields(&failure), [("context.request_hash", "required")]);
}
