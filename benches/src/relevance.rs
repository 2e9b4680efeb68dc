//! How well the search engines order a real catalogue, by ratings that people gave.
#![expect(clippy::cast_precision_loss, reason = "shares and means of small counts")]

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use search::{Change, Engine, Meilisearch, Page, Ranking, Request, Settings, Start, Tantivy};

use crate::baseline::Bm25;
use crate::judged::Judged;

const INDEX: &str = "relevance";
/// The hits that count.
const TOP: usize = 10;
/// The products that are indexed at once.
const AT_ONCE: usize = 2_000;

/// Indexes the catalogue of a folder in each engine and prints NDCG@10 for both halves of its queries.
pub(crate) async fn run(data: &Path, ranking: Option<&Path>, url: Option<&str>, key: Option<&str>) -> Result<()> {
    let judged = Judged::read(data)?;
    println!(
        "{} products, {} queries with a rating above 0\n",
        judged.products.len(),
        judged.queries.len()
    );
    for stems in [false, true] {
        let baseline = Bm25::new(&judged.products, stems);
        let mut scores = Scores::default();
        for rated in &judged.queries {
            scores.add(&rated.query, &baseline.best(&rated.query, TOP), &rated.ratings);
        }
        scores.print(if stems {
            "plain BM25 over all text, stems, without stop words"
        } else {
            "plain BM25 over all text"
        });
    }
    let folder = tempfile::tempdir()?;
    let ranking: Ranking = match ranking {
        None => Ranking::default(),
        Some(path) => serde_json::from_slice(&std::fs::read(path)?).with_context(|| path.display().to_string())?,
    };
    measure(&Tantivy::with_ranking(folder.path(), ranking).await?, &judged).await?;
    if let Some(url) = url {
        let engine = Meilisearch::new(url, key, "bench-")?;
        measure(&engine, &judged).await?;
        engine.drop_index(INDEX).await?;
    }
    Ok(())
}

async fn measure(engine: &dyn Engine, judged: &Judged) -> Result<()> {
    engine.create(INDEX, &Settings::default()).await?;
    for some in judged.products.chunks(AT_ONCE) {
        let changes = some.iter().map(|product| Change::Put(Box::new(product.clone())));
        engine.apply(INDEX, changes.collect(), "bench").await?;
    }
    let mut scores = Scores::default();
    for rated in &judged.queries {
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
        let score = scores.add(&rated.query, &ids, &rated.ratings);
        if std::env::args().any(|argument| argument == "--each") && is_for_tuning(&rated.query) {
            let some = if answer.relaxed { " (some words)" } else { "" };
            println!("{score:.3} {:5} found{some}: {}", answer.total, rated.query);
        }
    }
    scores.print(engine.name());
    Ok(())
}

/// NDCG@10 by query.
#[derive(Default)]
struct Scores {
    tuning: Vec<f64>,
    held_out: Vec<f64>,
    /// The share of what was found that people rated.
    judged: Vec<f64>,
}

impl Scores {
    fn add(&mut self, query: &str, ids: &[&str], ratings: &HashMap<String, f64>) -> f64 {
        let score = ndcg(ids, ratings);
        let known = ids.iter().filter(|id| ratings.contains_key(**id)).count();
        self.judged.push(known as f64 / TOP as f64);
        if is_for_tuning(query) {
            self.tuning.push(score);
        } else {
            self.held_out.push(score);
        }
        score
    }

    fn print(&self, name: &str) {
        let all: Vec<f64> = self.tuning.iter().chain(&self.held_out).copied().collect();
        println!("{name}:");
        let halves = [
            ("half for tuning", &self.tuning),
            ("half held out", &self.held_out),
            ("all", &all),
        ];
        for (half, scores) in halves {
            println!("- NDCG@10, {half} ({} queries): {:.4}", scores.len(), mean(scores));
        }
        println!(
            "- of the first ten, rated by people: {:.1} %\n",
            100.0 * mean(&self.judged)
        );
    }
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
