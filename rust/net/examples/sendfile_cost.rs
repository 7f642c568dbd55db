//! What a response costs whose content leaves a memory file by `sendfile`, beside one that leaves the heap by `writev`:
//! `cargo run --release -p edgeplane-net --example sendfile_cost`.
//!
//! One connection over loopback, a head of 300 octets before each content. CPU of sender and receiver, the best of nine runs:
//! the others met somebody else on the machine.

use std::error::Error;
use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;

use edgeplane_net::memory_file;
use edgeplane_net::sendfile::{send_file, send_more};

const HEAD: [u8; 300] = [b'h'; 300];
const RUNS: usize = 9;

/// Content of one length, in both forms.
struct Held {
    octets: Vec<u8>,
    file: Arc<File>,
}

/// A way to send head and content.
type Way = fn(&TcpStream, &Held) -> io::Result<()>;

fn by_sendfile(socket: &TcpStream, held: &Held) -> io::Result<()> {
    send_more(socket.as_fd(), &HEAD)?;
    let mut sent = 0;
    while sent < held.octets.len() {
        sent += send_file(socket.as_fd(), &held.file, sent as u64, held.octets.len() - sent)?;
    }
    Ok(())
}

fn by_writev(mut socket: &TcpStream, held: &Held) -> io::Result<()> {
    let mut pieces = [IoSlice::new(&HEAD), IoSlice::new(&held.octets)];
    let mut left = &mut pieces[..];
    while !left.is_empty() {
        let sent = socket.write_vectored(left)?;
        IoSlice::advance_slices(&mut left, sent);
    }
    Ok(())
}

/// Nanoseconds that this thread has run.
fn processor_time() -> Result<u64, String> {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").map_err(|error| error.to_string())?;
    schedule.split(' ').next().and_then(|first| first.parse().ok()).ok_or_else(|| format!("schedstat says {schedule}"))
}

/// Reads so many octets; nanoseconds that it took this thread.
fn receive(mut client: TcpStream, mut left: usize) -> Result<u64, String> {
    let (start, mut buffer) = (processor_time()?, vec![0; 262_144]);
    while left > 0 {
        match client.read(&mut buffer).map_err(|error| error.to_string())? {
            0 => return Err("the sender went away".into()),
            read => left -= read,
        }
    }
    Ok(processor_time()? - start)
}

/// Microseconds that sender and receiver run for one response.
fn microseconds(held: &Held, send: Way, rounds: usize) -> Result<(f64, f64), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    let octets = rounds * (HEAD.len() + held.octets.len());
    let receiver = std::thread::spawn(move || receive(client, octets));
    let start = processor_time()?;
    (0..rounds).try_for_each(|_| send(&server, held))?;
    let sent = processor_time()? - start;
    let received = receiver.join().map_err(|_| "the receiver ended early")??;
    let each = |nanoseconds: u64| nanoseconds as f64 / 1e3 / rounds as f64;
    Ok((each(sent), each(received)))
}

/// The least of several runs, of both sides.
fn best(held: &Held, send: Way, rounds: usize) -> Result<(f64, f64), Box<dyn Error>> {
    let mut least = (f64::INFINITY, f64::INFINITY);
    for _ in 0..RUNS {
        let run = microseconds(held, send, rounds)?;
        least = (least.0.min(run.0), least.1.min(run.1));
    }
    Ok(least)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("   length   sendfile: µs of sender, receiver   writev: µs of sender, receiver");
    for kib in [4, 16, 32, 64, 128, 256, 1_024] {
        let octets = vec![b'b'; kib << 10];
        let file = memory_file::create(c"content", [&octets[..]])?;
        let (held, rounds) = (Held { octets, file }, (32 << 10) / kib);
        let (file, heap) = (best(&held, by_sendfile, rounds)?, best(&held, by_writev, rounds)?);
        println!("{kib:>5} KiB   {:>18.1} {:>15.1}   {:>15.1} {:>14.1}", file.0, file.1, heap.0, heap.1);
    }
    Ok(())
}
