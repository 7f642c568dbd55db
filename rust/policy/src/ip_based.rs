//! IP-based routing: the location of the longest prefix around the client.

/// Replaces `ranking` with the locations of the prefixes around a client, given longest first, and then the default
/// location (`*`) if there is one. A location that comes again counts where it came first.
pub fn rank(around: impl Iterator<Item = u16>, default: Option<u16>, ranking: &mut Vec<u16>) {
    ranking.clear();
    for location in around.chain(default) {
        if !ranking.contains(&location) {
            ranking.push(location);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn longer_prefixes_come_first_and_the_default_last() {
        let mut ranking = vec![9];
        for (around, default, expected) in [
            (vec![2, 1, 2], Some(0), vec![2, 1, 0]),
            (vec![], Some(0), vec![0]),
            (vec![3], None, vec![3]),
            (vec![0, 1], Some(0), vec![0, 1]),
            (vec![], None, vec![]),
        ] {
            rank(around.into_iter(), default, &mut ranking);
            assert_eq!(ranking, expected);
        }
    }
}
