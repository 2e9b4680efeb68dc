//! The embedded PostgreSQL under the real program: signals, other users, kills.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::Signal;
use tokio::time::Instant;

use super::program::{Server, errors, output, tillroll};
use crate::folder::{DEADLINE, Folder};

/// An account that is neither root nor the one that PostgreSQL gets under root.
const SOMEBODY: u32 = 65534;

#[test]
fn a_signal_to_end_leaves_nothing_running() {
    let folder = Folder::new();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let server = Server::start(tillroll(&folder, &["serve"]));
        assert!(server.first_line.contains("http://127.0.0.1:"), "{}", server.first_line);
        assert!(folder.postmaster().is_some());
        server.signal(signal);
        assert!(server.ended().success());
        folder.assert_nothing_runs();
        assert_eq!(folder.postmaster(), None);
    }
}

#[test]
fn a_terminals_interrupt_does_not_reach_postgres() {
    let folder = Folder::new();
    let mut command = tillroll(&folder, &["serve"]);
    command.process_group(0);
    let server = Server::start(command);
    let group = |process: i32| {
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        text.rsplit_once(") ")
            .unwrap()
            .1
            .split(' ')
            .nth(2)
            .unwrap()
            .parse::<i32>()
            .unwrap()
    };
    let ours = i32::try_from(server.id()).unwrap();
    assert_eq!(group(ours), ours);
    assert_ne!(group(folder.postmaster().unwrap()), ours);
    server.signal(Signal::INT);
    assert!(server.ended().success());
}

#[test]
fn a_second_server_names_the_first() {
    let folder = Folder::new();
    let server = Server::start(tillroll(&folder, &["serve"]));
    let refused = output(tillroll(&folder, &["serve"]));
    assert_eq!(refused.status.code(), Some(1));
    let message = errors(&refused);
    assert!(
        message.contains("in use by another `tillroll serve`")
            && message.contains(&format!("(process {})", server.id())),
        "{message}"
    );
    server.signal(Signal::TERM);
    assert!(server.ended().success());
}

#[test]
fn after_a_kill_the_next_start_takes_over() {
    let folder = Folder::new();
    let server = Server::start(tillroll(&folder, &["serve"]));
    let orphan = folder.postmaster().unwrap();
    server.signal(Signal::KILL);
    assert!(!server.ended().success());
    assert!(folder.processes().contains(&orphan), "the test wants an orphan");

    let server = Server::start(tillroll(&folder, &["serve"]));
    assert_ne!(folder.postmaster().unwrap(), orphan);
    assert!(!folder.processes().contains(&orphan));
    server.signal(Signal::TERM);
    assert!(server.ended().success());
    folder.assert_nothing_runs();
}

#[test]
fn another_process_under_the_number_of_a_killed_server_is_not_taken_for_it() {
    let folder = Folder::new();
    let server = Server::start(tillroll(&folder, &["serve"]));
    let postmaster = rustix::process::Pid::from_raw(folder.postmaster().unwrap()).unwrap();
    server.signal(Signal::KILL);
    assert!(!server.ended().success());
    rustix::process::kill_process(postmaster, Signal::KILL).unwrap();
    // As after a reboot: both files that name the server name a process that is something else.
    let run = folder.data().join("postgres/run");
    for note in [
        run.join(".s.PGSQL.5432.lock"),
        folder.data().join("postgres/data/postmaster.pid"),
    ] {
        let text = std::fs::read_to_string(&note).unwrap();
        let (_, rest) = text.split_once('\n').unwrap();
        std::fs::write(&note, format!("1\n{rest}")).unwrap();
    }
    let server = Server::start(tillroll(&folder, &["serve"]));
    server.signal(Signal::TERM);
    assert!(server.ended().success());
    folder.assert_nothing_runs();
}

#[test]
fn an_ordinary_user_runs_it_all_as_himself() {
    let folder = Folder::new();
    let root = rustix::process::geteuid().is_root();
    let program = folder.path().join("tillroll");
    // Where this was built need not be open to others.
    std::fs::copy(env!("CARGO_BIN_EXE_tillroll"), &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(&program);
    command
        .arg("serve")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TILLROLL_DATA_DIR", folder.data())
        .env("TILLROLL_HTTP_ADDR", "127.0.0.1:0")
        .current_dir("/");
    if root {
        chown(folder.path(), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        command.uid(SOMEBODY).gid(SOMEBODY);
    }
    let server = Server::start(command);
    let me = if root {
        SOMEBODY
    } else {
        rustix::process::geteuid().as_raw()
    };
    let owner = |path: String| std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(path).unwrap());
    assert_eq!(owner(format!("/proc/{}", folder.postmaster().unwrap())), me);
    server.signal(Signal::TERM);
    assert!(server.ended().success());
    folder.assert_nothing_runs();

    if root {
        // Root goes on with the folder as its owner.
        let server = Server::start(tillroll(&folder, &["serve"]));
        assert_eq!(owner(format!("/proc/{}", folder.postmaster().unwrap())), SOMEBODY);
        server.signal(Signal::TERM);
        assert!(server.ended().success());
    }
}

#[test]
fn a_folder_that_the_servers_account_cannot_reach_serves_all_the_same() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = Folder::new();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let link = folder.data().join("postgres");
    for _ in 0..2 {
        let server = Server::start(tillroll(&folder, &["serve"]));
        server.signal(Signal::TERM);
        assert!(server.ended().success());
        folder.assert_nothing_runs();
    }
    let cluster = std::fs::read_link(&link).unwrap();
    assert!(
        cluster.starts_with("/var/lib/tillroll") && cluster.join("data/PG_VERSION").exists(),
        "{cluster:?}"
    );
    std::fs::remove_dir_all(cluster).unwrap();
}

