//! Counts what frames cost: those that carry requests earn, those that only make work spend.

/// Frames that one connection may spend on making work, at the start and at most; legitimate clients use a few dozen.
const WORK: Budget = Budget { left: 2_000, most: 10_000 };
/// For streams that a client cancels, at `RESET` each; an answer earns half of one (fault H2: an end after at most 200).
const RESETS: Budget = Budget { left: 200, most: 400 };
const RESET: u32 = 2;
/// For an answer that a client asked for and did not take, which held its place all the time that was given: as many as two
/// that it cancels.
const STARVED: u32 = 2 * RESET;

const PREFACE: u32 = 24;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// Follows the frames of a connection as their octets come in. Knows nothing of their content.
#[derive(Debug)]
pub(super) struct Meter {
    header: [u8; 9],
    held: usize,
    /// Octets to pass until the next frame begins.
    skip: u32,
    work: Budget,
    resets: Budget,
    /// Octets sent that have not yet earned a frame.
    sent: usize,
    exceeded: Option<&'static str>,
    /// A header block is open; how many were opened.
    block: bool,
    blocks: u64,
}

#[derive(Debug, Clone, Copy)]
struct Budget {
    left: u32,
    most: u32,
}

impl Budget {
    fn spend(&mut self, amount: u32) -> bool {
        let enough = self.left >= amount;
        self.left = self.left.saturating_sub(amount);
        enough
    }

    fn earn(&mut self, amount: u32) {
        self.left = self.left.saturating_add(amount).min(self.most);
    }
}

impl Meter {
    /// For the octets of a client, from its preface on.
    pub fn new() -> Self {
        Self {
            header: [0; 9],
            held: 0,
            skip: PREFACE,
            work: WORK,
            resets: RESETS,
            sent: 0,
            exceeded: None,
            block: false,
            blocks: 0,
        }
    }

    /// Takes what came; how much of it may go on. Less than all: a budget is exceeded.
    pub fn read(&mut self, octets: &[u8]) -> usize {
        let mut rest = octets;
        while !rest.is_empty() && self.exceeded.is_none() {
            let wanted = if self.skip > 0 { self.skip as usize } else { self.header.len() - self.held };
            let (taken, after) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
            if self.skip > 0 {
                self.skip -= taken.len() as u32;
            } else {
                self.take_header(taken);
            }
            rest = after;
        }
        octets.len() - rest.len()
    }

