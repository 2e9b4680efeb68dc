use std::path::PathBuf;
use std::time::Duration;

use super::{Config, Error, Flags, Inputs, LogFormat, Role, variables};

struct Case {
    inputs: Inputs,
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Case {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tillroll.toml");
        std::fs::write(&file, "").unwrap();
        Case {
            inputs: Inputs {
                file: Some(file),
                ..Inputs::default()
            },
            folder,
        }
    }

    fn env(mut self, name: &str, value: &str) -> Case {
        self.inputs.environment.insert(name.into(), value.into());
        self
    }

    fn flag(mut self, flag: &str, value: &str) -> Case {
        self.inputs.flags = Flags::from_pairs([(flag, value.to_owned())]).unwrap();
        self
    }

    fn file(self, text: &str) -> Case {
        std::fs::write(self.folder.path().join("tillroll.toml"), text).unwrap();
        self
    }

    fn load(&self) -> Result<Config, Error> {
        Config::load(&self.inputs)
    }

    fn message(&self) -> String {
        self.load().unwrap_err().to_string()
    }
}

#[test]
fn defaults_need_nothing() {
    let config = Case::new().load().unwrap();
    assert_eq!(config.data.dir, PathBuf::from("./data"));
    assert_eq!(config.http.addr.to_string(), "127.0.0.1:8080");
    assert!(config.http.rate_limit && config.http.addr_is_default);
    assert_eq!(config.services.addr, None);
    assert_eq!(config.roles.to_string(), "gateway,command,query,projector,worker");
    assert!(config.database.url.is_none());
    assert_eq!(config.orders.reservation_ttl, Duration::from_mins(15));
    assert_eq!(config.telemetry.format, LogFormat::Text);
    assert!(config.notices.is_empty());
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file() {
    let case = Case::new().file("http_addr = \"127.0.0.1:1\"\nreservation_ttl = 60\nroles = [\"command\", \"query\", \"gateway\"]\nrate_limit = false");
    assert_eq!(case.load().unwrap().http.addr.port(), 1);
    let case = case.env("TILLROLL_HTTP_ADDR", "localhost:2");
    assert_eq!(case.load().unwrap().http.addr.to_string(), "127.0.0.1:2");
    let case = case.flag("http-addr", "[::1]:3");
    let config = case.load().unwrap();
    assert_eq!(config.http.addr.to_string(), "[::1]:3");
    assert_eq!(config.orders.reservation_ttl, Duration::from_mins(1));
    assert!(!config.http.rate_limit);
    assert!(!config.roles.has(Role::Worker));
}

#[test]
fn an_empty_environment_variable_is_not_set() {
    let config = Case::new().env("DATABASE_URL", "").load().unwrap();
    assert!(config.database.url.is_none());
}

#[test]
fn every_problem_names_its_variable_its_value_and_what_is_right() {
    let message = Case::new()
        .env("TILLROLL_HTTP_ADDR", "8080")
        .env("TILLROLL_ROLES", "gateway,wroker")
        .env("TILLROLL_RESERVATION_TTL", "0")
        .message();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), 3, "{message}");
    assert!(
        lines[0].starts_with("TILLROLL_HTTP_ADDR (environment) is \"8080\"; expected an IP address and a port"),
        "{message}"
    );
    assert!(
        lines[1].starts_with("TILLROLL_ROLES (environment) is \"gateway,wroker\"; expected `all`"),
        "{message}"
    );
    assert!(
        lines[2].starts_with("TILLROLL_RESERVATION_TTL (environment) is \"0\"; expected a whole number"),
        "{message}"
    );
}

