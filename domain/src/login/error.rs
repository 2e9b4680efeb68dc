/// Why a record was refused: never, what it tells of has happened already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {}
