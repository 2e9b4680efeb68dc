#![doc = include_str!("../README.md")]

mod cell;
mod column_type;
mod orders;
mod product_sales;
mod products;
mod row;
mod search_settings;
mod sink;
mod stock;
mod table;
mod users;
mod words;

pub use cell::{Cell, Code, Json};
pub use column_type::Type;
pub use orders::{Discount, Line, Lines, OrderRow};
pub use product_sales::UnitsRow;
pub use products::ProductRow;
pub use row::{BadRow, Cells, ReadRow, Row};
pub use search_settings::SearchSettingsRow;
pub use sink::Sink;
pub use stock::StockRow;
pub use table::{Column, Index, Table};
pub use users::UserRow;
#[doc(hidden)]
pub use values;
pub use words::Word;
