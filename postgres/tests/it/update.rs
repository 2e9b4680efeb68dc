//! The package manager replaces PostgreSQL's programs while they run.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use postgres::{Embedded, Options, find_installations, newcomer, unloadable};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio_util::sync::CancellationToken;

use crate::embedded::until;
use crate::support::Folder;

/// An installation of its own, whose programs are files and the rest links.
struct Programs {
    root: PathBuf,
}

impl Programs {
    fn install(root: &Path) -> Programs {
        let installed = find_installations(None).unwrap().remove(0);
        let version = installed.folder.parent().unwrap();
        let of = |base: &str| root.join(base).join("postgresql").join(version.file_name().unwrap());
        let home = of("lib");
        for folder in [
            home.join("bin"),
            home.join("lib"),
            of("share").parent().unwrap().to_owned(),
        ] {
            std::fs::create_dir_all(&folder).unwrap();
        }
        symlink(
            PathBuf::from("/usr/share/postgresql").join(version.file_name().unwrap()),
            of("share"),
        )
        .unwrap();
        for library in std::fs::read_dir(version.join("lib")).unwrap().flatten() {
            let name = library.file_name();
            if name != "plpgsql.so" {
                symlink(library.path(), home.join("lib").join(name)).unwrap();
            }
        }
        let programs = Programs { root: home };
        for (folder, file) in [("bin", "initdb"), ("bin", "postgres"), ("lib", "plpgsql.so")] {
            programs.replace(&version.join(folder).join(file), folder, file);
        }
        programs
    }

    /// Puts a new file in the place of the old one, as dpkg does.
    fn replace(&self, source: &Path, folder: &str, file: &str) {
        let fresh = self.root.join(folder).join("fresh");
        std::fs::copy(source, &fresh).unwrap();
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(&fresh, self.root.join(folder).join(file)).unwrap();
    }

    fn options(&self, folder: &Folder) -> Options {
        Options {
            data_dir: folder.data(),
            path: Some(self.root.join("bin").into()),
        }
    }
}

#[tokio::test]
async fn it_is_started_anew_when_nobody_is_in_the_middle_of_something() {
    let folder = Folder::new();
    let programs = Programs::install(&folder.path().join("programs"));
    let embedded = Embedded::serve(&programs.options(&folder)).await.unwrap();
    let first = folder.postmaster().unwrap();
    let mut busy = PgConnection::connect_with(&embedded.connect_options()).await.unwrap();
    busy.execute("CREATE TABLE kept AS SELECT 1 AS n; BEGIN; SELECT 1")
        .await
        .unwrap();

    let postgres = programs.root.join("bin/postgres");
    programs.replace(&postgres, "bin", "postgres");
    let notice = embedded.notice();
    until("the notice", async || {
        notice
            .borrow()
            .as_ref()
            .is_some_and(|notice| notice.contains("as soon as nobody is using it"))
    })
    .await;
    assert_eq!(folder.postmaster(), Some(first));
    busy.execute("COMMIT").await.unwrap();
    until("the new server", async || {
        folder.postmaster().is_some_and(|now| now != first)
    })
    .await;
    until("an answer", async || {
        let Ok(mut connection) = PgConnection::connect_with(&embedded.connect_options()).await else {
            return false;
        };
        connection.execute("SELECT n FROM kept").await.is_ok()
    })
    .await;
    until("the notice to go", async || notice.borrow().is_none()).await;
    embedded.stop(&CancellationToken::new()).await.unwrap();
    folder.assert_nothing_runs();
}

#[tokio::test]
async fn it_is_not_stopped_for_programs_that_would_not_start() {
    let folder = Folder::new();
    let programs = Programs::install(&folder.path().join("programs"));
    let embedded = Embedded::serve(&programs.options(&folder)).await.unwrap();
    let first = folder.postmaster().unwrap();
    let library = programs.root.join("lib/plpgsql.so");
    let aside = library.with_extension("aside");
    std::fs::rename(&library, &aside).unwrap();
    let error = newcomer(&embedded.connect_options()).await.unwrap_err();
    let advice = unloadable(&error).unwrap();
    assert!(advice.contains("restart the PostgreSQL server"), "{advice}");
    let notice = embedded.notice();
    until("the notice", async || {
        notice
            .borrow()
            .as_ref()
            .is_some_and(|notice| notice.contains("the installed programs do not work"))
    })
    .await;
    assert_eq!(folder.postmaster(), Some(first));
    // The rest of the package arrives.
    programs.replace(&aside, "lib", "plpgsql.so");
    until("the new server", async || {
        folder.postmaster().is_some_and(|now| now != first)
    })
    .await;
    until("new connections", async || {
        newcomer(&embedded.connect_options()).await.is_ok()
    })
    .await;
    embedded.stop(&CancellationToken::new()).await.unwrap();
}
