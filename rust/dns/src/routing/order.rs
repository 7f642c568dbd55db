//! An order of groups in which alias targets stand before the aliases, or the ring that forbids one.

use super::group::{Candidate, Group, MAX_ALIAS_DEPTH, Target};

/// Aliases that cannot be followed to an end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// Groups from one alias to the next.
    pub groups: Vec<u32>,
    /// Whether the last leads back to the first.
    pub ring: bool,
}

impl Chain {
    /// The fault in words; `places` are the groups' resources.
    pub fn message(&self, places: &[String]) -> String {
        let path = places.join(" → ");
        if self.ring {
            format!("alias records form a ring: {path} → {}", places.first().map_or("", |first| first))
        } else {
            format!("alias records lead through more than {MAX_ALIAS_DEPTH} others: {path}")
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    /// On the path that is being walked.
    Open,
    /// Done, with the number of aliases below it.
    Done(usize),
}

/// Depth first without recursion: the path is a list of groups with the next candidate to look at.
pub(super) fn order(groups: &[Group], candidates: &[Candidate]) -> Result<Vec<u32>, Chain> {
    let mut walk =
        Walk { groups, candidates, marks: vec![Mark::New; groups.len()], path: Vec::new(), order: Vec::new() };
    for group in 0..groups.len() as u32 {
        walk.visit(group)?;
    }
    Ok(walk.order)
}

struct Walk<'a> {
    groups: &'a [Group],
    candidates: &'a [Candidate],
    marks: Vec<Mark>,
    path: Vec<(u32, u32)>,
    order: Vec<u32>,
}

impl Walk<'_> {
    fn visit(&mut self, root: u32) -> Result<(), Chain> {
        if self.mark(root) == Mark::New {
            self.open(root);
        }
        while let Some((group, next)) = self.path.last_mut().map(|(group, next)| {
            *next += 1;
            (*group, *next - 1)
        }) {
            match self.target(group, next) {
                None => self.close(group)?,
                Some(Target::Group(target)) => match self.mark(target) {
                    Mark::New => self.open(target),
                    Mark::Open => return Err(self.ring(target)),
                    Mark::Done(_) => {}
                },
                Some(Target::Block(..)) => {}
            }
        }
        Ok(())
    }

    fn open(&mut self, group: u32) {
        self.set(group, Mark::Open);
        self.path.push((group, 0));
    }

    fn close(&mut self, group: u32) -> Result<(), Chain> {
        let depth = self.depth(group);
        if depth > MAX_ALIAS_DEPTH {
            return Err(Chain { groups: self.path.iter().map(|&(group, _)| group).collect(), ring: false });
        }
        self.set(group, Mark::Done(depth));
        self.path.pop();
        self.order.push(group);
        Ok(())
    }

    fn depth(&self, group: u32) -> usize {
        let depths = (0..).map_while(|index| self.target(group, index)).map(|target| match target {
            Target::Group(target) => match self.mark(target) {
                Mark::Done(depth) => depth + 1,
                _ => 0,
            },
            Target::Block(..) => 0,
        });
        depths.max().unwrap_or(0)
    }

    fn ring(&self, back_to: u32) -> Chain {
        let groups = self.path.iter().map(|&(group, _)| group).skip_while(|&group| group != back_to).collect();
        Chain { groups, ring: true }
    }

    fn target(&self, group: u32, index: u32) -> Option<Target> {
        let group = self.groups.get(group as usize).filter(|group| index < u32::from(group.len))?;
        self.candidates.get((group.first + index) as usize).map(|candidate| candidate.target)
    }

    fn mark(&self, group: u32) -> Mark {
        self.marks.get(group as usize).copied().unwrap_or(Mark::Done(0))
    }

    fn set(&mut self, group: u32, mark: Mark) {
        if let Some(place) = self.marks.get_mut(group as usize) {
            *place = mark;
        }
    }
}
