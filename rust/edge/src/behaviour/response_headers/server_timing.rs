//! `Server-Timing` (Amazon CloudFront developer guide, "Server-Timing header").

use std::fmt::Write;
use std::time::Duration;

/// What CloudFront says of an answer and of the time that it took.
#[derive(Debug, Clone, Copy)]
pub struct ServerTiming<'t> {
    /// Where the answer comes from.
    pub served: Served,
    /// Name of the location; empty: nobody says.
    pub location: &'t str,
    /// `X-Amz-Cf-Id`.
    pub request_id: &'t str,
    /// The origin's part; none where it was not asked for this answer.
    pub upstream: Option<Upstream>,
    /// From the request to the answer's head.
    pub first_octet: Duration,
}

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// The store.
    Hit,
    /// The store, after the origin confirmed it.
    Refresh,
    /// The origin.
    Miss,
}

/// Times of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upstream {
    /// Until the origin's name had addresses; zero where a connection was kept.
    pub resolved: Duration,
    /// From then on until there was a connection, with TLS; zero where one was kept.
    pub connected: Duration,
    /// From then on until the response's head.
    pub first_octet: Duration,
}

impl ServerTiming<'_> {
    /// The field's value; durations in whole milliseconds.
    pub fn value(&self) -> String {
        let mut value = String::with_capacity(256);
        let _ = self.write(&mut value);
        value
    }

    fn write(&self, value: &mut String) -> std::fmt::Result {
        if let Some(upstream) = &self.upstream {
            write!(
                value,
                "cdn-upstream-layer;desc=\"EDGE\",cdn-upstream-dns;dur={},cdn-upstream-connect;dur={},cdn-upstream-fbl;dur={},",
                upstream.resolved.as_millis(),
                upstream.connected.as_millis(),
                upstream.first_octet.as_millis()
            )?;
        }
        value.push_str(self.served.name());
        if !self.location.is_empty() {
            write!(value, ",cdn-pop;desc=\"{}\"", self.location)?;
        }
        write!(value, ",cdn-rid;desc=\"{}\"", self.request_id)?;
        if self.served != Served::Miss {
            value.push_str(",cdn-hit-layer;desc=\"EDGE\"");
        }
        write!(value, ",cdn-downstream-fbl;dur={}", self.first_octet.as_millis())
    }
}

impl Served {
    const fn name(self) -> &'static str {
        match self {
            Self::Hit => "cdn-cache-hit",
            Self::Refresh => "cdn-cache-refresh",
            Self::Miss => "cdn-cache-miss",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIT: ServerTiming<'_> = ServerTiming {
        served: Served::Hit,
        location: "FRA1",
        request_id: "r",
        upstream: None,
        first_octet: Duration::from_micros(2_999),
    };

    #[test]
    fn what_was_stored_has_its_layer_and_what_was_fetched_its_origins_times() {
        let expected =
            r#"cdn-cache-hit,cdn-pop;desc="FRA1",cdn-rid;desc="r",cdn-hit-layer;desc="EDGE",cdn-downstream-fbl;dur=2"#;
        assert_eq!(HIT.value(), expected);
        let [resolved, connected, first_octet] = [1, 20, 300].map(Duration::from_millis);
        let upstream = Some(Upstream { resolved, connected, first_octet });
        let asked = concat!(
            r#"cdn-upstream-layer;desc="EDGE",cdn-upstream-dns;dur=1,"#,
            "cdn-upstream-connect;dur=20,cdn-upstream-fbl;dur=300,"
        );
        let miss = ServerTiming { served: Served::Miss, location: "", upstream, ..HIT };
        assert_eq!(miss.value(), format!(r#"{asked}cdn-cache-miss,cdn-rid;desc="r",cdn-downstream-fbl;dur=2"#));
        let refresh = ServerTiming { served: Served::Refresh, upstream, ..HIT };
        assert_eq!(refresh.value(), format!("{asked}{}", expected.replace("cache-hit", "cache-refresh")));
    }
}
