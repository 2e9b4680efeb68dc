#![doc = include_str!("../README.md")]

mod cell;
mod orders;
mod product_sales;
mod products;
mod row;
mod search_settings;
mod stock;
mod table;
mod users;
mod words;

pub use cell::{Cell, Code, Json};
pub use orders::{Discount, Line, Lines, OrderRow};
pub use product_sales::UnitsRow;
pub use products::ProductRow;
pub use row::{BadRow, Cells, ReadRow, Row, Sink};
pub use search_settings::SearchSettingsRow;
pub use stock::StockRow;
pub use table::{Column, Index, Table, Type};
pub use users::UserRow;
#[doc(hidden)]
pub use values;
pub use words::Word;
