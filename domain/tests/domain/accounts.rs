//! Users after their registration, and their sessions.

use domain::{
    EmailAddress, PersonName,
    session::{EndReason, Session, SessionCommand, SessionError, SessionEvent},
    user::{Opener, RegisteredUser, Role, User, UserCommand, UserError, UserEvent},
};

use crate::fixtures::{given, user_id};

fn registered(role: Role) -> UserEvent {
    UserEvent::UserRegistered(RegisteredUser {
        user_id: user_id(1),
        email: EmailAddress::new("ada@example.com").unwrap(),
        name: PersonName::new("Ada").unwrap(),
        role,
        opened_by: Opener::Staff,
    })
}

const fn disable(another_administrator: bool) -> UserCommand {
    UserCommand::Disable { another_administrator }
}

const fn change_role(role: Role, another_administrator: bool) -> UserCommand {
    UserCommand::ChangeRole {
        role,
        another_administrator,
    }
}

#[test]
fn a_user_is_shut_out_once_and_let_in_again() {
    given::<User>(vec![registered(Role::Customer)])
        .when(disable(false))
        .then_expect_events(vec![UserEvent::UserDisabled {}]);
    given::<User>(vec![registered(Role::Customer), UserEvent::UserDisabled {}])
        .when(disable(false))
        .then_expect_events(vec![]);
    given::<User>(vec![registered(Role::Customer), UserEvent::UserDisabled {}])
        .when(UserCommand::Enable)
        .then_expect_events(vec![UserEvent::UserEnabled {}]);
    given::<User>(vec![registered(Role::Customer)])
        .when(UserCommand::Enable)
        .then_expect_events(vec![]);
}

#[test]
fn the_last_administrator_stays() {
    for command in [disable(false), change_role(Role::Customer, false)] {
        given::<User>(vec![registered(Role::Admin)])
            .when(command)
            .then_expect_error(UserError::LastAdministrator);
    }
    given::<User>(vec![registered(Role::Admin)])
        .when(disable(true))
        .then_expect_events(vec![UserEvent::UserDisabled {}]);
    given::<User>(vec![registered(Role::Admin)])
        .when(change_role(Role::Customer, true))
        .then_expect_events(vec![UserEvent::UserRoleChanged { role: Role::Customer }]);
    // Who is shut out does not count.
    given::<User>(vec![registered(Role::Admin), UserEvent::UserDisabled {}])
        .when(change_role(Role::Customer, false))
        .then_expect_events(vec![UserEvent::UserRoleChanged { role: Role::Customer }]);
}

#[test]
fn a_role_is_changed_once() {
    given::<User>(vec![registered(Role::Customer)])
        .when(change_role(Role::Customer, false))
        .then_expect_events(vec![]);
    given::<User>(vec![
        registered(Role::Customer),
        UserEvent::UserRoleChanged { role: Role::Admin },
    ])
    .when(change_role(Role::Customer, false))
    .then_expect_error(UserError::LastAdministrator);
}

#[test]
fn nothing_becomes_of_a_user_who_is_not_there() {
    for command in [
        disable(true),
        UserCommand::Enable,
        change_role(Role::Admin, true),
        UserCommand::RecordPasswordChange,
    ] {
        given::<User>(vec![])
            .when(command)
            .then_expect_error(UserError::NotFound);
    }
}

fn opened() -> SessionEvent {
    SessionEvent::SessionOpened { user_id: user_id(1) }
}

const fn ended(reason: EndReason) -> SessionEvent {
    SessionEvent::SessionEnded { reason }
}

#[test]
fn a_session_opens_once_and_ends_once() {
    let open = SessionCommand::Open { user_id: user_id(1) };
    let end = SessionCommand::End {
        reason: EndReason::LoggedOut,
    };
    given::<Session>(vec![]).when(open).then_expect_events(vec![opened()]);
    given::<Session>(vec![opened()])
        .when(open)
        .then_expect_error(SessionError::AlreadyOpen);
    given::<Session>(vec![opened()])
        .when(end)
        .then_expect_events(vec![ended(EndReason::LoggedOut)]);
    given::<Session>(vec![opened(), ended(EndReason::UserDisabled)])
        .when(end)
        .then_expect_events(vec![]);
    given::<Session>(vec![])
        .when(end)
        .then_expect_error(SessionError::NotFound);
}

#[test]
fn a_stolen_refresh_token_ends_the_session_and_is_on_record() {
    given::<Session>(vec![opened()])
        .when(SessionCommand::ReportReuse)
        .then_expect_events(vec![SessionEvent::RefreshTokenReused {}, ended(EndReason::TokenReused)]);
    given::<Session>(vec![opened(), ended(EndReason::LoggedOut)])
        .when(SessionCommand::ReportReuse)
        .then_expect_events(vec![]);
}
