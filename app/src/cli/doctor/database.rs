//! The database's side: durability, schema, clocks, read models, people.

use std::collections::BTreeMap;

use eventstore::sealing;
use projections::State;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{Report, chain, search};
use crate::compose::{self, Database};
use crate::config::Config;
use crate::{seal_key, world};

/// Seconds between this machine's clock and the database's that are worth a look.
const SKEW_WARNING: f64 = 1.0;
/// Seconds with which tokens and reservations go wrong.
const SKEW_FAILURE: f64 = 30.0;

/// Seconds that a read model may be behind before somebody should look.
const LAG_WARNING: f64 = 10.0;

pub(super) async fn check(config: &Config, report: &mut Report) {
    let subject = "database";
    if !config.roles.need_database() {
        report.fine(subject, "not needed by these roles");
        return;
    }
    if config.database.url.is_none() && !matches!(postgres::major_version(&config.data.dir), Ok(Some(_))) {
        report.fine(subject, "the first start makes it");
        return;
    }
    let database = match Database::attach(config).await {
        Ok(database) => database,
        Err(error) => {
            report.fail(subject, chain(error));
            return;
        }
    };
    let pool = database.pool("doctor", 2, None);
    match sqlx::query_scalar::<_, String>("SHOW server_version")
        .fetch_one(&pool)
        .await
    {
        Ok(version) => {
            report.fine(subject, format!("PostgreSQL {version} answers"));
            newcomers(config, &database, report).await;
            durability(&pool, report).await;
            clocks(&pool, report).await;
            if schema(&pool, report).await {
                read_models(&pool, report).await;
                search::indexes(&pool, report).await;
                seal(config, &pool, report).await;
                administrators(&pool, report).await;
            }
        }
        Err(error) => report.fail(subject, chain(error)),
    }
    compose::close_pool(&pool).await;
    if let Err(error) = database.close(&CancellationToken::new()).await {
        report.warn(subject, chain(error));
    }
}

/// Whether new connections work, and whether the programs that run are those that are installed.
async fn newcomers(config: &Config, database: &Database, report: &mut Report) {
    let subject = "new connections";
    let running = match postgres::newcomer(database.connect_options()).await {
        Ok(running) => running,
        Err(error) => {
            return report.fail(subject, postgres::unloadable(&error).unwrap_or_else(|| chain(error)));
        }
    };
    if database.embedded().is_some()
        && let Ok(Some(major)) = postgres::major_version(&config.data.dir)
        && let Ok(installations) = postgres::find_installations(config.path.as_deref())
        && let Some(installation) = installations.iter().find(|installation| installation.major == major)
        && let Some(installed) = postgres::program_version(installation).await
        && installed != running
    {
        return report.warn(
            subject,
            format!(
                "PostgreSQL {installed} is installed and {running} still runs: `tillroll serve` restarts it as soon as nobody is using it, or restart tillroll"
            ),
        );
    }
    report.fine(subject, "can be made and load what they need");
}

async fn durability(pool: &PgPool, report: &mut Report) {
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        match sqlx::query_scalar::<_, String>("SELECT current_setting($1)")
            .bind(setting)
            .fetch_one(pool)
            .await
        {
            Ok(value) if matches!(value.as_str(), "on" | "remote_apply" | "remote_write") => {
                report.fine(setting, value);
            }
            Ok(value) => report.fail(
                setting,
                format!("{value}: a crash may lose orders that were acknowledged; set it to `on` in postgresql.conf"),
            ),
            Err(error) => report.fail(setting, chain(error)),
        }
    }
}

async fn clocks(pool: &PgPool, report: &mut Report) {
    let here = (world::clock())();
    let skew = sqlx::query_scalar::<_, f64>("SELECT extract(epoch FROM clock_timestamp() - $1)::float8")
        .bind(here)
        .fetch_one(pool)
        .await;
    match skew {
        Ok(seconds) if seconds.abs() > SKEW_FAILURE => report.fail(
            "clocks",
            format!("the database's clock is {seconds:+.1} s off this machine's: run NTP on both"),
        ),
        Ok(seconds) if seconds.abs() > SKEW_WARNING => report.warn(
            "clocks",
            format!("the database's clock is {seconds:+.1} s off this machine's: run NTP on both"),
        ),
        Ok(seconds) => report.fine("clocks", format!("{:.0} ms apart", seconds.abs() * 1000.0)),
        Err(error) => report.fail("clocks", chain(error)),
    }
}

