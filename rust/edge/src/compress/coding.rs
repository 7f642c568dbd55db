//! The codings: whole content in, whole content out.

use std::io::{self, Write};

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::behaviour::Encoding;

/// Content in a coding; the same octets always give the same.
pub fn encode(encoding: Encoding, octets: &[u8]) -> io::Result<Vec<u8>> {
    encode_with(encoding, effort(encoding), octets)
}

/// The same with another effort, on the coding's own scale: gzip 0 to 9, brotli 0 to 11, zstd 1 to 22.
pub fn encode_with(encoding: Encoding, effort: i32, octets: &[u8]) -> io::Result<Vec<u8>> {
    match encoding {
        Encoding::Identity => Ok(octets.to_vec()),
        Encoding::Gzip => gzip(octets, effort.unsigned_abs()),
        Encoding::Brotli => brotli(octets, effort),
        Encoding::Zstd => zstd::bulk::compress(octets, effort),
    }
}

/// The last step that costs little, because a client waits for it (docs/decision/0019-content-codings.md).
pub const fn effort(encoding: Encoding) -> i32 {
    match encoding {
        Encoding::Identity => 0,
        Encoding::Gzip => 6,
        Encoding::Brotli => 5,
        Encoding::Zstd => 9,
    }
}

fn gzip(octets: &[u8], level: u32) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(octets.len() / 3), Compression::new(level));
    encoder.write_all(octets)?;
    encoder.finish()
}

fn brotli(mut octets: &[u8], quality: i32) -> io::Result<Vec<u8>> {
    let parameters = BrotliEncoderParams { quality, size_hint: octets.len(), ..BrotliEncoderParams::default() };
    let mut encoded = Vec::with_capacity(octets.len() / 3);
    brotli::BrotliCompress(&mut octets, &mut encoded, &parameters)?;
    Ok(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read;

    fn decode(encoding: Encoding, encoded: &[u8]) -> Vec<u8> {
        let mut octets = Vec::new();
        match encoding {
            Encoding::Identity => octets.extend_from_slice(encoded),
            Encoding::Gzip => drop(flate2::read::GzDecoder::new(encoded).read_to_end(&mut octets).unwrap()),
            Encoding::Brotli => drop(brotli::Decompressor::new(encoded, 4_096).read_to_end(&mut octets).unwrap()),
            Encoding::Zstd => octets = zstd::stream::decode_all(encoded).unwrap(),
        }
        octets
    }

    const ALL: [Encoding; 4] = [Encoding::Identity, Encoding::Gzip, Encoding::Brotli, Encoding::Zstd];

    fn comes_back(octets: &[u8]) -> bool {
        ALL.iter().all(|&encoding| decode(encoding, &encode(encoding, octets).unwrap()) == octets)
    }

    #[test]
    fn every_length_gives_the_octets_back() {
        for length in [0, 1, 65_535, 65_536, 400_000] {
            let octets: Vec<u8> = (0..length as u32).map(|n| (n.wrapping_mul(n) >> 7) as u8 & 31).collect();
            assert!(comes_back(&octets), "{length}");
        }
    }

    #[test]
    fn text_gets_smaller() {
        let text = "GET /one HTTP/1.1, and again; ".repeat(1_000);
        for encoding in &ALL[1..] {
            let encoded = encode(*encoding, text.as_bytes()).unwrap();
            assert!(encoded.len() < text.len() / 20, "{encoding:?} {}", encoded.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_encoded_comes_back(octets in proptest::collection::vec(any::<u8>(), 0..3_000), words in "[a-d ]{0,3000}") {
            prop_assert!(comes_back(&octets) && comes_back(words.as_bytes()));
        }
    }
}
