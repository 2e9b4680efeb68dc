use crate::process::{Process, ProcessCommand, ProcessError, ProcessEvent};

impl Process {
    /// The events that put the command on record.
    #[must_use = "the events are still to be appended"]
    pub fn decide(&self, command: &ProcessCommand) -> Result<Vec<ProcessEvent>, ProcessError> {
        Ok(match command {
            ProcessCommand::RecordRetry(effect) => vec![ProcessEvent::EffectRetried(effect.clone())],
            ProcessCommand::RecordDrop(dropped) if self.has_dropped(&dropped.effect.effect_id) => Vec::new(),
            ProcessCommand::RecordDrop(dropped) => vec![ProcessEvent::EffectDropped(dropped.clone())],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{DeadEffect, DroppedEffect};

    #[test]
    fn a_drop_is_recorded_once_and_every_retry() {
        let effect = DeadEffect {
            effect_id: "0198c0de-0000-5000-8000-000000000001".to_owned(),
            kind: "settle_reservation".to_owned(),
            key: "ord_1".to_owned(),
            step: "reserved".to_owned(),
            error: "refused".to_owned(),
        };
        let mut process = Process::default();
        let retry = ProcessCommand::RecordRetry(effect.clone());
        for _ in 0..2 {
            for event in process.decide(&retry).unwrap() {
                process.evolve(event);
            }
        }
        assert_eq!(process.retried(), 2);
        let reason = "a test".to_owned();
        let drop = ProcessCommand::RecordDrop(DroppedEffect { effect, reason });
        for event in process.decide(&drop).unwrap() {
            process.evolve(event);
        }
        assert_eq!(process.decide(&drop), Ok(Vec::new()));
    }
}
