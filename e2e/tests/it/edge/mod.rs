//! What holds for every address.

mod consistency;
mod errors;
mod limits;
mod openapi;
mod operations;
mod overload;
