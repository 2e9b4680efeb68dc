//! Streams, the timeline and users.

use proto::failure::FailureKind;
use proto::v1::{GetUserRequest, ListEventsReply, ListEventsRequest, PageRequest, ReadStreamRequest, Role, TimeRange};
use sqlx::PgPool;

use crate::support::{Shop, failure, micros, refused};

/// Three streams in two lanes; events 3 and 4 were recorded at the same time.
const EVENTS: &str = r#"
INSERT INTO events
SELECT type, id, sequence, event, '1.0', payload::json, '{"request_id":"req-1"}', lane, position, gen_random_uuid(), recorded::timestamptz,
    '2010-12-01T08:26Z', actor, correlation::uuid, CASE WHEN sequence = 2 THEN '00000000-0000-7000-8000-00000000000c'::uuid END
FROM (VALUES
    ('product', 'p1', 1, 'ProductCreated',      '{"a":"\u0000"}', 3, 1, '2024-01-01T00:00Z', 'usr_1', '00000000-0000-7000-8000-00000000000a'),
    ('product', 'p1', 2, 'ProductPriceChanged', '{"to": 1.50}',   3, 2, '2024-01-02T00:00Z', 'usr_2', '00000000-0000-7000-8000-00000000000b'),
    ('order',   'o1', 1, 'OrderPlaced',         '{}',             5, 1, '2024-01-03T00:00Z', 'usr_2', '00000000-0000-7000-8000-00000000000b'),
    ('product', 'p1', 3, 'ProductArchived',     '{}',             3, 3, '2024-01-03T00:00Z', 'usr_1', '00000000-0000-7000-8000-00000000000a'),
    ('stock',   'p1', 1, 'StockReceived',       '{}',             3, 4, '2024-01-04T00:00Z', 'usr_1', '00000000-0000-7000-8000-00000000000a')
) AS event (type, id, sequence, event, payload, lane, position, recorded, actor, correlation);
INSERT INTO audit SELECT lane, position, event_id, aggregate_type, aggregate_id, sequence, event_type, actor, correlation_id,
    'req-1', recorded_at, occurred_at, CASE event_type WHEN 'ProductPriceChanged' THEN '{price}' WHEN 'StockReceived' THEN '{on_hand,available}' ELSE '{}' END::text[]
FROM events;
"#;

async fn log(pool: PgPool) -> Shop {
    let shop = Shop::open(pool).await;
    shop.run(EVENTS).await;
    shop
}

fn by(change: impl FnOnce(&mut ListEventsRequest)) -> ListEventsRequest {
    let mut request = ListEventsRequest::default();
    change(&mut request);
    request
}

