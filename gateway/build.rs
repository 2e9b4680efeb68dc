//! Collects the pages of `docs` and `docs/errors`, so that a running gateway can show them.

use std::{env, error::Error, fmt::Write, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "how cargo tells a build script where to write")]
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    for (folder, file) in [("docs/errors", "error_pages.rs"), ("docs", "guides.rs")] {
        fs::write(Path::new(&out).join(file), table(folder)?)?;
    }
    Ok(())
}

/// The Markdown files of a folder, as a table of names and contents.
fn table(folder: &str) -> Result<String, Box<dyn Error>> {
    let path = Path::new("..").join(folder);
    println!("cargo::rerun-if-changed={}", path.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if let (Some(name), Some("md")) = (
            path.file_stem().and_then(|stem| stem.to_str()),
            path.extension().and_then(|extension| extension.to_str()),
        ) {
            println!("cargo::rerun-if-changed={}", path.display());
            names.push(name.to_owned());
        }
    }
    names.sort();
    let mut table = String::from("&[\n");
    for name in names {
        // The compiler says where the source is, because checkouts may share a target folder.
        writeln!(
            table,
            r#"("{name}", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../{folder}/{name}.md"))),"#
        )?;
    }
    table.push(']');
    Ok(table)
}
