use search::{Curation, Facet, Filter, Page, Request, Settings, Sort, Start, Status, find};

use crate::engines::{Place, ids};
use crate::shop::{shop, words};

fn curation(pinned: &[&str], hidden: &[&str]) -> Curation {
    let strings = |values: &[&str]| values.iter().map(ToString::to_string).collect();
    Curation {
        pinned: strings(pinned),
        hidden: strings(hidden),
    }
}

async fn found(place: &Place, request: &Request, curation: &Curation) -> search::Answer {
    find(&*place.engine, &place.index, request, Some(curation))
        .await
        .expect("an answer")
}

pub(crate) async fn pinned_products_come_first(place: &Place) {
    place.fill(shop()).await;
    let pins = curation(&["p11", "p05", "p11", "nobody"], &[]);
    let mut request = words("laptop");
    let answer = found(place, &request, &pins).await;
    assert_eq!(ids(&answer)[..2], ["p11", "p05"], "in their order, matching or not");
    assert_eq!(answer.hits.len(), 4, "each once");
    request.sort = Sort::PriceAsc;
    assert_eq!(
        ids(&found(place, &request, &pins).await),
        ["p05", "p06", "p07"],
        "not in other orders"
    );
    assert_eq!(
        ids(&found(place, &words(""), &pins).await)[0],
        "p12",
        "nor in the listing"
    );
    let settings = Settings {
        curations: [("laptop bag".to_owned(), pins.clone())].into(),
        ..Settings::default()
    };
    assert_eq!(settings.curation("  LAPTOP  Bág "), Some(&pins));
    assert_eq!(settings.curation("laptop"), None);
}

pub(crate) async fn pinned_products_count(place: &Place) {
    place.fill(shop()).await;
    let request = Request {
        facets: vec![Facet::Attribute("colour".into())],
        price_statistics: true,
        ..words("laptop")
    };
    let answer = found(place, &request, &curation(&["p10", "p05"], &[])).await;
    assert_eq!(answer.total, 4);
    let counts: Vec<_> = answer.facets[0]
        .values
        .iter()
        .map(|value| (value.value.as_str(), value.count))
        .collect();
    assert_eq!(counts, [("black", 2), ("red", 1), ("silver", 1)]);
    assert_eq!(answer.prices.iter().map(|prices| prices.count).sum::<u64>(), 4);
    let nothing = found(place, &words("labtep"), &curation(&["p10"], &[])).await;
    assert_eq!((nothing.total, nothing.correction), (1, None));
}

pub(crate) async fn pinned_products_obey_filters(place: &Place) {
    place.fill(shop()).await;
    let request = Request {
        filter: Filter {
            statuses: vec![Status::Active],
            ..Filter::default()
        },
        ..words("laptop")
    };
    let answer = found(place, &request, &curation(&["p10", "p12", "p11"], &[])).await;
    assert_eq!(ids(&answer)[0], "p11", "no draft, nothing archived");
    assert_eq!(answer.total, 4);
}

pub(crate) async fn pages_with_pins_partition_the_hits(place: &Place) {
    place.fill(shop()).await;
    let pins = curation(&["p11", "p06", "p08"], &["p07"]);
    let all = ids(&found(place, &words("laptop"), &pins).await);
    assert_eq!(all, ["p11", "p06", "p08", "p05"]);
    for limit in 1..=5 {
        let mut seen = Vec::new();
        for offset in (0..8).step_by(limit) {
            let request = Request {
                page: Page {
                    limit,
                    start: Start::Offset(offset),
                },
                ..words("laptop")
            };
            let answer = found(place, &request, &pins).await;
            assert_eq!(answer.total, 4);
            seen.extend(ids(&answer));
        }
        assert_eq!(seen, all, "pages of {limit}");
    }
}

pub(crate) async fn hidden_products_are_never_found(place: &Place) {
    place.fill(shop()).await;
    let hide = curation(&["p06"], &["p06", "p07"]);
    for sort in [Sort::Relevance, Sort::Newest] {
        let request = Request {
            sort,
            facets: vec![Facet::InStock],
            ..words("laptop")
        };
        let answer = found(place, &request, &hide).await;
        assert_eq!(ids(&answer), ["p05"], "hidden wins over pinned");
        assert_eq!(answer.total, 1);
        assert_eq!(answer.facets[0].values.len(), 1);
    }
}
