//! The file that lists the rejected rows.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use files::formula;

use super::error::{Error, RowError};

/// First line of every such file. A file without it is somebody else's and is not overwritten.
const HEADER: &str = "line,field,code,reason,key";

/// The list of rejected rows; the file is made with the first of them.
pub(crate) struct Report {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    length: u64,
}

impl Report {
    /// Begins a list that holds the first `length` bytes of what is there. Another file of that name is
    /// not touched.
    pub(crate) fn open(path: PathBuf, length: u64) -> Result<Self, Error> {
        let mut report = Self {
            path,
            file: None,
            length: 0,
        };
        report.prepare(length).map_err(|source| report.error(source))?;
        Ok(report)
    }

    fn prepare(&mut self, length: u64) -> io::Result<()> {
        if !self.path.try_exists()? {
            return Ok(());
        }
        if !is_report(&self.path)? {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "the file is not a list of rejected rows; name another with --errors",
            ));
        }
        if length == 0 {
            return fs::remove_file(&self.path);
        }
        let file = OpenOptions::new().append(true).open(&self.path)?;
        self.length = length.min(file.metadata()?.len());
        file.set_len(self.length)?;
        self.file = Some(BufWriter::new(file));
        Ok(())
    }

    /// Adds a row to the list.
    pub(crate) fn add(&mut self, error: &RowError) -> Result<(), Error> {
        self.write(error).map_err(|source| self.error(source))
    }

    /// Makes everything visible to other processes.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let flushed = match &mut self.file {
            Some(file) => file.flush(),
            None => Ok(()),
        };
        flushed.map_err(|source| self.error(source))
    }

    /// Bytes in the list.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Where the list is, if there is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.file.is_some().then_some(self.path.as_path())
    }

    fn write(&mut self, error: &RowError) -> io::Result<()> {
        let file = if let Some(file) = &mut self.file {
            file
        } else {
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = BufWriter::new(File::create(&self.path)?);
            writeln!(file, "{HEADER}")?;
            self.length = HEADER.len() as u64 + 1;
            self.file.insert(file)
        };
        let row = format!(
            "{},{},{},{},{}\n",
            error.line,
            quoted(&error.field),
            quoted(&error.code),
            quoted(&error.reason),
            quoted(&error.key)
        );
        file.write_all(row.as_bytes())?;
        self.length += row.len() as u64;
        Ok(())
    }

    fn error(&self, source: io::Error) -> Error {
        Error::Write {
            path: self.path.clone(),
            source,
        }
    }
}

fn is_report(path: &Path) -> io::Result<bool> {
    let mut line = Vec::new();
    let file = BufReader::new(File::open(path)?);
    io::Read::take(file, 1_000).read_until(b'\n', &mut line)?;
    Ok(line.is_empty() || line.trim_ascii_end() == HEADER.as_bytes())
}

/// A cell of the list. What stands in it came from the input, so a spreadsheet must not run it.
fn quoted(text: &str) -> String {
    let text = &*formula::guard(text);
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: u64) -> RowError {
        RowError {
            line,
            key: "A,1".into(),
            field: "price".into(),
            code: "out_of_range".into(),
            reason: "is \"wrong\"".into(),
        }
    }

    #[test]
    fn list_is_cut_back_to_what_was_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.errors.csv");
        let mut report = Report::open(path.clone(), 0).unwrap();
        assert_eq!(report.path(), None);
        report.add(&error(2)).unwrap();
        let length = report.length();
        report.add(&error(3)).unwrap();
        drop(report);
        let mut report = Report::open(path.clone(), length).unwrap();
        report.add(&error(4)).unwrap();
        report.flush().unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "line,field,code,reason,key\n\
             2,price,out_of_range,\"is \"\"wrong\"\"\",\"A,1\"\n\
             4,price,out_of_range,\"is \"\"wrong\"\"\",\"A,1\"\n"
        );
        drop(report);
        drop(Report::open(path.clone(), 0).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn nothing_in_the_list_is_a_formula() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.errors.csv");
        let mut report = Report::open(path.clone(), 0).unwrap();
        let cell = "=HYPERLINK(\"http://x\");=1".to_owned();
        report
            .add(&RowError {
                line: 2,
                key: cell.clone(),
                field: "attributes.a;=1+1".into(),
                code: "unknown".into(),
                reason: cell,
            })
            .unwrap();
        report.flush().unwrap();
        let link = "\"'=HYPERLINK(\"\"http://x\"\");'=1\"";
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            format!("{HEADER}\n2,attributes.a;'=1+1,unknown,{link},{link}\n")
        );
    }

    #[test]
    fn somebody_elses_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.errors.csv");
        fs::write(&path, "my notes\n").unwrap();
        assert!(matches!(Report::open(path.clone(), 0), Err(Error::Write { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "my notes\n");
    }
}
