//! Collects the pages of `docs/errors`, so that the `type` of a problem can be opened where it was answered.

use std::{fmt::Write, fs, path::Path};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new("../docs/errors");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let code = path.file_stem().and_then(|stem| stem.to_str());
            if let (Some(code), Some("md")) = (code, path.extension().and_then(|extension| extension.to_str()))
                && code != "README"
            {
                println!("cargo::rerun-if-changed={}", path.display());
                pages.push(code.to_owned());
            }
        }
    }
    pages.sort();
    let mut table = String::from("&[\n");
    for code in pages {
        // By the compiler's own word of where the source is: checkouts may share a target folder.
        writeln!(
            table,
            r#"("{code}", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors/{code}.md"))),"#
        )?;
    }
    table.push(']');
    #[expect(clippy::disallowed_methods, reason = "how cargo tells a build script where to write")]
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    fs::write(Path::new(&out).join("error_pages.rs"), table)?;
    Ok(())
}
