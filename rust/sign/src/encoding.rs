//! Base64 that can stand in a URL, as CloudFront writes it: `+` is `-`, `=` is `_`, `/` is `~`.

use base64::Engine;
use base64::alphabet::Alphabet;
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD};

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~";

fn engine() -> Option<GeneralPurpose> {
    const MADE: Option<Alphabet> = match Alphabet::new(ALPHABET) {
        Ok(alphabet) => Some(alphabet),
        Err(_) => None,
    };
    const ENGINE: Option<GeneralPurpose> = match MADE {
        Some(alphabet) => Some(GeneralPurpose::new(&alphabet, NO_PAD)),
        None => None,
    };
    ENGINE
}

/// Octets as text.
pub fn encode(octets: &[u8]) -> String {
    let mut text = engine().map(|engine| engine.encode(octets)).unwrap_or_default();
    while !text.len().is_multiple_of(4) {
        text.push('_');
    }
    text
}

/// Text as octets; none where it is not exactly what `encode` writes.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let body = text.trim_end_matches('_');
    let padding = text.len() - body.len();
    if padding != (4 - body.len() % 4) % 4 {
        return None;
    }
    engine()?.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_base64_with_three_letters_changed(octets: Vec<u8>) {
            let text = STANDARD.encode(&octets).replace('+', "-").replace('=', "_").replace('/', "~");
            prop_assert_eq!(encode(&octets), text.clone());
            prop_assert_eq!(decode(&text), Some(octets));
        }
    }

    #[test]
    fn text_that_is_written_otherwise_is_refused() {
        for text in ["QQ", "QQ_", "QQ___", "QQ==", "Q_Q_", "+w__", "QR__", "Q", "_", "Q Q_", "QUI_\n"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
        assert_eq!(decode(""), Some(Vec::new()));
    }
}
