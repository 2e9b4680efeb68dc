//! Generates the services and messages from `tillroll/v1/*.proto`, without a system `protoc`.

use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=tillroll");
    let files = [
        "audit",
        "common",
        "failure",
        "feed",
        "history",
        "order",
        "process",
        "product",
        "projection",
        "report",
        "seal",
        "search",
        "stock",
        "user",
    ]
    .map(|name| format!("tillroll/v1/{name}.proto"));
    let descriptors = protox::compile(files, ["."])?;
    #[expect(clippy::disallowed_methods, reason = "how cargo tells a build script where to write")]
    let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    std::fs::write(out.join("tillroll.v1.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_transport(false)
        .compile_fds(descriptors)?;
    Ok(())
}
