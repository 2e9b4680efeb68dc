//! Where the process keeps its files.

use std::path::PathBuf;

use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const DATA_DIR: Variable = Variable {
    key: "data_dir",
    environment: "TILLROLL_DATA_DIR",
    flag: "data-dir",
    value: "FOLDER",
    default: Some("./data"),
    secrecy: Secrecy::Open,
    help: "Folder for everything that Tillroll keeps on disk: keys, the search index, and the private PostgreSQL cluster if DATABASE_URL is not set",
};

pub(super) const VARIABLES: &[&Variable] = &[&DATA_DIR];

/// Where the process keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// The data folder; made when it is missing.
    pub dir: PathBuf,
}

pub(super) fn read(reader: &mut Reader) -> Result<Data, Invalid> {
    let dir = reader.required(&DATA_DIR, |text| {
        let path = PathBuf::from(text);
        if path.exists() && !path.is_dir() {
            Err("a folder, and this is a file".to_owned())
        } else {
            Ok(path)
        }
    })?;
    Ok(Data { dir })
}
