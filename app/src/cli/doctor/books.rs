//! `tillroll doctor --books`: orders and their stock, read models and their events.

use anyhow::Context as _;
use command::{BookFinding, Mismatch};
use domain::Reason;
use projections::{Differing, Reconciler};

use super::super::services::Services;
use super::super::session::{Work, with_database};
use super::super::{End, print};
use super::{Arguments, Report};
use crate::config::Config;
use crate::world::World;

/// Who the events say has mended it.
const ACTOR: &str = "system:cli";

pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<End> {
    let reason = arguments.reason.as_deref().map(Reason::new).transpose();
    let reason = reason.context("--reason")?.filter(|_| arguments.repair);
    let world = World::default();
    with_database(config, async |work| {
        let services = Services::open(config, &world, &work).await?;
        let checked = check(&services, &work, arguments, reason.as_ref()).await;
        services.close().await;
        checked
    })
    .await
}

async fn check(
    services: &Services,
    work: &Work,
    arguments: &Arguments,
    reason: Option<&Reason>,
) -> anyhow::Result<End> {
    let mut report = Report::default();
    let findings = services.command().check_books().await?;
    let mut repairable = 0;
    for finding in &findings {
        let left = match reason {
            Some(reason) => services.command().mend_books(ACTOR, reason, finding).await?,
            None => finding.mismatches.clone(),
        };
        for mismatch in &finding.mismatches {
            let stays = left.iter().find(|left| left.product_id == mismatch.product_id);
            tell(&mut report, finding, stays.unwrap_or(mismatch), stays.is_some());
            repairable += usize::from(stays.is_some_and(can_be_mended));
        }
    }
    if findings.is_empty() {
        report.fine(
            "orders",
            "each holds the stock that it should, and nothing is held for nobody",
        );
    }
    let pool = work.database.pool("doctor", 2, None);
    let differing = Reconciler::new(pool.clone()).check(arguments.rows).await?;
    crate::compose::close_pool(&pool).await;
    for Differing { model, key, columns } in &differing {
        report.fail(
            &format!("read model {model}"),
            format_args!(
                "{key} is not what its events say in {}: run `tillroll rebuild {model} --force`",
                columns.join(", ")
            ),
        );
    }
    if differing.is_empty() {
        report.fine(
            "read models",
            format_args!("up to {} rows of each are what their events say", arguments.rows),
        );
    }
    if repairable > 0 {
        print::line(format_args!(
            "{repairable} of these can be mended: `tillroll doctor --books --repair --reason \"...\"`"
        ));
    }
    Ok(if report.failures == 0 {
        End::Success
    } else {
        End::Failure
    })
}

fn tell(report: &mut Report, finding: &BookFinding, mismatch: &Mismatch, stays: bool) {
    let Mismatch {
        product_id,
        owed,
        held,
        available,
    } = mismatch;
    let subject = finding.order_id.to_string();
    let what = format!("owed {owed} of {product_id}, held {held}");
    match (stays, can_be_mended(mismatch)) {
        (false, _) => report.fine(&subject, format_args!("{what}: mended")),
        (true, true) => report.fail(&subject, format_args!("{what}, {available} available")),
        (true, false) => report.fail(
            &subject,
            format_args!(
                "{what}, {available} available, which is not enough: receive stock and repair, or cancel the order"
            ),
        ),
    }
}

fn can_be_mended(mismatch: &Mismatch) -> bool {
    mismatch.owed <= mismatch.held + mismatch.available
}
