use std::path::Path;

use super::all;

/// What is stored looks as it did when its code version began. A changed table is a new code version with a file of its own; without one
/// a running store would be written to as if it had the new columns.
#[test]
fn tables_are_those_of_their_code_version() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tables");
    for projection in all() {
        let file = folder.join(format!("{}.v{}.sql", projection.name(), projection.code_version()));
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        let mut today = String::new();
        for table in projection.tables() {
            let indexes = table.create_indexes(1);
            let statements = [vec![table.create(1)], indexes, vec![table.create_view(1)]].concat();
            today += &(statements.join(";\n") + ";\n");
        }
        assert!(known == today, "{} should be:\n{today}", file.display());
    }
}
