//! The house's rules, checked: who may depend on whom, crate by crate and module by module, and how long a file may get.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

mod circles;

/// Lines of code in a file that ask for a second look.
const SOFT_CAP: usize = 300;
/// Lines of code in a file that are too many.
const HARD_CAP: usize = 500;

/// What a crate may depend on in the workspace, and what it must never depend on at all.
struct Rule {
    name: &'static str,
    may: &'static [&'static str],
    never: &'static [&'static str],
}

const HOUSE: &[&str] = &[
    "command",
    "domain",
    "eventstore",
    "files",
    "gateway",
    "import",
    "migrations",
    "postgres",
    "processes",
    "projections",
    "proto",
    "query",
    "reads",
    "registry",
    "reports",
    "rows",
    "seal",
    "search",
    "values",
];
const WORKSPACE: &[&str] = &[
    "app",
    "command",
    "domain",
    "eventstore",
    "files",
    "gateway",
    "import",
    "migrations",
    "online-retail",
    "postgres",
    "projections",
    "proto",
    "query",
    "reads",
    "reports",
    "seal",
    "search",
    "values",
    "workers",
];
const RULES: &[Rule] = &[
    Rule {
        name: "values",
        may: &[],
        never: &["sqlx", "tonic", "axum", "serde"],
    },
    Rule {
        name: "registry",
        may: &[],
        never: &["sqlx", "tonic", "axum", "tokio"],
    },
    Rule {
        name: "domain",
        may: &["registry", "values"],
        never: &["sqlx", "tonic", "axum", "postgres-es", "tokio"],
    },
    Rule {
        name: "proto",
        may: &[],
        never: &["sqlx", "axum"],
    },
    Rule {
        name: "migrations",
        may: &[],
        never: &["tonic", "axum"],
    },
    Rule {
        name: "rows",
        may: &["values"],
        never: &["tonic", "axum", "tokio"],
    },
    Rule {
        name: "search",
        may: &[],
        never: &["sqlx", "tonic", "axum"],
    },
    Rule {
        name: "files",
        may: &[],
        never: &["sqlx", "tonic", "axum", "tokio"],
    },
    Rule {
        name: "postgres",
        may: &[],
        never: &["tonic", "axum"],
    },
    Rule {
        name: "import",
        may: &["domain", "files", "proto"],
        never: &["sqlx", "axum"],
    },
    Rule {
        name: "seal",
        may: &[],
        never: &["sqlx", "tonic", "axum", "tokio"],
    },
    Rule {
        name: "workers",
        may: &[],
        never: &["tonic", "axum"],
    },
    Rule {
        name: "processes",
        may: &["eventstore", "workers"],
        never: &["tonic", "axum"],
    },
    Rule {
        name: "eventstore",
        may: &["registry", "seal", "values", "workers"],
        never: &["tonic", "axum"],
    },
    Rule {
        name: "command",
        may: &["domain", "eventstore", "processes", "proto"],
        never: &["axum"],
    },
    Rule {
        name: "projections",
        may: &["domain", "eventstore", "rows", "search", "workers"],
        never: &["tonic", "axum"],
    },
    Rule {
        name: "query",
        may: &["proto", "reads", "rows", "seal", "search", "values"],
        never: &["axum"],
    },
    Rule {
        name: "reads",
        may: &["proto"],
        never: &["axum"],
    },
    Rule {
        name: "reports",
        may: &["files", "proto", "reads", "workers"],
        never: &["axum"],
    },
    Rule {
        name: "gateway",
        may: &["proto", "values"],
        never: &["sqlx", "postgres-es", "cqrs-es"],
    },
    Rule {
        name: "app",
        may: HOUSE,
        never: &[],
    },
    Rule {
        name: "online-retail",
        may: &["files"],
        never: &["sqlx", "tonic", "axum", "tokio"],
    },
    // For development: they see the whole house, and nothing of it sees them.
    Rule {
        name: "e2e",
        may: WORKSPACE,
        never: &[],
    },
    Rule {
        name: "benches",
        may: WORKSPACE,
        never: &[],
    },
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata")
}

#[test]
fn arrows_point_the_right_way() {
    let metadata = metadata();
    let rules: BTreeMap<&str, &Rule> = RULES.iter().map(|rule| (rule.name, rule)).collect();
    let members: BTreeSet<String> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let mut wrong = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().and_then(|folder| folder.file_name());
        if folder != Some(package.name.as_str()) {
            wrong.push(format!("{} does not live in a folder of its name", package.name));
        }
        let Some(rule) = rules.get(package.name.as_str()) else {
            wrong.push(format!(
                "{} is not in the table: say what it may depend on",
                package.name
            ));
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
        {
            let of_the_house = members.contains(&dependency.name) && !rule.may.contains(&dependency.name.as_str());
            if of_the_house || rule.never.contains(&dependency.name.as_str()) {
                wrong.push(format!("{} must not depend on {}", package.name, dependency.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_modules_form_a_circle() {
    let metadata = metadata();
    let crates = metadata.workspace_packages();
    let crates = crates.iter().map(|package| {
        let folder = package.manifest_path.parent().expect("a folder");
        (package.name.to_string(), PathBuf::from(folder.as_str()))
    });
    let problems = circles::problems(crates);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn files_stay_short() {
    let metadata = metadata();
    let mut files = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = PathBuf::from(package.manifest_path.parent().expect("a folder").as_str());
        rust_files(&folder, &mut files);
    }
    assert!(files.len() > 20, "the files were not found");
    let root = metadata.workspace_root.as_std_path();
    let mut too_long = Vec::new();
    for file in files {
        let lines = code_lines(&std::fs::read_to_string(&file).expect("a source file"));
        let shown = format!(
            "{} has {lines} lines of code",
            file.strip_prefix(root).unwrap_or(&file).display()
        );
        if lines > HARD_CAP {
            too_long.push(shown);
        } else if lines > SOFT_CAP {
            println!("{shown}: more than {SOFT_CAP}");
        }
    }
    assert!(too_long.is_empty(), "more than {HARD_CAP}:\n{}", too_long.join("\n"));
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            if entry.file_name() != "target" {
                rust_files(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The lines before the file's inline tests.
fn code_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod "));
    tests.unwrap_or(lines.len())
}
