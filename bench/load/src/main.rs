//! `edgeplane-load`: asks a DNS or an HTTP server as fast as it answers, or at a fixed rate, and says what came back.
//!
//! ```text
//! queries file ─ queries ─► packets ─ engine ─► lanes (sockets, slots) ─ batch ─► sendmmsg / recvmmsg
//!                                        └────► tally (rcodes, losses) and histogram (latency) ─► one JSON document
//! ```

mod args;
mod batch;
mod echo;
mod engine;
mod histogram;
mod http;
mod lane;
mod pace;
mod poll;
mod queries;
mod tally;

use args::Args;
use std::error::Error;
use std::process::ExitCode;

const USAGE: &str = "\
usage: edgeplane-load query --server ADDR:PORT --queries FILE [options]
       edgeplane-load echo --listen ADDR:PORT [options]
       edgeplane-load http --server ADDR:PORT --targets FILE --host NAME [options]
       edgeplane-load http-echo --listen ADDR:PORT [options]

query: sends the queries of FILE in turn, over and over, and prints one JSON document
  --queries FILE      lines `name type [@ecs=prefix]`, as dnsperf reads them
  --duration S        seconds of sending (5)
  --count N           stop after N queries (no limit)
  --rate Q            open loop: Q queries a second, latency from the time at which a query was due;
                      without it, closed loop: a query leaves when an answer or a time-out frees a place
  --outstanding N     queries in flight at most, over all sockets (256; with --rate 65536)
  --sockets S         source ports (4)
  --batch N           datagrams a system call (64)
  --timeout S         seconds after which a query counts as lost (1)
  --edns              add an OPT record, payload size 1232
  --cookie            add a client cookie too (RFC 7873)
  --cpu N             run on this CPU alone

echo: sends every datagram back with the response bit set, until it is stopped
  --batch N           datagrams a system call (64)
  --receive-buffer B  bytes of SO_RCVBUF (the system's default)
  --cpu N             run on this CPU alone

http: asks for the targets of FILE in turn, over and over, over HTTP/1.1, and prints one JSON document
  --targets FILE      a path, with a query or without, in each line
  --host NAME         the host that is asked for
  --skip N            begin with target N (0)
  --connections C     keep-alive connections, with one request each at a time (32)
  --duration S        seconds of sending (5)
  --count N           stop after N requests (no limit)
  --length B          octets that each response must have; others count as malformed
  --timeout S         seconds that the last responses have (2)
  --block             sleep until something comes; without it, spin
  --cpu N             run on this CPU alone

http-echo: answers every request with the same response, until it is stopped
  --length B          octets of content (1024)
  --fields TEXT       header fields, with ; between them
  --by-path           content is the request's target, over and over; /.count says how many requests were answered
  --cpu N             run on this CPU alone
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("edgeplane-load: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    match words.next().as_deref() {
        Some("query") => query(&mut Args::parse(words)?),
        Some("echo") => echo::run(&mut Args::parse(words)?),
        Some("http") => http::client::main(&mut Args::parse(words)?),
        Some("http-echo") => http::server::main(&mut Args::parse(words)?),
        Some("help" | "-h" | "--help") => {
            print!("{USAGE}");
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

fn query(args: &mut Args) -> Result<(), Box<dyn Error>> {
    let options = engine::Options::read(args)?;
    let file = args.required("queries")?;
    let edns = queries::Edns { always: args.flag("edns"), cookie: args.flag("cookie") };
    let cpu = args.number("cpu")?;
    args.finish()?;
    batch::pin(cpu)?;
    let mut queries = queries::Queries::parse(&std::fs::read_to_string(&file)?, edns)?;
    let report = engine::run(&options, &mut queries)?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
