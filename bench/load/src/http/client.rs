//! The loop: on each connection a request, its response, the next request.

use super::response::{Progress, Reader};
use super::tally::{Report, Tally};
use super::targets::Targets;
use crate::args::Args;
use crate::batch::pin;
use crate::poll::Poll;
use socket2::SockRef;
use std::error::Error;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Octets of a response that are looked at with one call: a head, and content that is short.
const LOOK: usize = 4096;
/// Octets of content that are dropped with one call, without being copied.
const DROP: usize = 1 << 20;

/// A run.
pub struct Options {
    pub server: SocketAddr,
    pub connections: usize,
    /// Nanoseconds of sending.
    pub duration: u64,
    pub count: u64,
    /// Nanoseconds that the last responses have, after that.
    pub timeout: u64,
    /// Sleeps until something comes, where the CPU is shared with an origin; otherwise spins.
    pub block: bool,
    /// Octets of content that every response must have.
    pub length: Option<u64>,
}

impl Options {
    fn read(args: &mut Args) -> Result<Self, Box<dyn Error>> {
        let nanoseconds = |seconds: f64| (seconds * 1e9) as u64;
        Ok(Self {
            server: args.required("server")?.parse()?,
            connections: args.number("connections")?.unwrap_or(32).clamp(1, 16_384),
            duration: nanoseconds(args.number("duration")?.unwrap_or(5.0)),
            count: args.number("count")?.unwrap_or(u64::MAX),
            timeout: nanoseconds(args.number("timeout")?.unwrap_or(2.0)),
            block: args.flag("block"),
            length: args.number("length")?,
        })
    }
}

/// `http`: prints one JSON document.
pub fn main(args: &mut Args) -> Result<(), Box<dyn Error>> {
    let options = Options::read(args)?;
    let (file, host) = (args.required("targets")?, args.required("host")?);
    let skip = args.number("skip")?.unwrap_or(0);
    let cpu = args.number("cpu")?;
    args.finish()?;
    pin(cpu)?;
    let targets = Targets::parse(&std::fs::read_to_string(file)?, &host, skip)?;
    println!("{}", serde_json::to_string(&run(&options, targets)?)?);
    Ok(())
}

/// Asks, reads and counts until the run is over and nothing is in flight.
pub fn run(options: &Options, targets: Targets) -> io::Result<Report> {
    let places = (0..options.connections).map(|_| Place::connect(options.server)).collect::<io::Result<Vec<_>>>()?;
    let mut engine = Engine {
        options,
        targets,
        poll: Poll::new(options.connections)?,
        places,
        tally: Tally::new(),
        waiting: 0,
        start: Instant::now(),
        last: 0,
        dropped: vec![MaybeUninit::uninit(); DROP],
    };
    engine.drive()
}

/// One connection. `asked`: when the request left whose response is on its way.
struct Place {
    stream: TcpStream,
    reader: Reader,
    asked: Option<u64>,
}

impl Place {
    fn connect(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&server, Duration::from_secs(5))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, reader: Reader::default(), asked: None })
    }

    /// Reads once. None: the connection has ended.
    fn read(&mut self, dropped: &mut [MaybeUninit<u8>]) -> io::Result<Option<Progress>> {
        let owed = usize::try_from(self.reader.owed()).unwrap_or(usize::MAX);
        if owed == 0 {
            let mut octets = [0; LOOK];
            let count = self.stream.read(&mut octets)?;
            return Ok((count > 0).then(|| self.reader.take(octets.get(..count).unwrap_or_default())));
        }
        let room = owed.min(dropped.len());
        let room = dropped.get_mut(..room).unwrap_or_default();
        // MSG_TRUNC: what has come is dropped where it lies (tcp(7)).
        let count = SockRef::from(&self.stream).recv_with_flags(room, libc::MSG_TRUNC)?;
        Ok((count > 0).then(|| self.reader.skip(count as u64)))
    }
}

struct Engine<'a> {
    options: &'a Options,
    targets: Targets,
    poll: Poll,
    places: Vec<Place>,
    tally: Tally,
    waiting: usize,
    start: Instant,
    last: u64,
    dropped: Vec<MaybeUninit<u8>>,
}

