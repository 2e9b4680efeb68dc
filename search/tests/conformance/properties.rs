//! Answers compared with those of a plain scan over the same documents.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use search::{Document, Facet, Filter, Key, Page, PriceRange, Request, Sort, Start, Status, ancestors, normalise};

use crate::engines::{Place, ids};
use crate::shop::{hours, product, text};

const WORDS: [&str; 4] = ["apple", "pear", "plum", "fig"];
const COLOURS: [&str; 3] = ["red", "Red", "blue"];
const CATEGORIES: [&str; 5] = ["", "a", "a/b", "a/b/c", "ab"];
const CURRENCIES: [&str; 2] = ["EUR", "USD"];
const SORTS: [Sort; 5] = [
    Sort::PriceAsc,
    Sort::PriceDesc,
    Sort::Newest,
    Sort::Name,
    Sort::BestSelling,
];
/// How often; a server that creates an index every time takes longer.
const ROUNDS: [(&str, u32); 2] = [("tantivy", 40), ("meilisearch", 5)];

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let one = (
        (
            prop::sample::subsequence(&WORDS[..], 1..=3),
            prop::sample::select(&CATEGORIES[..]),
            0_i64..5,
        ),
        (
            prop::sample::select(&CURRENCIES[..]),
            any::<bool>(),
            prop::option::of(prop::sample::select(&COLOURS[..])),
        ),
        (
            prop::sample::select(&Status::ALL[..]),
            0_i64..4,
            0_i64..4,
            prop::option::of(0_i64..3),
        ),
    );
    prop::collection::vec(one, 0..40).prop_map(|parts| {
        let numbered = parts.into_iter().enumerate();
        let documents = numbered.map(
            |(at, ((names, category, price), (currency, in_stock, colour), (status, hour, sold, size)))| {
                let mut document: Document = product(&format!("d{at:02}"), &names.join(" "));
                category.clone_into(&mut document.category);
                document.price.amount = price;
                currency.clone_into(&mut document.price.currency);
                document.in_stock = in_stock;
                document.status = status;
                document.created_at = hours(hour);
                document.units_sold = sold;
                if let Some(colour) = colour {
                    document.attributes.insert("colour".into(), text(colour));
                }
                if let Some(size) = size {
                    document
                        .attributes
                        .insert("size".into(), search::AttributeValue::Integer(size));
                }
                document
            },
        );
        documents.collect()
    })
}

fn requests() -> impl Strategy<Value = Request> {
    let values = |values: &'static [&'static str]| prop::option::of(prop::sample::subsequence(values, 1..=2));
    (
        prop::option::of(prop::sample::subsequence(&WORDS[..], 1..=2)),
        values(&CATEGORIES[1..]),
        values(&COLOURS),
        values(&["0", "1"]),
        (
            prop::option::of(prop::sample::select(&CURRENCIES[..])),
            prop::option::of(0_i64..5),
            prop::option::of(0_i64..5),
        ),
        (
            prop::option::of(any::<bool>()),
            prop::sample::subsequence(&Status::ALL[..], 0..=2),
            prop::sample::select(&SORTS[..]),
        ),
    )
        .prop_map(
            |(words, categories, colours, sizes, (currency, min, max), (in_stock, statuses, sort))| {
                let strings = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect::<Vec<_>>();
                let attributes = [("colour", colours), ("size", sizes)];
                let attributes = attributes
                    .into_iter()
                    .filter_map(|(key, values)| Some((key.to_owned(), strings(values?))));
                Request {
                    words: words.map(|words| words.join(" ")).unwrap_or_default(),
                    filter: Filter {
                        categories: strings(categories.unwrap_or_default()),
                        price: PriceRange {
                            currency: currency.map(Into::into),
                            min,
                            max,
                        },
                        in_stock,
                        statuses,
                        attributes: attributes.collect(),
                        ..Filter::default()
                    },
                    facets: vec![
                        Facet::Category,
                        Facet::InStock,
                        Facet::Attribute("colour".into()),
                        Facet::Attribute("size".into()),
                    ],
                    price_statistics: true,
                    sort,
                    page: Page {
                        limit: 100,
                        start: Start::Offset(0),
                    },
                    ..Request::default()
                }
            },
        )
}

