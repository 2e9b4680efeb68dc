use registry::{Touched, fields};
use serde::{Deserialize, Serialize};

use crate::{
    Country, CreditId, Currency, CustomerReference, ExternalId, Source, UserId,
    aggregate::{events, present},
    credit::CreditLine,
};

/// What happened to a credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CreditEvent {
    /// Money was given back.
    CreditIssued(IssuedCredit),
}

events!("credit", CreditEvent { CreditIssued: 1 });

impl CreditEvent {
    fn touched(&self) -> Touched {
        match self {
            Self::CreditIssued(credit) => {
                let mut touched = fields(&["source", "external_id", "currency", "lines", "total"]);
                touched.extend(present(&[
                    ("customer_id", credit.customer_id.is_some()),
                    ("customer_reference", credit.customer_reference.is_some()),
                    ("country", credit.country.is_some()),
                ]));
                touched
            }
        }
    }
}

/// A credit of another system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedCredit {
    /// Its id here.
    pub credit_id: CreditId,
    /// Where it comes from.
    pub source: Source,
    /// Its id there.
    pub external_id: ExternalId,
    /// Who got it, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<UserId>,
    /// What the customer is called there, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_reference: Option<CustomerReference>,
    /// The customer's country, if known; as the source writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// What was given back.
    pub currency: Currency,
    /// What for.
    pub lines: Vec<CreditLine>,
    /// The sum of the lines' totals, in minor units; positive: given back to the customer.
    pub total: i64,
}