impl Engine<'_> {
    fn drive(&mut self) -> io::Result<Report> {
        for (number, place) in self.places.iter().enumerate() {
            self.poll.add(&place.stream, number)?;
        }
        (0..self.places.len()).try_for_each(|number| self.ask(number))?;
        let patience = if self.options.block { 50 } else { 0 };
        while self.waiting > 0 && self.now() < self.options.duration.saturating_add(self.options.timeout) {
            for index in 0..self.poll.wait(patience)? {
                if let Some(number) = self.poll.number(index) {
                    self.receive(number)?;
                }
            }
        }
        self.tally.lost += self.waiting as u64;
        Ok(self.tally.report(self.last, self.targets.wraps))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Sends the next request, if the run is not over.
    fn ask(&mut self, number: usize) -> io::Result<()> {
        let now = self.now();
        let Some(place) = self.places.get_mut(number) else { return Ok(()) };
        if now >= self.options.duration || self.tally.sent >= self.options.count {
            return Ok(());
        }
        place.asked = Some(now);
        self.tally.sent += 1;
        self.waiting += 1;
        match place.stream.write(self.targets.take()) {
            Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Reads until the response is there or nothing more has come.
    fn receive(&mut self, number: usize) -> io::Result<()> {
        loop {
            let Some(place) = self.places.get_mut(number) else { return Ok(()) };
            match place.read(&mut self.dropped) {
                Ok(Some(Progress::More)) => {}
                Ok(Some(Progress::Done(status, octets))) => {
                    let asked = place.asked.take();
                    self.answer(status, octets, asked);
                    return self.ask(number);
                }
                Ok(Some(Progress::Malformed)) => {
                    self.tally.malformed += 1;
                    return self.again(number);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Ok(None) | Err(_) if place.reader.is_idle() => {
                    self.tally.reconnects += 1;
                    return self.again(number);
                }
                Ok(None) | Err(_) => {
                    self.tally.lost += 1;
                    return self.again(number);
                }
            }
        }
    }

    fn answer(&mut self, status: u16, octets: u64, asked: Option<u64>) {
        let Some(asked) = asked else {
            self.tally.malformed += 1;
            return;
        };
        self.last = self.now();
        self.waiting -= 1;
        self.tally.answer(status, octets, self.last.saturating_sub(asked));
        if self.options.length.is_some_and(|length| length != octets) {
            self.tally.malformed += 1;
        }
    }

    /// A new connection in place of one that is gone, and its next request.
    fn again(&mut self, number: usize) -> io::Result<()> {
        let fresh = Place::connect(self.options.server)?;
        self.poll.add(&fresh.stream, number)?;
        let Some(place) = self.places.get_mut(number) else { return Ok(()) };
        self.waiting -= usize::from(place.asked.is_some());
        *place = fresh;
        self.ask(number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::server::{Answers, Server};
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    fn options(server: SocketAddr, count: u64, length: u64) -> Options {
        let (duration, timeout) = (20_000_000_000, 2_000_000_000);
        Options { server, connections: 4, duration, count, timeout, block: true, length: Some(length) }
    }

    fn targets() -> Targets {
        Targets::parse("/a\n/b", "example.org", 0).unwrap()
    }

    /// A server of this crate in a thread that ends with the test.
    fn serve(answers: Answers) -> SocketAddr {
        let mut server = Server::bind("127.0.0.1:0".parse().unwrap(), answers).unwrap();
        let address = server.address().unwrap();
        thread::spawn(move || while server.turn().is_ok() {});
        address
    }

    #[test]
    fn every_response_is_counted_whatever_its_length() {
        for length in [0, 10, 5000, 3_000_000] {
            let server = serve(Answers::constant(length, ""));
            let report = run(&options(server, 200, length as u64), targets()).unwrap();
            assert_eq!((report.sent, report.received, report.lost, report.malformed), (200, 200, 0, 0), "{length}");
            assert_eq!((report.octets, report.statuses[&200], report.wraps), (200 * length as u64, 200, 100));
            assert!(report.latency_us.p50 > 0.0 && report.requests_per_second > 0.0);
        }
    }

    #[test]
    fn a_length_that_is_not_the_one_asked_for_is_malformed() {
        let report = run(&options(serve(Answers::constant(10, "")), 50, 11), targets()).unwrap();
        assert_eq!((report.received, report.malformed), (50, 50));
    }

    #[test]
    fn a_server_that_closes_is_connected_to_again_and_half_a_response_is_lost() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 512]).unwrap();
                let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                stream.write_all(if number < 6 { whole } else { &whole[..20] }).unwrap();
            }
        });
        let report = run(&options(server, 12, 2), targets()).unwrap();
        assert_eq!(report.received, 6);
        assert!(report.lost >= 1 && report.reconnects >= 1, "{} {}", report.lost, report.reconnects);
    }
}
