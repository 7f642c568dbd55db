//! The kind of device behind a `User-Agent`, by the words that its makers put there.
//!
//! | kind | rule, in this order |
//! |---|---|
//! | smart television | one of the words of `TELEVISION` |
//! | tablet | `iPad`, `Tablet`, `Kindle`, `Silk/`, or `Android` without `Mobile` |
//! | mobile | `Mobile`, `iPhone`, `iPod`, `Android`, `Opera Mini`, `IEMobile` |
//! | desktop | whatever is left |

/// What a client runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Device {
    Desktop,
    Mobile,
    Tablet,
    SmartTv,
}

const TELEVISION: [&str; 11] = [
    "SmartTV",
    "SMART-TV",
    "Smart TV",
    "AppleTV",
    "GoogleTV",
    "Android TV",
    "BRAVIA",
    "HbbTV",
    "Roku",
    "CrKey",
    "Web0S",
];

/// Its kind.
pub fn device(user_agent: &[u8]) -> Device {
    let says = |words: &[&str]| words.iter().any(|word| contains(user_agent, word));
    if says(&TELEVISION) {
        Device::SmartTv
    } else if says(&["iPad", "Tablet", "Kindle", "Silk/"]) || (says(&["Android"]) && !says(&["Mobile"])) {
        Device::Tablet
    } else if says(&["Mobile", "iPhone", "iPod", "Android", "Opera Mini", "IEMobile"]) {
        Device::Mobile
    } else {
        Device::Desktop
    }
}

/// Whether it runs Android.
pub fn is_android(user_agent: &[u8]) -> bool {
    contains(user_agent, "Android")
}

/// Whether it runs iOS or iPadOS.
pub fn is_ios(user_agent: &[u8]) -> bool {
    ["iPhone", "iPad", "iPod"].iter().any(|word| contains(user_agent, word))
}

fn contains(text: &[u8], word: &str) -> bool {
    memchr::memmem::find(text, word.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_browsers_are_known() {
        let table = [
            ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", Device::Desktop),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148", Device::Mobile),
            ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126.0 Mobile Safari/537.36", Device::Mobile),
            ("Mozilla/5.0 (Linux; Android 13; SM-X700) Chrome/126.0 Safari/537.36", Device::Tablet),
            ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) Mobile/15E148", Device::Tablet),
            ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) Version/6.0 TV Safari/537.36", Device::SmartTv),
            ("curl/8.5.0", Device::Desktop),
            ("", Device::Desktop),
        ];
        for (user_agent, expected) in table {
            assert_eq!(device(user_agent.as_bytes()), expected, "{user_agent}");
        }
    }
}