#[test]
fn a_wrong_value_is_refused_for_each_variable() {
    for (name, value) in [
        ("TILLROLL_DATA_DIR", "/dev/null"),
        ("TILLROLL_GRPC_ADDR", "on"),
        ("TILLROLL_COMMAND_URL", "command:9090"),
        ("TILLROLL_QUERY_URL", "ftp://x"),
        ("TILLROLL_RATE_LIMIT", "yes"),
        ("TILLROLL_TRUSTED_PROXIES", "-1"),
        ("TILLROLL_PUBLIC_URL", "shop.example"),
        ("TILLROLL_JWT_KEY_FILE", "/nonexistent/key.pem"),
        ("TILLROLL_LOG_FORMAT", "xml"),
        ("TILLROLL_RESERVATION_TTL", "ten"),
        ("TILLROLL_SEAL_KEY_FILE", "/nonexistent/key.pem"),
        ("TILLROLL_SEAL_EVERY", "0"),
        ("RUST_LOG", "info,gateway=loud"),
        ("DATABASE_URL", "mysql://db/x"),
        ("READ_DATABASE_URL", "db"),
        ("MEILI_URL", "meili:7700"),
        ("REDIS_URL", "http://cache"),
        ("TILLROLL_CACHE_MB", "some"),
        ("SMTP_URL", "mail.example.com"),
    ] {
        let message = Case::new().env(name, value).message();
        assert!(
            message.starts_with(&format!("{name} (environment) is \"{value}\"; expected ")),
            "{message}"
        );
    }
}

#[test]
fn replicas_are_a_list_beside_a_database() {
    let case = Case::new()
        .env(
            "READ_DATABASE_URL",
            "postgres://a:hunter2@one/x, postgres://b:hunter2@two/x",
        )
        .env("TILLROLL_CACHE_MB", "0");
    assert!(
        case.message().contains("READ_DATABASE_URL is set without DATABASE_URL"),
        "{}",
        case.message()
    );
    let config = case.env("DATABASE_URL", "postgres://db/x").load().unwrap();
    assert_eq!(config.database.replicas.len(), 2);
    assert_eq!(config.cache.bytes, 0);
    assert!(!config.dump().contains("hunter2"), "{}", config.dump());
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
}