fn names(reply: &ListEventsReply) -> String {
    let names = reply
        .events
        .iter()
        .map(|event| format!("{}.{}", event.lane, event.position));
    names.collect::<Vec<_>>().join(" ")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stream_is_read_in_order_and_letter_for_letter(pool: PgPool) {
    let shop = log(pool).await;
    let request = |limit, cursor: &str| ReadStreamRequest {
        aggregate_type: "product".to_owned(),
        aggregate_id: "p1".to_owned(),
        page: Some(PageRequest {
            limit,
            cursor: cursor.to_owned(),
        }),
        ..ReadStreamRequest::default()
    };
    let reply = shop
        .audit
        .clone()
        .read_stream(request(2, ""))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.events.len(), 2);
    let event = &reply.events[0];
    assert_eq!(
        (event.sequence, event.event_type.as_str(), event.event_version.as_str()),
        (1, "ProductCreated", "1.0")
    );
    assert_eq!(event.payload, r#"{"a":"\u0000"}"#);
    assert_eq!(
        (
            event.actor.as_str(),
            event.request_id.as_str(),
            event.causation_id.as_str()
        ),
        ("usr_1", "req-1", "")
    );
    assert_eq!(event.correlation_id, "00000000-0000-7000-8000-00000000000a");
    assert_eq!(event.recorded_at_micros, micros("2024-01-01T00:00:00Z"));
    assert_eq!(event.occurred_at_micros, micros("2010-12-01T08:26:00Z"));
    assert_eq!(reply.events[1].payload, r#"{"to": 1.50}"#);
    assert_eq!(reply.events[1].causation_id, "00000000-0000-7000-8000-00000000000c");

    let next = reply.page.unwrap().next_cursor;
    let reply = shop
        .audit
        .clone()
        .read_stream(request(2, &next))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [3]);
    let page = reply.page.unwrap();
    assert_eq!(page.next_cursor, "");
    let reply = shop
        .audit
        .clone()
        .read_stream(request(2, &page.prev_cursor))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        reply.events.iter().map(|event| event.sequence).collect::<Vec<_>>(),
        [1, 2]
    );

    let unknown = ReadStreamRequest {
        aggregate_type: "order".to_owned(),
        ..request(2, "")
    };
    assert_eq!(
        failure(shop.audit.clone().read_stream(unknown).await).kind(),
        FailureKind::NotFound
    );
    let other = ReadStreamRequest {
        aggregate_type: "stock".to_owned(),
        ..request(2, &next)
    };
    assert_eq!(
        failure(shop.audit.clone().read_stream(other).await).code,
        "invalid_cursor"
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stream_is_filtered_and_read_either_way(pool: PgPool) {
    let shop = log(pool).await;
    let read = async |types: &[&str], sort: &str, limit, cursor: &str| {
        let request = ReadStreamRequest {
            aggregate_type: "product".to_owned(),
            aggregate_id: "p1".to_owned(),
            page: Some(PageRequest {
                limit,
                cursor: cursor.to_owned(),
            }),
            event_types: types.iter().map(|&name| name.to_owned()).collect(),
            sort: sort.to_owned(),
            ..ReadStreamRequest::default()
        };
        let reply = shop.audit.clone().read_stream(request).await;
        reply.map(|reply| {
            let reply = reply.into_inner();
            let sequences: Vec<_> = reply.events.iter().map(|event| event.sequence).collect();
            (sequences, reply.page.unwrap())
        })
    };
    for (types, sort, expected) in [
        (&[][..], "-sequence", &[3, 2, 1][..]),
        (&["ProductArchived", "ProductCreated"], "", &[1, 3]),
        (&["ProductArchived", "ProductCreated"], "-sequence", &[3, 1]),
        (&["OrderPlaced"], "", &[]),
    ] {
        let (found, page) = read(types, sort, 1, "").await.unwrap();
        assert_eq!(found, expected.iter().take(1).copied().collect::<Vec<_>>());
        let mut walked = found;
        let mut next = page.next_cursor;
        let mut prev = String::new();
        while !next.is_empty() {
            let (found, page) = read(types, sort, 1, &next).await.unwrap();
            walked.extend(found);
            (next, prev) = (page.next_cursor, page.prev_cursor);
        }
        assert_eq!(walked, expected, "{types:?} {sort}");
        if let [.., before, _] = expected {
            assert_eq!(read(types, sort, 1, &prev).await.unwrap().0, [*before]);
            assert_eq!(failure(read(&[], "sequence", 1, &prev).await).code, "invalid_cursor");
        }
    }
    assert_eq!(
        refused(read(&[], "type", 1, "").await),
        ("sort".to_owned(), "unknown".to_owned())
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_timeline_is_filtered_newest_first(pool: PgPool) {
    let shop = log(pool).await;
    let range = TimeRange {
        from_micros: Some(micros("2024-01-02T00:00:00Z")),
        to_micros: Some(micros("2024-01-04T00:00:00Z")),
    };
    let cases = [
        (by(|_| ()), "3.4 5.1 3.3 3.2 3.1"),
        (by(|list| list.actor = "usr_2".into()), "5.1 3.2"),
        (by(|list| list.event_type = "OrderPlaced".into()), "5.1"),
        (by(|list| list.aggregate_type = "product".into()), "3.3 3.2 3.1"),
        (by(|list| list.aggregate_id = "p1".into()), "3.4 3.3 3.2 3.1"),
        (
            by(|list| list.correlation_id = "00000000-0000-7000-8000-00000000000b".into()),
            "5.1 3.2",
        ),
        (by(|list| list.recorded = Some(range)), "5.1 3.3 3.2"),
        (
            by(|list| list.event_types = vec!["OrderPlaced".into(), "StockReceived".into()]),
            "3.4 5.1",
        ),
        (by(|list| list.field = "price".into()), "3.2"),
        (by(|list| list.field = "available".into()), "3.4"),
        (by(|list| list.field = "colour".into()), ""),
        (
            by(|list| {
                list.field = "price".into();
                list.actor = "usr_1".into();
            }),
            "",
        ),
        (by(|list| list.request_id = "req-1".into()), "3.4 5.1 3.3 3.2 3.1"),
        (by(|list| list.request_id = "req-2".into()), ""),
        (by(|list| list.occurred = Some(range)), ""),
        (by(|list| list.sort = "recorded_at".into()), "3.1 3.2 3.3 5.1 3.4"),
        (by(|list| list.sort = "-occurred_at".into()), "5.1 3.4 3.3 3.2 3.1"),
        (by(|list| list.actor = "nobody@example.com".into()), ""),
        (by(|list| list.actor = "nobody".into()), ""),
    ];
    for (request, expected) in cases {
        let reply = shop
            .audit
            .clone()
            .list_events(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(names(&reply), expected, "{request:?}");
    }
    let wrong = by(|list| list.correlation_id = "b".into());
    assert_eq!(refused(shop.audit.clone().list_events(wrong).await).0, "correlation_id");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_timeline_is_walked_through_equal_times(pool: PgPool) {
    let shop = log(pool).await;
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = PageRequest { limit: 1, cursor };
        let reply = shop
            .audit
            .clone()
            .list_events(by(|list| list.page = Some(page)))
            .await
            .unwrap()
            .into_inner();
        seen.push(names(&reply));
        cursor = reply.page.unwrap().next_cursor;
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen.join(" "), "3.4 5.1 3.3 3.2 3.1");
}

/// More events than are walked along: the rare ones are the oldest.
const MANY: &str = "
INSERT INTO events
SELECT 'stock', 's' || n, 1, 'StockReceived', '1.0', '{}', '{}', 1, n, gen_random_uuid(), '2024-01-01Z'::timestamptz + n * interval '1 s',
    '2024-01-01Z'::timestamptz + n * interval '1 s', 'usr_1', gen_random_uuid(), NULL
FROM generate_series(1, 21000) n;
INSERT INTO audit SELECT lane, position, event_id, aggregate_type, aggregate_id, sequence, event_type, actor, correlation_id,
    '', recorded_at, occurred_at, CASE WHEN position <= 5 THEN '{rare,on_hand}' ELSE '{on_hand}' END::text[]
FROM events";

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn fields_that_change_often_and_fields_that_rarely_do_are_found_both_ways(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.run(MANY).await;
    let list = async |field: &str, sort: &str, cursor: &str| {
        let request = by(|list| {
            list.field = field.to_owned();
            list.sort = sort.to_owned();
            list.page = Some(PageRequest {
                limit: 2,
                cursor: cursor.to_owned(),
            });
        });
        let reply = shop.audit.clone().list_events(request).await.unwrap().into_inner();
        (names(&reply), reply.page.unwrap())
    };
    let (first, page) = list("rare", "-recorded_at", "").await;
    assert_eq!(first, "1.5 1.4");
    let (second, page) = list("rare", "-recorded_at", &page.next_cursor).await;
    assert_eq!(second, "1.3 1.2");
    assert_eq!(list("rare", "-recorded_at", &page.prev_cursor).await.0, "1.5 1.4");
    let (last, page) = list("rare", "-recorded_at", &page.next_cursor).await;
    assert_eq!((last.as_str(), page.next_cursor.as_str()), ("1.1", ""));
    assert_eq!(list("rare", "occurred_at", "").await.0, "1.1 1.2");
    let (first, page) = list("on_hand", "-recorded_at", "").await;
    assert_eq!(first, "1.21000 1.20999");
    assert_eq!(
        list("on_hand", "-recorded_at", &page.next_cursor).await.0,
        "1.20998 1.20997"
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_user_is_read_by_id(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.run("INSERT INTO users VALUES ('usr_1', 'a@example.com', 'A', 'admin', 3, '2024-01-01Z')")
        .await;
    let request = |id: &str| GetUserRequest {
        id: id.to_owned(),
        context: None,
    };
    let user = shop
        .users
        .clone()
        .get_user(request("usr_1"))
        .await
        .unwrap()
        .into_inner()
        .user
        .unwrap();
    assert_eq!(
        (user.email.as_str(), user.name.as_str(), user.role(), user.version),
        ("a@example.com", "A", Role::Admin, 3)
    );
    assert_eq!(
        failure(shop.users.clone().get_user(request("usr_2")).await).kind(),
        FailureKind::NotFound
    );
}
