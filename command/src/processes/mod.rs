//! Process managers: they follow the log and do what must follow from it, whoever stopped half-way.

pub(crate) mod books;
mod desk;
mod follow;
mod reservations;

pub(crate) use self::books::Books;
pub(crate) use self::reservations::Reservations;
