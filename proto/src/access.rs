//! Who may do what: the permissions, which role has which, and which one a method of a service needs.

use std::fmt;

pub use crate::v1::{CallClass, Permission, Role};

/// A method of a service, and who may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// `/tillroll.v1.OrderCommand/PlaceOrder`, as requests have it.
    pub path: &'static str,
    /// What the caller must be allowed to do. Unspecified, which nobody may, between parts of the system; and of a login, which everybody may.
    pub permission: Permission,
    /// What kind of work it is.
    pub class: CallClass,
    /// Whether the gateway may call it in its own name.
    pub gateway: bool,
    /// Whether its request has a `CommandContext` as its first field, whose actor has to be who calls.
    pub acts: bool,
}

/// All methods, in the order of their paths.
pub static METHODS: &[Method] = include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// What everybody may do, known or not.
const VISITOR: &[Permission] = &[Permission::ProductsRead];
/// What customers may do besides. Of orders, their own are meant: the services see to that.
const CUSTOMER: &[Permission] = &[
    Permission::OrdersRead,
    Permission::OrdersWrite,
    Permission::ProfileRead,
    Permission::ProfileWrite,
];

impl Method {
    /// The method that a request is for, by the path of the request. What is not found is to be refused.
    #[must_use]
    pub fn of_path(path: &str) -> Option<&'static Self> {
        let index = METHODS.binary_search_by_key(&path, |method| method.path).ok()?;
        METHODS.get(index)
    }

    /// Whether somebody of a role may call it.
    #[must_use]
    pub fn is_granted_to(&self, role: Role) -> bool {
        self.class == CallClass::Login || self.permission.is_granted_to(role)
    }
}

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
    fn a_method_is_found_by_its_path() {
        let place = Method::of_path("/tillroll.v1.OrderCommand/PlaceOrder").unwrap();
        assert_eq!(
            (place.permission, place.class),
            (Permission::OrdersWrite, CallClass::Write)
        );
        assert!(place.is_granted_to(Role::Customer) && !place.is_granted_to(Role::Unspecified));
        assert!(
            METHODS
                .iter()
                .all(|method| Method::of_path(method.path) == Some(method))
        );
        assert_eq!(Method::of_path("/tillroll.v1.OrderCommand/Nothing"), None);
    }

    #[test]
    fn logging_in_is_for_everybody_and_what_is_between_services_for_nobody() {
        let of = |path| Method::of_path(path).unwrap();
        assert!(of("/tillroll.v1.UserCommand/Authenticate").is_granted_to(Role::Unspecified));
        assert!(!of("/tillroll.v1.StockCommand/ReserveStock").is_granted_to(Role::Admin));
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
