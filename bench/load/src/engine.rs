//! The loop: send what is due, take what has come, give up what is lost.

use crate::args::Args;
use crate::batch::{Receiver, Sender};
use crate::lane::{Arrival, Lane};
use crate::pace::Pace;
use crate::queries::{Queries, Span};
use crate::tally::{Report, Tally};
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

/// Nanoseconds between two searches for lost queries.
const SWEEP: u64 = 10_000_000;

/// A run.
pub struct Options {
    pub server: SocketAddr,
    pub pace: Pace,
    /// Nanoseconds of sending.
    pub duration: u64,
    pub count: u64,
    pub outstanding: usize,
    pub sockets: usize,
    pub batch: usize,
    /// Nanoseconds.
    pub timeout: u64,
}

impl Options {
    /// Takes the options of a run from the command line.
    pub fn read(args: &mut Args) -> Result<Self, Box<dyn Error>> {
        let rate: Option<f64> = args.number("rate")?;
        let nanoseconds = |seconds: f64| (seconds * 1e9) as u64;
        Ok(Self {
            server: args.required("server")?.parse()?,
            pace: rate.filter(|rate| *rate > 0.0).map_or(Pace::Closed, Pace::Open),
            duration: nanoseconds(args.number("duration")?.unwrap_or(5.0)),
            count: args.number("count")?.unwrap_or(u64::MAX),
            outstanding: args.number("outstanding")?.unwrap_or(if rate.is_some() { 65_536 } else { 256 }),
            sockets: args.number("sockets")?.unwrap_or(4).clamp(1, 1024),
            batch: args.number("batch")?.unwrap_or(64).clamp(1, 1024),
            timeout: nanoseconds(args.number("timeout")?.unwrap_or(1.0)),
        })
    }

    /// Places for queries on each socket: a power of two, as the ids want it.
    fn slots(&self) -> u16 {
        let each = (self.outstanding / self.sockets).clamp(1, 32_768);
        1 << each.ilog2()
    }
}

/// Sends, receives and counts until the run is over and nothing is in flight.
pub fn run(options: &Options, queries: &mut Queries) -> io::Result<Report> {
    let connect = |_| Lane::connect(options.server, options.slots());
    let lanes = (0..options.sockets).map(connect).collect::<io::Result<Vec<_>>>()?;
    let mut engine = Engine {
        options,
        queries,
        tally: Tally::new(),
        sender: Sender::new(options.batch),
        receiver: Receiver::new(options.batch),
        batch: Vec::with_capacity(options.batch),
        start: Instant::now(),
        last_answer: 0,
    };
    engine.drive(lanes)
}

struct Engine<'a> {
    options: &'a Options,
    queries: &'a mut Queries,
    tally: Tally,
    sender: Sender,
    receiver: Receiver,
    batch: Vec<(u16, Span)>,
    start: Instant,
    last_answer: u64,
}

