//! `tillroll audit`, as its users run it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use app::{Config, System};
use proto::v1;
use proto::v1::user_command_client::UserCommandClient;
use sqlx::{ConnectOptions as _, PgPool};
use tonic::transport::Endpoint;

/// The program on the database of a test.
struct Program<'a> {
    pool: &'a PgPool,
    folder: &'a Path,
}

impl Program<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tillroll"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("TILLROLL_DATA_DIR", self.folder.join("data"))
            .env("DATABASE_URL", self.pool.connect_options().to_url_lossy().as_str())
            .current_dir(self.folder)
            .stdin(Stdio::null());
        command
    }

    async fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        output_of(self.command(arguments)).await
    }

    async fn ok(&self, arguments: &[&str]) -> String {
        let (code, output_of) = self.run(arguments).await;
        assert_eq!(code, Some(0), "{arguments:?}: {output_of}");
        output_of
    }
}

/// How it ended, and everything that it said.
async fn output_of(mut command: Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let text = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (status.code(), text)
}

/// Runs a server that writes some events and seals nothing.
async fn write(pool: &PgPool, folder: &Path, name: &str) {
    let pairs = [
        ("database-url", pool.connect_options().to_url_lossy().to_string()),
        ("data-dir", folder.join("data").display().to_string()),
        ("http-addr", "127.0.0.1:0".to_owned()),
        ("grpc-addr", "127.0.0.1:0".to_owned()),
        ("seal-every", "off".to_owned()),
    ];
    let system = System::start(&Config::from_pairs(pairs).unwrap()).await.unwrap();
    let channel = Endpoint::from_shared(format!("http://{}", system.grpc_addr().unwrap())).unwrap();
    let mut users = UserCommandClient::new(channel.connect_lazy());
    for n in 0..5 {
        let request = v1::CreateUserRequest {
            context: Some(v1::CommandContext {
                actor: "system:test".into(),
                ..v1::CommandContext::default()
            }),
            email: format!("{name}{n}@example.com"),
            name: name.to_owned(),
            role: v1::Role::Customer.into(),
            password: "correct horse battery".into(),
        };
        users.create_user(request).await.unwrap();
    }
    system.shutdown().await.unwrap();
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_log_is_sealed_verified_exported_and_proven(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let program = Program {
        pool: &pool,
        folder: folder.path(),
    };
    assert!(program.ok(&["audit", "seal"]).await.contains("the log is empty"));
    write(&pool, folder.path(), "ann").await;
    let unsealed = program.ok(&["audit", "verify"]).await;
    assert!(
        unsealed.contains("NOT SEALED YET: nothing of the log is sealed") && !unsealed.contains("BROKEN"),
        "{unsealed}"
    );
    let sealed = program.ok(&["audit", "seal"]).await;
    assert_eq!(sealed, "10 events sealed by checkpoint 1\n");
    assert!(
        program
            .ok(&["audit", "seal"])
            .await
            .contains("nothing is new since checkpoint 1")
    );
    let verified = program.ok(&["audit", "verify"]).await;
    assert!(
        verified.contains("INTACT: the 10 events up to checkpoint 1"),
        "{verified}"
    );
    let key = program.ok(&["audit", "key"]).await.trim().to_owned();
    assert!(key.starts_with("tillroll-seal+"), "{key}");
    program
        .ok(&["audit", "checkpoints", "export", "--out", "one.txt"])
        .await;
    write(&pool, folder.path(), "bob").await;
    program.ok(&["audit", "seal"]).await;
    let all = program.ok(&["audit", "checkpoints", "export", "--from", "1"]).await;
    std::fs::write(folder.path().join("all.txt"), &all).unwrap();
    assert_eq!(all.matches("\ncheckpoint ").count(), 2, "{all}");
    let partly = program.ok(&["audit", "verify", "--from-checkpoint", "1"]).await;
    assert!(
        partly.contains("INTACT: the 10 events after checkpoint 1 up to checkpoint 2")
            && partly.contains("nothing older"),
        "{partly}"
    );
    let listed = program.ok(&["audit", "checkpoints", "list"]).await;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    let listed = program
        .ok(&["audit", "checkpoints", "list", "--json", "--limit", "1"])
        .await;
    let newest: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((&newest["number"], &newest["events"]), (&2.into(), &20.into()));

    let event: String = sqlx::query_scalar("SELECT event_id::text FROM events LIMIT 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    program
        .ok(&["audit", "prove", "event", &event, "--out", "event.json"])
        .await;
    program
        .ok(&[
            "audit",
            "prove",
            "consistency",
            "--from",
            "1",
            "--to",
            "2",
            "--out",
            "consistency.json",
        ])
        .await;
    let (code, none) = program
        .run(&["audit", "prove", "event", "0198c0de-0000-7000-8000-000000000001"])
        .await;
    assert!(code == Some(1) && none.contains("there is no event"), "{none}");
    let (code, none) = program.run(&["audit", "prove", "consistency", "--from", "0"]).await;
    assert!(
        code == Some(1) && none.contains("must be the number of a checkpoint"),
        "{none}"
    );

    // The auditor has the files and the public key, and neither the database nor the data folder.
    let elsewhere = tempfile::tempdir().unwrap();
    let audit = async |arguments: &[&str]| {
        let mut command = program.command(arguments);
        command
            .env_remove("DATABASE_URL")
            .env("TILLROLL_DATA_DIR", elsewhere.path().join("data"));
        output_of(command).await
    };
    for (file, words) in [
        ("event.json", event.as_str()),
        ("consistency.json", "its 10 events are unchanged among 20"),
    ] {
        let (code, proven) = audit(&["audit", "check-proof", file, "--public-key", &key]).await;
        assert!(
            code == Some(0) && proven.contains("PROVEN") && proven.contains(words),
            "{proven}"
        );
        let (code, unkeyed) = audit(&["audit", "check-proof", file]).await;
        assert!(code == Some(1) && unkeyed.contains("--public-key"), "{unkeyed}");
    }
    let forged = std::fs::read_to_string(folder.path().join("event.json"))
        .unwrap()
        .replace("system:test", "system:best");
    std::fs::write(folder.path().join("forged.json"), forged).unwrap();
    let (code, forged) = audit(&["audit", "check-proof", "forged.json", "--public-key", &key]).await;
    assert!(code == Some(3) && forged.contains("NOT PROVEN"), "{forged}");
    std::fs::write(folder.path().join("key.txt"), &key).unwrap();
    let (code, _) = audit(&["audit", "check-proof", "event.json", "--public-key", "key.txt"]).await;
    assert_eq!(code, Some(0));
    let (code, wrong) = audit(&["audit", "check-proof", "event.json", "--public-key", "nonsense"]).await;
    assert!(code == Some(64) && wrong.contains("not a public key"), "{wrong}");
    assert!(!elsewhere.path().join("data").exists(), "looking makes nothing");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_was_changed_is_named_and_history_cannot_be_sealed_anew(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let program = Program {
        pool: &pool,
        folder: folder.path(),
    };
    write(&pool, folder.path(), "ann").await;
    program.ok(&["audit", "seal"]).await;
    program
        .ok(&["audit", "checkpoints", "export", "--out", "kept.txt"])
        .await;
    let verify = ["audit", "verify", "--checkpoints", "kept.txt"];
    assert!(program.ok(&verify).await.contains("1 of them brought along"));

    let (lane, position, id): (i32, i64, String) = sqlx::query_as(
        "UPDATE events SET actor = 'usr_nobody' WHERE event_id = (SELECT event_id FROM events WHERE event_type = 'UserRegistered' LIMIT 1)
         RETURNING lane, position, event_id::text",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let (code, broken) = program.run(&["audit", "verify"]).await;
    assert_eq!(code, Some(3), "{broken}");
    let named = format!("ALTERED    lane {lane} position {position}, event {id} (UserRegistered, user/");
    assert!(broken.contains(&named), "{broken}");
    let (code, json) = program.run(&["audit", "verify", "--json"]).await;
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &report["intact"]), (Some(3), &false.into()));
    let finding = &report["findings"][0];
    assert_eq!(
        (&finding["kind"], &finding["event_id"]),
        (&"altered".into(), &id.into())
    );

    // Whoever owns the database gets nothing sealed anew.
    sqlx::raw_sql("TRUNCATE seal_tiles, seal_checkpoints")
        .execute(&pool)
        .await
        .unwrap();
    let (code, refused) = program.run(&["audit", "seal"]).await;
    assert!(
        code == Some(1) && refused.contains("the checkpoints are gone"),
        "{refused}"
    );
    let (code, broken) = program.run(&["audit", "verify"]).await;
    assert!(
        code == Some(3) && broken.contains("(remembered by the sealer) is newer than all of the database"),
        "{broken}"
    );
    // Who has the data folder, too, can, but not change what an auditor has kept.
    let forgotten = program.ok(&["audit", "seal", "--start-over"]).await;
    assert!(
        forgotten.contains("checkpoint 1 of ") && forgotten.contains("10 events sealed by checkpoint 1"),
        "{forgotten}"
    );
    program.ok(&["audit", "verify"]).await;
    let (code, caught) = program.run(&verify).await;
    assert!(
        code == Some(3) && caught.contains("history was written anew"),
        "{caught}"
    );
    // Nothing else is a checkpoint file.
    std::fs::write(folder.path().join("empty.txt"), "").unwrap();
    for file in ["empty.txt", "missing.txt", "data/keys/seal-ed25519.pem"] {
        let (code, refused) = program.run(&["audit", "verify", "--checkpoints", file]).await;
        assert!(code == Some(1) && refused.contains(file), "{refused}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn lost_hashes_are_built_again(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let program = Program {
        pool: &pool,
        folder: folder.path(),
    };
    write(&pool, folder.path(), "ann").await;
    program.ok(&["audit", "seal"]).await;
    sqlx::raw_sql("TRUNCATE seal_tiles").execute(&pool).await.unwrap();
    let (code, lost) = program.run(&["audit", "verify"]).await;
    assert!(code == Some(3) && lost.contains("HASHES"), "{lost}");
    assert!(
        program
            .ok(&["audit", "rebuild-tiles"])
            .await
            .contains("the hashes of 10 events")
    );
    program.ok(&["audit", "verify"]).await;
}
