//! `online-retail FILE FOLDER`: see the README.

use std::path::Path;
use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [file, folder] = arguments.as_slice() else {
        eprintln!("usage: online-retail FILE FOLDER");
        return Ok(ExitCode::from(64));
    };
    let converted = online_retail::convert(Path::new(file), Path::new(folder))?;
    println!(
        "{} products and {} orders of {} lines",
        converted.products, converted.orders, converted.rows
    );
    for wrong in &converted.wrong {
        eprintln!("line {}: {}: {}", wrong.line, wrong.field, wrong.reason);
    }
    Ok(ExitCode::from(if converted.wrong.is_empty() { 0 } else { 2 }))
}
