//! What a coding costs and saves, with the effort that is taken and with more, for lengths from 4 KiB to 1 MiB:
//! `cargo run --release -p edgeplane-edge --example coding_cost [FILE]`.
//!
//! Without a file the text is this workspace's own source. Milliseconds of CPU, the least of three runs, and what is left.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use edgeplane_edge::behaviour::Encoding;
use edgeplane_edge::compress::{effort, encode_with};

const LENGTHS: [usize; 4] = [4, 32, 128, 1_024];
const EFFORTS: [(Encoding, i32); 7] = [
    (Encoding::Brotli, effort(Encoding::Brotli)),
    (Encoding::Brotli, 9),
    (Encoding::Brotli, 11),
    (Encoding::Zstd, effort(Encoding::Zstd)),
    (Encoding::Zstd, 19),
    (Encoding::Gzip, effort(Encoding::Gzip)),
    (Encoding::Gzip, 9),
];
const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let text = match std::env::args_os().nth(1) {
        Some(file) => fs::read(file)?,
        None => sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))?,
    };
    let heads = LENGTHS.map(|kib| format!("{kib} KiB"));
    println!("| | {} |\n|---|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for (encoding, effort) in EFFORTS {
        let cells = LENGTHS.map(|kib| cost(encoding, effort, text.get(..kib << 10)));
        let cells = cells.into_iter().collect::<Result<Vec<_>, _>>()?;
        println!("| {} {effort} | {} |", encoding.token(), cells.join(" | "));
    }
    Ok(())
}

/// `12.3 · 27.2 %`: milliseconds, and what is left.
fn cost(encoding: Encoding, effort: i32, text: Option<&[u8]>) -> Result<String, Box<dyn Error>> {
    let text = text.ok_or("the text is too short")?;
    let (mut least, mut left) = (f64::INFINITY, 0);
    for _ in 0..RUNS {
        let start = processor_time()?;
        left = encode_with(encoding, effort, text)?.len();
        least = least.min((processor_time()? - start) as f64 / 1e6);
    }
    Ok(format!("{least:.1} · {:.1} %", left as f64 * 100.0 / text.len() as f64))
}

/// All source files below `src` of all crates, one after the other, by their paths.
fn sources(workspace: &Path) -> io::Result<Vec<u8>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(workspace)? {
        gather(&entry?.path().join("src"), &mut files)?;
    }
    files.sort();
    let texts = files.into_iter().map(fs::read).collect::<io::Result<Vec<_>>>()?;
    Ok(texts.concat())
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Nanoseconds that this thread has run.
fn processor_time() -> Result<u64, Box<dyn Error>> {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(schedule.split(' ').next().ok_or("schedstat is empty")?.parse()?)
}
