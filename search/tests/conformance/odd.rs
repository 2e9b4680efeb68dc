use std::collections::BTreeMap;

use search::{Facet, Filter, Page, PriceRange, Request, Sort, Start, Synonyms};

use crate::engines::Place;
use crate::shop::{filtered, product, shop, text, words};

const ODD: &[&str] = &[
    "\"",
    "\"laptop",
    "laptop\"",
    "\"gaming laptop\"",
    "-laptop",
    "+laptop",
    "laptop AND",
    "OR",
    "NOT laptop",
    "laptop*",
    "lap?op",
    "name:laptop",
    "laptop~2",
    "laptop^9",
    "(laptop",
    "[a TO b]",
    "{laptop}",
    "a:b:c",
    "\\",
    "/lap.*/",
    "laptop -gaming",
    "\0",
    "lap\0top",
    "\u{feff}laptop",
    "\u{202e}potpal",
    "🎧",
    "🎧 laptop",
    "%00",
    "' OR 1=1 --",
    "<script>",
    "{{7*7}}",
    "\u{0301}\u{0301}",
    "\u{1}",
    "laptop\r\n",
    "!!!",
    "…",
    "\u{e000}mark\u{e001}",
];

pub(crate) async fn no_query_is_an_error(place: &Place) {
    place.fill(shop()).await;
    for typed in ODD {
        for as_you_type in [false, true] {
            let request = Request {
                as_you_type,
                highlight: true,
                facets: vec![Facet::Category],
                ..words(typed)
            };
            let answer = place.search(&place.index, &request).await;
            assert!(answer.is_ok(), "{typed:?}: {answer:?}");
        }
    }
}

pub(crate) async fn a_query_has_no_syntax(place: &Place) {
    place.fill(shop()).await;
    for typed in [
        "laptop -gaming",
        "\"gaming laptop",
        "laptop \"gaming\"",
        "+gaming +laptop",
        "\"laptop gaming\"",
    ] {
        assert_eq!(place.set(&words(typed)).await, ["p07"], "{typed}");
    }
    assert_eq!(place.set(&words("-laptop")).await.len(), 3, "nothing is excluded");
    assert!(place.ids(&words("!!!")).await.is_empty(), "no word is no listing");
}

pub(crate) async fn long_queries_are_answered(place: &Place) {
    place.fill(shop()).await;
    for typed in [
        "laptop ".repeat(2_000),
        "x".repeat(10_000),
        "é".repeat(10_000),
        (0..3_000).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" "),
    ] {
        let answer = place.search(&place.index, &words(&typed)).await;
        assert!(answer.is_ok(), "{answer:?}");
    }
    assert_eq!(place.answer(&words(&"laptop ".repeat(9))).await.total, 3);
}

pub(crate) async fn odd_documents_are_taken(place: &Place) {
    let mut odd = product("odd", "");
    odd.sku = String::new();
    odd.description = format!("{} \0 \u{e000} 🎧 end", "word".repeat(40_000));
    odd.category = "a//b/".into();
    odd.price.amount = 1_000_000_000_000;
    odd.units_sold = -5;
    odd.attributes = BTreeMap::from([
        (String::new(), text("")),
        ("a.b-c_d/é\"'".into(), text("\0\u{1}")),
        ("f".into(), search::AttributeValue::Number(-1e300)),
        ("i".into(), search::AttributeValue::Integer(i64::MIN)),
        ("d".into(), text("2020-01-01T00:00:00Z")),
    ]);
    place.fill([odd, product("plain", "Plain")]).await;
    assert_eq!(place.ids(&words("end")).await, ["odd"]);
    let facets = ["", "a.b-c_d/é\"'", "f", "i", "d"].map(|key| Facet::Attribute(key.into()));
    let request = Request {
        facets: facets.to_vec(),
        ..words("")
    };
    let answer = place.answer(&request).await;
    assert_eq!(answer.total, 2);
    for (counts, value) in answer
        .facets
        .iter()
        .zip(["", "\0\u{1}", "", &i64::MIN.to_string(), "2020-01-01T00:00:00Z"])
    {
        assert_eq!(counts.values.len(), 1, "{counts:?}");
        if counts.facet != Facet::Attribute("f".into()) {
            assert_eq!(counts.values[0].value, value);
        }
        if let Facet::Attribute(key) = &counts.facet {
            let by_value = filtered(Filter {
                attributes: BTreeMap::from([(key.clone(), vec![counts.values[0].value.clone()])]),
                ..Filter::default()
            });
            assert_eq!(place.ids(&by_value).await, ["odd"], "{key:?}");
        }
    }
}

pub(crate) async fn odd_filters_are_answered(place: &Place) {
    place.fill(shop()).await;
    for odd in ODD.iter().copied().chain(["", "a/", "/", "x y", "_geoRadius(1,2,3)"]) {
        let request = Request {
            filter: Filter {
                categories: vec![odd.into()],
                price: PriceRange {
                    currency: Some(odd.into()),
                    min: Some(i64::MIN),
                    max: Some(i64::MAX),
                },
                attributes: BTreeMap::from([(odd.to_owned(), vec![odd.to_owned()])]),
                ids: Some(vec![odd.into()]),
                exclude_ids: vec![odd.into()],
                ..Filter::default()
            },
            facets: vec![Facet::Attribute(odd.into())],
            page: Page {
                limit: 10,
                start: Start::After(search::Key::Text(odd.into()), odd.into()),
            },
            sort: Sort::Name,
            ..Request::default()
        };
        let answer = place.search(&place.index, &request).await;
        assert!(answer.is_ok(), "{odd:?}: {answer:?}");
        assert_eq!(answer.unwrap().total, 0);
    }
    let synonyms = ODD.iter().map(|odd| Synonyms::OneWay {
        from: (*odd).into(),
        to: vec![(*odd).into()],
    });
    let settings = search::Settings {
        synonyms: synonyms.collect(),
        stop_words: ODD.iter().map(ToString::to_string).collect(),
        ..search::Settings::default()
    };
    place.update_settings(&place.index, &settings).await.unwrap();
    assert_eq!(place.answer(&words("mouse")).await.total, 2);
}
