//! From a request to what Meilisearch understands.

use super::row::{exact, hex, name_key, value_code};
use crate::document::AttributeValue;
use crate::request::{Facet, Filter, Key, Request, Sort, Start};
use crate::words::without_article;

/// A filter that nothing fulfils.
const NOTHING: &str = "key = \"none\"";

/// The words, which were cut as those of products are. They have no syntax: quotes would make phrases, a minus leave words out.
pub(super) fn words(asked: &[String], as_you_type: bool) -> String {
    let mut words = in_a_row(asked);
    if !as_you_type {
        // A word with something behind it is finished.
        words.push(' ');
    }
    words
}

/// Words side by side.
pub(super) fn in_a_row(words: &[String]) -> String {
    // The server cuts the Arabic article off the words of products, but would insist on one that is asked for.
    let words: Vec<&str> = words.iter().map(|word| without_article(word).unwrap_or(word)).collect();
    words.join(" ")
}

/// What no facet leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Price,
    Facet(Facet),
}

/// The filter, `without` one of its parts.
pub(super) fn filter(filter: &Filter, without: Option<&Part>) -> String {
    let mut all = vec![base(filter)];
    for (part, condition) in parts(filter) {
        if without != Some(&part) {
            all.push(condition);
        }
    }
    all.retain(|condition| !condition.is_empty());
    all.join(" AND ")
}

/// What of the filter no facet leaves out.
pub(super) fn base(filter: &Filter) -> String {
    let mut all: Vec<String> = Vec::new();
    if !filter.statuses.is_empty() {
        all.push(is_one_of(
            "status",
            filter.statuses.iter().map(|status| status.as_str().to_owned()),
        ));
    }
    if let Some(currency) = &filter.price.currency {
        all.push(is_one_of("currency", [hex(currency)]));
    }
    if let Some(ids) = &filter.ids {
        all.push(is_one_of("key", ids.iter().map(|id| hex(id))));
    }
    if !filter.exclude_ids.is_empty() {
        all.push(format!(
            "NOT ({})",
            is_one_of("key", filter.exclude_ids.iter().map(|id| hex(id)))
        ));
    }
    all.join(" AND ")
}

/// The parts of the filter that facets leave out.
pub(super) fn parts(filter: &Filter) -> Vec<(Part, String)> {
    let mut parts = Vec::new();
    let bounds = [("price >=", filter.price.min), ("price <=", filter.price.max)];
    let bounds = bounds
        .iter()
        .filter_map(|(is, bound)| bound.map(|bound| format!("{is} {}", exact(bound))));
    let bounds: Vec<String> = bounds.collect();
    if !bounds.is_empty() {
        parts.push((Part::Price, bounds.join(" AND ")));
    }
    if let Some(in_stock) = filter.in_stock {
        parts.push((
            Part::Facet(Facet::InStock),
            format!("in_stock = {}", i64::from(in_stock)),
        ));
    }
    if !filter.categories.is_empty() {
        let paths = filter.categories.iter().map(|path| hex(path));
        parts.push((Part::Facet(Facet::Category), is_one_of("categories", paths)));
    }
    // Ranges are values by now: see `ranges`.
    for (key, values) in &filter.attributes {
        let facet = Facet::Attribute(key.clone());
        let meant = values.iter().flat_map(|value| AttributeValue::meant_by(value));
        let condition = is_one_of(&field(&facet), meant.map(|value| value_code(&value)));
        parts.push((Part::Facet(facet), condition));
    }
    parts
}

fn is_one_of(field: &str, codes: impl IntoIterator<Item = String>) -> String {
    let codes: Vec<String> = codes.into_iter().map(|code| format!("\"{code}\"")).collect();
    if codes.is_empty() {
        NOTHING.to_owned()
    } else {
        format!("{field} IN [{}]", codes.join(", "))
    }
}

/// Where a facet lies.
pub(super) fn field(facet: &Facet) -> String {
    match facet {
        Facet::Category => "categories".to_owned(),
        Facet::InStock => "in_stock".to_owned(),
        Facet::Attribute(key) => format!("values.{}", hex(key)),
    }
}

