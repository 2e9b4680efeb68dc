use std::collections::BTreeSet;

use search::{Document, Page, Request, Sort, Start};

use crate::engines::{Place, ids};
use crate::shop::{product, words};

fn many(count: usize) -> Vec<Document> {
    let product = |at: usize| {
        let mut product = product(&format!("m{at:05}"), &format!("Widget {}", at % 7));
        product.price.amount = i64::try_from(at % 13).unwrap();
        product.units_sold = i64::try_from(at % 5).unwrap();
        product
    };
    (0..count).map(product).collect()
}

fn page(request: &Request, limit: usize, start: Start) -> Request {
    Request {
        page: Page { limit, start },
        ..request.clone()
    }
}

pub(crate) async fn partition_the_hits(place: &Place) {
    place.fill(many(45)).await;
    for sort in [Sort::Relevance, Sort::PriceAsc, Sort::Name] {
        let request = Request {
            sort,
            ..words("widget")
        };
        let all = place.ids(&request).await;
        let mut seen = Vec::new();
        for offset in (0..60).step_by(7) {
            let answer = place.answer(&page(&request, 7, Start::Offset(offset))).await;
            assert_eq!(answer.total, 45);
            seen.extend(ids(&answer));
        }
        assert_eq!(seen, all, "{sort:?}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 45);
    }
}

pub(crate) async fn reach_beyond_a_thousand(place: &Place) {
    place.fill(many(2_345)).await;
    for request in [words("widget"), words("")] {
        let last = place.answer(&page(&request, 10, Start::Offset(2_340))).await;
        assert_eq!((last.total, last.hits.len()), (2_345, 5));
        let long = place.answer(&page(&request, 5_000, Start::Offset(0))).await;
        assert_eq!(long.hits.len(), search::MAX_LIMIT, "longer pages are cut");
    }
}

pub(crate) async fn stay_in_place_after_a_key(place: &Place) {
    place.fill(many(60)).await;
    let request = Request {
        sort: Sort::PriceDesc,
        ..words("widget")
    };
    let all = place.ids(&request).await;
    let first = place.answer(&page(&request, 20, Start::Offset(0))).await;
    let last = first.hits.last().unwrap().clone();
    // What comes before the key changes nothing behind it.
    place.delete(&[&all[3], &all[7]]).await;
    let mut dear = product("new", "Widget");
    dear.price.amount = 999;
    place.put([dear]).await;
    let after = page(&request, 20, Start::After(last.key.clone().unwrap(), last.id.clone()));
    let second = place.answer(&after).await;
    assert_eq!(ids(&second), all[20..40]);
    assert_eq!(second.total, 59, "of all pages");
    let begin = second.hits.first().unwrap();
    let before = place
        .answer(&page(
            &request,
            5,
            Start::Before(begin.key.clone().unwrap(), begin.id.clone()),
        ))
        .await;
    assert_eq!(ids(&before), all[15..20], "in the usual order");
    // The product itself may be gone.
    place.delete(&[&last.id]).await;
    assert_eq!(place.ids(&after).await, all[20..40]);
}

pub(crate) async fn may_be_empty(place: &Place) {
    place.fill(many(3)).await;
    for start in [Start::Offset(3), Start::Offset(1_000_000), Start::Offset(usize::MAX)] {
        let answer = place.answer(&page(&words("widget"), 10, start)).await;
        assert_eq!((answer.total, answer.hits.len()), (3, 0));
    }
}
