//! What another content costs where an old one was: nanoseconds to drop the old and to hold the new.
//! `cargo run --release -p edgeplane-net --example pages_cost`.

use std::collections::VecDeque;
use std::error::Error;
use std::hint::black_box;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use edgeplane_net::pages::Pages;
use edgeplane_net::splice::Splicer;

/// Octets that are held at once.
const HELD: usize = 64 << 20;
const TURNS: u32 = 5_000;

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    let splicer = Splicer::new()?;
    println!("{:>8} {:>10} {:>10} {:>12}", "octets", "allocator", "pages", "lent pages");
    for length in [12 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20] {
        let content = vec![7; length];
        let mut seen = vec![0; length];
        let hold = || Pages::hold(length as u64, [black_box(&content[..])]);
        let allocated = turns(length, || Ok::<_, std::io::Error>(black_box(&content).clone()), |_| Ok(()))?;
        let kept = turns(length, hold, |_| Ok(()))?;
        let lent = turns(length, hold, |pages| {
            let sent = splicer.send(server.as_fd(), pages)?;
            Ok(client.read_exact(seen.get_mut(..sent).unwrap_or_default())?)
        })?;
        println!("{length:>8} {allocated:>10} {kept:>10} {lent:>12}");
    }
    Ok(())
}

/// Nanoseconds of a turn without what was done to the content that is dropped.
fn turns<T, E: Into<Box<dyn Error>>>(
    length: usize,
    mut hold: impl FnMut() -> Result<T, E>,
    mut used: impl FnMut(&T) -> Result<(), Box<dyn Error>>,
) -> Result<u128, Box<dyn Error>> {
    let mut held = (0..HELD / length).map(|_| hold()).collect::<Result<VecDeque<_>, _>>().map_err(Into::into)?;
    let mut spent = Duration::ZERO;
    for _ in 0..TURNS {
        if let Some(old) = held.front() {
            used(old)?;
        }
        let start = Instant::now();
        drop(held.pop_front());
        held.push_back(hold().map_err(Into::into)?);
        spent += start.elapsed();
    }
    Ok(spent.as_nanos() / u128::from(TURNS))
}
