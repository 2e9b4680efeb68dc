//! The stored JSON of every event. The files are a promise to histories that exist: when a test here fails, add a version and an
//! upcaster, and leave the file as it is.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cqrs_es::DomainEvent as _;
use domain::{REGISTRY, Visitor, stock::StockEvent, visit};
use registry::{Event as _, Registered, Stored, decode};
use serde::Serialize;

/// What a sample is of, by its name: `<EventType>[.<case>].v<N>.json`.
struct Sample {
    file: PathBuf,
    event_type: String,
    version: u32,
    /// It has no case.
    plain: bool,
    json: String,
}

/// All samples of an aggregate, except for what older ones are expected to lead to.
fn samples(aggregate_type: &str) -> Vec<Sample> {
    files(&sources().join(aggregate_type).join("golden"))
        .into_iter()
        .filter(|file| !file.to_string_lossy().ends_with(".expected.json"))
        .map(|file| {
            let name = file.file_name().unwrap().to_str().unwrap();
            let parts = name.strip_suffix(".json").and_then(|stem| stem.rsplit_once(".v"));
            let (what, version) = parts.unwrap_or_else(|| panic!("{name} is not named <EventType>.v<N>.json"));
            Sample {
                event_type: what.split('.').next().unwrap().to_owned(),
                version: version.parse().unwrap_or_else(|_| panic!("{name} has no version")),
                plain: !what.contains('.'),
                json: fs::read_to_string(&file).unwrap(),
                file,
            }
        })
        .collect()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Reads every sample as it is stored. One of the current version is written again as it was; an older one leads to what stands beside it.
struct Reads;

impl Visitor for Reads {
    type Output = BTreeSet<(String, u32)>;

    fn visit<A: Registered + Serialize>(self) -> Self::Output {
        let mut plain = BTreeSet::new();
        for sample in samples(A::TYPE) {
            let Sample { file, json, .. } = &sample;
            let known = A::Event::ENTRY.event(&sample.event_type);
            let known = known.unwrap_or_else(|| panic!("{}: there is no such event", file.display()));
            let stored = Stored {
                event_type: &sample.event_type,
                event_version: &format!("{}.0", sample.version),
                payload: json,
            };
            let event: A::Event = decode(&stored).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert_eq!(event.event_type(), sample.event_type, "{}", file.display());
            assert_eq!(event.event_version(), known.stored_version(), "{}", file.display());
            let expected = if sample.version == known.version {
                json.clone()
            } else {
                let beside = file.with_extension("expected.json");
                fs::read_to_string(&beside).unwrap_or_else(|error| panic!("{}: {error}", beside.display()))
            };
            let written = serde_json::to_string_pretty(&event).unwrap() + "\n";
            assert_eq!(written, expected, "{}", file.display());
            if sample.plain {
                plain.insert((sample.event_type, sample.version));
            }
        }
        plain
    }
}

#[test]
fn every_version_of_every_event_has_a_sample_and_is_read() {
    for entry in REGISTRY {
        let versions =
            |event: &'static registry::EventType| (1..=event.version).map(|version| (event.name.to_owned(), version));
        let wanted: BTreeSet<_> = entry.events.iter().flat_map(versions).collect();
        let seen = visit(entry.aggregate_type, Reads).unwrap();
        assert_eq!(seen, wanted, "the samples of {}", entry.aggregate_type);
    }
}

#[test]
fn every_sample_is_of_an_aggregate_that_is_registered() {
    let registered: BTreeSet<_> = REGISTRY.iter().map(|entry| entry.aggregate_type.to_owned()).collect();
    let with_samples: BTreeSet<_> = files(&sources())
        .into_iter()
        .filter(|folder| folder.join("golden").exists())
        .map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(with_samples, registered);
}

#[test]
fn what_is_expected_of_a_sample_belongs_to_one() {
    for entry in REGISTRY {
        let folder = sources().join(entry.aggregate_type).join("golden");
        for file in files(&folder) {
            let Some(of) = file.to_str().unwrap().strip_suffix(".expected.json") else {
                continue;
            };
            assert!(Path::new(&format!("{of}.json")).exists(), "{}", file.display());
        }
    }
}

#[test]
fn aggregate_types_are_those_of_the_store() {
    let types: Vec<_> = REGISTRY.iter().map(|entry| entry.aggregate_type).collect();
    assert_eq!(
        types,
        [
            "product",
            "stock",
            "order",
            "credit",
            "sku",
            "user",
            "email",
            "login",
            "projection",
            "search_settings",
            "process",
            "session"
        ]
    );
}

/// A field that a later version adds must not make this version refuse the event.
#[test]
fn unknown_fields_are_passed_over() {
    let json = r#"{"StockReceived":{"quantity":3,"supplier":"ACME"}}"#;
    let event: StockEvent = serde_json::from_str(json).unwrap();
    assert_eq!(
        event,
        StockEvent::StockReceived {
            quantity: domain::Quantity::new(3).unwrap(),
            reason: None
        }
    );
}

/// The list of all events in the documentation; with `UPDATE_DOCS` set it is written anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "it is asked for from outside of the test")]
fn the_documentation_lists_every_event() {
    const HEADING: &str = "## All events\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/events.md");
    let written = fs::read_to_string(&file).unwrap();
    let (before, _) = written.split_once(HEADING).unwrap();
    let mut text = format!(
        "{before}{HEADING}Written from the registry by `make generate`.\n\n| aggregate | event | version | samples |\n|---|---|---|---|\n"
    );
    for entry in REGISTRY {
        for event in entry.events {
            let links = (1..=event.version).map(|version| {
                let folder = format!("../domain/src/{}/golden", entry.aggregate_type);
                format!("[v{version}]({folder}/{}.v{version}.json)", event.name)
            });
            writeln!(
                text,
                "| `{}` | `{}` | {} | {} |",
                entry.aggregate_type,
                event.name,
                event.stored_version(),
                links.collect::<Vec<_>>().join(", ")
            )
            .unwrap();
        }
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, text).unwrap();
    } else {
        assert_eq!(written, text, "run `make generate`");
    }
}
