use crate::{Country, CreditId, Currency, CustomerReference, ExternalId, Source, UserId, credit::CreditLine};

/// What can be asked of a credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreditCommand {
    /// Record it as a fact. The same again is no error and makes no event.
    Issue(IssueCredit),
}

/// A credit of another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueCredit {
    /// Its id, [`CreditId::imported`].
    pub credit_id: CreditId,
    /// Where it comes from.
    pub source: Source,
    /// Its id there.
    pub external_id: ExternalId,
    /// Who got it, [`UserId::imported`], if known.
    pub customer_id: Option<UserId>,
    /// What the customer is called there, if known.
    pub customer_reference: Option<CustomerReference>,
    /// The customer's country, if known.
    pub country: Option<Country>,
    /// What was given back.
    pub currency: Currency,
    /// What for: 1 to [`crate::order::MAX_IMPORTED_LINES`] lines.
    pub lines: Vec<CreditLine>,
}
