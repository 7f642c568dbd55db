//! Places on Earth (LOC, RFC 1876).

use std::fmt::Write;

use super::cursor::{Cursor, Token};

/// 2³¹ thousandths of an arc second: the equator and the prime meridian.
const MIDDLE: i64 = 1 << 31;
/// Altitude is counted in centimetres from 100,000 m below the reference spheroid.
const DEPTH_CM: i64 = 10_000_000;

/// Appends the 16 octets of the location at the cursor: `d1 [m1 [s1]] N|S d2 [m2 [s2]] E|W alt[m] [size[m] [hp[m] [vp[m]]]]`.
pub fn scan(cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    let latitude = angle(cursor, [b'N', b'S'], 90)?;
    let longitude = angle(cursor, [b'E', b'W'], 180)?;
    let altitude = centimetres(cursor.expect("the altitude")?, -DEPTH_CM, i64::from(u32::MAX) - DEPTH_CM)? + DEPTH_CM;
    let mut precisions = [0x12, 0x16, 0x13]; // 1 m, 10 km, 10 m: the RFC's defaults
    for precision in &mut precisions {
        if let Some(token) = cursor.token()? {
            *precision = exponent(centimetres(token, 0, 9_000_000_000)?);
        }
    }
    out.push(0);
    out.extend_from_slice(&precisions);
    for value in [latitude, longitude, altitude] {
        out.extend_from_slice(&(value as u32).to_be_bytes());
    }
    Ok(())
}

/// Degrees, minutes, seconds and a hemisphere in thousandths of an arc second from the middle.
fn angle(cursor: &mut Cursor<'_>, hemispheres: [u8; 2], most: i64) -> Result<i64, String> {
    let mut total = 0;
    for (n, (unit, limit)) in [(3_600_000, most), (60_000, 59), (1_000, 59)].into_iter().enumerate() {
        let token = cursor.expect("a degree, minute, second or hemisphere")?;
        if let Some(sign) = hemisphere(token, hemispheres).filter(|_| n > 0) {
            return ranged(total, sign, most);
        }
        let decimals = if n == 2 { 3 } else { 0 };
        let scale = 10i64.pow(decimals);
        let value = decimal(token.bytes, decimals).filter(|&value| value / scale <= limit && value >= 0);
        total += value.ok_or_else(|| wrong(token))? * unit / scale;
    }
    let token = cursor.expect("a hemisphere")?;
    ranged(total, hemisphere(token, hemispheres).ok_or_else(|| wrong(token))?, most)
}

fn ranged(total: i64, sign: i64, most: i64) -> Result<i64, String> {
    if total > most * 3_600_000 {
        return Err(format!("an angle is over {most} degrees"));
    }
    Ok(MIDDLE + sign * total)
}

fn hemisphere(token: Token<'_>, letters: [u8; 2]) -> Option<i64> {
    let [letter] = token.bytes else { return None };
    match letters.iter().position(|other| other.eq_ignore_ascii_case(letter))? {
        0 => Some(1),
        _ => Some(-1),
    }
}

fn centimetres(token: Token<'_>, min: i64, max: i64) -> Result<i64, String> {
    let text = token.bytes.strip_suffix(b"m").unwrap_or(token.bytes);
    decimal(text, 2).filter(|value| (min..=max).contains(value)).ok_or_else(|| wrong(token))
}

#[cold]
fn wrong(token: Token<'_>) -> String {
    format!("\"{}\" does not fit a location (51 30 12.748 N 0 7 39.611 W 0.00m, RFC 1876)", token.shown())
}

/// A decimal number times 10^`decimals`; `None` when malformed or finer than that.
fn decimal(text: &[u8], decimals: u32) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit()) && text.len() <= 12;
    let part =
        part.get(..part.len().min(decimals as usize)).filter(|kept| part.trim_end_matches('0').len() <= kept.len())?;
    if !digits(whole) || !digits(part) || whole.is_empty() {
        return None;
    }
    format!("{whole}{part:0<width$}", width = decimals as usize).parse::<i64>().ok().map(|value| sign * value)
}

/// Centimetres as a digit and a power of ten, rounded down.
fn exponent(mut centimetres: i64) -> u8 {
    let mut power = 0;
    while centimetres > 9 {
        centimetres /= 10;
        power += 1;
    }
    (centimetres as u8) << 4 | power
}

/// Whether octets are a location of version 0 with digits and powers in range.
pub fn is_well_formed(octets: &[u8]) -> bool {
    let Some(([version, precisions @ ..], numbers)) = octets.split_first_chunk::<4>() else { return false };
    let digits = precisions.iter().all(|octet| octet >> 4 <= 9 && octet & 15 <= 9);
    let within =
        |n: usize, degrees: i64| word(numbers, n).is_some_and(|value| (value - MIDDLE).abs() <= degrees * 3_600_000);
    *version == 0 && digits && numbers.len() == 12 && within(0, 90) && within(1, 180)
}

fn word(numbers: &[u8], n: usize) -> Option<i64> {
    let octets = numbers.get(4 * n..4 * n + 4)?.try_into().ok()?;
    Some(i64::from(u32::from_be_bytes(octets)))
}

/// Appends the presentation form.
pub fn show(octets: &[u8], out: &mut String) {
    let Some(([_, precisions @ ..], numbers)) = octets.split_first_chunk::<4>() else { return };
    for (n, letters) in [['N', 'S'], ['E', 'W']].into_iter().enumerate() {
        let offset = word(numbers, n).unwrap_or(MIDDLE) - MIDDLE;
        let (value, letter) = (offset.abs(), if offset < 0 { letters[1] } else { letters[0] });
        let (degrees, minutes, thousandths) = (value / 3_600_000, value / 60_000 % 60, value % 60_000);
        let _ = write!(out, "{degrees} {minutes} {}.{:03} {letter} ", thousandths / 1_000, thousandths % 1_000);
    }
    metres(word(numbers, 2).unwrap_or(DEPTH_CM) - DEPTH_CM, out);
    for precision in precisions {
        out.push(' ');
        metres(i64::from(precision >> 4) * 10i64.pow(u32::from(precision & 15)), out);
    }
}

fn metres(centimetres: i64, out: &mut String) {
    let sign = if centimetres < 0 { "-" } else { "" };
    let value = centimetres.abs();
    let _ = write!(out, "{sign}{}.{:02}m", value / 100, value % 100);
}
