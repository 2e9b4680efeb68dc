//! What searches need of a segment, in memory. A segment never changes, so neither does this.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tantivy::SegmentReader;
use tantivy::columnar::StrColumn;
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::{Field, IndexRecordOption};

use super::bits::Bits;
use super::schema::{self, Fields, attribute_column};
use crate::request::{Key, Sort};

/// The most sets of documents that a segment remembers, and how much of the segment one must be to be worth it.
const REMEMBERED: usize = 64;
const WORTH: u32 = 64;

pub(super) type Result<T> = tantivy::Result<T>;

/// The columns of a segment.
pub(super) struct Columns {
    pub(super) ids: Vec<Box<str>>,
    /// The place of the id among the ids.
    pub(super) id_rank: Vec<u32>,
    pub(super) price: Vec<i64>,
    pub(super) currency: Arc<Values>,
    pub(super) in_stock: Vec<bool>,
    pub(super) units_sold: Vec<i64>,
    pub(super) category: Arc<Values>,
    created: Vec<i64>,
    name_rank: Vec<u32>,
    names: StrColumn,
    orders: [OnceLock<Vec<u32>>; 5],
    attributes: Mutex<HashMap<String, Arc<Values>>>,
    sets: Mutex<HashMap<String, Arc<Bits>>>,
}

/// A value, or none, for every document.
pub(super) struct Values {
    /// The different values, ascending.
    pub(super) values: Vec<Box<str>>,
    places: Places,
}

enum Places {
    /// By document: one more than the place of its value, 0 for none.
    Dense(Vec<u32>),
    /// The documents that have one, ascending, with the place of it.
    Sparse(Vec<(u32, u32)>),
}

impl Columns {
    pub(super) fn read(reader: &SegmentReader) -> Result<Self> {
        let fast = reader.fast_fields();
        let documents = 0..reader.max_doc();
        let numbers = |name: &str| -> Result<Vec<i64>> {
            let column = fast.i64(name)?;
            Ok(documents
                .clone()
                .map(|document| column.first(document).unwrap_or_default())
                .collect())
        };
        let in_stock = fast.u64(schema::IN_STOCK)?;
        let (ids, id_rank) = ranks(reader, schema::ID)?;
        let (names, name_rank) = ranks(reader, schema::NAME_KEY)?;
        let texts = texts(&ids)?;
        let text = |rank: &u32| texts.get(*rank as usize).cloned().unwrap_or_default();
        Ok(Self {
            ids: id_rank.iter().map(text).collect(),
            id_rank,
            price: numbers(schema::PRICE)?,
            currency: Arc::new(Values::read(reader, schema::CURRENCY)?),
            in_stock: documents
                .clone()
                .map(|document| in_stock.first(document) == Some(1))
                .collect(),
            units_sold: numbers(schema::UNITS_SOLD)?,
            category: Arc::new(Values::read(reader, schema::CATEGORY)?),
            created: numbers(schema::CREATED)?,
            name_rank,
            names,
            orders: Default::default(),
            attributes: Mutex::default(),
            sets: Mutex::default(),
        })
    }

    /// The documents in an order, the deleted ones too.
    pub(super) fn order(&self, sort: Sort) -> &[u32] {
        let at = match sort {
            Sort::PriceAsc => 0,
            Sort::PriceDesc => 1,
            Sort::Name => 2,
            Sort::BestSelling => 3,
            Sort::Newest | Sort::Relevance => 4,
        };
        self.orders[at].get_or_init(|| {
            let mut order: Vec<u32> = (0..u32::try_from(self.ids.len()).unwrap_or(u32::MAX)).collect();
            // Currencies lie in the order of their names.
            let currency = |document| {
                self.currency
                    .place(document)
                    .and_then(|place| i64::try_from(place).ok())
            };
            order.sort_unstable_by_key(|document| {
                let at = *document as usize;
                let (group, key) = match sort {
                    Sort::PriceAsc => (currency(*document).unwrap_or(-1), self.price[at]),
                    Sort::PriceDesc => (!currency(*document).unwrap_or(-1), !self.price[at]),
                    Sort::Name => (0, i64::from(self.name_rank[at])),
                    Sort::BestSelling => (0, !self.units_sold[at]),
                    Sort::Newest | Sort::Relevance => (0, !self.created[at]),
                };
                (group, key, self.id_rank[at])
            });
            order
        })
    }

    /// What a document is sorted by.
    pub(super) fn key(&self, sort: Sort, document: u32) -> Key {
        let at = document as usize;
        match sort {
            Sort::PriceAsc | Sort::PriceDesc => {
                let currency = self
                    .currency
                    .place(document)
                    .and_then(|place| self.currency.values.get(place));
                Key::price(currency.map_or("", |currency| currency), self.price[at])
            }
            Sort::BestSelling => Key::Integer(self.units_sold[at]),
            Sort::Newest | Sort::Relevance => Key::Integer(self.created[at]),
            Sort::Name => {
                let mut text = String::new();
                // A name that can't be read sorts as an empty one.
                let _ = self.names.ord_to_str(u64::from(self.name_rank[at]), &mut text);
                Key::Text(text)
            }
        }
    }

