//! What holds for every address.

mod consistency;
mod database_connections;
mod errors;
mod hostile;
mod limits;
mod openapi;
mod operations;
mod overload;
mod wire;
