#![doc = include_str!("../README.md")]

pub mod access;
pub mod caller;
pub mod failure;
pub mod guard;
pub mod health;
pub mod statement;
pub mod transport;

/// Messages, clients and servers generated from `tillroll/v1/*.proto`.
#[expect(
    missing_docs,
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes,
    reason = "generated; the documentation is in the .proto files"
)]
pub mod v1 {
    tonic::include_proto!("tillroll.v1");
}

/// The compiled `.proto` files, for the gRPC reflection service.
pub const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("tillroll.v1");
