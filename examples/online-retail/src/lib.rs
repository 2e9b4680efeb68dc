#![doc = include_str!("../README.md")]

mod credits;
mod document;
mod invoices;
mod line;
mod survey;
mod time;

use std::fs::File;
use std::io::{BufWriter, Read, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use files::read::Input;
use serde::Serialize;

pub use document::SOURCE;
pub use line::Wrong;
use survey::Survey;

/// The products, in the folder that [`convert`] writes to.
pub const PRODUCTS: &str = "products.jsonl";
/// The orders and credits, in the same folder.
pub const ORDERS: &str = "orders.jsonl";

/// What came of a file.
#[derive(Debug)]
pub struct Converted {
    /// Products in [`PRODUCTS`].
    pub products: u64,
    /// Orders and credits in [`ORDERS`].
    pub orders: u64,
    /// Lines of the file that are not empty, but for the header.
    pub rows: u64,
    /// Lines that cannot be read. Their invoices are left out.
    pub wrong: Vec<Wrong>,
}

/// Makes the data set what `tillroll import` takes: [`PRODUCTS`] and [`ORDERS`] in `folder`, which is made when it is missing. The
/// same file gives the same bytes.
pub fn convert(file: &Path, folder: &Path) -> Result<Converted> {
    let survey = Survey::read(open(file)?).with_context(|| file.display().to_string())?;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut products = Lines::create(&folder.join(PRODUCTS))?;
    for product in survey.products() {
        products.put(&product)?;
    }
    let mut orders = Lines::create(&folder.join(ORDERS))?;
    let wrong = invoices::read(open(file)?, &survey, |order| orders.put(order))?;
    Ok(Converted {
        products: products.end()?,
        orders: orders.end()?,
        rows: survey.rows,
        wrong,
    })
}

/// Opens the file, unpacking it when it is packed.
fn open(file: &Path) -> Result<Box<dyn Read + Send>> {
    let input = Input::File(file.to_owned());
    input
        .open_at(0)
        .with_context(|| format!("cannot open {}", file.display()))
}

/// A file of JSON documents, one a line.
struct Lines {
    file: BufWriter<File>,
    written: u64,
}

impl Lines {
    fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            file: BufWriter::new(file),
            written: 0,
        })
    }

    fn put(&mut self, document: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.file, document)?;
        self.file.write_all(b"\n")?;
        self.written += 1;
        Ok(())
    }

    fn end(mut self) -> Result<u64> {
        self.file.flush()?;
        Ok(self.written)
    }
}

#[cfg(test)]
mod tests;
