//! Which cookies or query parameters: none, those listed, all but those, all.

/// A choice of names. Names have case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    /// None.
    #[default]
    None,
    /// These.
    Listed(Box<[String]>),
    /// All but these.
    AllExcept(Box<[String]>),
    /// All.
    All,
}

impl Selection {
    /// Whether a name is chosen.
    #[inline]
    pub fn takes(&self, name: &[u8]) -> bool {
        match self {
            Self::None => false,
            Self::Listed(names) => is_in(names, name),
            Self::AllExcept(names) => !is_in(names, name),
            Self::All => true,
        }
    }

    /// What one or the other takes.
    pub fn union(&self, other: &Self) -> Self {
        let keep = |names: &[String], kept: &dyn Fn(&String) -> bool| {
            names.iter().filter(|name| kept(name)).cloned().collect()
        };
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::None, some) | (some, Self::None) => some.clone(),
            (Self::Listed(ours), Self::Listed(theirs)) => Self::Listed([&ours[..], theirs].concat().into()),
            (Self::AllExcept(ours), Self::AllExcept(theirs)) => {
                Self::AllExcept(keep(ours, &|name| theirs.contains(name)))
            }
            (Self::AllExcept(except), Self::Listed(listed)) | (Self::Listed(listed), Self::AllExcept(except)) => {
                Self::AllExcept(keep(except, &|name| !listed.contains(name)))
            }
        }
    }
}

fn is_in(names: &[String], name: &[u8]) -> bool {
    names.iter().any(|listed| listed.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn selection() -> impl Strategy<Value = Selection> {
        let names = proptest::collection::vec("[abc]", 0..3).prop_map(Vec::into_boxed_slice);
        prop_oneof![
            Just(Selection::None),
            Just(Selection::All),
            names.clone().prop_map(Selection::Listed),
            names.prop_map(Selection::AllExcept),
        ]
    }

    proptest! {
        #[test]
        fn a_union_takes_what_either_takes(ours in selection(), theirs in selection(), name in "[abcd]") {
            let name = name.as_bytes();
            prop_assert_eq!(ours.union(&theirs).takes(name), ours.takes(name) || theirs.takes(name));
        }
    }
}
