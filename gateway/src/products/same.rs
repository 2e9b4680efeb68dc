//! Products that are one in several makes: suggestions show one of them.

use std::collections::{BTreeSet, HashSet};

use proto::v1::{Product, SearchHit, attribute_value::Value};

/// Colours and sizes, which tell the makes of a product apart where no attribute says what they are.
const MAKES: &[&str] = &[
    // sizes
    "xxs xs s m l xl xxl xxxl 2xl 3xl 4xl 5xl small medium large",
    // English
    "black white grey gray red blue green yellow orange purple violet pink brown beige silver gold navy turquoise cream ivory khaki olive \
     teal maroon burgundy lilac magenta cyan charcoal dark light multicolour multicolor transparent",
    // German
    "schwarz weiß weiss grau rot blau grün gruen gelb lila rosa braun silber türkis creme bunt dunkelblau hellblau dunkelgrau hellgrau \
     dunkelgrün hellgrün transparent",
    // French
    "noir noire blanc blanche gris grise rouge bleu bleue vert verte jaune violette rose marron argent doré dorée",
    // Spanish and Portuguese
    "negro negra blanco blanca rojo roja azul verde amarillo amarilla naranja morado morada marrón plata dorado dorada preto preta branco \
     branca cinza vermelho vermelha amarelo amarela laranja roxo castanho",
    // Italian
    "nero nera bianco bianca grigio grigia rosso rossa blu giallo gialla arancione viola marrone argento",
    // Dutch
    "zwart wit grijs rood blauw groen geel oranje paars roze bruin zilver goud",
    // Swedish, Danish and Norwegian
    "svart vit grå röd blå grön gul rosa lila brun sort hvid hvit rød grøn grønn",
];

/// The best hit of each product that comes in several makes, in the order of the hits.
pub(super) fn one_of_each(hits: &[SearchHit]) -> Vec<&SearchHit> {
    let mut seen = HashSet::new();
    hits.iter()
        .filter(|hit| hit.product.as_ref().is_none_or(|product| seen.insert(common(product))))
        .collect()
}

/// What a product has in common with its other makes: the category, and the words of the name that are not its attributes', such as a
/// colour or a size, and no colours and sizes at its end.
fn common(product: &Product) -> (&str, Vec<String>) {
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
    let mut left: Vec<String> = all.iter().filter(|word| !own.contains(*word)).cloned().collect();
    while left.pop_if(|last| is_make(last)).is_some() {}
    // A name that is all attributes is its own.
    (product.category.as_str(), if left.is_empty() { all } else { left })
}

fn is_make(word: &str) -> bool {
    MAKES
        .iter()
        .any(|makes| makes.split_whitespace().any(|make| make == word))
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

    fn names(hits: &[SearchHit]) -> Vec<&str> {
        let products = one_of_each(hits).into_iter().filter_map(|hit| hit.product.as_ref());
        products.map(|product| product.name.as_str()).collect()
    }

    #[test]
    fn makes_of_one_product_are_one() {
        let hits = [
            hit("Linen shirt, dark blue, M", &[("colour", "dark blue"), ("size", "M")]),
            hit("Linen shirt, red, L", &[("colour", "red"), ("size", "L")]),
            hit("Linen trousers", &[("colour", "red")]),
            hit("LINEN SHIRT", &[("colour", "white")]),
            hit("Red", &[("colour", "red")]),
            hit("Blue", &[("colour", "blue")]),
        ];
        assert_eq!(
            names(&hits),
            ["Linen shirt, dark blue, M", "Linen trousers", "Red", "Blue"]
        );
    }

    #[test]
    fn makes_are_told_by_the_end_of_the_name_alone() {
        let hits: Vec<SearchHit> = [
            "Mug red",
            "Mug white",
            "Mug dark blue",
            "Mug",
            "Tasse grün",
            "Tasse weiß",
            "Red mug",
            "Red",
            "White",
            "Shirt L",
            "Shirt XL",
            "Phone 12",
            "Phone 13",
            "Linen shirt",
            "Linen trousers",
        ]
        .iter()
        .map(|name| hit(name, &[]))
        .collect();
        assert_eq!(
            names(&hits),
            [
                "Mug red",
                "Tasse grün",
                "Red mug",
                "Red",
                "White",
                "Shirt L",
                "Phone 12",
                "Phone 13",
                "Linen shirt",
                "Linen trousers"
            ]
        );
    }
}
