//! The floor: an epoll loop that reads a request and writes a response. With `--by-path` it is an origin, whose content
//! tells what was asked, and which says at `/.count` how many requests it has answered.

use crate::args::Args;
use crate::batch::pin;
use crate::poll::Poll;
use memchr::memmem;
use socket2::{Domain, Socket, Type};
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

const LISTENER: usize = usize::MAX;
const COUNT: &[u8] = b"/.count";

/// `http-echo`: runs until a signal ends the process.
pub fn main(args: &mut Args) -> Result<(), Box<dyn Error>> {
    let listen: SocketAddr = args.required("listen")?.parse()?;
    let length = args.number("length")?.unwrap_or(1024);
    let fields: String = args.number("fields")?.unwrap_or_default();
    let by_path = args.flag("by-path");
    let cpu = args.number("cpu")?;
    args.finish()?;
    pin(cpu)?;
    let answers = if by_path { Answers::ByPath { length, fields } } else { Answers::constant(length, &fields) };
    let mut server = Server::bind(listen, answers)?;
    loop {
        server.turn()?;
    }
}

/// What is written.
pub enum Answers {
    /// The same to everyone.
    Constant(Box<[u8]>),
    /// The target, over and over, `length` octets of it.
    ByPath { length: usize, fields: String },
}

impl Answers {
    /// `length` octets of content; `fields` are lines with `;` between them.
    pub fn constant(length: usize, fields: &str) -> Self {
        Self::Constant(response(&vec![b'x'; length], fields).into())
    }
}

fn response(content: &[u8], fields: &str) -> Vec<u8> {
    let lines: String = fields.split(';').filter(|line| !line.is_empty()).flat_map(|line| [line, "\r\n"]).collect();
    let length = content.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{lines}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), content].concat()
}

/// A connection. `unsent`: a response that found no room, and how much of it went.
struct Peer {
    stream: TcpStream,
    input: Vec<u8>,
    unsent: Option<(Arc<[u8]>, usize)>,
}

/// Connections by number, and what they are told.
pub struct Server {
    listener: TcpListener,
    poll: Poll,
    peers: Vec<Option<Peer>>,
    free: Vec<usize>,
    constant: Option<Arc<[u8]>>,
    answers: Answers,
    answered: u64,
}

impl Server {
    /// Listens.
    pub fn bind(listen: SocketAddr, answers: Answers) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(listen), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&listen.into())?;
        socket.listen(4096)?;
        socket.set_nonblocking(true)?;
        let (listener, poll) = (TcpListener::from(socket), Poll::new(256)?);
        poll.add(&listener, LISTENER)?;
        let constant = if let Answers::Constant(octets) = &answers { Some(Arc::from(&**octets)) } else { None };
        Ok(Self { listener, poll, peers: Vec::new(), free: Vec::new(), constant, answers, answered: 0 })
    }

    /// Where it listens.
    #[cfg(test)]
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits, and serves all that can go on. A connection that fails is dropped.
    pub fn turn(&mut self) -> io::Result<()> {
        for index in 0..self.poll.wait(-1)? {
            match self.poll.number(index) {
                Some(LISTENER) => self.accept()?,
                Some(number) if self.serve(number).is_err() => self.drop(number),
                _ => {}
            }
        }
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        let Ok((stream, _)) = self.listener.accept() else { return Ok(()) };
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let number = self.free.pop().unwrap_or_else(|| {
            self.peers.push(None);
            self.peers.len() - 1
        });
        self.poll.add(&stream, number)?;
        if let Some(place) = self.peers.get_mut(number) {
            *place = Some(Peer { stream, input: Vec::new(), unsent: None });
        }
        Ok(())
    }

    fn drop(&mut self, number: usize) {
        if let Some(place) = self.peers.get_mut(number)
            && place.take().is_some()
        {
            self.free.push(number);
        }
    }

    /// Goes on with one connection; an error ends it.
    fn serve(&mut self, number: usize) -> io::Result<()> {
        let Some(Some(peer)) = self.peers.get_mut(number) else { return Ok(()) };
        if peer.unsent.is_some() {
            return peer.send(&self.poll, number);
        }
        let mut octets = [0; 4096];
        let count = peer.stream.read(&mut octets)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        peer.input.extend_from_slice(octets.get(..count).unwrap_or_default());
        while peer.unsent.is_none() {
            let Some(end) = memmem::find(&peer.input, b"\r\n\r\n") else { return Ok(()) };
            let head = peer.input.get(..end).unwrap_or_default();
            let answer = match &self.constant {
                Some(constant) => constant.clone(),
                None => self.answers.to(head, &mut self.answered),
            };
            peer.input.drain(..end + 4);
            peer.unsent = Some((answer, 0));
            peer.send(&self.poll, number)?;
        }
        Ok(())
    }
}

impl Answers {
    /// The response to one request, by its head.
    fn to(&self, head: &[u8], answered: &mut u64) -> Arc<[u8]> {
        let target = head.split(|octet| *octet == b' ').nth(1).unwrap_or_default();
        match self {
            Self::Constant(octets) => Arc::from(&**octets),
            Self::ByPath { .. } if target == COUNT => {
                Arc::from(response(answered.to_string().as_bytes(), "Cache-Control: no-store"))
            }
            Self::ByPath { length, fields } => {
                *answered += 1;
                let content: Vec<u8> = target.iter().copied().cycle().take(*length).collect();
                Arc::from(response(&content, fields))
            }
        }
    }
}

impl Peer {
    /// Writes what is to be written; where there is no room, waits for it in place of reading.
    fn send(&mut self, poll: &Poll, number: usize) -> io::Result<()> {
        let Some((answer, from)) = self.unsent.take() else { return Ok(()) };
        let sent = match self.stream.write(answer.get(from..).unwrap_or_default()) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            other => other?,
        };
        let waited = from > 0;
        if from + sent < answer.len() {
            self.unsent = Some((answer, from + sent));
            return poll.watch(&self.stream, number, true);
        }
        if waited { poll.watch(&self.stream, number, false) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn an_origin_tells_what_was_asked_and_how_often() {
        let fields = "Cache-Control: max-age=60;ETag: \"1\"".to_owned();
        let mut server = Server::bind("127.0.0.1:0".parse().unwrap(), Answers::ByPath { length: 5, fields }).unwrap();
        let address = server.address().unwrap();
        thread::spawn(move || while server.turn().is_ok() {});
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /ab HTTP/1.1\r\n\r\nGET /.count HTTP/1.1\r\n\r\n").unwrap();
        let mut seen = String::new();
        while !seen.ends_with("\r\n\r\n1") {
            let mut octets = [0; 512];
            let count = stream.read(&mut octets).unwrap();
            assert!(count > 0, "{seen}");
            seen.push_str(std::str::from_utf8(&octets[..count]).unwrap());
        }
        assert!(seen.contains("Cache-Control: max-age=60\r\nETag: \"1\"\r\nContent-Length: 5\r\n\r\n/ab/aHTTP/1.1"));
    }
}
