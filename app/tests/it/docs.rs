//! What `docs` promises: commands work when they are pasted, and links lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use app::{Config, System};
use sqlx::{ConnectOptions as _, PgPool};

/// The pages with commands: how many blocks of shell run here, and how many are marked `no-run`, because they need another machine,
/// Docker, a real Meilisearch or data that is not part of the repository.
const PAGES: &[(&str, usize, usize)] = &[
    ("audit.md", 6, 0),
    ("import.md", 3, 1),
    ("operations.md", 4, 3),
    ("reads.md", 4, 0),
    ("reports.md", 4, 0),
    ("search.md", 2, 3),
    ("tamper-evidence.md", 3, 2),
];
/// The names that commands may use for values; one thing has one name on all pages, the one that README.md gives it.
const NAMES: &[&str] = &[
    "api", "created", "event", "export", "newest", "order", "product", "request", "rule", "seen", "sku", "stocked",
    "token", "trace",
];
/// Where the pages say that the server is.
const ADDRESS: &str = "http://127.0.0.1:8080";
/// A shop to work on. A command that fails ends the script, and so does an answer that is a refusal.
const PROLOGUE: &str = r#"
set -Eeuo pipefail
trap 'echo "failed: $BASH_COMMAND" >&2' ERR
curl() { command curl --fail-with-body "$@"; }
echo tillroll-demo | tillroll user create --email admin@example.com --role admin --password-stdin
until curl -s http://127.0.0.1:8080/readyz | jq -e '.checks.search == "ok"'; do sleep 0.1; done
"#;
/// Makes what the pages before it wrote readable and sealed.
const PAGE: &str = r#"
cd "$(mktemp -d -p "$folder")"
until tillroll projections --json | jq -se 'all(.lag_events // .dirty_keys == 0)'; do sleep 0.1; done
tillroll audit seal
"#;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The blocks of a page by what stands after the fence.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fenced = page.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| block.split_once('\n')).collect()
}

/// The blocks of shell to run, and how many are not run.
fn shell(page: &str) -> (Vec<&str>, usize) {
    let all = blocks(page);
    let run = all.iter().filter(|(info, _)| *info == "sh").map(|(_, block)| *block);
    (
        run.collect(),
        all.iter().filter(|(info, _)| *info == "sh no-run").count(),
    )
}

/// The names that a script gives to values.
fn names(script: &str) -> BTreeSet<&str> {
    let lines = script.lines().filter_map(|line| line.split_once('='));
    let names = lines.map(|(name, _)| name);
    names
        .filter(|name| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        })
        .collect()
}

fn uses_known_names(page: &str, block: &str) {
    for name in names(block) {
        assert!(NAMES.contains(&name), "{page} calls something {name}");
    }
    let start = format!("api={ADDRESS}/v1");
    for line in block.lines().filter(|line| line.contains(":8080")) {
        assert_eq!(line, start, "{page} says where the server is in $api");
    }
}

#[test]
fn every_page_with_commands_is_known_and_uses_the_same_names() {
    let known: BTreeMap<_, _> = PAGES
        .iter()
        .map(|(page, run, not)| ((*page).to_owned(), (*run, *not)))
        .collect();
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(repository().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let page = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = read(&path);
        let (run, not) = shell(&text);
        let kinds: BTreeSet<_> = blocks(&text).into_iter().map(|(info, _)| info.to_owned()).collect();
        let allowed = ["sh", "sh no-run", "json", "text", "rust"];
        assert!(
            kinds.iter().all(|kind| allowed.contains(&kind.as_str())),
            "{page}: {kinds:?}"
        );
        for block in &run {
            uses_known_names(&page, block);
        }
        if !run.is_empty() || not > 0 {
            found.insert(page, (run.len(), not));
        }
    }
    assert_eq!(found, known);
    let readme = read(&repository().join("README.md"));
    for block in shell(&readme).0 {
        uses_known_names("README.md", block);
    }
}

