use serde::{Deserialize, Serialize};

use crate::{
    aggregate::aggregate,
    credit::{CreditCommand, CreditError, CreditEvent, IssuedCredit},
};

/// A credit, or by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    issued: Option<IssuedCredit>,
}

aggregate!(Credit, CreditCommand, CreditEvent, CreditError);

impl Credit {
    /// What was given back; `None`: no such credit.
    #[must_use]
    pub const fn issued(&self) -> Option<&IssuedCredit> {
        self.issued.as_ref()
    }

    pub(crate) fn evolve(&mut self, event: CreditEvent) {
        match event {
            CreditEvent::CreditIssued(issued) => self.issued = Some(issued),
        }
    }
}
