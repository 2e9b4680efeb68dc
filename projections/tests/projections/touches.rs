//! The fields that the registry says an event touches, beside what the audit found in SQL before there was a registry.

use sqlx::{PgPool, Row as _};

use crate::samples;
use crate::shop::Shop;
use crate::support::{Running, open, quick, until};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_row_of_the_audit_has_the_fields_that_it_had_before(pool: PgPool) {
    let store = open(&pool).await;
    for sample in samples::all() {
        samples::insert(&pool, &format!("sample_{}", sample.name), &sample).await;
    }
    let running = Running::start(&pool, &store, quick());
    Shop::new(store.clone(), 4).trade(250).await;
    // Not all read models: samples of one order in several streams are nothing that they would ever meet.
    until("audited", async || {
        sqlx::query_scalar("SELECT (SELECT count(*) FROM audit) = (SELECT count(*) FROM events)")
            .fetch_one(&pool)
            .await
            .unwrap()
    })
    .await;
    let rows = sqlx::query(&format!(
        "SELECT e.event_type::text, a.aggregate_id::text, a.fields::text[], ({})::text[], (SELECT count(*) FROM events)
         FROM events e JOIN audit a USING (lane, position)",
        expression("e")
    ))
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(rows.len() > 300, "{}", rows.len());
    for row in &rows {
        let (event_type, id): (&str, &str) = (row.get(0), row.get(1));
        let (now, before): (Vec<String>, Vec<String>) = (row.get(2), row.get(3));
        assert_eq!(now, before, "{event_type} of {id}");
        assert_eq!(
            row.get::<i64, _>(4),
            i64::try_from(rows.len()).unwrap(),
            "every event has its row"
        );
    }
    running.stop().await;
}

/// The expression for the event in `alias`.
fn expression(alias: &str) -> String {
    format!(
        "CASE {alias}.event_type
            WHEN 'ProductCreated' THEN '{{sku,name,description}}'::text[] || {priced} || '{{category,status}}'::text[] || {created}
            WHEN 'ProductUpdated' THEN {updated}
            WHEN 'ProductPriceChanged' THEN '{{price}}'
            WHEN 'ProductPublished' THEN '{{status}}'
            WHEN 'ProductArchived' THEN '{{status}}'
            WHEN 'ProductDeleted' THEN '{{deleted_at}}'
            WHEN 'ProductRestored' THEN '{{deleted_at}}'
            WHEN 'StockReceived' THEN '{{on_hand,available}}'
            WHEN 'StockAdjusted' THEN '{{on_hand,available}}'
            WHEN 'StockSet' THEN '{{on_hand,available}}'
            WHEN 'StockReserved' THEN '{{reserved,available}}'
            WHEN 'StockReleased' THEN '{{reserved,available}}'
            WHEN 'StockCommitted' THEN '{{on_hand,reserved}}'
            WHEN 'OrderPlaced' THEN '{{number,status,currency,lines,total,credited,placed_at}}'::text[] || {order}
            WHEN 'OrderImported' THEN
                '{{status,currency,lines,total,credited,placed_at,source,external_id}}'::text[] || {order}
            WHEN 'OrderCancelled' THEN '{{status,cancelled_at,cancel_reason}}'
            WHEN 'OrderAbandoned' THEN '{{status,cancel_reason}}'
            WHEN 'OrderCredited' THEN '{{credited}}'
            WHEN 'CreditIssued' THEN '{{source,external_id,currency,lines,total}}'::text[] || {order}
            WHEN 'SearchSettingsChanged' THEN {settings}
            WHEN 'SearchRuleCreated' THEN '{{rules}}'
            WHEN 'SearchRuleDeleted' THEN '{{rules}}'
            WHEN 'ParkedEventsRetried' THEN '{{retried}}'
            WHEN 'ParkedEventSkipped' THEN '{{skipped}}'
            WHEN 'EffectRetried' THEN '{{retried}}'
            WHEN 'EffectDropped' THEN '{{dropped}}'
            WHEN 'UserRegistered' THEN '{{email,name,role}}'
            WHEN 'UserRoleChanged' THEN '{{role}}'
            WHEN 'SessionOpened' THEN '{{user_id}}'
            WHEN 'SessionEnded' THEN '{{ended}}'
            WHEN 'SkuClaimed' THEN '{{product_id}}'
            WHEN 'SkuReleased' THEN '{{product_id}}'
            WHEN 'EmailClaimed' THEN '{{user_id}}'
            WHEN 'EmailReleased' THEN '{{user_id}}'
            ELSE '{{}}'
        END",
        priced = present(alias, &["price"]),
        created = attributes(alias, &[keys("attributes")]),
        updated = format_args!(
            "{} || {}",
            present(alias, &["sku", "name", "description", "category"]),
            attributes(alias, &[keys("set_attributes"), elements("removed_attributes")])
        ),
        settings = present(alias, &["synonyms", "stop_words"]),
        order = present(alias, &["customer_id", "customer_reference", "country"]),
    )
}

/// The event's own data, unless it holds a NUL, which PostgreSQL keeps in JSON but cannot look into. A backslash before it is escaped by
/// another one, so that an even number of them makes a text that only looks like it.
fn data(alias: &str) -> String {
    format!(
        "CASE WHEN strpos({alias}.payload::text, '\\u0000') = 0 OR {alias}.payload::text !~ '(^|[^\\\\])(\\\\\\\\)*\\\\u0000'
            THEN {alias}.payload -> {alias}.event_type::text END"
    )
}

/// Those of the members that the event has.
fn present(alias: &str, members: &[&str]) -> String {
    format!(
        "coalesce((SELECT array_agg(member ORDER BY place)
            FROM (SELECT {} AS data) AS own, unnest('{{{}}}'::text[]) WITH ORDINALITY AS known (member, place)
            WHERE json_typeof(data -> member) <> 'null'), '{{}}')",
        data(alias),
        members.join(",")
    )
}

/// `attributes` and each of them, when there are any.
fn attributes(alias: &str, names: &[String]) -> String {
    format!(
        "coalesce((SELECT CASE WHEN count(*) > 0 THEN '{{attributes}}'::text[] || array_agg('attributes.' || name) END
            FROM (SELECT {} AS data) AS own, LATERAL ({}) AS attribute (name)), '{{}}')",
        data(alias),
        names.join(" UNION ALL ")
    )
}

fn keys(member: &str) -> String {
    format!("SELECT json_object_keys(CASE WHEN json_typeof(data -> '{member}') = 'object' THEN data -> '{member}' END)")
}

fn elements(member: &str) -> String {
    format!(
        "SELECT json_array_elements_text(CASE WHEN json_typeof(data -> '{member}') = 'array' THEN data -> '{member}' END)"
    )
}
