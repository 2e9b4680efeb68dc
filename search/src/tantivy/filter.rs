//! Which documents of a segment fulfil a filter.

use std::collections::BTreeSet;

use tantivy::SegmentReader;

use super::bits::Bits;
use super::schema::{Fields, attribute_flag, category_flag, currency_flag, in_stock_flag, status_flag};
use super::segment::{Columns, Result, insert_all};
use crate::document::AttributeValue;
use crate::range::NumberRange;
use crate::request::{Facet, Filter};

/// A filter, evaluated in a segment part by part, because facets leave parts of it out.
pub(super) struct Filtered {
    /// What no facet leaves out.
    base: Bits,
    parts: Vec<(Part, Bits)>,
}

/// What a facet leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Price,
    Facet(Facet),
}

pub(super) struct Place<'a> {
    pub(super) segment: &'a SegmentReader,
    pub(super) columns: &'a Columns,
    pub(super) fields: &'a Fields,
}

impl Place<'_> {
    pub(super) fn filter(&self, filter: &Filter) -> Result<Filtered> {
        let mut base = match self.segment.alive_bitset() {
            None => Bits::all(self.segment.max_doc()),
            Some(alive) => {
                let mut bits = Bits::none(self.segment.max_doc());
                alive.iter_alive().for_each(|document| bits.insert(document));
                bits
            }
        };
        if !filter.statuses.is_empty() {
            base.intersect(&self.any(filter.statuses.iter().map(|status| status_flag(status.as_str())))?);
        }
        if let Some(currency) = &filter.price.currency {
            base.intersect(&self.any([currency_flag(currency)])?);
        }
        if let Some(ids) = &filter.ids {
            base.intersect(&self.ids(ids)?);
        }
        if !filter.exclude_ids.is_empty() {
            base.subtract(&self.ids(&filter.exclude_ids)?);
        }
        let mut parts = Vec::new();
        if filter.price.min.is_some() || filter.price.max.is_some() {
            parts.push((Part::Price, self.prices(filter)));
        }
        if let Some(in_stock) = filter.in_stock {
            parts.push((Part::Facet(Facet::InStock), self.any([in_stock_flag(in_stock)])?));
        }
        if !filter.categories.is_empty() {
            let flags = filter.categories.iter().map(|path| category_flag(path));
            parts.push((Part::Facet(Facet::Category), self.any(flags)?));
        }
        let keys: BTreeSet<&String> = filter.attributes.keys().chain(filter.ranges.keys()).collect();
        for key in keys {
            let values = filter.attributes.get(key).into_iter().flatten();
            let meant = values.flat_map(|value| AttributeValue::meant_by(value));
            let mut fulfilling = self.any(meant.map(|value| attribute_flag(key, &value)))?;
            if let Some(ranges) = filter.ranges.get(key) {
                fulfilling.unite(&self.numbers(key, ranges)?);
            }
            parts.push((Part::Facet(Facet::Attribute(key.clone())), fulfilling));
        }
        Ok(Filtered { base, parts })
    }

    fn numbers(&self, key: &str, ranges: &[NumberRange]) -> Result<Bits> {
        let values = self.columns.attribute(self.segment, key)?;
        let within = |value: &str| ranges.iter().any(|range| range.has(value));
        let within: Vec<bool> = values.values.iter().map(|value| within(value)).collect();
        let mut bits = Bits::none(self.segment.max_doc());
        for document in 0..self.segment.max_doc() {
            if values.place(document).is_some_and(|place| within[place]) {
                bits.insert(document);
            }
        }
        Ok(bits)
    }

    fn any(&self, flags: impl IntoIterator<Item = String>) -> Result<Bits> {
        let mut bits = Bits::none(self.segment.max_doc());
        for flag in flags {
            bits.unite(&*self.columns.flagged(self.segment, self.fields, &flag)?);
        }
        Ok(bits)
    }

    fn ids(&self, ids: &[String]) -> Result<Bits> {
        let mut bits = Bits::none(self.segment.max_doc());
        for id in ids {
            insert_all(self.segment, self.fields.id, id, &mut bits)?;
        }
        Ok(bits)
    }

    fn prices(&self, filter: &Filter) -> Bits {
        let range = filter.price.min.unwrap_or(i64::MIN)..=filter.price.max.unwrap_or(i64::MAX);
        let mut bits = Bits::none(self.segment.max_doc());
        for (document, price) in (0..).zip(&self.columns.price) {
            if range.contains(price) {
                bits.insert(document);
            }
        }
        bits
    }
}

impl Filtered {
    /// Whether any of the matching documents fulfils what no facet leaves out.
    pub(super) fn has_any(&self, matching: &Bits) -> bool {
        let mut bits = self.base.clone();
        bits.intersect(matching);
        !bits.is_empty()
    }

    /// Those of the matching documents that fulfil all of the filter; `None` matches every document.
    pub(super) fn all(&self, matching: Option<&Bits>) -> Bits {
        self.without(matching, None)
    }

    /// Those that fulfil all of it but a part.
    pub(super) fn but(&self, matching: Option<&Bits>, part: &Part) -> Bits {
        self.without(matching, Some(part))
    }

    /// Whether it asks for the part at all.
    pub(super) fn has(&self, part: &Part) -> bool {
        self.parts.iter().any(|(own, _)| own == part)
    }

    fn without(&self, matching: Option<&Bits>, part: Option<&Part>) -> Bits {
        let mut bits = self.base.clone();
        if let Some(matching) = matching {
            bits.intersect(matching);
        }
        for (own, fulfilling) in &self.parts {
            if Some(own) != part {
                bits.intersect(fulfilling);
            }
        }
        bits
    }
}