    /// The values of an attribute; `None`: nothing here has it.
    pub(super) fn attribute(&self, reader: &SegmentReader, key: &str) -> Result<Arc<Values>> {
        let mut attributes = self.attributes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(values) = attributes.get(key) {
            return Ok(Arc::clone(values));
        }
        let values = Arc::new(Values::read(reader, &attribute_column(key))?);
        // Who asks for what is not there must not fill the memory.
        if !values.values.is_empty() {
            attributes.insert(key.to_owned(), Arc::clone(&values));
        }
        Ok(values)
    }

    /// The place of a name, written as sorting writes it, among the names; `None`: nothing is called so.
    pub(super) fn place_of_name(&self, key: &str) -> Result<Option<u32>> {
        let place = self.names.dictionary().term_ord(key.as_bytes())?;
        Ok(place.and_then(|place| u32::try_from(place).ok()))
    }

    /// The place of the name of a document.
    pub(super) fn name_place(&self, document: u32) -> u32 {
        self.name_rank[document as usize]
    }

    /// The documents that have a flag.
    pub(super) fn flagged(&self, reader: &SegmentReader, fields: &Fields, flag: &str) -> Result<Arc<Bits>> {
        let sets = || self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bits) = sets().get(flag) {
            return Ok(Arc::clone(bits));
        }
        let mut bits = Bits::none(reader.max_doc());
        let found = insert_all(reader, fields.flags, flag, &mut bits)?;
        let bits = Arc::new(bits);
        if found > reader.max_doc() / WORTH {
            let mut sets = sets();
            if sets.len() >= REMEMBERED {
                sets.clear();
            }
            sets.insert(flag.to_owned(), Arc::clone(&bits));
        }
        Ok(bits)
    }
}

/// The end of all words with a beginning: no text in UTF-8 has this byte.
pub(super) fn after(beginning: &str) -> Vec<u8> {
    let mut end = beginning.as_bytes().to_vec();
    end.push(0xff);
    end
}

/// Adds the documents that have a term; how many those are.
pub(super) fn insert_all(reader: &SegmentReader, field: Field, term: &str, bits: &mut Bits) -> Result<u32> {
    let index = reader.inverted_index(field)?;
    let Some(info) = index.terms().get(term.as_bytes())? else {
        return Ok(0);
    };
    let mut postings: BlockSegmentPostings =
        index.read_block_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
    loop {
        let documents = postings.docs();
        if documents.is_empty() {
            return Ok(info.doc_freq);
        }
        for document in documents {
            bits.insert(*document);
        }
        postings.advance();
    }
}

impl Values {
    fn read(reader: &SegmentReader, name: &str) -> Result<Self> {
        let Some(column) = reader.fast_fields().str(name)? else {
            return Ok(Self {
                values: Vec::new(),
                places: Places::Sparse(Vec::new()),
            });
        };
        let place = |document: u32| {
            column
                .ords()
                .first(document)
                .map(|place| u32::try_from(place).unwrap_or(u32::MAX - 1))
        };
        let having: Vec<(u32, u32)> = (0..reader.max_doc())
            .filter_map(|document| place(document).map(|place| (document, place)))
            .collect();
        let places = if having.len() * 2 < reader.max_doc() as usize {
            Places::Sparse(having)
        } else {
            let mut dense = vec![0; reader.max_doc() as usize];
            for (document, place) in having {
                dense[document as usize] = place + 1;
            }
            Places::Dense(dense)
        };
        Ok(Self {
            values: texts(&column)?,
            places,
        })
    }

    /// The place of the value of a document.
    pub(super) fn place(&self, document: u32) -> Option<usize> {
        match &self.places {
            Places::Dense(places) => places
                .get(document as usize)
                .and_then(|place| (*place as usize).checked_sub(1)),
            Places::Sparse(having) => {
                let at = having.binary_search_by_key(&document, |(document, _)| *document).ok()?;
                Some(having[at].1 as usize)
            }
        }
    }

    /// How many of the documents have which value.
    pub(super) fn count(&self, documents: &Bits) -> Vec<u32> {
        let mut counts = vec![0; self.values.len() + 1];
        match &self.places {
            Places::Dense(places) => {
                for document in documents.iter() {
                    counts[places[document as usize] as usize] += 1;
                }
            }
            Places::Sparse(having) => {
                for (document, place) in having {
                    if documents.contains(*document) {
                        counts[*place as usize + 1] += 1;
                    }
                }
            }
        }
        counts.remove(0);
        counts
    }
}

fn ranks(reader: &SegmentReader, name: &str) -> Result<(StrColumn, Vec<u32>)> {
    let column = reader.fast_fields().str(name)?;
    let column = column.ok_or_else(|| tantivy::TantivyError::SchemaError(format!("no column {name}")))?;
    let rank = |document| u32::try_from(column.ords().first(document).unwrap_or_default()).unwrap_or_default();
    let ranks = (0..reader.max_doc()).map(rank).collect();
    Ok((column, ranks))
}

fn texts(column: &StrColumn) -> Result<Vec<Box<str>>> {
    let mut texts = Vec::with_capacity(column.num_terms());
    let mut stream = column.dictionary().stream()?;
    while stream.advance() {
        texts.push(String::from_utf8_lossy(stream.key()).into());
    }
    Ok(texts)
}

/// How two keys compare in an order.
pub(super) fn compare(sort: Sort, left: &Key, right: &Key) -> Ordering {
    match sort {
        Sort::PriceAsc | Sort::Name => left.cmp(right),
        Sort::PriceDesc | Sort::BestSelling | Sort::Newest | Sort::Relevance => right.cmp(left),
    }
}
