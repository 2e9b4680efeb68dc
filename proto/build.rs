//! Generates the services and messages from `tillroll/v1/*.proto`, without a system `protoc`, and the table of all methods with who may
//! call them.

use std::{error::Error, fmt::Write, fs, path::PathBuf};

use protox::prost_reflect::{DescriptorPool, DynamicMessage, EnumDescriptor, MethodDescriptor, ReflectMessage, Value};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=tillroll");
    let files = [
        "access",
        "audit",
        "caller",
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
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(files)?;
    #[expect(clippy::disallowed_methods, reason = "how cargo tells a build script where to write")]
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    // As encoded by the compiler: its own types keep the options, which those of prost drop.
    fs::write(out.join("tillroll.v1.bin"), compiler.encode_file_descriptor_set())?;
    fs::write(out.join("methods.rs"), methods(&compiler.descriptor_pool())?)?;
    tonic_prost_build::configure()
        .build_transport(false)
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// The table of methods, in the order of their paths.
///
/// # Errors
/// The method that does not say who may call it.
fn methods(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let option = pool
        .get_extension_by_name("tillroll.v1.access")
        .ok_or("there is no option `access`")?;
    let mut entries = Vec::new();
    for method in pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        let options = method.options();
        let access = options.get_extension(&option);
        let access = access.as_message().filter(|_| options.has_extension(&option));
        entries.push(
            entry(&method, access).ok_or_else(|| format!("{} does not say who may call it", method.full_name()))?,
        );
    }
    entries.sort();
    let mut table = String::from("&[\n");
    for entry in entries {
        writeln!(table, "{entry},")?;
    }
    table.push(']');
    Ok(table)
}

/// The value of a `Method`; none: what it says is not enough, or the actor of its command is not where it is looked for.
fn entry(method: &MethodDescriptor, access: Option<&DynamicMessage>) -> Option<String> {
    let access = access?;
    let permission = variant(access, "permission")?;
    let class = variant(access, "class")?;
    let asks_nothing = ["Login", "Internal"].contains(&class.as_str());
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let gateway = access.get_field_by_name("gateway")?.as_bool()?;
    let context = method.input().fields().find(|field| {
        let kind = field.kind();
        kind.as_message()
            .is_some_and(|message| message.full_name() == "tillroll.v1.CommandContext")
    });
    let acts = context.as_ref().is_some_and(|field| field.number() == 1);
    let found = acts || context.is_none() || class == "Login";
    (found && class != "Unspecified" && asks_nothing == (permission == "Unspecified")).then(|| {
        format!(
            "Method {{ path: {path:?}, permission: Permission::{permission}, class: CallClass::{class}, gateway: {gateway}, acts: {acts} }}"
        )
    })
}

/// The value of a field that is an enum, as the generated code calls it: `OrdersWrite` of `PERMISSION_ORDERS_WRITE`.
fn variant(message: &DynamicMessage, field: &str) -> Option<String> {
    let value = message.get_field_by_name(field)?;
    let kind = message.descriptor().get_field_by_name(field)?.kind();
    let values: &EnumDescriptor = kind.as_enum()?;
    let Value::EnumNumber(number) = *value else { return None };
    let name = values.get_value(number)?.name().to_owned();
    let prefix = values.get_value(0)?.name().strip_suffix("UNSPECIFIED")?.to_owned();
    let words = name.strip_prefix(&prefix)?.split('_');
    let words = words.map(|word| word[..1].to_owned() + &word[1..].to_lowercase());
    Some(words.collect())
}
