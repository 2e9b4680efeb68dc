//! Reports as files, row by row, for downloads and for exports in the background.

mod chunks;
mod rows;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use files::write::{self as render, Document, Format, RenderError};
use proto::v1::export_request::Report as Wanted;
use proto::v1::{ExportFormat, ExportRequest, FileChunk, FileHead, Freshness};
use reads::Reads;
use reads::error::Error;
use sqlx::QueryBuilder;
use tokio::sync::mpsc;
use tonic::Status;

pub(crate) use self::chunks::Chunks;
use self::rows::{Batch, FoundOrders, FoundSales, Rows, feed};
use super::orders::Asked;
use super::orders_table;
use super::request::Report;
use super::{pages, sales, table};

/// Bytes sent together.
const CHUNK: usize = 64 * 1024;
const MAX_SHOP: usize = 200;

/// A file that can be made.
pub(crate) struct Prepared {
    pub(crate) name: String,
    pub(crate) format: Format,
    pub(crate) freshness: Freshness,
    document: Document,
    rows: Rows,
}

pub(crate) fn format(request: &ExportRequest) -> Result<Format, Error> {
    match ExportFormat::try_from(request.format) {
        Ok(ExportFormat::Csv) => Ok(Format::Csv),
        Ok(ExportFormat::Xlsx) => Ok(Format::Xlsx),
        Ok(ExportFormat::Pdf) => Ok(Format::Pdf),
        Ok(ExportFormat::Jsonl) => Ok(Format::Jsonl),
        Ok(ExportFormat::Unspecified) | Err(_) => {
            Err(Error::invalid("format", "unknown", "must be csv, xlsx, pdf or jsonl"))
        }
    }
}

/// Checks a request without answering it; the name of its file.
pub(crate) fn check(request: &ExportRequest) -> Result<String, Error> {
    let format = format(request)?;
    if request.shop.chars().count() > MAX_SHOP {
        return Err(Error::invalid(
            "shop",
            "too_long",
            format!("at most {MAX_SHOP} characters"),
        ));
    }
    let (what, from, to) = match &request.report {
        Some(Wanted::Sales(asked)) => {
            Report::new(asked)?;
            ("sales", &asked.from, &asked.to)
        }
        Some(Wanted::Orders(asked)) => {
            Asked::new(asked)?;
            ("sales-orders", &asked.from, &asked.to)
        }
        None => return Err(Error::invalid("report", "required", "must be sales or sales_orders")),
    };
    Ok(format!("{what}-{from}-{to}.{}", format.extension()))
}

/// Refuses a report on a customer or a product that is not there.
pub(crate) async fn check_things(query: &Reads, request: &ExportRequest) -> Result<(), Error> {
    let filter = match &request.report {
        Some(Wanted::Sales(asked)) => Report::new(asked)?.filter,
        Some(Wanted::Orders(asked)) => Asked::new(asked)?.filter,
        None => return Ok(()),
    };
    filter.check(query.pool()).await
}

/// Reads what the file needs before its first row.
pub(crate) async fn prepare(query: &Reads, request: &ExportRequest) -> Result<Prepared, Error> {
    let name = check(request)?;
    check_things(query, request).await?;
    let format = format(request)?;
    match &request.report {
        // The pages begin with what is known when all rows are.
        Some(Wanted::Sales(asked)) if format == Format::Pdf => {
            let reply = sales::at_most(query, asked, format.max_rows()).await?;
            let pages = pages::pages(&Report::new(asked)?, &reply, &request.shop);
            Ok(Prepared {
                name,
                format,
                freshness: reply.freshness.unwrap_or_default(),
                document: pages.document,
                rows: Rows::Ready {
                    rows: pages.rows,
                    totals: pages.totals,
                },
            })
        }
        Some(Wanted::Sales(asked)) => {
            let freshness = query.fresh(asked.context.as_ref(), &["sales"]).await?;
            let mut asked = sales::Asked::new(Report::new(asked)?)?;
            asked.rank(query).await?;
            let layout = table::Layout::new(&asked.report, format);
            Ok(Prepared {
                name,
                format,
                freshness,
                document: layout.document(&asked.report, &request.shop),
                rows: Rows::Found(Box::new(FoundSales {
                    asked,
                    layout,
                    totals: sales::Totals::default(),
                })),
            })
        }
        Some(Wanted::Orders(asked)) => {
            let freshness = query.fresh(asked.context.as_ref(), &["sales"]).await?;
            let document = Document {
                shop: request.shop.clone(),
                ..orders_table::document(asked)?
            };
            Ok(Prepared {
                name,
                format,
                freshness,
                document,
                rows: Rows::Found(Box::new(FoundOrders {
                    asked: Asked::new(asked)?,
                    totals: orders_table::Totals::default(),
                })),
            })
        }
        None => Err(Error::invalid("report", "required", "must be sales or sales_orders")),
    }
}

