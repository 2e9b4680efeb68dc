//! Products that are one in several makes: suggestions show one of them.

use std::collections::{BTreeSet, HashSet};

use proto::v1::{Product, SearchHit, attribute_value::Value};

/// The best hit of each product that comes in several makes, in the order of the hits.
pub(super) fn one_of_each(hits: Vec<SearchHit>) -> impl Iterator<Item = SearchHit> {
    let mut seen = HashSet::new();
    hits.into_iter()
        .filter(move |hit| hit.product.as_ref().is_none_or(|product| seen.insert(common(product))))
}

/// What a product has in common with its other makes: the category, and the words of the name that are not its attributes', such as a
/// colour or a size.
fn common(product: &Product) -> (String, Vec<String>) {
    let own: BTreeSet<String> = product
        .attributes
        .values()
        .filter_map(|attribute| match &attribute.value {
            Some(Value::Text(text)) => Some(words(text).collect::<Vec<_>>()),
            Some(Value::Integer(number)) => Some(vec![number.to_string()]),
            Some(Value::Number(number)) => Some(vec![number.to_string()]),
            Some(Value::Boolean(_)) | None => None,
        })
        .flatten()
        .collect();
    let all: Vec<String> = words(&product.name).collect();
    let left: Vec<String> = all.iter().filter(|word| !own.contains(*word)).cloned().collect();
    // A name that is all attributes is its own.
    (product.category.clone(), if left.is_empty() { all } else { left })
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|character: char| !character.is_alphanumeric() && character != '.')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use proto::v1::AttributeValue;

    use super::*;

    fn hit(name: &str, attributes: &[(&str, &str)]) -> SearchHit {
        let attribute = |(key, value): &(&str, &str)| {
            let value = Some(Value::Text((*value).to_owned()));
            ((*key).to_owned(), AttributeValue { value })
        };
        SearchHit {
            product: Some(Product {
                name: name.to_owned(),
                category: "clothes".to_owned(),
                attributes: attributes.iter().map(attribute).collect(),
                ..Product::default()
            }),
            ..SearchHit::default()
        }
    }

    #[test]
    fn makes_of_one_product_are_one() {
        let hits = vec![
            hit("Linen shirt, dark blue, M", &[("colour", "dark blue"), ("size", "M")]),
            hit("Linen shirt, red, L", &[("colour", "red"), ("size", "L")]),
            hit("Linen trousers", &[("colour", "red")]),
            hit("LINEN SHIRT", &[("colour", "white")]),
            hit("Linen shirt red", &[]),
            hit("Red", &[("colour", "red")]),
            hit("Blue", &[("colour", "blue")]),
        ];
        let names: Vec<String> = one_of_each(hits).filter_map(|hit| Some(hit.product?.name)).collect();
        assert_eq!(
            names,
            [
                "Linen shirt, dark blue, M",
                "Linen trousers",
                "Linen shirt red",
                "Red",
                "Blue"
            ]
        );
    }
}
