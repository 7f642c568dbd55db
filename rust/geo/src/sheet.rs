//! Comma-separated files with a header row. Empty lines and lines that begin with `#` are skipped.

use edgeplane_base::{Fault, Faults};

/// Reads rows into `row`, which is given the fields in the order of `columns` (empty text where a column is absent) and
/// says what is wrong with them. Every fault is reported with its line.
///
/// A column may have several names, parted by `|`; the first `required` columns must be there.
pub(crate) fn read(
    file: &str,
    text: &str,
    columns: &[&str],
    required: usize,
    mut row: impl FnMut(&[&str]) -> Result<(), String>,
) -> Faults {
    let mut faults = Faults::default();
    let mut lines = (1u32..).zip(text.trim_start_matches('\u{feff}').lines()).filter(|(_, line)| holds_data(line));
    let Some((line, header)) = lines.next() else {
        return Faults::one(file, format!("is empty: the first row must name the columns {}", columns.join(",")));
    };
    let order = match order(header, columns, required) {
        Ok(order) => order,
        Err(message) => return Fault::at_line(file, line, message).into(),
    };
    let columns = split(header).count();
    let mut given = Vec::new();
    let mut fields = Vec::new();
    for (line, text) in lines {
        given.clear();
        given.extend(split(text));
        fields.clear();
        fields.extend(order.iter().map(|&at| at.and_then(|at| given.get(at)).copied().unwrap_or("")));
        let width = if given.len() == columns { Ok(()) } else { Err(width(given.len(), columns)) };
        if let Err(message) = width.and_then(|()| row(&fields)) {
            faults.push(Fault::at_line(file, line, message));
        }
    }
    faults
}

fn holds_data(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

/// Fields without the spaces and quotes around them; no field that we read holds a comma.
fn split(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|field| field.trim().trim_matches('"'))
}

fn width(given: usize, columns: usize) -> String {
    format!("has {given} fields, but the header row has {columns}")
}

/// Where each column stands in the file.
fn order(header: &str, columns: &[&str], required: usize) -> Result<Vec<Option<usize>>, String> {
    let named = |column: &str, field: &str| column.split('|').any(|name| name.eq_ignore_ascii_case(field));
    if let Some(stranger) = split(header).find(|field| !columns.iter().any(|column| named(column, field))) {
        return Err(format!("column \"{stranger}\" is unknown: the header row names {}", columns.join(",")));
    }
    let order: Vec<_> = columns.iter().map(|column| split(header).position(|field| named(column, field))).collect();
    match order.iter().take(required).position(Option::is_none).and_then(|missing| columns.get(missing)) {
        Some(missing) => Err(format!("column \"{missing}\" is missing from the header row")),
        None => Ok(order),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    fn rows(text: &str) -> Result<Vec<String>, String> {
        let mut rows = Vec::new();
        let faults = read("x.csv", text, &["prefix|client", "ms", "note"], 2, |fields| {
            rows.push(fields.join(";"));
            if fields[1] == "bad" { Err("is bad".into()) } else { Ok(()) }
        });
        faults.into_result(rows).map_err(|faults| faults.to_string())
    }

    #[test]
    fn columns_may_stand_in_any_order() {
        assert_eq!(rows("ms, client\r\n# skipped\n\n1,a\r\n\"2\", b\n").unwrap(), ["a;1;", "b;2;"]);
    }

    #[test]
    fn every_fault_has_its_line() {
        assert_eq!(
            rows("prefix,ms\na,bad\nb\nc,1").unwrap_err(),
            "x.csv:2: is bad\nx.csv:3: has 1 fields, but the header row has 2"
        );
        assert!(rows("").unwrap_err().contains("is empty"));
        assert!(rows("\nprefix\n").unwrap_err().starts_with("x.csv:2: column \"ms\" is missing"));
        assert!(rows("prefix,ms,colour\n").unwrap_err().contains("\"colour\" is unknown"));
    }
}