#[test]
fn secrets_show_neither_in_problems_nor_in_the_dump() {
    let message = Case::new()
        .env("DATABASE_URL", "postgre://tillroll:hunter2@db/x")
        .message();
    assert!(
        message.contains("postgre://tillroll:***@db/x") && !message.contains("hunter2"),
        "{message}"
    );
    let message = Case::new()
        .file("database_url = \"postgres://tillroll:hunter2@db/x")
        .message();
    assert!(message.contains("line 1") && !message.contains("hunter2"), "{message}");
    let config = Case::new()
        .env("DATABASE_URL", "postgres://tillroll:hunter2@db/x")
        .env("MEILI_KEY", "hunter2")
        .env("REDIS_URL", "redis://:hunter2@cache")
        .load()
        .unwrap();
    assert!(!config.dump().contains("hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    assert_eq!(
        config.database.url.unwrap().expose(),
        "postgres://tillroll:hunter2@db/x"
    );
}

#[test]
fn the_dump_says_where_each_value_comes_from_and_is_a_file_that_loads() {
    let case = Case::new()
        .file("rate_limit = \"off\"")
        .env("TILLROLL_DATA_DIR", "/srv/\"tillroll\"")
        .flag("http-addr", "127.0.0.1:9");
    let dump = case.load().unwrap().dump();
    assert!(
        dump.contains("http_addr = \"127.0.0.1:9\" # flag --http-addr"),
        "{dump}"
    );
    assert!(dump.contains("# environment TILLROLL_DATA_DIR"), "{dump}");
    assert!(dump.contains("rate_limit = \"off\" # file "), "{dump}");
    assert!(dump.contains("reservation_ttl = \"900\" # default"), "{dump}");
    assert!(dump.contains("# database_url is not set"), "{dump}");
    let again = Case::new().file(&dump).load().unwrap();
    assert_eq!(again.data.dir, PathBuf::from("/srv/\"tillroll\""));
    assert_eq!(again.http.addr.port(), 9);
}

#[test]
fn a_file_is_checked_to_the_key() {
    let message = Case::new().file("http_adr = \"127.0.0.1:9\"").message();
    assert!(
        message.contains("unknown key `http_adr`") && message.contains("http_addr"),
        "{message}"
    );
    let message = Case::new().file("data_dir = 1.5").message();
    assert!(message.contains("`data_dir`") && message.contains("float"), "{message}");
    let mut case = Case::new();
    case.inputs.file = Some(PathBuf::from("/nonexistent/tillroll.toml"));
    assert!(case.message().contains("/nonexistent/tillroll.toml"));
}

#[test]
fn split_roles_say_what_they_miss() {
    let message = Case::new().env("TILLROLL_ROLES", "gateway").message();
    assert!(
        message.contains("TILLROLL_COMMAND_URL is not set") && message.contains("TILLROLL_QUERY_URL is not set"),
        "{message}"
    );
    let message = Case::new().env("TILLROLL_ROLES", "query").message();
    assert!(message.contains("TILLROLL_GRPC_ADDR is \"off\""), "{message}");
    let message = Case::new().env("TILLROLL_GRPC_ADDR", "127.0.0.1:8080").message();
    assert!(
        message.contains("TILLROLL_GRPC_ADDR") && message.contains("TILLROLL_HTTP_ADDR"),
        "{message}"
    );
    let split = Case::new()
        .env("TILLROLL_ROLES", "gateway")
        .env("TILLROLL_MESH_TLS", "on")
        .env(
            "TILLROLL_INTERNAL_KEY_FILE",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        )
        .env("TILLROLL_COMMAND_URL", "http://command:9090")
        .env("TILLROLL_QUERY_URL", "http://query:9091");
    assert!(!split.load().unwrap().roles.need_database());
    assert!(
        Case::new()
            .env("TILLROLL_ROLES", "projector")
            .load()
            .unwrap()
            .roles
            .need_database()
    );
}

#[test]
fn split_roles_prove_who_they_are_or_do_not_start() {
    let gateway = |command: &str| {
        Case::new()
            .env("TILLROLL_ROLES", "gateway")
            .env("TILLROLL_COMMAND_URL", command)
            .env("TILLROLL_QUERY_URL", "http://127.0.0.1:9091")
    };
    let missing = ["TILLROLL_INTERNAL_KEY_FILE is not set", "TILLROLL_TLS_CERT is not set"];
    let services = |address: &str| {
        Case::new()
            .env("TILLROLL_ROLES", "command")
            .env("TILLROLL_GRPC_ADDR", address)
    };
    let everything = Case::new().env("TILLROLL_GRPC_ADDR", "127.0.0.1:9090");
    for case in [gateway("http://127.0.0.1:9090"), services("127.0.0.1:9090"), everything] {
        let message = case.message();
        for missing in missing {
            assert!(message.contains(missing), "{message}");
        }
        assert!(
            message.contains("tillroll certs dev") && message.contains("--insecure-internal"),
            "{message}"
        );
    }
    let here = gateway("http://[::1]:9090").env("TILLROLL_INSECURE_INTERNAL", "on");
    assert!(here.load().is_ok());
    let elsewhere = gateway("http://command:9090").env("TILLROLL_INSECURE_INTERNAL", "on");
    assert!(
        elsewhere
            .message()
            .contains("TILLROLL_COMMAND_URL names another machine")
    );
    let open = services("0.0.0.0:9090").env("TILLROLL_INSECURE_INTERNAL", "on");
    assert!(open.message().contains("TILLROLL_GRPC_ADDR is \"0.0.0.0:9090\""));
    let half = services("127.0.0.1:9090").env("TILLROLL_TLS_KEY", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    assert!(half.message().contains("TILLROLL_TLS_CA is not set"));
    // Whoever listens to nobody and calls nobody needs nothing.
    for roles in ["all", "projector", "worker"] {
        assert!(Case::new().env("TILLROLL_ROLES", roles).load().is_ok(), "{roles}");
    }
}

#[test]
fn what_does_nothing_yet_is_said() {
    let config = Case::new()
        .env("SMTP_URL", "smtp://mail")
        .env("TILLROLL_HTTP_ADR", "x")
        .load()
        .unwrap();
    assert_eq!(config.notices.len(), 2, "{:?}", config.notices);
    assert!(
        config
            .notices
            .iter()
            .any(|notice| notice.starts_with("SMTP_URL is set"))
    );
    assert!(
        config
            .notices
            .iter()
            .any(|notice| notice.starts_with("TILLROLL_HTTP_ADR is set"))
    );
}

#[test]
fn names_agree_in_all_layers() {
    for variable in variables() {
        assert_eq!(variable.flag.replace('-', "_"), variable.key);
        let name = variable
            .environment
            .strip_prefix("TILLROLL_")
            .unwrap_or(variable.environment);
        assert_eq!(name.to_lowercase(), variable.key);
        assert!(variable.help.len() > 20);
    }
}
