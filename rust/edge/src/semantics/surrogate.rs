//! `Surrogate-Control` (W3C Note "Edge Architecture Specification 1.0", section 2): control of caches such as this one, apart
//! from that of clients. Where it says how long or that not, it stands in place of `Cache-Control` and `Expires`; the newer
//! `CDN-Cache-Control` (RFC 9213) goes before it.

use edgeplane_http::Fields;
use edgeplane_http::fields::is_token;

use super::cache_control::{Directive, ResponseDirectives};

/// The field in which origins say it.
pub const FIELD: &str = "surrogate-control";
/// What this cache is called in `Surrogate-Capability`, and in directives meant for it alone (`max-age=3600;edgeplane`).
pub const DEVICE: &str = "edgeplane";
/// The value of `Surrogate-Capability` towards origins.
pub const CAPABILITY: &str = "edgeplane=\"Surrogate/1.0\"";

/// The directives for this cache, where there are any that it knows: those with its name before those with none.
pub fn directives(fields: &Fields) -> Option<ResponseDirectives> {
    let (mut ours, mut anyones) = (Vec::new(), Vec::new());
    for member in fields.members(FIELD) {
        match split(member) {
            (directive, None) => anyones.push(directive),
            (directive, Some(device)) if device.eq_ignore_ascii_case(DEVICE.as_bytes()) => ours.push(directive),
            _ => {}
        }
    }
    let mut read = ResponseDirectives::default();
    let known =
        ours.into_iter().chain(anyones).filter_map(Directive::parse).filter(|directive| is_known(directive.name));
    let count = known.map(|directive| read.take(&directive)).count();
    (count > 0).then_some(read)
}

/// A directive and the device that it is for.
fn split(member: &[u8]) -> (&[u8], Option<&[u8]>) {
    let semicolon = member.iter().position(|&octet| octet == b';');
    match semicolon.and_then(|at| member.split_at_checked(at)) {
        Some((directive, device)) => (lifetime(directive.trim_ascii()), device.get(1..).map(<[u8]>::trim_ascii)),
        None => (lifetime(member), None),
    }
}

/// `max-age=600+300` without what follows the plus: a time in which it may be used stale, which is not done.
fn lifetime(directive: &[u8]) -> &[u8] {
    let plus = directive.iter().position(|&octet| octet == b'+');
    plus.and_then(|at| directive.get(..at))
        .filter(|front| !is_token(directive) || front.contains(&b'='))
        .unwrap_or(directive)
}

fn is_known(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"max-age") || name.eq_ignore_ascii_case(b"no-store")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Option<(Option<u64>, bool)> {
        let fields: Fields = [("Surrogate-Control", value)].into_iter().collect();
        directives(&fields).map(|read| (read.max_age_s, read.no_store))
    }

    #[test]
    fn what_is_for_others_does_not_count() {
        for (value, expected) in [
            ("max-age=3600", Some((Some(3600), false))),
            ("foobar, MaX-aGe=3600", Some((Some(3600), false))),
            ("no-store", Some((None, true))),
            ("max-age=3600;edgeplane", Some((Some(3600), false))),
            ("max-age=60, max-age=3600;edgeplane", Some((Some(3600), false))),
            ("max-age=600+300", Some((Some(600), false))),
            ("max-age=3600;not-for-you", None),
            ("content=\"ESI/1.0\"", None),
            ("foo", None),
            ("", None),
        ] {
            assert_eq!(of(value), expected, "{value}");
        }
    }
}
