//! Sockets and threads: listeners, batched UDP, TLS, the PROXY protocol, shared memory, worker threads. All unsafe code of
//! the house is here.
#![allow(unsafe_code)]

pub mod beneath;
pub mod clock;
pub mod descriptor;
pub mod linelog;
pub mod listen;
pub mod lock;
pub mod pages;
pub mod prefetch;
pub mod proxy_protocol;
pub mod reading;
pub mod sendfile;
pub mod shared;
pub mod socket;
pub mod splice;
pub mod tcp;
pub mod tls;
pub mod udp;
pub mod worker;
