//! Parameters of a query, in the order in which they were sent.

use super::Selection;

/// The pairs of a query that are chosen, as they were written. Names are compared as they were written, so that another
/// spelling of a name is another name for key and origin alike.
pub fn chosen<'q>(query: &'q str, selection: &'q Selection) -> impl Iterator<Item = &'q str> + Clone {
    query.split('&').filter(|pair| selection.takes(name(pair).as_bytes()))
}

/// What of a query goes on; none where nothing is chosen. Everything stays as it is where all are.
pub fn select(query: Option<&str>, selection: &Selection) -> Option<String> {
    let query = query?;
    match selection {
        Selection::None => None,
        Selection::All => Some(query.to_owned()),
        _ => Some(chosen(query, selection).collect::<Vec<_>>().join("&")).filter(|left| !left.is_empty()),
    }
}

fn name(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}