/// Whether a document fulfils the request, `without` the filter on one facet (`None`: with all) and, if so said, without the bounds of the
/// price.
fn fulfils(document: &Document, request: &Request, without: Option<&Facet>, bounds: bool) -> bool {
    let filter = &request.filter;
    let name: Vec<&str> = document.name.split(' ').collect();
    let has_words = request.words.split_whitespace().all(|word| name.contains(&word));
    let status = filter.statuses.is_empty() || filter.statuses.contains(&document.status);
    let currency = filter
        .price
        .currency
        .as_ref()
        .is_none_or(|currency| *currency == document.price.currency);
    let amount = document.price.amount;
    let price =
        !bounds || filter.price.min.is_none_or(|min| amount >= min) && filter.price.max.is_none_or(|max| amount <= max);
    let category = without == Some(&Facet::Category)
        || filter.categories.is_empty()
        || ancestors(&document.category).any(|path| filter.categories.iter().any(|asked| asked == path));
    let stock =
        without == Some(&Facet::InStock) || filter.in_stock.is_none_or(|in_stock| in_stock == document.in_stock);
    let attributes = filter.attributes.iter().all(|(key, values)| {
        let value = document.attributes.get(key).map(ToString::to_string);
        without == Some(&Facet::Attribute(key.clone())) || value.is_some_and(|value| values.contains(&value))
    });
    has_words && status && currency && price && category && stock && attributes
}

fn key(document: &Document, sort: Sort) -> Key {
    match sort {
        Sort::PriceAsc | Sort::PriceDesc => Key::Price(document.price.currency.clone(), document.price.amount),
        Sort::Newest | Sort::Relevance => Key::Integer(document.created_at.timestamp_micros()),
        Sort::BestSelling => Key::Integer(document.units_sold),
        Sort::Name => Key::Text(normalise(&document.name)),
    }
}

fn sorted<'a>(documents: &'a [Document], request: &Request) -> Vec<&'a Document> {
    let mut hits: Vec<&Document> = documents
        .iter()
        .filter(|document| fulfils(document, request, None, true))
        .collect();
    hits.sort_by(|left, right| {
        let order = key(left, request.sort).cmp(&key(right, request.sort));
        let order = if matches!(request.sort, Sort::PriceAsc | Sort::Name) {
            order
        } else {
            order.reverse()
        };
        order.then_with(|| left.id.cmp(&right.id))
    });
    hits
}

fn counts(documents: &[Document], request: &Request, facet: &Facet) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for document in documents
        .iter()
        .filter(|document| fulfils(document, request, Some(facet), true))
    {
        let values: Vec<String> = match facet {
            Facet::Category => ancestors(&document.category).map(str::to_owned).collect(),
            Facet::InStock => vec![document.in_stock.to_string()],
            Facet::Attribute(key) => document
                .attributes
                .get(key)
                .map(ToString::to_string)
                .into_iter()
                .collect(),
        };
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
    }
    let chosen = &request.filter.categories;
    if *facet == Facet::Category && !chosen.is_empty() {
        let above = |path: &str| {
            path.rsplit_once('/')
                .map_or(String::new(), |(above, _)| above.to_owned())
        };
        let below = |path: &str| chosen.contains(&above(path)) && !chosen.iter().any(|chosen| chosen == path);
        let deeper = counts.keys().any(|path| below(path));
        let beside: Vec<String> = chosen.iter().map(|path| above(path)).collect();
        counts.retain(|path, _| {
            if deeper {
                chosen.contains(&above(path))
            } else {
                beside.contains(&above(path))
            }
        });
    }
    counts
}

