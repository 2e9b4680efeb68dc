//! Streams that have a row in a read model: they fold as the read model folds them.

use std::marker::PhantomData;

use domain::order::OrderEvent;
use eventstore::Recorded;
use serde::{Deserialize, Serialize};

use super::columns::{Columns, columns};
use super::fields::{self, Fields};
use super::folding::{Folding, State, version};
use crate::catalog;
use crate::keyed::Keyed;
use crate::orders::OrderRow;
use crate::products::ProductRow;
use crate::projection::Projection;
use crate::search_settings::SearchSettingsRow;
use crate::stock::StockRow;
use crate::users::UserRow;

/// A row that people can read.
pub(super) trait Readable: Keyed<Event: 'static> + Serialize + for<'de> Deserialize<'de> {
    /// Its read model.
    const PROJECTION: &'static str;

    /// What the columns are called outside.
    fn fields(columns: Columns) -> Fields;

    /// What is known of a stream whose events make no row.
    fn fields_without_row(_last: Option<&Self::Event>) -> Fields {
        Fields::default()
    }
}

impl Readable for ProductRow {
    const PROJECTION: &'static str = "products";

    fn fields(columns: Columns) -> Fields {
        fields::of_product(columns)
    }
}

impl Readable for StockRow {
    const PROJECTION: &'static str = "stock";

    fn fields(columns: Columns) -> Fields {
        fields::of_stock(columns)
    }

    /// What readers see of a product that never had stock.
    fn fields_without_row(_last: Option<&Self::Event>) -> Fields {
        fields::of_stock(Columns::from_iter([
            ("on_hand".to_owned(), 0.into()),
            ("reserved".to_owned(), 0.into()),
        ]))
    }
}

impl Readable for OrderRow {
    const PROJECTION: &'static str = "orders";

    fn fields(columns: Columns) -> Fields {
        fields::of_order(columns)
    }

    fn fields_without_row(last: Option<&OrderEvent>) -> Fields {
        match last {
            Some(OrderEvent::OrderAbandoned { reason }) => fields::of_abandoned_order(reason),
            _ => Fields::new(),
        }
    }
}

impl Readable for UserRow {
    const PROJECTION: &'static str = "users";

    fn fields(columns: Columns) -> Fields {
        fields::of_user(columns)
    }
}

impl Readable for SearchSettingsRow {
    const PROJECTION: &'static str = "search_settings";

    fn fields(columns: Columns) -> Fields {
        fields::of_search_settings(columns)
    }

    /// What readers see before anything is set.
    fn fields_without_row(_last: Option<&Self::Event>) -> Fields {
        fields::of_search_settings(Columns::new())
    }
}

pub(super) struct Rows<K>(PhantomData<fn() -> K>);

impl<K: Readable> Rows<K> {
    pub(super) const NEW: Self = Self(PhantomData);
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct RowState<K: Readable> {
    row: Option<K>,
    /// The last event, while there is no row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<K::Event>,
}

impl<K: Readable> Folding for Rows<K> {
    fn projection(&self) -> &'static str {
        K::PROJECTION
    }

    fn version(&self) -> i32 {
        let code = catalog::find(K::PROJECTION).map_or(0, Projection::code_version);
        version::<K::Event>(code)
    }

    fn start(&self) -> Box<dyn State> {
        Box::new(RowState::<K> { row: None, last: None })
    }

    fn restore(&self, snapshot: &str) -> Option<Box<dyn State>> {
        let state: RowState<K> = serde_json::from_str(snapshot).ok()?;
        Some(Box::new(state))
    }
}

impl<K: Readable> State for RowState<K> {
    fn fold(&mut self, event: &Recorded) -> Result<(), eventstore::Error> {
        let decoded: K::Event = event.decode()?;
        // A row that there is does not go away again.
        self.last = self.row.is_none().then(|| decoded.clone());
        self.row = K::evolve(self.row.take(), decoded, event);
        self.last.take_if(|_| self.row.is_some());
        Ok(())
    }

    fn snapshot(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    fn row(&self) -> Option<Columns> {
        self.row.as_ref().map(columns)
    }

    fn fields(&self) -> Fields {
        match self.row() {
            Some(columns) => K::fields(columns),
            None => K::fields_without_row(self.last.as_ref()),
        }
    }
}
