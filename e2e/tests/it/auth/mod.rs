//! `/v1/auth/login`, `/v1/me`, and who gets in.

mod accounts;
mod sessions;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use e2e::{PASSWORD, PATIENCE, System, Token, product, wait_until};
use proto::v1::Role;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logging_in_gives_a_token_that_says_who_one_is() {
    let system = System::start().await;
    let id = system
        .create_user("Ann.Smith@Shop.example", Role::Customer, PASSWORD)
        .await
        .unwrap();
    let anonymous = system.anonymous();
    // Whatever the case: mail systems do not tell these apart.
    let session = anonymous
        .post("/v1/auth/login")
        .json(json!({"email": "ann.smith@SHOP.example", "password": PASSWORD}))
        .await
        .ok(200);
    assert_eq!(session.header("cache-control"), Some("no-store"));
    insta::assert_json_snapshot!(session.json(), {".access_token" => "[token]", ".refresh_token" => "[token]", ".session_id" => "[id]", ".user.id" => "[id]", ".user.created_at" => "[time]"});
    let token = session["access_token"].as_str().unwrap();
    let parsed = Token::parse(token);
    assert_eq!(
        (&parsed.header["alg"], &parsed.claims["sub"], &parsed.claims["role"]),
        (&json!("EdDSA"), &json!(id), &json!("customer"))
    );
    assert_eq!(
        parsed.claims["exp"].as_i64().unwrap() - parsed.claims["iat"].as_i64().unwrap(),
        session["expires_in"].as_i64().unwrap()
    );
    assert!(
        !parsed.claims.to_string().to_lowercase().contains("ann.smith"),
        "a token tells nobody's address"
    );

    let me = anonymous
        .with_token(token)
        .get("/v1/me")
        .after(&system.everything().await)
        .await
        .ok(200);
    assert_eq!(me.json(), &session["user"]);
    let _ = anonymous.get("/v1/me").await.refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_and_an_unknown_address_cannot_be_told_apart() {
    let system = System::start().await;
    system
        .create_user("ann@shop.example", Role::Admin, PASSWORD)
        .await
        .unwrap();
    let log_in = |email: &str, password: &str| {
        system
            .anonymous()
            .post("/v1/auth/login")
            .header("x-request-id", "same")
            .json(json!({"email": email, "password": password}))
    };
    let wrong = log_in("ann@shop.example", "not the password")
        .await
        .refused(401, "invalid_credentials");
    for (email, password) in [
        ("nobody@shop.example", PASSWORD),
        ("no address", PASSWORD),
        ("ann@shop.example", ""),
        ("", ""),
        ("ann@shop.example", &"x".repeat(5000)),
    ] {
        let other = log_in(email, password).await.refused(401, "invalid_credentials");
        assert_eq!(other.text(), wrong.text(), "{email}");
        assert_eq!(other.header("www-authenticate"), wrong.header("www-authenticate"));
    }
    assert!(wrong.header("www-authenticate").is_some());
    let post = |body: Value| system.anonymous().post("/v1/auth/login").json(body);
    let _ = post(json!({"email": "ann@shop.example"})).await.refused_for(
        422,
        "validation_failed",
        &[("password", "required")],
    );
    let _ = post(json!({"email": 1, "password": PASSWORD})).await.refused_for(
        422,
        "validation_failed",
        &[("email", "invalid_type")],
    );
    let _ = post(json!({"email": "a", "password": "b", "otp": 1}))
        .await
        .refused_for(422, "validation_failed", &[("otp", "unknown_field")]);
    let _ = post(json!({"email": "a\u{0}@b.example", "password": "b"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_tokens_are_refused() {
    let system = System::start().await;
    let ann = system.customer("ann").await;
    let admin_route = "/v1/audit";
    let _ = ann.get(admin_route).await.refused(403, "forbidden");
    let genuine = Token::parse(ann.token());
    let key = system.signing_key();
    let changed = |change: &dyn Fn(&mut Token)| {
        let mut token = genuine.clone();
        change(&mut token);
        token
    };
    let raised = changed(&|token| token.claims["role"] = json!("admin"));
    let none = changed(&|token| {
        token.header["alg"] = json!("none");
        token.claims["role"] = json!("admin");
        token.signature.clear();
    });
    let hmac = changed(&|token| token.header["alg"] = json!("HS256"));
    let other_key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    let flipped = {
        let mut signature = BASE64_URL_SAFE_NO_PAD.decode(&genuine.signature).unwrap();
        signature[10] ^= 1;
        changed(&|token| token.signature = BASE64_URL_SAFE_NO_PAD.encode(&signature))
    };
    let forged = [
        ("a higher role", raised.text()),
        ("no algorithm", none.text()),
        (
            "no algorithm, with a signature",
            changed(&|token| token.header["alg"] = json!("none")).text(),
        ),
        ("another algorithm", hmac.text()),
        ("another key", raised.signed(other_key)),
        (
            "another issuer",
            changed(&|token| token.claims["iss"] = json!("elsewhere")).signed(&key),
        ),
        (
            "another audience",
            changed(&|token| token.claims["aud"] = json!("elsewhere")).signed(&key),
        ),
        (
            "an unknown role",
            changed(&|token| token.claims["role"] = json!("root")).signed(&key),
        ),
        ("a bit of the signature", flipped.text()),
        ("no signature", changed(&|token| token.signature.clear()).text()),
        ("nonsense", "nonsense".to_owned()),
        ("nothing", String::new()),
    ];
    for (why, token) in forged {
        for path in [admin_route, "/v1/me", "/v1/products"] {
            let refused = system.anonymous().with_token(token.as_str()).get(path).await;
            assert_eq!(
                (refused.status(), refused["code"].as_str()),
                (401, Some("invalid_token")),
                "{why} at {path}: {refused:?}"
            );
        }
    }
    for scheme in ["Basic YWRtaW46YWRtaW4=", "Bearer", ann.token()] {
        let refused = system.anonymous().get("/v1/me").header("authorization", scheme).await;
        assert_eq!(refused.status(), 401, "{refused:?}");
    }
    let lower = system
        .anonymous()
        .get("/v1/me")
        .header("authorization", format!("bearer {}", ann.token()))
        .await;
    assert_eq!(lower.status(), 200, "schemes have no case: {lower:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_expires() {
    let system = System::start().await;
    let ann = system.customer("ann").await;
    let _ = ann.get("/v1/me").after(&system.everything().await).await.ok(200);
    let mut old = Token::parse(ann.token());
    let now = system.clock().now().timestamp();
    (old.claims["iat"], old.claims["exp"]) = (json!(now - 601), json!(now - 1));
    let token = old.signed(&system.signing_key());
    let refused = ann
        .with_token(token.as_str())
        .get("/v1/me")
        .await
        .refused(401, "token_expired");
    assert!(
        refused
            .header("www-authenticate")
            .is_some_and(|challenge| challenge.contains("invalid_token"))
    );
    // Also where nobody needs to be known: the sender believes to be.
    let _ = ann
        .with_token(token)
        .get("/v1/products")
        .await
        .refused(401, "token_expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_key_verifies_the_tokens() {
    let system = System::start().await;
    let ann = system.customer("ann").await;
    let set = system.anonymous().get("/.well-known/jwks.json").await.ok(200);
    assert!(!set.text().contains("\"d\""), "the private half stays private");
    let header = jsonwebtoken::decode_header(ann.token()).unwrap();
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(set.json().clone()).unwrap();
    let key = keys
        .find(header.kid.as_deref().unwrap())
        .expect("the token names its key");
    let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
    let mut validation = jsonwebtoken::Validation::new(header.alg);
    validation.set_audience(&[Token::parse(ann.token()).claims["aud"].as_str().unwrap()]);
    let verified = jsonwebtoken::decode::<Value>(ann.token(), &key, &validation).unwrap();
    assert_eq!(verified.claims["sub"], ann.user_id());
    assert!(jsonwebtoken::decode::<Value>(&format!("{}x", ann.token()), &key, &validation).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_keep_out_of_what_is_for_administrators() {
    let system = System::start().await;
    let ann = system.customer("ann").await;
    let id = "prod_0198c0de-0000-7000-8000-000000000001";
    for (request, what) in [
        (ann.post("/v1/products").json(product("A", 1)), "create"),
        (ann.patch(format!("/v1/products/{id}")).json(json!({})), "patch"),
        (ann.delete(format!("/v1/products/{id}")), "delete"),
        (ann.post(format!("/v1/products/{id}/publish")), "publish"),
        (ann.receive(id, 1), "receive"),
        (
            ann.post("/v1/stock/adjust")
                .json(json!({"product_id": id, "quantity": 1, "reason": "x"})),
            "adjust",
        ),
        (
            ann.post("/v1/stock/set")
                .json(json!({"product_id": id, "quantity": 1, "expected": 0})),
            "set",
        ),
        (ann.get("/v1/reports/sales?from=2024-01-01&to=2024-02-01"), "report"),
        (ann.get("/v1/audit"), "audit"),
        (ann.get("/v1/streams/product/x"), "stream"),
        // Before the body is looked at.
        (ann.post("/v1/products").body("text/plain", "nonsense"), "nonsense"),
    ] {
        let refused = request.await;
        assert_eq!(
            (refused.status(), refused["code"].as_str()),
            (403, Some("forbidden")),
            "{what}: {refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_has_one_user() {
    let system = System::start().await;
    system
        .create_user("ann@shop.example", Role::Customer, PASSWORD)
        .await
        .unwrap();
    let taken = system
        .create_user("ANN@shop.example", Role::Admin, PASSWORD)
        .await
        .unwrap_err();
    assert_eq!(taken.code, "email_taken");
    let tries =
        futures::future::join_all((0..8).map(|_| system.create_user("bob@shop.example", Role::Customer, PASSWORD)))
            .await;
    assert_eq!(tries.iter().filter(|result| result.is_ok()).count(), 1);
    for wrong in ["", "nobody", "@shop.example", "a b@shop.example"] {
        let refused = system.create_user(wrong, Role::Customer, PASSWORD).await.unwrap_err();
        assert_eq!(
            (refused.code.as_str(), refused.fields[0].field.as_str()),
            ("validation_failed", "email"),
            "{wrong}"
        );
    }
    let short = system
        .create_user("carl@shop.example", Role::Customer, "short")
        .await
        .unwrap_err();
    assert_eq!(
        (short.fields[0].field.as_str(), short.fields[0].code.as_str()),
        ("password", "too_short")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_ins_are_in_the_audit_log() {
    let system = System::start().await;
    let id = system
        .create_user("ann@shop.example", Role::Customer, PASSWORD)
        .await
        .unwrap();
    let admin = system.admin().await;
    let log_in = |email: &str, password: &str| {
        system
            .anonymous()
            .post("/v1/auth/login")
            .json(json!({"email": email, "password": password}))
    };
    let _ = log_in("ann@shop.example", PASSWORD).await.ok(200);
    let typed_wrong = "a password in the wrong place";
    for _ in 0..2 {
        let _ = log_in("ann@shop.example", "wrong")
            .await
            .refused(401, "invalid_credentials");
        let _ = log_in(typed_wrong, "wrong").await.refused(401, "invalid_credentials");
    }
    let events = async |query: &str| {
        let path = format!("/v1/audit?aggregate=login&limit=200&{query}");
        admin.get(path).after(&system.everything().await).await.ok(200)
    };
    let own = events(&format!("type=LoggedIn&actor={id}")).await;
    let [own] = own["items"].as_array().unwrap().as_slice() else {
        panic!("{own:?}")
    };
    assert_eq!(
        (&own["payload"]["LoggedIn"]["user_id"], &own["metadata"]["channel"]),
        (&json!(id), &json!("rest"))
    );
    let failed = wait_until("all attempts to be on record", PATIENCE, async || {
        let failed = events("type=LogInFailed").await;
        let attempts = |items: &Vec<Value>, own: bool| -> u64 {
            let payloads = items.iter().map(|item| &item["payload"]["LogInFailed"]);
            let payloads = payloads.filter(|payload| (payload["user_id"] == id) == own);
            payloads.map(|payload| payload["attempts"].as_u64().unwrap()).sum()
        };
        let items = failed["items"].as_array().unwrap();
        (attempts(items, true) == 2 && attempts(items, false) == 2).then(|| failed.clone())
    })
    .await;
    assert_eq!(failed["items"][0]["actor"]["id"], "system:login");
    assert!(
        !failed.text().contains(typed_wrong) && !failed.text().contains("ann@shop.example"),
        "{failed:?}"
    );
    let _ = admin
        .get("/v1/audit?type=OrderEaten")
        .await
        .refused_for(400, "invalid_parameter", &[("type", "unknown")]);
    let _ =
        admin
            .get("/v1/audit?aggregate=cow")
            .await
            .refused_for(400, "invalid_parameter", &[("aggregate", "unknown")]);
    let nobody = "usr_0198c0de-0000-7000-8000-0000000000ee";
    for (path, field) in [
        (format!("/v1/orders?customer={nobody}"), "customer"),
        (
            format!("/v1/reports/sales?from=2026-01-01&to=2026-02-01&customer={nobody}"),
            "customer",
        ),
        (
            format!("/v1/reports/sales/orders?from=2026-01-01&to=2026-02-01&customer={nobody}"),
            "customer",
        ),
        (
            "/v1/reports/sales?from=2026-01-01&to=2026-02-01&product=prod_0198c0de-0000-7000-8000-0000000000ee"
                .to_owned(),
            "product",
        ),
        (
            "/v1/orders?product=prod_0198c0de-0000-7000-8000-0000000000ee".to_owned(),
            "product",
        ),
        (
            "/v1/search/rules?product=prod_0198c0de-0000-7000-8000-0000000000ee".to_owned(),
            "product",
        ),
    ] {
        let _ = admin
            .get(path)
            .await
            .refused_for(400, "invalid_parameter", &[(field, "unknown")]);
    }
}
