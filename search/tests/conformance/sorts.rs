use search::{Key, Request, Sort};

use crate::engines::Place;
use crate::shop::{product, shop, words};

pub(crate) async fn every_order_is_right(place: &Place) {
    let mut shop = shop();
    // Equal in everything: the ids decide.
    shop.extend(["q2", "q1"].map(|id| product(id, "écran Élan")));
    place.fill(shop).await;
    let by = |sort| Request { sort, ..words("") };
    let orders = [
        (Sort::PriceAsc, "p12 q1 q2 p03 p05 p01 p04 p08 p02 p06 p07 p11 p09 p10"),
        (Sort::PriceDesc, "p10 p09 p11 p07 p06 p02 p08 p04 p01 p05 p03 q1 q2 p12"),
        (Sort::Newest, "p12 p11 p10 p09 p08 p07 p06 p05 p04 p03 p02 p01 q1 q2"),
        (Sort::Name, "p08 p10 q1 q2 p11 p07 p04 p06 p05 p02 p12 p09 p01 p03"),
        (
            Sort::BestSelling,
            "p03 p04 p08 p02 p06 p07 p01 p10 p05 p09 p12 p11 q1 q2",
        ),
    ];
    for (sort, expected) in orders {
        assert_eq!(place.ids(&by(sort)).await.join(" "), expected, "{sort:?}");
    }
    let answer = place.answer(&by(Sort::Name)).await;
    assert_eq!(answer.hits[2].key, Some(Key::Text("ecran elan".into())));
    let answer = place.answer(&by(Sort::PriceAsc)).await;
    assert_eq!(answer.hits[0].key, Some(Key::Price("EUR".into(), 900)));

    let with_words = Request {
        words: "laptop".into(),
        ..by(Sort::PriceDesc)
    };
    assert_eq!(place.ids(&with_words).await, ["p07", "p06", "p05"]);
    let relevant = place.answer(&words("laptop")).await;
    assert!(relevant.hits.iter().all(|hit| hit.key.is_none() && hit.score > 0.0));
    assert!(relevant.hits.is_sorted_by(|left, right| left.score >= right.score));
}
