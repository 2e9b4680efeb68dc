//! The tour of README.md, as somebody pastes it.

use std::path::Path;
use std::process::{Command, Stdio};

use e2e::{PATIENCE, System, wait_until};
use proto::v1::Role;
use serde_json::Value;

/// The first block of shell after the heading of the tour.
fn script(readme: &str) -> &str {
    let tour = readme.split("\n## A tour").nth(1).expect("README.md has a tour");
    let block = tour.split("```sh\n").nth(1).expect("the tour has a script");
    block.split("```").next().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one script, step by step")]
async fn the_tour_works_when_pasted() {
    if Command::new("curl")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        eprintln!("skipped: the tour needs curl, which is not installed");
        return;
    }
    let system = System::options().with("rate-limit", "on").start().await;
    system
        .create_user("admin@example.com", Role::Admin, "tillroll-demo")
        .await
        .unwrap();
    // As when somebody has read the page up to here.
    wait_until("the search engine", PATIENCE, async || {
        let ready = system.anonymous().get("/readyz").await;
        (ready["checks"]["search"] == "ok").then_some(())
    })
    .await;
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pasted = script(&readme)
        .replace("http://127.0.0.1:8080", &system.url())
        .replace("/tmp/", &format!("{}/", folder.path().display()));
    assert!(pasted.contains(&system.url()), "the tour says where the API is");
    // What it remembers is told at the end.
    let pasted = format!("{pasted}\nprintf '%s\\n' \"$product\" \"$order\" \"$seen\" >names\n");
    let directory = folder.path().to_owned();
    let output = tokio::task::spawn_blocking(move || {
        Command::new("bash")
            .arg("-c")
            .arg(pasted)
            .current_dir(directory)
            .output()
            .unwrap()
    })
    .await
    .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{printed}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let names = std::fs::read_to_string(folder.path().join("names")).unwrap();
    let names: Vec<&str> = names.lines().collect();
    let [product, order, seen] = names.as_slice() else {
        panic!("{names:?}\n{printed}")
    };
    assert!(
        product.starts_with("prod_") && order.starts_with("ord_") && seen.contains('.'),
        "{names:?}\n{printed}"
    );
    assert!(
        printed.len() < 4096,
        "a screenful, not {} bytes:\n{printed}",
        printed.len()
    );
    let lines = |start: &str| -> Vec<&str> {
        let of = |line: &&str| line.to_ascii_lowercase().starts_with(start);
        printed.lines().map(str::trim).filter(of).collect()
    };
    assert_eq!(lines("http/1.1 201").len(), 2, "{printed}");
    assert_eq!(
        lines("idempotent-replayed: true").len(),
        1,
        "sent again, it is the same order:\n{printed}"
    );
    let [first, second] = lines("location:")[..] else {
        panic!("{printed}")
    };
    assert!(first == second && first.ends_with(order), "{printed}");
    // An answer that no line break follows shares its line with the next one.
    let answers: Vec<Value> = printed
        .lines()
        .filter(|line| line.starts_with('{'))
        .flat_map(|line| serde_json::Deserializer::from_str(line).into_iter().map(Result::unwrap))
        .collect();
    let [found, orders, report, events, stock, trace] = answers.as_slice() else {
        panic!("{} answers:\n{printed}", answers.len())
    };
    assert_eq!(found["items"][0]["id"], *product, "{found:#}");
    assert_eq!(
        (
            &found["items"][0]["stock"]["on_hand"],
            &found["facets"]["attr.colour"][0]["value"]
        ),
        (&10.into(), &"red".into()),
        "{found:#}"
    );
    assert_eq!(
        (
            orders["items"][0]["id"].as_str(),
            &orders["items"][0]["lines"][0]["name"],
            &orders["items"][0]["total"]["amount"]
        ),
        (Some(*order), &"Enamel mug, red".into(), &2500.into()),
        "{orders:#}"
    );
    assert_eq!(
        (report["rows"][0]["key"].as_str(), &report["rows"][0]["gross"]["amount"]),
        (Some(*product), &2500.into()),
        "{report:#}"
    );
    assert_eq!(events["items"][0]["event_type"], "OrderPlaced", "{events:#}");
    assert_eq!(stock["items"][1]["event_type"], "StockReserved", "{stock:#}");
    let request = &trace["requests"][0];
    assert_eq!(
        (
            &request["actor"]["email"],
            &request["commands"][0]["command"],
            &request["commands"][0]["events"][1]["event"]["event_type"].is_string()
        ),
        (&"admin@example.com".into(), &"place_order".into(), &true),
        "{trace:#}"
    );
}
