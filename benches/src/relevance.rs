//! How well the search engines order a real catalogue, by ratings that people gave.
#![expect(clippy::cast_precision_loss, reason = "shares and means of small counts")]

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use domain::MAX_ATTRIBUTES;
use search::{
    AttributeValue, Change, Document, Engine, Meilisearch, Page, Price, Ranking, Request, Settings, Start, Status,
    Tantivy,
};
use serde_json::Value;

const INDEX: &str = "relevance";
/// The hits that count.
const TOP: usize = 10;
/// The products that are indexed at once.
const AT_ONCE: usize = 2_000;

/// A query with what people thought of products for it, 0 to 3.
struct Rated {
    query: String,
    ratings: HashMap<String, f64>,
}

/// Indexes the catalogue of a folder in each engine and prints NDCG@10 for both halves of its queries.
pub(crate) async fn run(data: &Path, ranking: Option<&Path>, url: Option<&str>, key: Option<&str>) -> Result<()> {
    let products = products(&data.join("products.jsonl.zst"))?;
    let rated = rated(&data.join("Broad_Query_Set_rated.csv.zst"))?;
    println!(
        "{} products, {} queries with a rating above 0\n",
        products.len(),
        rated.len()
    );
    let folder = tempfile::tempdir()?;
    let ranking: Ranking = match ranking {
        None => Ranking::default(),
        Some(path) => serde_json::from_slice(&std::fs::read(path)?).with_context(|| path.display().to_string())?,
    };
    measure(&Tantivy::with_ranking(folder.path(), ranking).await?, &products, &rated).await?;
    if let Some(url) = url {
        let engine = Meilisearch::new(url, key, "bench-")?;
        measure(&engine, &products, &rated).await?;
        engine.drop_index(INDEX).await?;
    }
    Ok(())
}

async fn measure(engine: &dyn Engine, products: &[Document], rated: &[Rated]) -> Result<()> {
    engine.create(INDEX, &Settings::default()).await?;
    for some in products.chunks(AT_ONCE) {
        let changes = some.iter().map(|product| Change::Put(Box::new(product.clone())));
        engine.apply(INDEX, changes.collect()).await?;
    }
    let (mut tuning, mut held_out, mut judged) = (Vec::new(), Vec::new(), Vec::new());
    for rated in rated {
        let request = Request {
            words: rated.query.clone(),
            page: Page {
                limit: TOP,
                start: Start::Offset(0),
            },
            ..Request::default()
        };
        let answer = engine.search(INDEX, &request).await?;
        let ids: Vec<&str> = answer.hits.iter().map(|hit| hit.id.as_str()).collect();
        let score = ndcg(&ids, &rated.ratings);
        let known = ids.iter().filter(|id| rated.ratings.contains_key(**id)).count();
        judged.push(known as f64 / TOP as f64);
        let half = if is_for_tuning(&rated.query) {
            &mut tuning
        } else {
            &mut held_out
        };
        half.push(score);
        if std::env::args().any(|argument| argument == "--each") && is_for_tuning(&rated.query) {
            println!(
                "{score:.3} {known:2} judged, {:5} found{}: {}",
                answer.total,
                if answer.relaxed { " (some words)" } else { "" },
                rated.query
            );
        }
    }
    let all: Vec<f64> = tuning.iter().chain(&held_out).copied().collect();
    println!("{}:", engine.name());
    println!(
        "- NDCG@10, half for tuning ({} queries): {:.4}",
        tuning.len(),
        mean(&tuning)
    );
    println!(
        "- NDCG@10, half held out ({} queries): {:.4}",
        held_out.len(),
        mean(&held_out)
    );
    println!("- NDCG@10, all ({} queries): {:.4}", all.len(), mean(&all));
    println!("- of the first ten, rated by people: {:.1} %\n", 100.0 * mean(&judged));
    Ok(())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Whether a query belongs to the half that the weights were chosen on. By FNV-1a of its text, so that it never changes.
fn is_for_tuning(query: &str) -> bool {
    let hash = query.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    (hash >> 32).is_multiple_of(2)
}

/// Linear gain; what nobody rated gains nothing; the ideal order is that of all ratings of the query.
fn ndcg(ids: &[&str], ratings: &HashMap<String, f64>) -> f64 {
    let discounted = |gains: &mut dyn Iterator<Item = f64>| -> f64 {
        gains
            .take(TOP)
            .enumerate()
            .map(|(at, gain)| gain / (at as f64 + 2.0).log2())
            .sum()
    };
    let gain = discounted(&mut ids.iter().map(|id| ratings.get(*id).copied().unwrap_or_default()));
    let mut best: Vec<f64> = ratings.values().copied().collect();
    best.sort_by(|left, right| right.total_cmp(left));
    gain / discounted(&mut best.into_iter())
}

fn lines(path: &Path) -> Result<impl Iterator<Item = std::io::Result<String>>> {
    let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
    let reader = ruzstd::decoding::StreamingDecoder::new(file)
        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    Ok(BufReader::new(reader).lines())
}

fn rated(path: &Path) -> Result<Vec<Rated>> {
    let mut queries: BTreeMap<String, HashMap<String, f64>> = BTreeMap::new();
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
    let rated = queries.into_iter().map(|(query, ratings)| Rated { query, ratings });
    Ok(rated
        .filter(|rated| rated.ratings.values().any(|rating| *rating > 0.0))
        .collect())
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