/// Where the hits of a page lie, and in which order they come.
pub(super) struct Page {
    pub(super) sort: Vec<String>,
    /// The condition of a page that begins or ends at a key.
    pub(super) condition: Option<String>,
    pub(super) offset: usize,
}

pub(super) fn page(request: &Request) -> Page {
    let sort = request.effective_sort();
    let (field, descending) = match sort {
        Sort::Relevance => {
            let (offset, condition) = match request.page.start {
                Start::Offset(offset) => (offset, None),
                // Only other orders have keys.
                Start::After(..) | Start::Before(..) => (0, Some(NOTHING.to_owned())),
            };
            return Page {
                sort: Vec::new(),
                condition,
                offset,
            };
        }
        Sort::PriceAsc => ("price", false),
        Sort::PriceDesc => ("price", true),
        Sort::Newest => ("created", true),
        Sort::Name => ("name_key", false),
        Sort::BestSelling => ("units_sold", true),
    };
    let (offset, backward, at) = match &request.page.start {
        Start::Offset(offset) => (*offset, false, None),
        Start::After(key, id) => (0, false, Some((key, id))),
        Start::Before(key, id) => (0, true, Some((key, id))),
    };
    let condition = at.map(|(key, id)| {
        let beyond = if descending == backward { '>' } else { '<' };
        let id_beyond = if backward { '<' } else { '>' };
        let code = match (key, sort) {
            (Key::Price(currency, amount), Sort::PriceAsc | Sort::PriceDesc) => {
                let (currency, amount) = (hex(currency), exact(*amount));
                return format!(
                    "(currency {beyond} \"{currency}\" OR (currency = \"{currency}\" AND (price {beyond} {amount} OR \
                     (price = {amount} AND key {id_beyond} \"{}\"))))",
                    hex(id)
                );
            }
            (Key::Text(text), Sort::Name) => format!("\"{}\"", name_key(text)),
            (Key::Integer(number), Sort::Name) => format!("\"{}\"", name_key(&number.to_string())),
            (Key::Integer(number), _) => exact(*number).to_string(),
            // No number is after a text.
            (Key::Text(_) | Key::Price(..), _) => return NOTHING.to_owned(),
        };
        format!(
            "({field} {beyond} {code} OR ({field} = {code} AND key {id_beyond} \"{}\"))",
            hex(id)
        )
    });
    let direction = |descending: bool| if descending == backward { "asc" } else { "desc" };
    let by_currency =
        matches!(sort, Sort::PriceAsc | Sort::PriceDesc).then(|| format!("currency:{}", direction(descending)));
    let rest = [
        format!("{field}:{}", direction(descending)),
        format!("key:{}", direction(false)),
    ];
    Page {
        sort: by_currency.into_iter().chain(rest).collect(),
        condition,
        offset,
    }
}

pub(super) fn join(filter: &str, condition: Option<&str>) -> String {
    match condition {
        None => filter.to_owned(),
        Some(condition) if filter.is_empty() => condition.to_owned(),
        Some(condition) => format!("{filter} AND {condition}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::query_words;

    #[test]
    fn words_mean_themselves() {
        let typed = |text: &str, as_you_type| words(&query_words(text), as_you_type);
        assert_eq!(typed("\"gaming laptop\"", false), "gaming laptop ");
        assert_eq!(typed("laptop -gaming", false), "laptop gaming ");
        assert_eq!(typed("--x TN-2110", false), "x tn 2110 ");
        assert_eq!(typed("lap ", true), "lap");
    }

    #[test]
    fn what_comes_in_never_becomes_syntax() {
        let asked = Filter {
            categories: vec!["a\" OR key EXISTS OR key = \"".into()],
            ..Filter::default()
        };
        let written = filter(&asked, None);
        assert_eq!(written.matches('"').count(), 2, "{written}");
        assert!(!written.contains("EXISTS"));
    }
}
