//! BIND's `$GENERATE start-stop[/step] owner [ttl] [class] type data`.

use std::fmt::Write;

use super::cursor::Cursor;

/// Widest number, in characters: a name is not longer.
const MAX_WIDTH: usize = 255;
/// Longest expanded line in octets.
const MAX_LINE: usize = 65_536;

/// A range and the line that is made for each value in it.
#[derive(Debug)]
pub struct Generate<'a> {
    start: u32,
    stop: u32,
    step: u32,
    template: Vec<(&'a [u8], bool)>,
}

/// How `${offset,width,base}` shows a value.
struct Shape {
    offset: i64,
    width: usize,
    base: u8,
}

impl<'a> Generate<'a> {
    /// Reads what follows the directive, to the entry's end.
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self, String> {
        let range = cursor.expect("the range")?;
        let (start, stop, step) = std::str::from_utf8(range.bytes)
            .ok()
            .and_then(parse_range)
            .ok_or_else(|| format!("\"{}\" is not a range (1-10, 0-254/2)", range.shown()))?;
        let mut template = Vec::new();
        // What the line's type makes of `key="a b"` is its own to say: the text stays as it is.
        while let Some(token) = cursor.parameter()? {
            template.push((token.bytes, token.quoted));
        }
        if template.len() < 3 {
            return Err("$GENERATE needs a range, an owner, a type and data".into());
        }
        cursor.finish()?;
        Ok(Self { start, stop, step, template })
    }

    /// How many lines come out.
    pub fn count(&self) -> u64 {
        u64::from((self.stop - self.start) / self.step) + 1
    }

    /// The values in order.
    pub fn values(&self) -> impl Iterator<Item = u32> {
        (self.start..=self.stop).step_by(self.step as usize)
    }

    /// Appends the line for a value.
    pub fn expand(&self, value: u32, out: &mut Vec<u8>) -> Result<(), String> {
        for (n, &(bytes, quoted)) in self.template.iter().enumerate() {
            out.extend_from_slice(if n > 0 { b" " } else { b"" });
            let quote: &[u8] = if quoted { b"\"" } else { b"" };
            out.extend_from_slice(quote);
            substitute(bytes, value, out)?;
            out.extend_from_slice(quote);
        }
        if out.len() > MAX_LINE {
            return Err(format!("$GENERATE makes a line longer than {MAX_LINE} octets"));
        }
        Ok(())
    }
}

fn parse_range(text: &str) -> Option<(u32, u32, u32)> {
    let (range, step) = text.split_once('/').unwrap_or((text, "1"));
    let (start, stop) = range.split_once('-')?;
    let number = |text: &str| text.parse::<u32>().ok().filter(|&n| n <= i32::MAX as u32);
    let (start, stop, step) = (number(start)?, number(stop)?, number(step)?);
    (start <= stop && step > 0).then_some((start, stop, step))
}

/// `$` becomes the value, `$$` and `\$` a plain dollar sign.
fn substitute(text: &[u8], value: u32, out: &mut Vec<u8>) -> Result<(), String> {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|octet| matches!(octet, b'$' | b'\\')) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = match tail {
            [b'$', b'$', tail @ ..] => literal(b"\\$", out, tail),
            [b'\\', escaped, tail @ ..] => literal(&[b'\\', *escaped], out, tail),
            [b'$', b'{', tail @ ..] => {
                let end = tail.iter().position(|&octet| octet == b'}').ok_or("$GENERATE: ${ without }")?;
                let (shape, tail) = tail.split_at(end);
                parse_shape(shape)?.show(value, out)?;
                tail.get(1..).unwrap_or_default()
            }
            [b'$', tail @ ..] => literal(value.to_string().as_bytes(), out, tail),
            _ => literal(tail, out, &[]),
        };
    }
    out.extend_from_slice(rest);
    Ok(())
}

fn literal<'a>(octets: &[u8], out: &mut Vec<u8>, tail: &'a [u8]) -> &'a [u8] {
    out.extend_from_slice(octets);
    tail
}

fn parse_shape(text: &[u8]) -> Result<Shape, String> {
    let wrong = || {
        format!(
            "$GENERATE: ${{{}}} is not ${{offset,width,base}} with base d, o, x, X, n or N",
            String::from_utf8_lossy(text)
        )
    };
    let text = std::str::from_utf8(text).map_err(|_| wrong())?;
    let mut parts = text.split(',');
    let offset = parts.next().and_then(|part| part.parse::<i32>().ok()).ok_or_else(wrong)?;
    let width = parts.next().unwrap_or("0").parse().ok().filter(|&width| width <= MAX_WIDTH).ok_or_else(wrong)?;
    let base = parts.next().unwrap_or("d").as_bytes();
    match (base, parts.next()) {
        ([base @ (b'd' | b'o' | b'x' | b'X' | b'n' | b'N')], None) => {
            Ok(Shape { offset: i64::from(offset), width, base: *base })
        }
        _ => Err(wrong()),
    }
}

impl Shape {
    fn show(&self, value: u32, out: &mut Vec<u8>) -> Result<(), String> {
        let value = i64::from(value) + self.offset;
        if value < 0 && self.base != b'd' {
            return Err("$GENERATE: a negative number can only be shown in base d".into());
        }
        let (width, mut text) = (self.width, String::new());
        let _ = match self.base {
            b'o' => write!(text, "{value:0width$o}"),
            b'x' => write!(text, "{value:0width$x}"),
            b'X' => write!(text, "{value:0width$X}"),
            b'n' => write!(text, "{}", nibbles(&format!("{value:x}"), width)),
            b'N' => write!(text, "{}", nibbles(&format!("{value:X}"), width)),
            _ => write!(text, "{value:0width$}"),
        };
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Hexadecimal digits as labels, last one first; the width counts the dots.
fn nibbles(digits: &str, width: usize) -> String {
    let mut labels: Vec<char> = digits.chars().rev().collect();
    labels.resize(labels.len().max(width.div_ceil(2)), '0');
    let mut text: String = labels.iter().flat_map(|&digit| [digit, '.']).collect();
    if width == 0 || text.len() > width {
        text.pop();
    }
    text
}
