use std::convert::Infallible;

use crate::projection::{ReadModel, ReadModelCommand, ReadModelEvent};

impl ReadModel {
    /// The events that put the command on record.
    pub fn decide(&self, command: &ReadModelCommand) -> Result<Vec<ReadModelEvent>, Infallible> {
        Ok(match command {
            ReadModelCommand::RecordRetry { applied: 0, .. } => Vec::new(),
            ReadModelCommand::RecordRetry {
                aggregate_type,
                aggregate_id,
                applied,
                left,
            } => vec![ReadModelEvent::ParkedEventsRetried {
                aggregate_type: aggregate_type.clone(),
                aggregate_id: aggregate_id.clone(),
                applied: *applied,
                left: *left,
            }],
            ReadModelCommand::RecordSkip(skipped) => vec![ReadModelEvent::ParkedEventSkipped(skipped.clone())],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_in_vain_is_not_recorded() {
        let retry = |applied| ReadModelCommand::RecordRetry {
            aggregate_type: "order".to_owned(),
            aggregate_id: "ord_1".to_owned(),
            applied,
            left: 1,
        };
        assert_eq!(ReadModel::default().decide(&retry(0)), Ok(Vec::new()));
        let mut model = ReadModel::default();
        for event in model.decide(&retry(2)).unwrap() {
            model.evolve(event);
        }
        assert_eq!((model.retried(), model.skipped()), (2, 0));
    }
}