    /// Why the connection is to end.
    pub fn exceeded(&self) -> Option<&'static str> {
        self.exceeded
    }

    /// The number of the header block that is open, where one is.
    pub fn open_block(&self) -> Option<u64> {
        self.block.then_some(self.blocks)
    }

    /// Requests were answered.
    pub fn answered(&mut self, count: u32) {
        self.work.earn(count.saturating_mul(4));
        self.resets.earn(count);
    }

    /// Answers were given up because their client had no room for them.
    pub fn starved(&mut self, count: u32) {
        if count > 0 && !self.resets.spend(count.saturating_mul(STARVED)) {
            self.exceeded.get_or_insert("answers that are not read");
        }
    }

    /// Octets went out: for them a client sends WINDOW_UPDATE frames.
    pub fn wrote(&mut self, octets: usize) {
        self.sent += octets;
        self.work.earn((self.sent / 1_024) as u32);
        self.sent %= 1_024;
    }

    /// Time passed: clients that live long send PING frames.
    pub fn aged(&mut self) {
        self.work.earn(10);
    }

    fn take_header(&mut self, octets: &[u8]) {
        for (place, octet) in self.header.iter_mut().skip(self.held).zip(octets) {
            *place = *octet;
        }
        self.held += octets.len();
        if self.held == self.header.len() {
            self.held = 0;
            let [high, middle, low, kind, flags, ..] = self.header;
            self.skip = u32::from_be_bytes([0, high, middle, low]);
            self.exceeded = self.bill(kind, flags, self.skip);
        }
    }

    /// What a frame costs (RFC 9113 section 6).
    fn bill(&mut self, kind: u8, flags: u8, length: u32) -> Option<&'static str> {
        let (budget, cost, why) = match kind {
            0 if length == 0 && flags & END_STREAM == 0 => (&mut self.work, 10, "empty DATA frames"),
            0 => return None,
            1 | 9 => {
                self.blocks += u64::from(kind == 1);
                self.block = flags & END_HEADERS == 0;
                (&mut self.work, u32::from(kind == 9) * 10, "CONTINUATION frames")
            }
            3 => (&mut self.resets, RESET, "stream resets"),
            4 => (&mut self.work, 5, "SETTINGS frames"),
            6 => (&mut self.work, 1, "PING frames"),
            8 => (&mut self.work, 1, "WINDOW_UPDATE frames"),
            _ => (&mut self.work, 1, "frames without use"),
        };
        (!budget.spend(cost)).then_some(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        [&[0, 0, length, kind, flags, 0, 0, 0, 1][..], &vec![0xff; usize::from(length)]].concat()
    }

    fn begun() -> Meter {
        let mut meter = Meter::new();
        assert_eq!(meter.read(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 24);
        meter
    }

    /// Frames until the meter stops, at most `limit`.
    fn taken(meter: &mut Meter, frame: &[u8], limit: usize) -> usize {
        (0..limit).take_while(|_| meter.read(frame) == frame.len() && meter.exceeded().is_none()).count()
    }

    #[test]
    fn each_flood_ends() {
        for (kind, flags, length, most, why) in [
            (3, 0, 4, 200, "stream resets"),
            (6, 0, 8, 2_000, "PING frames"),
            (4, 0, 6, 400, "SETTINGS frames"),
            (0, 0, 0, 200, "empty DATA frames"),
            (9, 0, 1, 200, "CONTINUATION frames"),
            (8, 0, 4, 2_000, "WINDOW_UPDATE frames"),
            (2, 0, 5, 2_000, "frames without use"),
            (0xaa, 0, 0, 2_000, "frames without use"),
        ] {
            let mut meter = begun();
            assert!(taken(&mut meter, &frame(kind, flags, length), 100_000) <= most, "{why}");
            assert_eq!(meter.exceeded(), Some(why));
            assert_eq!(meter.read(&frame(1, 5, 9)), 0, "nothing passes any more");
        }
    }

    #[test]
    fn a_client_that_is_answered_may_go_on() {
        let mut meter = begun();
        for _ in 0..100_000 {
            let frames = [frame(1, 5, 30), frame(1, 5, 30), frame(8, 0, 4), frame(6, 0, 8), frame(3, 0, 4)].concat();
            assert_eq!(meter.read(&frames), frames.len());
            meter.answered(2);
        }
        let mut meter = begun();
        for _ in 0..100_000 {
            assert_eq!(meter.read(&frame(8, 0, 4)), 13, "a download");
            meter.wrote(1_024);
        }
        assert_eq!(meter.exceeded(), None);
    }

    #[test]
    fn an_open_header_block_is_seen() {
        let mut meter = begun();
        meter.read(&frame(1, 1, 3));
        assert_eq!(meter.open_block(), Some(1));
        meter.read(&frame(9, 4, 3));
        assert_eq!(meter.open_block(), None);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            frames in prop::collection::vec((0..10u8, 0..8u8, 0..40u8), 0..400), cuts in prop::collection::vec(1..50usize, 1..40)
        ) {
            let octets: Vec<u8> = frames.iter().flat_map(|&(kind, flags, length)| frame(kind, flags, length)).collect();
            let (mut whole, mut pieces) = (begun(), begun());
            let passed = whole.read(&octets);
            let (mut rest, mut sum) = (&octets[..], 0);
            for &cut in cuts.iter().cycle() {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                let read = pieces.read(piece);
                sum += read;
                if read < piece.len() || after.is_empty() {
                    break;
                }
                rest = after;
            }
            prop_assert_eq!((passed, whole.exceeded()), (sum, pieces.exceeded()));
        }
    }
}
