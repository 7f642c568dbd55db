//! Times to live: seconds, or BIND's units (`1h30m`).

/// Greatest TTL (RFC 2181 section 8).
pub const MAX_TTL: u32 = 0x7fff_ffff;

/// Seconds from digits with optional units w, d, h, m, s in any case; `None` when malformed or over 2³¹−1.
#[inline]
pub fn parse(text: &[u8]) -> Option<u32> {
    let (mut total, mut number, mut digits) = (0u64, 0u64, 0);
    for &octet in text {
        if octet.is_ascii_digit() {
            number = number.checked_mul(10)? + u64::from(octet - b'0');
            digits += 1;
        } else {
            total = total.checked_add(number.checked_mul(unit(octet)?)?)?;
            if digits == 0 {
                return None;
            }
            (number, digits) = (0, 0);
        }
    }
    if text.is_empty() {
        return None;
    }
    u32::try_from(total.checked_add(number)?).ok().filter(|&ttl| ttl <= MAX_TTL)
}

fn unit(octet: u8) -> Option<u64> {
    Some(match octet.to_ascii_lowercase() {
        b'w' => 604_800,
        b'd' => 86_400,
        b'h' => 3_600,
        b'm' => 60,
        b's' => 1,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn seconds_and_units() {
        assert_eq!(parse(b"300"), Some(300));
        assert_eq!(parse(b"1h30m"), Some(5_400));
        assert_eq!(parse(b"1W2d3H4m5S"), Some(788_645));
        assert_eq!(parse(b"2147483647"), Some(2_147_483_647));
        for bad in ["", "h", "1hh", "1x", "-1", "2147483648", "99999999999999999999w"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
