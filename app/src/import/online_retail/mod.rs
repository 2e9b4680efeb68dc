#![doc = include_str!("README.md")]

mod credits;
mod invoices;
mod line;
mod survey;
mod time;

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use proto::transport::Transport;
use tokio::task::spawn_blocking;

use super::error::{Error, Stop};
use super::input::Input;
use super::ledger::{Closed, Files, Ledger, Progress, Start};
use super::reader;
use super::{Options, Summary, files, orders_service, products_service, send};
use survey::Survey;

/// The name of the source: part of the identity of every order.
pub(super) const SOURCE: &str = "online-retail";
const CURRENCY: &str = "GBP";

/// Imports the file.
pub(super) async fn run(commands: Transport, options: &Options) -> Result<Summary, Error> {
    if options.input == Input::Stdin {
        return Err(Error::Header(
            "the file is read twice, so it cannot come from standard input".to_owned(),
        ));
    }
    let started = tokio::time::Instant::now();
    let input = options.input.clone();
    let survey = spawn_blocking(move || Survey::read(open(&input)?))
        .await
        .map_err(|_| Error::Interrupted)??;
    let survey = Arc::new(survey);
    let mut restart = options.restart;
    let orders = loop {
        match phases(&commands, options, &survey, restart).await {
            Ok(closed) => break closed,
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::ForeignProgress) => {
                tracing::info!("the progress file belongs to another store; beginning again");
                restart = true;
            }
        }
    };
    Ok(Summary {
        counts: vec![
            ("products", orders.earlier.unwrap_or_default()),
            ("orders", orders.counts),
        ],
        rows: orders.rows,
        errors: orders.report,
        stored: started.elapsed(),
        following: Duration::ZERO,
        elapsed: started.elapsed(),
        resumed: orders.resumed,
    })
}

/// The products, unless an earlier run did them, then the invoices.
async fn phases(commands: &Transport, options: &Options, survey: &Arc<Survey>, restart: bool) -> Result<Closed, Stop> {
    let (files, _) = files(options, SOURCE)?;
    let saved = if restart { None } else { files.saved() };
    let start = if let Some(saved) = saved {
        Start::from(saved)
    } else {
        let report = files.report.clone();
        Start::fresh(Some(&products(commands, options, survey, report).await?))
    };
    let mut ledger = Ledger::open(files, start, Progress::of_rows(survey.rows))?;
    let done = ledger.position().items;
    let input = options.input.clone();
    let survey = Arc::clone(survey);
    let items = reader::spawn(move |outlet| {
        let mut items = 0;
        invoices::read(open(&input)?, &survey, |item| {
            items += 1;
            if items <= done {
                return Ok(());
            }
            outlet.put(item)
        })
    })?;
    let service = orders_service(commands.clone(), SOURCE, options);
    send::send(service, items, &mut ledger).await?;
    Ok(ledger.close()?)
}

async fn products(
    commands: &Transport,
    options: &Options,
    survey: &Arc<Survey>,
    report: std::path::PathBuf,
) -> Result<Closed, Stop> {
    let files = Files {
        kind: SOURCE.to_owned(),
        // So few rows that nothing is kept for a second try.
        fingerprint: None,
        progress: std::path::PathBuf::new(),
        report,
    };
    let mut ledger = Ledger::open(files, Start::fresh(None), Progress::hidden())?;
    let survey = Arc::clone(survey);
    let items = reader::spawn(move |outlet| survey.products().into_iter().try_for_each(|item| outlet.put(item)))?;
    let service = products_service(commands.clone(), options);
    send::send(service, items, &mut ledger).await?;
    Ok(ledger.close()?)
}

/// Opens the file, unpacking it when it is packed.
pub(super) fn open(input: &Input) -> Result<Box<dyn Read>, Error> {
    Ok(input.open_at(0)?)
}
