use std::collections::BTreeMap;

use search::{
    Answer, AttributeValue, Facet, Filter, MAX_FACET_VALUES, NumberRange, PriceRange, PriceStatistics, Request, Status,
};

use crate::engines::Place;
use crate::shop::{filtered, product, shop, text, words};

fn attribute(key: &str) -> Facet {
    Facet::Attribute(key.into())
}

fn counts(answer: &Answer, facet: &Facet) -> Vec<(String, u64)> {
    let facet = answer
        .facets
        .iter()
        .find(|counts| counts.facet == *facet)
        .expect("the facet");
    facet
        .values
        .iter()
        .map(|value| (value.value.clone(), value.count))
        .collect()
}

fn expected(counts: &[(&str, u64)]) -> Vec<(String, u64)> {
    counts
        .iter()
        .map(|(value, count)| ((*value).to_owned(), *count))
        .collect()
}

fn all(facets: &[Facet], request: Request) -> Request {
    Request {
        facets: facets.to_vec(),
        ..request
    }
}

pub(crate) async fn count_values(place: &Place) {
    place.fill(shop()).await;
    let facets = [
        attribute("colour"),
        Facet::Category,
        Facet::InStock,
        attribute("wireless"),
        attribute("size"),
        attribute("no"),
    ];
    let answer = place.answer(&all(&facets, words(""))).await;
    assert_eq!(
        counts(&answer, &attribute("colour")),
        expected(&[("black", 5), ("red", 2), ("white", 2), ("beige", 1), ("silver", 1)]),
        "the most frequent first, then by value"
    );
    let categories: BTreeMap<String, u64> = counts(&answer, &Facet::Category).into_iter().collect();
    assert_eq!(categories["computers"], 6);
    assert_eq!(categories["computers/laptops"], 2);
    assert_eq!(categories["computers/laptops/gaming"], 1);
    assert_eq!(categories["computersold"], 1);
    assert_eq!(categories.len(), 10);
    assert_eq!(
        counts(&answer, &Facet::InStock),
        expected(&[("true", 10), ("false", 2)])
    );
    assert_eq!(
        counts(&answer, &attribute("wireless")),
        expected(&[("false", 1), ("true", 1)])
    );
    assert_eq!(counts(&answer, &attribute("size")), expected(&[("15", 2), ("17.3", 1)]));
    assert!(counts(&answer, &attribute("no")).is_empty());
}

pub(crate) async fn leave_their_own_filter_out(place: &Place) {
    place.fill(shop()).await;
    let filter = Filter {
        attributes: BTreeMap::from([("colour".to_owned(), vec!["black".to_owned()])]),
        categories: vec!["computers".into()],
        in_stock: Some(true),
        ..Filter::default()
    };
    let facets = [attribute("colour"), Facet::Category, Facet::InStock];
    let answer = place.answer(&all(&facets, filtered(filter))).await;
    assert_eq!(answer.total, 2, "wireless keyboard, wireless mouse");
    assert_eq!(
        counts(&answer, &attribute("colour")),
        expected(&[("black", 2), ("red", 1), ("silver", 1)]),
        "of what is in computers and in stock"
    );
    let categories = counts(&answer, &Facet::Category);
    assert!(!categories.is_empty(), "black and in stock");
    assert!(
        categories
            .iter()
            .all(|(path, _)| path.matches('/').count() == 1 && path.starts_with("computers/")),
        "one step further down: {categories:?}"
    );
    assert_eq!(
        counts(&answer, &Facet::InStock),
        expected(&[("true", 2), ("false", 1)]),
        "black and in computers"
    );
}

pub(crate) async fn count_only_what_matches(place: &Place) {
    place.fill(shop()).await;
    let active = Filter {
        statuses: vec![Status::Active],
        ..Filter::default()
    };
    let request = Request {
        words: "laptop".into(),
        ..all(&[attribute("colour")], filtered(active.clone()))
    };
    assert_eq!(
        counts(&place.answer(&request).await, &attribute("colour")),
        expected(&[("black", 2), ("silver", 1)])
    );
    let listing = place.answer(&all(&[attribute("colour")], filtered(active))).await;
    assert!(
        !counts(&listing, &attribute("colour"))
            .iter()
            .any(|(value, _)| value == "beige"),
        "of an archived product"
    );
    let page = Request {
        page: search::Page {
            limit: 0,
            ..Default::default()
        },
        ..request
    };
    let answer = place.answer(&page).await;
    assert_eq!((answer.total, answer.hits.len()), (3, 0), "counts without hits");
    assert_eq!(counts(&answer, &attribute("colour")).len(), 2);
}

pub(crate) async fn answer_in_the_order_of_the_request(place: &Place) {
    place.fill(shop()).await;
    let facets = [Facet::InStock, attribute("size"), Facet::Category, attribute("colour")];
    let answer = place.answer(&all(&facets, words("nothing that exists"))).await;
    let answered: Vec<Facet> = answer.facets.into_iter().map(|counts| counts.facet).collect();
    assert_eq!(answered, facets);
}

