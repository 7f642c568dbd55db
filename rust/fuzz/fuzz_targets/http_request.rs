//! Octets of a connection of HTTP/1.1 → requests, heads and contents. However they are cut, the same is asked and answered;
//! what is asked, written anew, is asked again. The first octet says how they are cut, and whether contents are read.
#![no_main]

use edgeplane_fuzz::visit::{Asked, Pace, rewritten, visit};
use libfuzzer_sys::fuzz_target;

const LONGEST: usize = 4_096;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, octets)) = data.split_first() else { return };
    if octets.len() > LONGEST {
        return;
    }
    let reads = choice & 8 == 0;
    let at_once = visit(octets, None, reads);
    assert_eq!(visit(octets, Some(Pace::new(choice)), reads), at_once, "in pieces as at once");
    if reads {
        let whole: Vec<Asked> = at_once.asked.into_iter().take_while(|asked| asked.content.is_some()).collect();
        let again = visit(&whole.iter().flat_map(rewritten).collect::<Vec<_>>(), None, reads);
        assert_eq!(again.asked, whole, "written anew");
        assert!(!again.refused);
    }
});