fn prices(documents: &[Document], request: &Request) -> BTreeMap<String, (i64, i64, i128, u64)> {
    let mut prices: BTreeMap<String, (i64, i64, i128, u64)> = BTreeMap::new();
    for document in documents
        .iter()
        .filter(|document| fulfils(document, request, None, false))
    {
        let amount = document.price.amount;
        let entry = prices
            .entry(document.price.currency.clone())
            .or_insert((i64::MAX, i64::MIN, 0, 0));
        *entry = (
            entry.0.min(amount),
            entry.1.max(amount),
            entry.2 + i128::from(amount),
            entry.3 + 1,
        );
    }
    prices
}

/// Fills the index in several writes, some documents twice, and runs the check on it.
async fn rounds<T: std::fmt::Debug>(
    place: &Place,
    strategy: impl Strategy<Value = T>,
    mut check: impl AsyncFnMut(&[Document], T),
) {
    let mut runner = TestRunner::new(Config::default());
    let rounds = ROUNDS
        .iter()
        .find(|(name, _)| *name == place.name())
        .map(|(_, rounds)| *rounds);
    for _ in 0..rounds.expect("a known engine") {
        let documents = documents().new_tree(&mut runner).unwrap().current();
        place.fill([]).await;
        for part in documents.chunks(13) {
            place.put(part.iter().cloned()).await;
        }
        if let Some(again) = documents.get(3..8) {
            place.put(again.iter().cloned()).await;
        }
        for _ in 0..4 {
            let asked = strategy.new_tree(&mut runner).unwrap().current();
            check(&documents, asked).await;
        }
    }
}

pub(crate) async fn answers_equal_those_of_a_scan(place: &Place) {
    rounds(place, requests(), async |documents, request: Request| {
        let answer = place.answer(&request).await;
        let expected = sorted(documents, &request);
        if expected.is_empty() && (answer.relaxed || request.words.is_empty()) {
            return;
        }
        let expected: Vec<&str> = expected.iter().map(|document| document.id.as_str()).collect();
        assert_eq!(ids(&answer), expected, "{request:#?} over {documents:#?}");
        assert_eq!(answer.total, expected.len() as u64);
        for facet in &answer.facets {
            let counted: BTreeMap<String, u64> = facet
                .values
                .iter()
                .map(|value| (value.value.clone(), value.count))
                .collect();
            assert_eq!(
                counted,
                counts(documents, &request, &facet.facet),
                "{:?} of {request:#?} over {documents:#?}",
                facet.facet
            );
        }
        let summed = answer.prices.iter().map(|prices| {
            (
                prices.currency.clone(),
                (prices.min, prices.max, prices.sum, prices.count),
            )
        });
        assert_eq!(
            summed.collect::<BTreeMap<_, _>>(),
            prices(documents, &request),
            "{request:#?} over {documents:#?}"
        );
    })
    .await;
}

pub(crate) async fn pages_by_key_partition(place: &Place) {
    rounds(
        place,
        (requests(), 1_usize..7),
        async |documents, (request, limit): (Request, usize)| {
            let expected: Vec<&str> = sorted(documents, &request)
                .iter()
                .map(|document| document.id.as_str())
                .collect();
            if expected.is_empty() {
                return;
            }
            let page = |start| Request {
                page: Page { limit, start },
                ..request.clone()
            };
            let mut seen = Vec::new();
            let mut start = Start::Offset(0);
            loop {
                let answer = place.answer(&page(start)).await;
                let Some(last) = answer.hits.last().cloned() else { break };
                seen.extend(ids(&answer));
                start = Start::After(last.key.unwrap(), last.id);
            }
            assert_eq!(seen, expected, "{request:#?}");
            let mut back: Vec<String> = Vec::new();
            let last = sorted(documents, &request).pop().unwrap();
            let mut start = Start::Before(key(last, request.sort), last.id.clone());
            loop {
                let answer = place.answer(&page(start)).await;
                let Some(first) = answer.hits.first().cloned() else {
                    break;
                };
                back.splice(0..0, ids(&answer));
                start = Start::Before(first.key.unwrap(), first.id);
            }
            assert_eq!(back, expected[..expected.len() - 1], "{request:#?}");
        },
    )
    .await;
}
