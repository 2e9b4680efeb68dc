//! Which fields an event changed, told from the event alone.
//!
//! In SQL, because the events never leave the database on their way into this read model. The names are those that
//! [`crate::History::changes`] gives to the same changes; a test over random histories compares the two.

/// The expression for the event in `alias`.
pub(super) fn expression(alias: &str) -> String {
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
            WHEN 'UserRegistered' THEN '{{email,name,role}}'
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
