//! The other commands, beside a running server and alone.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use rustix::process::Signal;

use super::program::{Server, errors, output, tillroll};
use crate::folder::Folder;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn with_input(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn create_admin(folder: &Folder, email: &str) -> Output {
    with_input(
        tillroll(
            folder,
            &[
                "user",
                "create",
                "--email",
                email,
                "--role",
                "admin",
                "--password-stdin",
            ],
        ),
        "correct horse battery\n",
    )
}

#[tokio::test]
async fn everything_works_beside_a_server() {
    let folder = Folder::new();
    let server = Server::start(tillroll(&folder, &["serve"]));
    let made = create_admin(&folder, "ada@example.com");
    assert!(made.status.success(), "{}", errors(&made));
    assert!(said(&made).starts_with("usr_"), "{}", said(&made));
    let again = create_admin(&folder, "ada@example.com");
    assert_eq!(again.status.code(), Some(1));

    // No test speaks TLS, but the HTTP client is built for it as soon as something in the program wants that.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let login = client
        .post(format!("{}/v1/auth/login", server.url()))
        .header("content-type", "application/json");
    let login = login
        .body(r#"{"email": "ada@example.com", "password": "correct horse battery"}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(login.status(), 200);

    for arguments in [
        &["migrate"][..],
        &["projections"],
        &["rebuild", "orders"],
        &["doctor"],
        &["openapi"],
    ] {
        let output = output(tillroll(&folder, arguments));
        assert!(
            output.status.success(),
            "{arguments:?}: {}{}",
            said(&output),
            errors(&output)
        );
    }
    let listed = said(&output(tillroll(&folder, &["projections"])));
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with("orders") && line.contains(" 2 active")),
        "{listed}"
    );
    server.signal(Signal::TERM);
    assert!(server.ended().success());
    folder.assert_nothing_runs();
}

#[test]
fn everything_works_without_a_server_and_leaves_nothing() {
    let folder = Folder::new();
    let migrated = output(tillroll(&folder, &["migrate"]));
    assert!(migrated.status.success(), "{}", errors(&migrated));
    let made = create_admin(&folder, "ada@example.com");
    assert!(made.status.success(), "{}", errors(&made));

    let products = folder.path().join("products.csv");
    std::fs::write(&products, "sku,name,price,currency\nMUG-1,Mug,12.50,GBP\n").unwrap();
    let imported = output(tillroll(
        &folder,
        &["import", "products", "--format", "csv", products.to_str().unwrap()],
    ));
    assert!(imported.status.success(), "{}{}", said(&imported), errors(&imported));

    let checked = output(tillroll(&folder, &["doctor"]));
    assert!(checked.status.success(), "{}{}", said(&checked), errors(&checked));
    assert!(!said(&checked).contains("fail"), "{}", said(&checked));
    assert!(said(&checked).contains("search engine"), "{}", said(&checked));
    folder.assert_nothing_runs();
}

#[test]
fn a_command_brings_the_schema_up_and_says_what_can_be_rebuilt() {
    let folder = Folder::new();
    let listed = output(tillroll(&folder, &["projections"]));
    assert!(listed.status.success(), "{}", errors(&listed));
    assert!(said(&listed).contains("products "), "{}", said(&listed));
    assert!(!errors(&listed).contains("does not exist"), "{}", errors(&listed));

    let refused = output(tillroll(&folder, &["rebuild", "nonsense"]));
    assert_eq!(refused.status.code(), Some(64));
    for name in ["orders", "sales", "search"] {
        assert!(errors(&refused).contains(name), "{}", errors(&refused));
    }
    folder.assert_nothing_runs();
}

#[test]
fn the_doctor_says_what_is_wrong() {
    let folder = Folder::new();
    let fresh = output(tillroll(&folder, &["doctor"]));
    assert!(fresh.status.success(), "{}", said(&fresh));
    assert!(!folder.data().exists(), "looking makes nothing");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = tillroll(&folder, &["doctor"]);
    command.env("TILLROLL_HTTP_ADDR", taken.local_addr().unwrap().to_string());
    command.env("DATABASE_URL", "postgres://tillroll:hunter2@127.0.0.1:1/tillroll");
    command.env("MEILI_URL", "http://127.0.0.1:1");
    let ill = output(command);
    assert_eq!(ill.status.code(), Some(1));
    let text = said(&ill);
    assert!(
        text.contains("in use by another program")
            && text.contains("DATABASE_URL")
            && text.contains("MEILI_KEY")
            && !text.contains("hunter2"),
        "{text}"
    );

    std::fs::create_dir_all(folder.data().join("postgres/data")).unwrap();
    std::fs::write(folder.data().join("postgres/data/PG_VERSION"), "12").unwrap();
    let old = output(tillroll(&folder, &["doctor"]));
    assert_eq!(old.status.code(), Some(1));
    assert!(said(&old).contains("`postgresql-12`"), "{}", said(&old));
}

#[test]
fn the_dump_shows_what_is_in_force() {
    let folder = Folder::new();
    let mut command = tillroll(&folder, &["config", "dump", "--reservation-ttl", "60"]);
    command.env("DATABASE_URL", "postgres://tillroll:hunter2@db/tillroll");
    let dump = said(&output(command));
    assert!(
        dump.contains("reservation_ttl = \"60\" # flag --reservation-ttl"),
        "{dump}"
    );
    assert!(
        dump.contains("database_url = \"postgres://tillroll:***@db/tillroll\" # environment DATABASE_URL"),
        "{dump}"
    );
}
