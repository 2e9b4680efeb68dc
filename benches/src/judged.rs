//! Catalogues with queries that people judged.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use chrono::DateTime;
use domain::MAX_ATTRIBUTES;
use search::{AttributeValue, Document, Price, Status};
use serde::Deserialize;
use serde_json::Value;

/// The products that a query of Home Depot must have been judged with: of fewer, most of what is found was never judged.
const LEAST_JUDGED: usize = 12;

/// A catalogue and what was asked of it.
pub(crate) struct Judged {
    pub(crate) products: Vec<Document>,
    pub(crate) queries: Vec<Rated>,
}

/// A query with what each product is worth for it.
pub(crate) struct Rated {
    pub(crate) query: String,
    pub(crate) ratings: HashMap<String, f64>,
}

impl Judged {
    /// Reads a folder, in the form of Open Icecat with the ratings of Chorus, or of Home Depot's competition.
    pub(crate) fn read(data: &Path) -> Result<Self> {
        let train = data.join("train.csv");
        let (products, queries) = if train.exists() {
            home_depot(&train)?
        } else {
            (
                products(&data.join("products.jsonl.zst"))?,
                rated(&data.join("Broad_Query_Set_rated.csv.zst"))?,
            )
        };
        let queries = queries.into_iter().map(|(query, ratings)| Rated { query, ratings });
        let queries = queries
            .filter(|rated| rated.ratings.values().any(|rating| *rating > 0.0))
            .collect();
        Ok(Self { products, queries })
    }
}

type Ratings = BTreeMap<String, HashMap<String, f64>>;

#[derive(Deserialize)]
struct Pair {
    product_uid: String,
    product_title: String,
    search_term: String,
    relevance: f64,
}

/// Titles, and what people thought of them from 1 to 3, as gains of 1, 0.1, 0.01 and 0. Only what was judged for queries with enough
/// judgements is in the catalogue.
fn home_depot(path: &Path) -> Result<(Vec<Document>, Ratings)> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    // In Latin 1, of which each byte is the number of its character.
    let text: String = bytes.into_iter().map(char::from).collect();
    let mut titles = BTreeMap::new();
    let mut queries = Ratings::new();
    for pair in csv::Reader::from_reader(text.as_bytes()).into_deserialize() {
        let pair: Pair = pair?;
        let gain = match pair.relevance {
            2.6.. => 1.0,
            2.0.. => 0.1,
            1.5.. => 0.01,
            _ => 0.0,
        };
        let ratings = queries.entry(pair.search_term).or_default();
        ratings.insert(pair.product_uid.clone(), gain);
        titles.insert(pair.product_uid, pair.product_title);
    }
    queries.retain(|_, ratings| ratings.len() >= LEAST_JUDGED);
    titles.retain(|id, _| queries.values().any(|ratings| ratings.contains_key(id)));
    let products = titles.into_iter().map(|(id, name)| Document {
        sku: id.clone(),
        id,
        name,
        description: String::new(),
        category: String::new(),
        status: Status::Active,
        price: Price {
            amount: 0,
            currency: "USD".to_owned(),
        },
        in_stock: true,
        attributes: BTreeMap::new(),
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
        units_sold: 0,
        version: 1,
    });
    Ok((products.collect(), queries))
}

fn lines(path: &Path) -> Result<impl Iterator<Item = std::io::Result<String>>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let reader = ruzstd::decoding::StreamingDecoder::new(file)
        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    Ok(BufReader::new(reader).lines())
}

fn rated(path: &Path) -> Result<Ratings> {
    let mut queries = Ratings::new();
    for line in lines(path)?.skip(1) {
        let line = line?;
        let mut cells = line.trim().rsplitn(3, ',');
        let (Some(rating), Some(id), Some(query)) = (cells.next(), cells.next(), cells.next()) else {
            continue;
        };
        let rating: f64 = rating.parse().with_context(|| line.clone())?;
        queries
            .entry(query.trim_matches('"').to_owned())
            .or_default()
            .insert(id.to_owned(), rating);
    }
    Ok(queries)
}

/// The catalogue as a shop would import it: title, model number, short description, supplier and attributes.
pub(crate) fn products(path: &Path) -> Result<Vec<Document>> {
    let mut products = Vec::new();
    for line in lines(path)? {
        let fields: BTreeMap<String, Value> = serde_json::from_str(&line?)?;
        let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let brand = AttributeValue::Text(text("supplier"));
        let attributes = fields.iter().filter_map(|(key, value)| {
            let key = key.strip_prefix("attr_")?.get(2..)?;
            let value = match value {
                Value::String(text) => AttributeValue::Text(text.clone()),
                Value::Bool(yes) => AttributeValue::Boolean(*yes),
                other => AttributeValue::Number(other.as_f64()?),
            };
            Some((key.to_owned(), value))
        });
        let released = text("date_released").parse().unwrap_or_default();
        products.push(Document {
            id: text("id"),
            sku: text("name"),
            name: text("title"),
            description: text("short_description"),
            category: String::new(),
            status: Status::Active,
            price: Price {
                amount: fields.get("price").and_then(Value::as_i64).unwrap_or_default(),
                currency: "EUR".to_owned(),
            },
            in_stock: true,
            attributes: attributes
                .take(MAX_ATTRIBUTES - 1)
                .chain([("brand".to_owned(), brand)])
                .collect(),
            created_at: released,
            updated_at: released,
            units_sold: 0,
            version: 1,
        });
    }
    Ok(products)
}
