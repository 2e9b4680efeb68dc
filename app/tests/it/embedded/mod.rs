//! The program on the embedded PostgreSQL, with the machine's programs.

mod commands;
mod process;
mod program;
