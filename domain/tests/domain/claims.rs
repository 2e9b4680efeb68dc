use cqrs_es::Aggregate;
use domain::{
    EmailAddress, PersonName,
    email::{EmailClaim, EmailCommand, EmailError, EmailEvent},
    sku::{SkuClaim, SkuCommand, SkuError, SkuEvent},
    user::{Opener, RegisteredUser, Role, User, UserCommand, UserError, UserEvent},
};

use crate::fixtures::{fold, given, product_id, stored, user_id};

/// The two kinds of claim follow the same rules.
macro_rules! claim_tests {
    ($module:ident, $state:ident, $command:ident, $event:ident, $error:ident,
     $claimed:ident, $released:ident, $field:ident, $id:ident) => {
        mod $module {
            use super::*;

            fn claimed(number: u64) -> $event {
                $event::$claimed { $field: $id(number) }
            }

            fn released(number: u64) -> $event {
                $event::$released { $field: $id(number) }
            }

            #[test]
            fn is_claimed_by_the_first() {
                given::<$state>(vec![])
                    .when($command::Claim { $field: $id(1) })
                    .then_expect_events(vec![claimed(1)]);
            }

            #[test]
            fn claiming_again_changes_nothing() {
                given::<$state>(vec![claimed(1)])
                    .when($command::Claim { $field: $id(1) })
                    .then_expect_events(vec![]);
            }

            #[test]
            fn is_refused_to_the_second() {
                given::<$state>(vec![claimed(1)])
                    .when($command::Claim { $field: $id(2) })
                    .then_expect_error($error::Taken { owner: $id(1) });
            }

            #[test]
            fn is_free_after_release() {
                given::<$state>(vec![claimed(1), released(1)])
                    .when($command::Claim { $field: $id(2) })
                    .then_expect_events(vec![claimed(2)]);
            }

            #[test]
            fn is_released_by_its_owner() {
                given::<$state>(vec![claimed(1)])
                    .when($command::Release { $field: $id(1) })
                    .then_expect_events(vec![released(1)]);
            }

            #[test]
            fn is_not_released_by_another() {
                given::<$state>(vec![claimed(1)])
                    .when($command::Release { $field: $id(2) })
                    .then_expect_error($error::NotOwner { owner: $id(1) });
            }

            #[test]
            fn releasing_what_nobody_has_changes_nothing() {
                given::<$state>(vec![claimed(1), released(1)])
                    .when($command::Release { $field: $id(1) })
                    .then_expect_events(vec![]);
            }

            #[test]
            fn state_knows_its_owner_and_survives_a_snapshot() {
                let state = fold::<$state>([claimed(1)]);
                assert_eq!(state.owner(), Some($id(1)));
                assert_eq!(stored(&state), state);
                assert_eq!($state::default().owner(), None);
            }
        }
    };
}

claim_tests!(
    sku,
    SkuClaim,
    SkuCommand,
    SkuEvent,
    SkuError,
    SkuClaimed,
    SkuReleased,
    product_id,
    product_id
);
claim_tests!(
    email,
    EmailClaim,
    EmailCommand,
    EmailEvent,
    EmailError,
    EmailClaimed,
    EmailReleased,
    user_id,
    user_id
);

fn account() -> RegisteredUser {
    RegisteredUser {
        user_id: user_id(1),
        email: EmailAddress::new("ada@example.com").unwrap(),
        name: PersonName::new("Ada").unwrap(),
        role: Role::Admin,
        opened_by: Opener::Staff,
    }
}

#[test]
fn user_registers() {
    given::<User>(vec![])
        .when(UserCommand::Register(account()))
        .then_expect_events(vec![UserEvent::UserRegistered(account())]);
}

#[test]
fn user_id_registers_once() {
    given::<User>(vec![UserEvent::UserRegistered(account())])
        .when(UserCommand::Register(account()))
        .then_expect_error(UserError::AlreadyExists);
}

#[test]
fn user_state_is_the_account() {
    let mut user = User::default();
    assert_eq!(user.account(), None);
    user.apply(UserEvent::UserRegistered(account()));
    assert_eq!(user.account(), Some(&account()));
    assert_eq!(stored(&user), user);
}
