use crate::{
    credit::{Credit, CreditCommand, CreditError, CreditEvent, IssueCredit, IssuedCredit},
    order::{MAX_IMPORTED_LINES, check_lines, sum_totals},
};

impl Credit {
    /// The events that the command leads to in this state, or why it is refused.
    pub fn decide(&self, command: &CreditCommand) -> Result<Vec<CreditEvent>, CreditError> {
        let CreditCommand::Issue(issue) = command;
        let issued = check(issue)?;
        match self.issued() {
            None => Ok(vec![CreditEvent::CreditIssued(issued)]),
            Some(present) if *present == issued || named(present) == named(&issued) => Ok(Vec::new()),
            Some(_) => Err(CreditError::IssuedDifferently),
        }
    }
}

/// The credit with every discount named.
fn named(credit: &IssuedCredit) -> IssuedCredit {
    let mut credit = credit.clone();
    for line in &mut credit.lines {
        line.line.name_discount();
    }
    credit
}

fn check(issue: &IssueCredit) -> Result<IssuedCredit, CreditError> {
    let count = issue.lines.len();
    if count == 0 {
        return Err(CreditError::NoLines);
    }
    if count > MAX_IMPORTED_LINES {
        return Err(CreditError::TooManyLines {
            count,
            limit: MAX_IMPORTED_LINES,
        });
    }
    let lines = || issue.lines.iter().map(|line| &line.line);
    check_lines(lines()).map_err(|(line, problem)| CreditError::InvalidLine { line, problem })?;
    let total = sum_totals(lines().map(|line| line.total)).ok_or(CreditError::TotalTooLarge)?;
    Ok(IssuedCredit {
        credit_id: issue.credit_id,
        source: issue.source.clone(),
        external_id: issue.external_id.clone(),
        customer_id: issue.customer_id,
        customer_reference: issue.customer_reference.clone(),
        country: issue.country.clone(),
        currency: issue.currency,
        lines: issue.lines.clone(),
        total,
    })
}