impl Engine<'_> {
    fn drive(&mut self, mut lanes: Vec<Lane>) -> io::Result<Report> {
        let mut swept = 0;
        loop {
            let now = self.now();
            let sending = now < self.options.duration && self.tally.sent < self.options.count;
            if !sending && lanes.iter().all(Lane::is_idle) {
                return Ok(self.tally.report(self.last_answer));
            }
            for lane in &mut lanes {
                if sending {
                    self.send(lane);
                }
                self.receive(lane)?;
            }
            if now >= swept + SWEEP {
                swept = now;
                let limit = now.saturating_sub(self.options.timeout);
                self.tally.timeouts += lanes.iter_mut().map(|lane| lane.expire(limit)).sum::<u64>();
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn send(&mut self, lane: &mut Lane) {
        let now = self.now();
        let left = usize::try_from(self.options.count - self.tally.sent).unwrap_or(usize::MAX);
        // A packet's id is set where it lies, so no batch holds a packet twice.
        let room = lane.room().min(self.options.batch).min(self.queries.len()).min(left);
        self.batch.clear();
        for _ in 0..self.options.pace.due(now, self.tally.sent, room) {
            let Some(id) = lane.reserve() else { break };
            let (query, span) = self.queries.take(id);
            lane.start(id, query, self.options.pace.intended(now, self.tally.sent));
            self.tally.sent += 1;
            self.batch.push((id, span));
        }
        self.flush(lane);
    }

    /// A query that the system refuses to send is an error of its own, not a time-out.
    fn flush(&mut self, lane: &mut Lane) {
        if self.batch.is_empty() {
            return;
        }
        let packets = self.batch.iter().map(|(_, span)| span.packet());
        let sent = self.sender.send(&lane.socket, self.queries.bytes(), packets).unwrap_or(0);
        for (id, _) in self.batch.iter().skip(sent) {
            lane.cancel(*id);
            self.tally.send_errors += 1;
        }
    }

    fn receive(&mut self, lane: &mut Lane) -> io::Result<()> {
        let count = match self.receiver.receive(&lane.socket, false) {
            // An ICMP error about an earlier query, which will time out.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => 0,
            other => other?,
        };
        if count == 0 {
            return Ok(());
        }
        let now = self.now();
        for index in 0..count {
            let reply = self.receiver.packet(index);
            match lane.accept(reply, self.queries) {
                Arrival::Answer(intended) => self.tally.answer(reply, now.saturating_sub(intended)),
                Arrival::Late => self.tally.late += 1,
                Arrival::Mismatch => self.tally.mismatches += 1,
            }
        }
        self.last_answer = now;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::echo;
    use crate::queries::Edns;
    use socket2::Socket;
    use std::thread;

    fn queries() -> Queries {
        Queries::parse("a. A\nbb. AAAA\nccc. A @ecs=192.0.2.0/24", Edns::default()).unwrap()
    }

    /// A server for as many turns as it takes to see `stop`, a datagram of one byte.
    fn serve(mut answer: impl FnMut(&Socket, &mut Receiver) -> bool + Send + 'static) -> SocketAddr {
        let socket = echo::bind("127.0.0.1:0".parse().unwrap(), Some(1 << 20)).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        thread::spawn(move || {
            let mut receiver = Receiver::new(8);
            while answer(&socket, &mut receiver) {}
        });
        address
    }

    fn options(server: SocketAddr, pace: Pace) -> Options {
        Options {
            server,
            pace,
            duration: 20_000_000_000,
            count: 10_000,
            outstanding: 64,
            sockets: 3,
            batch: 16,
            timeout: 5_000_000_000,
        }
    }

    #[test]
    fn closed_loop_counts_every_answer_of_an_echo() {
        let server = serve(|socket, receiver| echo::turn(socket, receiver).is_ok());
        let report = run(&options(server, Pace::Closed), &mut queries()).unwrap();
        assert_eq!((report.sent, report.received, report.timeouts, report.mismatches), (10_000, 10_000, 0, 0));
        assert_eq!(report.rcodes.get("NOERROR"), Some(&10_000));
        assert!(report.latency_us.p50 > 0.0 && report.latency_us.p50 <= report.latency_us.max);
    }

    #[test]
    fn open_loop_keeps_its_rate_and_its_latency_includes_the_delay_of_a_stalled_server() {
        let mut stalled = false;
        let server = serve(move |socket, receiver| {
            let more = echo::turn(socket, receiver).is_ok();
            if !stalled {
                stalled = true;
                thread::sleep(std::time::Duration::from_millis(200));
            }
            more
        });
        // 1,000 queries in half a second, one place in flight: four in ten are due while the server stands still.
        let options = Options { count: 1000, outstanding: 1, sockets: 1, ..options(server, Pace::Open(2000.0)) };
        let report = run(&options, &mut queries()).unwrap();
        assert_eq!((report.sent, report.received, report.timeouts), (1000, 1000, 0));
        assert!(report.seconds > 0.49, "{}", report.seconds);
        assert!(report.latency_us.p90 > 100_000.0, "{}", report.latency_us.p90);
    }

    #[test]
    fn silence_is_a_time_out() {
        let mut turns = 0;
        let server = serve(move |socket, receiver| {
            turns += 1;
            if turns % 2 == 0 { receiver.receive(socket, true).is_ok() } else { echo::turn(socket, receiver).is_ok() }
        });
        let options = Options { count: 200, timeout: 30_000_000, ..options(server, Pace::Closed) };
        let report = run(&options, &mut queries()).unwrap();
        assert_eq!(report.received + report.timeouts, 200);
        assert!(report.timeouts > 0 && report.received > 0);
    }
}
