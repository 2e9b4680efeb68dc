use crate::projection::{ReadModel, ReadModelCommand, ReadModelError, ReadModelEvent};

impl ReadModel {
    /// The events that put the command on record.
    #[must_use = "the events are still to be appended"]
    pub fn decide(&self, command: &ReadModelCommand) -> Result<Vec<ReadModelEvent>, ReadModelError> {
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
            ReadModelCommand::RecordSkip(skipped) if self.has_skipped(&skipped.event_id) => Vec::new(),
            ReadModelCommand::RecordSkip(skipped) => vec![ReadModelEvent::ParkedEventSkipped(skipped.clone())],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::SkippedEvent;

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
        assert_eq!(model.retried(), 2);
    }

    #[test]
    fn a_skip_is_recorded_once() {
        let skip = ReadModelCommand::RecordSkip(SkippedEvent {
            event_id: "0198c0de-0000-7000-8000-000000000002".to_owned(),
            aggregate_type: "order".to_owned(),
            aggregate_id: "ord_1".to_owned(),
            lane: 1,
            position: 2,
            error: "unreadable".to_owned(),
            reason: "a test".to_owned(),
        });
        let mut model = ReadModel::default();
        for event in model.decide(&skip).unwrap() {
            model.evolve(event);
        }
        assert!(model.has_skipped("0198c0de-0000-7000-8000-000000000002"));
        assert_eq!(model.decide(&skip), Ok(Vec::new()));
    }
}
