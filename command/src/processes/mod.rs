//! Process managers: they follow the log and do what must follow from it, whoever stopped half-way.

mod reservations;

pub(crate) use self::reservations::Reservations;
