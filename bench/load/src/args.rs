//! Command-line options: `--name value` and `--name`, every one used, none unknown.

use std::collections::BTreeMap;
use std::str::FromStr;

const FLAGS: [&str; 4] = ["edns", "cookie", "block", "by-path"];

/// Options not yet asked for; what is left at [`Args::finish`] is unknown.
pub struct Args(BTreeMap<String, String>);

impl Args {
    /// Reads the words after the subcommand. Errors name the word that is wrong.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = BTreeMap::new();
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").ok_or_else(|| format!("{word}: an option starts with --"))?;
            let value = if FLAGS.contains(&name) { Some(String::new()) } else { words.next() };
            let value = value.ok_or_else(|| format!("{word}: its value is missing"))?;
            options.insert(name.to_owned(), value);
        }
        Ok(Self(options))
    }

    /// Whether a flag was given.
    pub fn flag(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// The text of an option that must be there.
    pub fn required(&mut self, name: &str) -> Result<String, String> {
        self.0.remove(name).ok_or_else(|| format!("--{name} is missing"))
    }

    /// The value of an option that may be there.
    pub fn number<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        let Some(text) = self.0.remove(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| format!("--{name} {text}: not a value that fits"))
    }

    /// Fails when options are left that nobody asked for.
    pub fn finish(&self) -> Result<(), String> {
        match self.0.keys().next() {
            Some(name) => Err(format!("--{name}: no such option here")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn flags_take_no_value_and_options_take_one() {
        let mut args = parse("--edns --rate 1500").unwrap();
        assert!(args.flag("edns"));
        assert!(!args.flag("cookie"));
        assert_eq!(args.number::<u64>("rate"), Ok(Some(1500)));
        assert_eq!(args.finish(), Ok(()));
    }

    #[test]
    fn unknown_missing_and_malformed_are_named() {
        assert_eq!(parse("--rat 5").unwrap().finish(), Err("--rat: no such option here".into()));
        assert_eq!(parse("--rate").err(), Some("--rate: its value is missing".into()));
        assert!(parse("--rate x").unwrap().number::<u64>("rate").is_err());
    }
}