impl Prepared {
    /// How many rows there will be; more than the form can have are refused.
    pub(crate) async fn count(&self, query: &Reads) -> Result<u64, Error> {
        let count = match &self.rows {
            Rows::Ready { rows, .. } => rows.len() as u64,
            Rows::Found(found) => {
                let mut sql = QueryBuilder::new("SELECT count(*) FROM (");
                found.push(&mut sql);
                sql.push(") AS r WHERE NOT total");
                let count: i64 = sql
                    .build_query_scalar()
                    .persistent(false)
                    .fetch_one(query.pool())
                    .await?;
                count.unsigned_abs()
            }
        };
        let limit = self.format.max_rows();
        if count > limit as u64 {
            return Err(Error::ReportTooLarge { limit });
        }
        Ok(count)
    }

    /// Writes the file to `output`, which blocks, and counts its rows.
    pub(crate) async fn write(
        self,
        query: &Reads,
        output: impl Write + Send + 'static,
        written: Arc<AtomicU64>,
    ) -> Result<(), Error> {
        let (sender, receiver) = mpsc::channel(4);
        let (format, document) = (self.format, self.document);
        let drawing = tokio::task::spawn_blocking(move || draw(format, document, receiver, output, &written));
        let fed = feed(query, self.rows, format.max_rows(), sender).await;
        let drawn = drawing.await.map_err(|_| Error::File("its task ended".to_owned()))?;
        fed.and(drawn.map_err(|error| Error::File(error.to_string())))
    }
}

fn draw(
    format: Format,
    document: Document,
    mut batches: mpsc::Receiver<Batch>,
    output: impl Write + Send,
    written: &AtomicU64,
) -> Result<(), RenderError> {
    let mut renderer = render::begin(format, document, output, written)?;
    while let Some(batch) = batches.blocking_recv() {
        match batch {
            Batch::Rows(rows) => {
                for row in rows {
                    renderer.row(row)?;
                    // A page is drawn when all rows are known, and counts them then.
                    if format != Format::Pdf {
                        written.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            Batch::End(totals) => return renderer.finish(totals),
        }
    }
    Err(RenderError::Io(std::io::Error::other("its rows broke off")))
}

/// A file as a download.
pub(super) async fn export(
    query: &Reads,
    request: &ExportRequest,
) -> Result<mpsc::Receiver<Result<FileChunk, Status>>, Error> {
    let prepared = prepare(query, request).await?;
    if prepared.format.max_rows() < usize::MAX {
        prepared.count(query).await?;
    }
    let head = FileHead {
        name: prepared.name.clone(),
        media_type: prepared.format.media_type().to_owned(),
        size: None,
        offset: 0,
        freshness: Some(prepared.freshness),
    };
    let (sender, receiver) = mpsc::channel(4);
    let query = query.clone();
    tokio::spawn(async move {
        let first = FileChunk {
            head: Some(head),
            data: Vec::new(),
        };
        if sender.send(Ok(first)).await.is_err() {
            return;
        }
        let (bytes, mut chunks) = mpsc::channel(4);
        let output = Chunks::new(CHUNK, bytes);
        let writing = prepared.write(&query, output, Arc::default());
        let forwarding = async {
            while let Some(data) = chunks.recv().await {
                let chunk = FileChunk { head: None, data };
                if sender.send(Ok(chunk)).await.is_err() {
                    break;
                }
            }
            // Otherwise the writer would wait for ever.
            drop(chunks);
        };
        let (written, ()) = tokio::join!(writing, forwarding);
        if let Err(error) = written {
            // Nobody may be left to tell.
            let _ = sender.send(Err(error.into())).await;
        }
    });
    Ok(receiver)
}
