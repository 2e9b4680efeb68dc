use argon2::password_hash::PasswordHasher as _;
use domain::login::Logins;
use proto::{
    failure::{Failure, FailureKind},
    v1::{AuthenticateRequest, CreateUserRequest, Role, User},
};
use sqlx::PgPool;

use crate::support::{ADMIN, Shop, answer, context, eventually, fields, keyed, refused};

const PASSWORD: &str = "correct horse battery";

fn ada() -> CreateUserRequest {
    CreateUserRequest {
        context: context("system:cli"),
        email: "Ada@Example.com".to_owned(),
        name: "Ada".to_owned(),
        role: Role::Customer.into(),
        password: PASSWORD.to_owned(),
    }
}

async fn login(shop: &Shop, email: &str, password: &str) -> Result<User, Failure> {
    let request = AuthenticateRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        context: None,
    };
    answer(shop.users.clone().authenticate(request).await).map(|reply| reply.user.unwrap())
}

async fn credentials(shop: &Shop) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM credentials")
        .fetch_one(&shop.pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_knows_the_password_gets_in(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let created = answer(shop.users.clone().create_user(ada()).await)
        .unwrap()
        .user
        .unwrap();
    assert!(created.id.starts_with("usr_"));
    assert_eq!(
        (created.email.as_str(), created.role()),
        ("ada@example.com", Role::Customer)
    );
    assert_eq!(created.created_at_micros, shop.clock.now().timestamp_micros());
    assert_eq!(login(&shop, "ADA@example.com", PASSWORD).await.unwrap(), created);

    let mut refusals = Vec::new();
    for (email, password) in [
        ("ada@example.com", "wrong horse battery"),
        ("bob@example.com", PASSWORD),
        ("nonsense", PASSWORD),
        ("ada@example.com", ""),
        ("ada@example.com", &"x".repeat(100_000)),
    ] {
        refusals.push(refused(
            login(&shop, email, password).await,
            FailureKind::Unauthenticated,
            "invalid_credentials",
        ));
    }
    assert!(
        refusals.windows(2).all(|pair| pair[0] == pair[1]),
        "nothing tells them apart"
    );
    let secret: i64 = sqlx::query_scalar("SELECT count(*) FROM events WHERE payload::text ~ 'argon2|horse'")
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    assert_eq!(secret, 0, "no password and no hash is in the log");
    let hash: String = sqlx::query_scalar("SELECT password_hash FROM credentials")
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_address_has_one_account(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let attempts: Vec<_> = (0..4)
        .map(|_| {
            let mut users = shop.users.clone();
            tokio::spawn(async move { answer(users.create_user(ada()).await) })
        })
        .collect();
    let mut created = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Ok(_) => created += 1,
            Err(failure) => assert_eq!(failure.code, "email_taken"),
        }
    }
    assert_eq!((created, credentials(&shop).await), (1, 1));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_opens_one_account(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let request = CreateUserRequest {
        context: keyed("system:cli", "k", "a"),
        ..ada()
    };
    let first = answer(shop.users.clone().create_user(request.clone()).await).unwrap();
    let again = answer(shop.users.clone().create_user(request).await).unwrap();
    assert!(again.committed.unwrap().replayed);
    assert_eq!(again.user, first.user);
    assert_eq!(credentials(&shop).await, 1);
    login(&shop, "ada@example.com", PASSWORD).await.unwrap();
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_wrong_with_an_account_is_told_at_once(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let wrong = CreateUserRequest {
        email: "ada".to_owned(),
        name: String::new(),
        role: 0,
        password: "short".to_owned(),
        ..ada()
    };
    let failure = refused(
        answer(shop.users.clone().create_user(wrong).await),
        FailureKind::Invalid,
        "validation_failed",
    );
    assert_eq!(
        fields(&failure),
        [
            ("email", "invalid_format"),
            ("name", "required"),
            ("password", "too_short"),
            ("role", "required"),
        ]
    );
    let long = CreateUserRequest {
        password: "x".repeat(257),
        ..ada()
    };
    let failure = refused(
        answer(shop.users.clone().create_user(long).await),
        FailureKind::Invalid,
        "validation_failed",
    );
    assert_eq!(fields(&failure), [("password", "too_long")]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_customer_whom_the_system_enters_needs_no_login(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let silent = |actor: &str, role: Role| CreateUserRequest {
        context: context(actor),
        role: role.into(),
        password: String::new(),
        ..ada()
    };
    for (actor, role) in [("system:seed", Role::Admin), (ADMIN, Role::Customer)] {
        let refusal = answer(shop.users.clone().create_user(silent(actor, role)).await);
        refused(refusal, FailureKind::Invalid, "validation_failed");
    }
    answer(
        shop.users
            .clone()
            .create_user(silent("system:seed", Role::Customer))
            .await,
    )
    .unwrap();
    assert_eq!(credentials(&shop).await, 0);
    for password in ["", PASSWORD] {
        refused(
            login(&shop, "ada@example.com", password).await,
            FailureKind::Unauthenticated,
            "invalid_credentials",
        );
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn log_ins_are_on_record_and_floods_of_attempts_are_counted(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let ada = answer(shop.users.clone().create_user(ada()).await)
        .unwrap()
        .user
        .unwrap();
    login(&shop, "ada@example.com", PASSWORD).await.unwrap();
    for attempt in 0..30 {
        let email = format!("stranger{attempt}@example.com");
        login(&shop, &email, "guess").await.unwrap_err();
    }
    for _ in 0..3 {
        login(&shop, "ada@example.com", "guess").await.unwrap_err();
    }
    // What is still waiting for its turn.
    shop.command.close().await;
    let day = Logins::stream_id(shop.clock.now().date_naive());
    let stored = async || shop.store.load::<Logins>(&day).await.unwrap();
    eventually("all attempts are on record", || async {
        stored().await.aggregate.failed() == 33
    })
    .await;
    let logins = stored().await;
    assert_eq!(logins.aggregate.succeeded(), 1);
    let known: Option<i64> = sqlx::query_scalar(
        "SELECT sum((payload #>> '{LogInFailed,attempts}')::bigint)::bigint FROM events
         WHERE event_type = 'LogInFailed' AND payload #>> '{LogInFailed,user_id}' IN ($1)",
    )
    .bind(&ada.id)
    .fetch_one(&shop.pool)
    .await
    .unwrap();
    assert!(known.is_none_or(|known| known == 3), "{known:?}");
    let told: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM events WHERE aggregate_type = 'login' AND (payload::text || metadata::text) ~ 'example|guess|horse'",
    )
    .fetch_one(&shop.pool)
    .await
    .unwrap();
    assert_eq!(told, 0, "neither addresses nor passwords are in the log");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_hash_with_lower_costs_is_replaced_at_the_next_log_in(pool: PgPool) {
    let shop = Shop::open(pool).await;
    answer(shop.users.clone().create_user(ada()).await).unwrap();
    let cheap = {
        let params = argon2::Params::new(64, 1, 1, None).unwrap();
        let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        argon2
            .hash_password_with_salt(PASSWORD.as_bytes(), b"sixteen bytes...")
            .unwrap()
            .to_string()
    };
    sqlx::query("UPDATE credentials SET password_hash = $1")
        .bind(&cheap)
        .execute(&shop.pool)
        .await
        .unwrap();
    let stored = async || -> String {
        sqlx::query_scalar("SELECT password_hash FROM credentials")
            .fetch_one(&shop.pool)
            .await
            .unwrap()
    };
    login(&shop, "ada@example.com", "wrong").await.unwrap_err();
    assert_eq!(stored().await, cheap);
    for _ in 0..2 {
        login(&shop, "ada@example.com", PASSWORD).await.unwrap();
        assert!(stored().await.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }
}
