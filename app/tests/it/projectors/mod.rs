//! Projectors as processes of their own: killed, without a database, without room on the disk. Whatever happens, the read models end
//! up as the fold of the events, made by code of its own.

mod cli;
mod disk;
mod kill;
mod lag;
mod process;
mod restart;
