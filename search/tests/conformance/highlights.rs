use search::Request;

use crate::engines::Place;
use crate::shop::{product, shop, words};

fn highlighted(typed: &str) -> Request {
    Request {
        highlight: true,
        ..words(typed)
    }
}

pub(crate) async fn mark_the_words(place: &Place) {
    place.fill(shop()).await;
    let answer = place.answer(&highlighted("laptop gaming")).await;
    assert_eq!(
        answer.hits[0].name.as_deref(),
        Some("<mark>Gaming</mark> <mark>Laptop</mark>")
    );
    assert_eq!(answer.hits[0].snippet, None, "no description");
    let answer = place.answer(&highlighted("labtop")).await;
    assert!(
        answer
            .hits
            .iter()
            .all(|hit| hit.name.as_deref().unwrap().contains("<mark>Laptop</mark>")),
        "as the product writes it"
    );
    let answer = place.answer(&words("laptop")).await;
    assert_eq!(answer.hits[0].name, None, "not asked for");
    let answer = place.answer(&highlighted("")).await;
    assert_eq!(answer.hits[0].name.as_deref(), Some("Old Computer"));
}

pub(crate) async fn mark_what_an_unfinished_word_begins(place: &Place) {
    place.fill(shop()).await;
    for (typed, marked) in [
        ("m", "Coffee <mark>Machine</mark>"),
        ("coffee ma", "<mark>Coffee</mark> <mark>Machine</mark>"),
    ] {
        let request = Request {
            as_you_type: true,
            ..highlighted(typed)
        };
        let answer = place.answer(&request).await;
        let machine = answer.hits.iter().find(|hit| hit.id == "p10").unwrap();
        assert_eq!(machine.name.as_deref(), Some(marked), "{typed}");
    }
}

pub(crate) async fn are_safe_html(place: &Place) {
    let mut evil = product("x", "<script>alert(\"widget\")</script> & co");
    evil.description = "It's a <b>widget</b> & <mark>more</mark>".into();
    place.fill([evil]).await;
    let answer = place.answer(&highlighted("widget")).await;
    assert_eq!(
        answer.hits[0].name.as_deref(),
        Some("&lt;script&gt;alert(&quot;<mark>widget</mark>&quot;)&lt;/script&gt; &amp; co")
    );
    assert_eq!(
        answer.hits[0].snippet.as_deref(),
        Some("It&#39;s a &lt;b&gt;<mark>widget</mark>&lt;/b&gt; &amp; &lt;mark&gt;more&lt;/mark&gt;")
    );
}

pub(crate) async fn show_the_part_with_the_words(place: &Place) {
    let mut long = product("x", "Thing");
    long.description = format!("{}a needle lies here {}", "hay ".repeat(500), "straw ".repeat(500));
    place.fill([long]).await;
    let answer = place.answer(&highlighted("needle")).await;
    let snippet = answer.hits[0].snippet.clone().unwrap();
    assert!(snippet.contains("a <mark>needle</mark> lies here"), "{snippet}");
    assert!(
        snippet.starts_with('…') && snippet.ends_with('…') && snippet.len() < 400,
        "{snippet}"
    );
    let answer = place.answer(&highlighted("thing")).await;
    assert!(
        answer.hits[0].snippet.clone().unwrap().starts_with("hay hay"),
        "the beginning"
    );
}
