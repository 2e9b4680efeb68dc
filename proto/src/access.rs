//! Who may do what: the permissions, and which role has which.

use std::fmt;

pub use crate::v1::{Permission, Role};

/// What everybody may do, known or not.
const VISITOR: &[Permission] = &[Permission::ProductsRead];
/// What customers may do besides. Of orders, their own are meant: the services see to that.
const CUSTOMER: &[Permission] = &[Permission::OrdersRead, Permission::OrdersWrite, Permission::ProfileRead];

impl Permission {
    /// Whether somebody of a role has the permission. Nobody has the unspecified one; a visitor's role is the unspecified one.
    #[must_use]
    pub fn is_granted_to(self, role: Role) -> bool {
        match role {
            Role::Admin => self != Self::Unspecified,
            Role::Customer => CUSTOMER.contains(&self) || VISITOR.contains(&self),
            Role::Unspecified => VISITOR.contains(&self),
        }
    }
}

impl fmt::Display for Permission {
    /// `orders:write`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.as_str_name().trim_start_matches("PERMISSION_").to_lowercase();
        let (resource, action) = name.rsplit_once('_').unwrap_or((&name, ""));
        write!(formatter, "{resource}:{action}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_written_as_resource_and_action() {
        assert_eq!(Permission::OrdersWrite.to_string(), "orders:write");
        assert_eq!(Permission::ProjectionsRead.to_string(), "projections:read");
    }

    #[test]
    fn each_role_may_do_what_a_lesser_one_may() {
        let all = (0..).map_while(|number| Permission::try_from(number).ok()).skip(1);
        for permission in all {
            let granted = [Role::Unspecified, Role::Customer, Role::Admin].map(|role| permission.is_granted_to(role));
            assert!(granted.is_sorted() && granted[2], "{permission}: {granted:?}");
        }
        assert!(!Permission::Unspecified.is_granted_to(Role::Admin));
        assert!(Permission::OrdersWrite.is_granted_to(Role::Customer));
        assert!(!Permission::OrdersWrite.is_granted_to(Role::Unspecified));
        assert!(!Permission::StockRead.is_granted_to(Role::Customer));
    }
}