/// Whether the schema is good enough to look into.
async fn schema(pool: &PgPool, report: &mut Report) -> bool {
    let subject = "schema";
    let none = sqlx::query_scalar::<_, bool>("SELECT to_regclass('_sqlx_migrations') IS NULL")
        .fetch_one(pool)
        .await;
    if matches!(none, Ok(true)) {
        report.warn(
            subject,
            "none yet: run `tillroll migrate`, or `tillroll serve`, which does the same",
        );
        return false;
    }
    let applied: BTreeMap<i64, Vec<u8>> = match sqlx::query_as::<_, (i64, Vec<u8>)>(
        "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version",
    )
    .fetch_all(pool)
    .await
    {
        Ok(rows) => rows.into_iter().collect(),
        Err(error) => {
            report.fail(subject, chain(error));
            return false;
        }
    };
    let known: BTreeMap<i64, &[u8]> = migrations::MIGRATOR
        .iter()
        .map(|migration| (migration.version, migration.checksum.as_ref()))
        .collect();
    if let Some(version) = applied.keys().find(|version| !known.contains_key(version)) {
        report.fail(
            subject,
            format!("migration {version} was applied by a newer tillroll: run that one"),
        );
        return false;
    }
    if let Some((version, _)) = applied
        .iter()
        .find(|(version, checksum)| known.get(version).is_some_and(|known| *known != checksum.as_slice()))
    {
        report.fail(
            subject,
            format!("migration {version} was applied in another form: this database belongs to another build"),
        );
        return false;
    }
    let pending = known.len() - applied.len();
    if pending > 0 {
        report.warn(
            subject,
            format!("{pending} migrations to apply: run `tillroll migrate`, or `tillroll serve`, which does the same"),
        );
        return false;
    }
    report.fine(subject, format!("up to date ({} migrations)", applied.len()));
    true
}

/// Whether the log is sealed, and goes on from what was sealed here.
async fn seal(config: &Config, pool: &PgPool, report: &mut Report) {
    let subject = "seal";
    let status = match sealing::status(pool).await {
        Ok(status) => status,
        Err(error) => return report.fail(subject, chain(error)),
    };
    match sealing::contradiction(pool, &seal_key::witness(config)).await {
        Ok(Some(contradiction)) => report.fail(
            subject,
            format!(
                "nothing is sealed: {contradiction}. If you restored a backup: `tillroll audit seal --start-over`. \
                 If not, somebody changed the log: `tillroll audit verify` says what"
            ),
        ),
        Err(error) => report.fail(subject, chain(error)),
        Ok(None) => match status.complaint {
            Some(complaint) => report.fail(subject, format!("nothing is sealed: {complaint}")),
            None => report.fine(subject, format!("{} events wait for a checkpoint", status.waiting)),
        },
    }
}

async fn administrators(pool: &PgPool, report: &mut Report) {
    match sqlx::query_scalar::<_, i64>("SELECT count(*) FROM users WHERE role = 'admin'")
        .fetch_one(pool)
        .await
    {
        Ok(0) => report.warn(
            "administrator",
            "none yet: make one with `tillroll user create --email you@example.com --role admin`",
        ),
        Ok(count) => report.fine("administrator", format!("{count} may log in")),
        Err(error) => report.fail("administrator", chain(error)),
    }
}

async fn read_models(pool: &PgPool, report: &mut Report) {
    let all = match projections::status(pool).await {
        Ok(all) => all,
        Err(error) => return report.fail("read models", chain(error)),
    };
    if all.is_empty() {
        report.warn(
            "read models",
            "none yet: run `tillroll migrate`, or `tillroll serve`, which does the same",
        );
    }
    for status in all.iter().filter(|status| status.state == State::Active) {
        let subject = format!("read model {}", status.name);
        if status.parked > 0 {
            report.fail(
                &subject,
                format!(
                    "{} events could not be applied and are set aside: see the log, then `tillroll rebuild {}`",
                    status.parked, status.name
                ),
            );
        } else if status.lag_events > 0 && status.lag_seconds > LAG_WARNING {
            report.warn(
                &subject,
                format!(
                    "{} events behind, by {:.0} s: is a process with the role `projector` running?",
                    status.lag_events, status.lag_seconds
                ),
            );
        } else {
            report.fine(
                &subject,
                format!("version {}, {} events behind", status.version, status.lag_events),
            );
        }
    }
}