#[test]
fn a_port_in_use_is_said_before_anything_is_made() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = output({
        let mut command = tillroll(&folder, &["serve"]);
        command.env("TILLROLL_HTTP_ADDR", &address);
        command
    });
    assert_eq!(refused.status.code(), Some(1));
    let message = errors(&refused);
    assert!(
        message.contains("TILLROLL_HTTP_ADDR") && message.contains(&address) && message.contains("in use"),
        "{message}"
    );
    assert!(!folder.data().exists());
}

#[test]
fn bad_configuration_ends_with_64_and_begins_nothing() {
    let folder = Folder::new();
    let refused = output({
        let mut command = tillroll(&folder, &["serve", "--http-addr", "nowhere"]);
        command.env("DATABASE_URL", "postgres://me:hunter2@");
        command
    });
    assert_eq!(refused.status.code(), Some(64));
    let message = errors(&refused);
    assert!(
        message.contains("TILLROLL_HTTP_ADDR (flag) is \"nowhere\"; expected"),
        "{message}"
    );
    assert!(!message.contains("hunter2"), "{message}");
    assert!(!folder.data().exists());
    assert_eq!(output(tillroll(&folder, &["sevre"])).status.code(), Some(64));
    assert_eq!(output(tillroll(&folder, &["--help"])).status.code(), Some(0));
}

#[test]
fn signals_that_come_together_are_one_request() {
    let folder = Folder::new();
    let server = Server::start(tillroll(&folder, &["serve"]));
    server.signal(Signal::TERM);
    server.signal(Signal::INT);
    assert!(server.ended().success());
    folder.assert_nothing_runs();
}

#[test]
fn a_second_signal_forces() {
    use std::io::{BufRead as _, Write as _};
    let folder = Folder::new();
    let server = Server::start(tillroll(&folder, &["serve"]));
    // A request that never ends keeps a soft stop waiting.
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut client = std::net::TcpStream::connect(address).unwrap();
    client
        .write_all(
            b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\
              Expect: 100-continue\r\n\r\n",
        )
        .unwrap();
    let mut status = String::new();
    std::io::BufReader::new(&client).read_line(&mut status).unwrap();
    assert!(status.contains("100 Continue"), "{status}");
    let begin = Instant::now();
    let id = server.id();
    let again = std::thread::spawn(move || {
        let process = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        while rustix::process::kill_process(process, Signal::TERM).is_ok() && begin.elapsed() < DEADLINE {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    });
    let message = server.last_words();
    assert!(message.contains("stopping at once"), "{message}");
    again.join().unwrap();
    drop(client);
    folder.assert_nothing_runs();
}

#[test]
fn what_the_shop_keeps_is_closed_to_other_users() {
    let folder = Folder::new();
    // An earlier version left it open.
    std::fs::create_dir(folder.data()).unwrap();
    std::fs::set_permissions(folder.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = Server::start(tillroll(&folder, &["serve"]));
    let mode = |path: &std::path::Path| std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    // PostgreSQL's account passes through under root; nobody sees what is in there.
    assert_eq!(mode(&folder.data()) & 0o067, 0, "{:o}", mode(&folder.data()));
    let mut folders = vec![folder.data()];
    let mut files = 0;
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(&inside).unwrap().flatten() {
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            if kind.is_symlink() {
                continue;
            }
            // Temporary files come and go.
            let Ok(metadata) = std::fs::symlink_metadata(&path) else {
                continue;
            };
            let mode = metadata.permissions().mode() & 0o777;
            assert_eq!(mode & 0o077, 0, "{} has {mode:o}", path.display());
            files += 1;
            if kind.is_dir() {
                folders.push(path);
            }
        }
    }
    assert!(files > 100, "{files}");
    server.signal(Signal::TERM);
    assert!(server.ended().success());
}
