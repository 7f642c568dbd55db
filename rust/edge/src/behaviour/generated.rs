//! Header fields that say what the edge knows of a viewer (Amazon CloudFront developer guide, "Add CloudFront request
//! headers"). A viewer's own fields of these names are never believed.

use std::io::Write;

use edgeplane_geo::Words;
use edgeplane_http::{Scheme, Version};
use edgeplane_net::tls::Fingerprints;

use super::Viewer;
use super::device::{Device, device, is_android, is_ios};

/// A field that the edge makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Generated {
    ForwardedProto,
    IsAndroid,
    IsDesktop,
    IsIos,
    IsMobile,
    IsSmartTv,
    IsTablet,
    Address,
    Country,
    CountryRegion,
    Latitude,
    Longitude,
    CountryName,
    CountryRegionName,
    City,
    PostalCode,
    MetroCode,
    TimeZone,
    Asn,
    HeaderOrder,
    HeaderCount,
    HttpVersion,
    Tls,
    Ja3,
    Ja4,
}

/// What all their names begin with.
pub const PREFIX: &str = "cloudfront-";

const ALL: [(&str, Generated); 25] = [
    ("CloudFront-Forwarded-Proto", Generated::ForwardedProto),
    ("CloudFront-Is-Android-Viewer", Generated::IsAndroid),
    ("CloudFront-Is-Desktop-Viewer", Generated::IsDesktop),
    ("CloudFront-Is-IOS-Viewer", Generated::IsIos),
    ("CloudFront-Is-Mobile-Viewer", Generated::IsMobile),
    ("CloudFront-Is-SmartTV-Viewer", Generated::IsSmartTv),
    ("CloudFront-Is-Tablet-Viewer", Generated::IsTablet),
    ("CloudFront-Viewer-Address", Generated::Address),
    ("CloudFront-Viewer-Country", Generated::Country),
    ("CloudFront-Viewer-Country-Region", Generated::CountryRegion),
    ("CloudFront-Viewer-Latitude", Generated::Latitude),
    ("CloudFront-Viewer-Longitude", Generated::Longitude),
    ("CloudFront-Viewer-Header-Order", Generated::HeaderOrder),
    ("CloudFront-Viewer-Header-Count", Generated::HeaderCount),
    ("CloudFront-Viewer-Http-Version", Generated::HttpVersion),
    ("CloudFront-Viewer-TLS", Generated::Tls),
    ("CloudFront-Viewer-ASN", Generated::Asn),
    ("CloudFront-Viewer-City", Generated::City),
    ("CloudFront-Viewer-Country-Name", Generated::CountryName),
    ("CloudFront-Viewer-Country-Region-Name", Generated::CountryRegionName),
    ("CloudFront-Viewer-Metro-Code", Generated::MetroCode),
    ("CloudFront-Viewer-Postal-Code", Generated::PostalCode),
    ("CloudFront-Viewer-Time-Zone", Generated::TimeZone),
    ("CloudFront-Viewer-JA3-Fingerprint", Generated::Ja3),
    ("CloudFront-Viewer-JA4-Fingerprint", Generated::Ja4),
];

