//! Effects that could not be delivered, as operators see them, and what they do about them.

use e2e::{PATIENCE, System, wait_until};
use serde_json::{Value, json};

pub(crate) const ID: &str = "3f0f2a0e-6f5c-5a53-9c46-0d6f3ad3a1b7";
pub(crate) const OTHER: &str = "3f0f2a0e-6f5c-5a53-9c46-0d6f3ad3a1b8";

/// Effects as a worker leaves them that was refused for good.
pub(crate) async fn dead(system: &System, ids: &[&str]) {
    let body = json!({"order_id": "ord_0198c0de-0000-7000-8000-00000000bad1", "cancelled": true, "held": {
        "products": [], "since": "2026-01-01T00:00:00Z", "correlation_id": ID, "cause": null}});
    for id in ids {
        sqlx::query(
            "INSERT INTO process_effect (id, name, key, step, kind, body, remembered, status, attempts, error, finished_at)
             VALUES ($1::uuid, 'reservations', 'ord_0198c0de-0000-7000-8000-00000000bad1', 'cancelled', 'settle_reservation', $2,
                     true, 'dead', 3, 'refused', clock_timestamp())",
        )
        .bind(id)
        .bind(sqlx::types::Json(&body))
        .execute(&system.pool())
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_listed_retried_and_dropped_and_it_is_all_on_record() {
    let system = System::start().await;
    let admin = system.admin().await;
    assert_eq!(admin.get("/v1/processes/dead-letters").await.ok(200).items().len(), 0);
    dead(&system, &[ID, OTHER]).await;
    let page = admin
        .get("/v1/processes/dead-letters?limit=1&process=reservations")
        .await
        .ok(200);
    let letter = &page.items()[0];
    assert_eq!(
        (
            &letter["id"],
            &letter["process"],
            &letter["attempts"],
            &letter["error"],
            &letter["body"]["cancelled"]
        ),
        (
            &json!(ID),
            &json!("reservations"),
            &json!(3),
            &json!("refused"),
            &json!(true)
        )
    );
    let next = page["next_cursor"].as_str().unwrap();
    let rest = admin.get(format!(
        "/v1/processes/dead-letters?limit=1&process=reservations&cursor={next}"
    ));
    let rest = rest.await.ok(200);
    assert_eq!(
        (&rest.items()[0]["id"], &rest["next_cursor"]),
        (&json!(OTHER), &Value::Null)
    );
    let none = admin.get("/v1/processes/dead-letters?process=books").await.ok(200);
    assert_eq!(none.items().len(), 0);

    let path = |id: &str, action: &str| format!("/v1/processes/dead-letters/{id}/{action}");
    let retried = admin
        .post(path(ID, "retry"))
        .header("audit-reason", "it is mended")
        .await
        .ok(200);
    assert_eq!(retried["id"], ID);
    let done = wait_until("the effect to take place", PATIENCE, async || {
        let status: String = sqlx::query_scalar("SELECT status FROM process_effect WHERE id = $1::uuid")
            .bind(ID)
            .fetch_one(&system.pool())
            .await
            .unwrap();
        (status == "done").then_some(status)
    });
    done.await;
    let _ = admin
        .post(path(ID, "retry"))
        .await
        .refused(404, "dead_letter_not_found");
    let audit = admin
        .get("/v1/audit?type=EffectRetried")
        .after(retried.consistency_token())
        .await
        .ok(200);
    assert_eq!(
        (audit.items().len(), &audit.items()[0]["reason"]),
        (1, &json!("it is mended"))
    );
    assert_eq!(audit.items()[0]["aggregate_id"], "process_reservations");

    let reason = json!({"reason": "settled by hand"});
    let dropped = admin.post(path(OTHER, "drop")).json(reason.clone()).await.ok(200);
    assert_eq!(
        (&dropped["actor"], &dropped["reason"]),
        (&json!(admin.user_id()), &reason["reason"])
    );
    let again = admin
        .post(path(OTHER, "drop"))
        .json(json!({"reason": "again"}))
        .await
        .ok(200);
    assert_eq!(
        (&again["reason"], &again["dropped_at"]),
        (&dropped["reason"], &dropped["dropped_at"])
    );
    let audit = admin
        .get("/v1/audit?type=EffectDropped")
        .after(dropped.consistency_token())
        .await
        .ok(200);
    assert_eq!(audit.items().len(), 1);
    assert_eq!(audit.items()[0]["payload"]["EffectDropped"]["effect_id"], OTHER);
    assert_eq!(admin.get("/v1/processes/dead-letters").await.ok(200).items().len(), 0);
    drop(system.shut_down().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_for_administrators() {
    let system = System::start().await;
    let (admin, customer) = (system.admin().await, system.customer("ann").await);
    let _ = customer
        .get("/v1/processes/dead-letters")
        .await
        .refused(403, "forbidden");
    for action in ["retry", "drop"] {
        let body = json!({"reason": "no"});
        let body = if action == "drop" { Some(&body) } else { None };
        for (wrong, status, code) in [
            ("nothing", 404, "dead_letter_not_found"),
            (ID, 404, "dead_letter_not_found"),
        ] {
            let path = format!("/v1/processes/dead-letters/{wrong}/{action}");
            let request = |who: &e2e::Client| match body {
                Some(body) => who.post(&path).json(body.clone()),
                None => who.post(&path),
            };
            let _ = request(&customer).await.refused(403, "forbidden");
            let _ = request(&admin).await.refused(status, code);
        }
    }
    let answer = admin.get("/v1/processes/dead-letters?cursor=x").await;
    let _ = answer.refused(400, "invalid_cursor");
    drop(system.shut_down().await);
}
