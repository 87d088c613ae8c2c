//! How rows are written for people to open in a spreadsheet.

/// A cell that no spreadsheet takes for a formula: one that begins like it gets an apostrophe before it.
pub fn harmless(cell: &str) -> String {
    let is_formula = cell
        .trim_start_matches([' ', '\u{a0}', '\u{feff}'])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_formula { format!("'{cell}") } else { cell.to_owned() }
}

/// Adds a row (RFC 4180), each cell quoted and harmless.
pub fn write_row<'a>(into: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            into.push(',');
        }
        into.push('"');
        into.push_str(&harmless(cell).replace('"', "\"\""));
        into.push('"');
    }
    into.push_str("\r\n");
}
