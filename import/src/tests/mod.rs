mod orders;
mod products;
mod shop;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use uuid::Uuid;

use super::{Counts, Error, Format, Input, Options, Summary};
use shop::Shop;

/// A folder with one input file.
pub(super) struct Case {
    folder: TempDir,
    options: Options,
}

impl Case {
    pub(super) fn new(content: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in put.csv");
        fs::write(&path, content).unwrap();
        Self {
            options: options(&path, folder.path()),
            folder,
        }
    }

    pub(super) fn rewrite(&self, content: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join("in put.csv"), content).unwrap();
    }

    pub(super) async fn products(&self, shop: &Shop) -> Result<Summary, Error> {
        super::products(shop.transport(), Format::Csv, &self.options).await
    }

    pub(super) async fn products_jsonl(&self, shop: &Shop) -> Result<Summary, Error> {
        super::products(shop.transport(), Format::Jsonl, &self.options).await
    }

    pub(super) async fn orders(&self, shop: &Shop) -> Result<Summary, Error> {
        super::orders(shop.transport(), "till", Format::Csv, &self.options).await
    }

    pub(super) async fn orders_jsonl(&self, shop: &Shop) -> Result<Summary, Error> {
        super::orders(shop.transport(), "till", Format::Jsonl, &self.options).await
    }

    fn progress(&self) -> PathBuf {
        self.folder.path().join("in put.csv.tillroll-progress")
    }

    /// Line, field and code of each row in the list of rejected rows; empty when there is no list.
    pub(super) fn rejected(&self) -> Vec<String> {
        let path = self.folder.path().join("in put.csv.errors.csv");
        let Ok(text) = fs::read_to_string(path) else {
            return Vec::new();
        };
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("line,field,code,reason,key"));
        lines
            .map(|line| line.splitn(4, ',').take(3).collect::<Vec<_>>().join(" "))
            .collect()
    }
}

#[test]
fn a_summary_says_how_long_all_of_it_took() {
    let summary = Summary {
        counts: vec![("orders", counts(25_000, 0, 900, 0))],
        rows: 541_909,
        errors: None,
        stored: Duration::from_millis(17_620),
        following: Duration::from_millis(28_750),
        elapsed: Duration::from_millis(46_400),
        resumed: false,
    };
    assert_eq!(
        summary.to_string(),
        "orders: 25000 created, 0 updated, 900 unchanged, 0 rejected\n\
         541909 rows in 46.4 s, 11679 rows/s\n\
         stored after 17.6 s, shown by every read model 28.8 s later"
    );
}

pub(super) fn options(input: &Path, folder: &Path) -> Options {
    Options {
        input: Input::from_argument(input),
        errors: None,
        folder: folder.to_owned(),
        restart: false,
        actor: "system:import".to_owned(),
        correlation_id: Uuid::from_u128(1),
    }
}

fn counts(created: u64, updated: u64, unchanged: u64, rejected: u64) -> Counts {
    Counts {
        created,
        updated,
        unchanged,
        rejected,
        sent_again: 0,
    }
}
