//! The documentation has what the code has.

#[test]
fn every_variable_is_documented() {
    let page = include_str!("../../docs/configuration.md");
    for variable in platform::env_vars::ALL {
        assert!(page.contains(&format!("`{variable}`")), "docs/configuration.md lacks {variable}");
    }
}

#[test]
fn every_table_is_documented() {
    let page = include_str!("../../docs/schema.md");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let schema: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let tables: Vec<&str> =
        schema.lines().filter_map(|line| line.strip_prefix("CREATE TABLE ")?.strip_suffix(" (")).collect();
    assert!(tables.len() > 20, "{tables:?}");
    for table in tables {
        assert!(page.contains(&format!("| `{table}` |")), "docs/schema.md lacks {table}");
    }
}