impl Generated {
    /// From its name, without regard to case.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, header)| *header)
    }

    /// Its name as CloudFront writes it.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(_, header)| *header == self).map_or("", |(name, _)| name)
    }

    /// Whether a cache policy may have it; the others tell viewers apart too well.
    pub fn is_for_keys(self) -> bool {
        !matches!(self, Self::Address | Self::Tls | Self::HeaderOrder | Self::HeaderCount | Self::Asn)
            && !self.is_fingerprint()
    }

    /// Whether it is made from what the client said before all else, which is read for this alone.
    pub fn is_fingerprint(self) -> bool {
        matches!(self, Self::Ja3 | Self::Ja4)
    }

    /// Adds its value for a viewer to `value`; false where it is not known.
    pub fn write(self, viewer: &Viewer<'_>, value: &mut Vec<u8>) -> bool {
        let before = value.len();
        let agent = viewer.user_agent();
        let is = |kind: Device| Some(device(agent) == kind);
        let truth = match self {
            Self::IsAndroid => Some(is_android(agent)),
            Self::IsIos => Some(is_ios(agent)),
            Self::IsDesktop => is(Device::Desktop),
            Self::IsMobile => is(Device::Mobile),
            Self::IsSmartTv => is(Device::SmartTv),
            Self::IsTablet => is(Device::Tablet),
            _ => None,
        };
        match truth {
            Some(truth) => value.extend_from_slice(if truth { b"true" } else { b"false" }),
            None => self.write_fact(viewer, value),
        }
        value.len() > before
    }

    fn write_fact(self, viewer: &Viewer<'_>, value: &mut Vec<u8>) {
        if let Some(word) = self.word(viewer) {
            return value.extend_from_slice(word.as_bytes());
        }
        let position = || viewer.place().position;
        // Writing to memory does not fail.
        let _ = match self {
            Self::ForwardedProto => value.write_all(scheme(viewer.connection.scheme).as_bytes()),
            Self::Address => write!(value, "{}:{}", viewer.client.ip(), viewer.client.port()),
            Self::Country => viewer.place().country.map_or(Ok(()), |code| write!(value, "{code}")),
            Self::CountryRegion => viewer.place().subdivision.map_or(Ok(()), |code| write!(value, "{code}")),
            Self::Latitude => position().map_or(Ok(()), |position| write!(value, "{:.5}", position.latitude())),
            Self::Longitude => position().map_or(Ok(()), |position| write!(value, "{:.5}", position.longitude())),
            Self::HeaderCount => write!(value, "{}", viewer.request.fields.len()),
            Self::HttpVersion => value.write_all(version(viewer.request.version).as_bytes()),
            Self::HeaderOrder => write_names(viewer, value),
            Self::Tls => write_tls(viewer, value),
            Self::Ja3 => fingerprints(viewer).map_or(Ok(()), |found| value.write_all(found.ja3.as_bytes())),
            Self::Ja4 => fingerprints(viewer).map_or(Ok(()), |found| value.write_all(found.ja4.as_bytes())),
            _ => Ok(()),
        };
    }

    /// Of the fields that say where the client is in words, its word; empty where it is not known.
    fn word<'v>(self, viewer: &Viewer<'v>) -> Option<&'v str> {
        let word: fn(&Words) -> &str = match self {
            Self::CountryName => |words| &words.country,
            Self::CountryRegionName => |words| &words.region,
            Self::City => |words| &words.city,
            Self::PostalCode => |words| &words.postal_code,
            Self::MetroCode => |words| &words.metro_code,
            Self::TimeZone => |words| &words.time_zone,
            Self::Asn => |words| &words.asn,
            _ => return None,
        };
        Some(viewer.words().map_or("", word))
    }
}

fn write_names(viewer: &Viewer<'_>, value: &mut Vec<u8>) -> std::io::Result<()> {
    for (n, (name, _)) in viewer.request.fields.iter().enumerate() {
        value.write_all(if n == 0 { b"" } else { b":" })?;
        value.write_all(name)?;
    }
    Ok(())
}

fn write_tls(viewer: &Viewer<'_>, value: &mut Vec<u8>) -> std::io::Result<()> {
    let Some(tls) = &viewer.connection.tls else {
        return Ok(());
    };
    let how = match (viewer.request.reused, tls.resumed) {
        (true, _) => "connectionReused",
        (false, true) => "sessionResumed",
        (false, false) => "fullHandshake",
    };
    write!(value, "{}:{}:{how}", tls.version, tls.cipher)
}

fn fingerprints<'v>(viewer: &Viewer<'v>) -> Option<&'v Fingerprints> {
    viewer.connection.tls.as_ref()?.fingerprints.as_deref()
}

/// `http`, `https`.
pub fn scheme(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    }
}

/// As `Via` and the log write it.
pub fn version(version: Version) -> &'static str {
    match version {
        Version::Http10 => "1.0",
        Version::Http11 => "1.1",
        Version::Http2 => "2.0",
    }
}
