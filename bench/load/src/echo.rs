//! The floor: a server that does nothing but move datagrams, with the system calls and socket options of the DNS server.

use crate::args::Args;
use crate::batch::{Receiver, omit_path_mtu, pin};
use socket2::{Domain, Protocol, Socket, Type};
use std::error::Error;
use std::io;
use std::net::SocketAddr;

/// `echo`: runs until a signal ends the process.
pub fn run(args: &mut Args) -> Result<(), Box<dyn Error>> {
    let listen: SocketAddr = args.required("listen")?.parse()?;
    let width = args.number("batch")?.unwrap_or(64usize).clamp(1, 1024);
    let buffer = args.number("receive-buffer")?;
    let cpu = args.number("cpu")?;
    args.finish()?;
    pin(cpu)?;
    let socket = bind(listen, buffer)?;
    let mut receiver = Receiver::new(width);
    loop {
        turn(&socket, &mut receiver)?;
    }
}

/// A blocking socket, ready to be read.
pub fn bind(listen: SocketAddr, buffer: Option<usize>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(listen), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_port(true)?;
    if listen.is_ipv4() {
        omit_path_mtu(&socket)?;
    }
    if let Some(size) = buffer {
        socket.set_recv_buffer_size(size)?;
    }
    socket.bind(&listen.into())?;
    Ok(socket)
}

/// One batch: wait for it, mark its packets as answers, send them back.
pub fn turn(socket: &Socket, receiver: &mut Receiver) -> io::Result<()> {
    match receiver.receive(socket, true) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
        other => other?,
    };
    for packet in receiver.packets_mut() {
        if let Some(flags) = packet.get_mut(2) {
            *flags |= 0x80;
        }
    }
    receiver.send_back(socket);
    Ok(())
}
