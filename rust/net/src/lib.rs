//! Sockets and threads: listeners, batched UDP, shared memory, worker threads. All unsafe code of the house is here.
#![allow(unsafe_code)]

pub mod beneath;
pub mod clock;
pub mod descriptor;
pub mod listen;
pub mod lock;
pub mod memory_file;
pub mod sendfile;
pub mod shared;
pub mod tcp;
pub mod udp;
pub mod worker;