#[test]
fn every_setting_is_described_as_its_help_does() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillroll"));
    let output = command.args(["config", "dump"]).env_clear().output().unwrap();
    let dump = String::from_utf8(output.stdout).unwrap();
    let page = read(&repository().join("docs/configuration.md"));
    let helps = dump.lines().filter_map(|line| line.strip_prefix("# "));
    let helps: Vec<_> = helps.filter(|help| !help.ends_with(" is not set")).collect();
    assert!(helps.len() > 30, "{dump}");
    for help in helps {
        assert!(page.contains(&format!("| {help} |")), "{help}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn commands_work_when_pasted(pool: PgPool) {
    for program in ["curl", "jq"] {
        let found = Command::new(program).arg("--version").stdout(Stdio::null()).status();
        assert!(
            found.is_ok(),
            "the commands of docs need {program}: `scripts/setup tests` installs it"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, database) = (
        folder.path().join("data"),
        pool.connect_options().to_url_lossy().to_string(),
    );
    let pairs = [
        ("database-url", database.clone()),
        ("data-dir", data.display().to_string()),
        ("http-addr", "127.0.0.1:0".to_owned()),
        ("rate-limit", "off".to_owned()),
        ("load-shedding", "off".to_owned()),
        ("seal-every", "off".to_owned()),
    ];
    let _ = rustls::crypto::ring::default_provider().install_default();
    let system = System::start(&Config::from_pairs(pairs).unwrap()).await.unwrap();
    let mut script = PROLOGUE.to_owned();
    // The tour of README.md, which a test of its own looks at closely, is what makes a shop of this.
    let readme = read(&repository().join("README.md"));
    let mut add = |page: &str, text: &str| {
        script += PAGE;
        for block in shell(text).0 {
            script.extend(["echo '== ", page, "' >&2\n", block, "\n"]);
        }
    };
    add("README.md", &readme.replace("/tmp/", "./"));
    for (page, ..) in PAGES {
        add(page, &read(&repository().join("docs").join(page)));
    }
    let script = script.replace(ADDRESS, &format!("http://{}", system.http_addr().unwrap()));
    let program = Path::new(env!("CARGO_BIN_EXE_tillroll")).parent().unwrap();
    let mut command = Command::new("bash");
    command
        .args(["-c", &script])
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
        .env("folder", folder.path())
        .env("TILLROLL_DATA_DIR", data)
        .env("DATABASE_URL", database)
        .current_dir(folder.path())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    system.shutdown().await.unwrap();
}

/// The anchors of a page's headings, as code hosts name them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter_map(|line| line.strip_prefix('#'));
    let texts = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let anchor = |text: String| -> String {
        let kept = text
            .chars()
            .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    };
    texts.map(anchor).collect()
}

/// What a page links to.
fn links(page: &str) -> Vec<&str> {
    // Text in backticks and blocks of code have no links.
    let text = page.split("```").step_by(2).flat_map(|text| text.split('`').step_by(2));
    let inline = text.flat_map(|text| {
        text.split("](")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once(')')?.0))
    });
    let named = page
        .lines()
        .filter_map(|line| Some(line.strip_prefix('[')?.split_once("]: ")?.1));
    inline.chain(named).collect()
}

#[test]
fn links_lead_somewhere() {
    let root = repository();
    let mut pages: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
        .map(|page| root.join(page))
        .into();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "data" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    let mut seen = 0;
    for page in pages {
        let text = read(&page);
        for link in links(&text).into_iter().filter(|link| !link.starts_with("https://")) {
            // Documentation of Rust links to items by their names.
            if link.contains("::") || !link.contains(['/', '.', '#']) {
                continue;
            }
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                page.clone()
            } else {
                page.parent().unwrap().join(file)
            };
            assert!(target.exists(), "{} links to {link}", page.display());
            assert!(
                anchor.is_empty() || anchors(&read(&target)).contains(anchor),
                "{} links to {link}",
                page.display()
            );
        }
    }
    assert!(seen > 50, "{seen} links");
}

#[test]
fn files_that_are_named_exist() {
    let mut missing = Vec::new();
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(&repository().join(page));
        // Every second piece is in backticks. Names with a place for something else are patterns.
        let paths = text.split('`').skip(1).step_by(2).filter(|code| {
            let is_path = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
            code.contains('/') && !code.starts_with('/') && code.chars().all(is_path)
        });
        missing.extend(
            paths
                .filter(|path| !repository().join(path).exists())
                .map(|path| format!("{page}: {path}")),
        );
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