pub(crate) async fn go_down_with_the_chosen_category(place: &Place) {
    let in_category = |at: usize, path: String| {
        let mut product = product(&format!("c{at:03}"), "Thing");
        product.category = path;
        product
    };
    // More than are told, and more frequent than what is below the one that is chosen.
    let mut products: Vec<_> = (0..240)
        .map(|at| in_category(at, format!("other{:03}", at / 2)))
        .collect();
    let below = ["home/a", "home/b", "home/b", "home/b/deep", "home"];
    products.extend(
        below
            .into_iter()
            .zip(240..)
            .map(|(path, at)| in_category(at, path.to_owned())),
    );
    place.fill(products).await;
    let chosen = |paths: &[&str]| {
        let filter = Filter {
            categories: paths.iter().map(|path| (*path).to_owned()).collect(),
            ..Filter::default()
        };
        all(&[Facet::Category], filtered(filter))
    };
    for (paths, offered) in [
        (vec!["home"], vec![("home/b", 3), ("home/a", 1)]),
        (vec!["home/b"], vec![("home/b/deep", 1)]),
        // Nothing is below it: what is beside it.
        (vec!["home/a"], vec![("home/b", 3), ("home/a", 1)]),
    ] {
        let answer = place.answer(&chosen(&paths)).await;
        assert_eq!(counts(&answer, &Facet::Category), expected(&offered), "{paths:?}");
    }
    let top = place.answer(&chosen(&["other000"])).await;
    assert!(
        counts(&top, &Facet::Category)
            .iter()
            .all(|(path, _)| !path.contains('/'))
    );
}

pub(crate) async fn a_range_of_numbers_is_a_value(place: &Place) {
    let of = |id: &str, year: AttributeValue| {
        let mut product = product(id, "Wine");
        product.attributes.insert("year".into(), year);
        product
    };
    place
        .fill([
            of("a", AttributeValue::Integer(1989)),
            of("b", AttributeValue::Integer(1990)),
            of("c", AttributeValue::Number(1994.5)),
            of("d", text("1999")),
            of("e", text("old")),
            of("f", AttributeValue::Integer(2001)),
            product("g", "Wine"),
        ])
        .await;
    let years = |ranges: &[(Option<f64>, Option<f64>)], values: &[&str]| {
        let key = || "year".to_owned();
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let ranges = ranges
            .iter()
            .map(|(min, max)| NumberRange { min: *min, max: *max })
            .collect();
        let filter = Filter {
            attributes: BTreeMap::from_iter((!values.is_empty()).then(|| (key(), values))),
            ranges: BTreeMap::from([(key(), ranges)]),
            ..Filter::default()
        };
        all(&[attribute("year")], filtered(filter))
    };
    let nineties = (Some(1990.0), Some(1999.0));
    assert_eq!(place.set(&years(&[nineties], &[])).await, ["b", "c", "d"]);
    assert_eq!(place.set(&years(&[nineties], &["old"])).await, ["b", "c", "d", "e"]);
    assert_eq!(place.set(&years(&[(None, Some(1990.0))], &[])).await, ["a", "b"]);
    assert_eq!(
        place
            .set(&years(&[(Some(1999.5), None), (None, Some(1989.0))], &[]))
            .await,
        ["a", "f"]
    );
    assert!(place.set(&years(&[(Some(3000.0), None)], &[])).await.is_empty());
    let answer = place.answer(&years(&[nineties], &[])).await;
    assert_eq!(
        counts(&answer, &attribute("year")).len(),
        6,
        "the facet leaves its own range out"
    );
}

pub(crate) async fn offer_the_most_frequent_values(place: &Place) {
    let mut products = Vec::new();
    for at in 0..150 {
        let mut product = product(&format!("f{at:03}"), "Thing");
        product.attributes.insert("v".into(), text(&format!("value {at:03}")));
        product
            .attributes
            .insert("long".into(), text(&"x".repeat(if at == 0 { 900 } else { 20 })));
        products.push(product);
    }
    let mut frequent = product("f999", "Thing");
    frequent.attributes.insert("v".into(), text("value 149"));
    products.push(frequent);
    place.fill(products).await;
    let answer = place
        .answer(&all(&[attribute("v"), attribute("long")], words("")))
        .await;
    let values = counts(&answer, &attribute("v"));
    assert_eq!(values.len(), MAX_FACET_VALUES);
    assert_eq!(values[0], ("value 149".to_owned(), 2));
    assert_eq!(
        counts(&answer, &attribute("long")),
        [("x".repeat(20), 149)],
        "a text is no choice"
    );
    let by_text = filtered(Filter {
        attributes: BTreeMap::from([("long".to_owned(), vec!["x".repeat(900)])]),
        ..Filter::default()
    });
    assert_eq!(place.ids(&by_text).await, ["f000"], "but can be filtered by");
}

pub(crate) async fn prices_are_summed_up(place: &Place) {
    place.fill(shop()).await;
    let statistics = |filter| Request {
        price_statistics: true,
        ..filtered(filter)
    };
    let answer = place.answer(&statistics(Filter::default())).await;
    let currencies: Vec<&str> = answer.prices.iter().map(|prices| prices.currency.as_str()).collect();
    assert_eq!(currencies, ["EUR", "GBP"]);
    let pounds = PriceStatistics {
        currency: "GBP".into(),
        min: 1_900,
        max: 24_900,
        sum: 46_700,
        count: 3,
    };
    assert_eq!(answer.prices[1], pounds);
    assert_eq!(answer.prices[1].average(), 15_567);
    let bounded = statistics(Filter {
        price: PriceRange {
            currency: Some("GBP".into()),
            min: Some(20_000),
            max: None,
        },
        ..Filter::default()
    });
    let answer = place.answer(&bounded).await;
    assert_eq!(answer.total, 1);
    assert_eq!(answer.prices, [pounds], "the bounds are left out, the currency is not");
}
