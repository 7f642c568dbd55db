//! Geoproximity routing: the nearest record, nearer or farther by its bias.

use std::fmt;

use edgeplane_geo::Position;

/// Where a record's resource is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// `AWSRegion`: a region of AWS or of the operator.
    Region(String),
    /// `LocalZoneGroup`.
    LocalZoneGroup(String),
    /// `Coordinates`: latitude and longitude in hundredths of a degree.
    Coordinates(i32, i32),
}

/// The location of a record, as `GeoProximityLocation` of the API gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GeoProximityLocation {
    /// Where.
    pub site: Site,
    /// −99 to 99: positive draws clients from farther away.
    pub bias: i8,
}

impl GeoProximityLocation {
    /// From `AWSRegion`, `LocalZoneGroup`, `Coordinates` (latitude, longitude as text) and `Bias` (0 where absent).
    pub fn new(
        region: Option<&str>,
        local_zone_group: Option<&str>,
        coordinates: Option<(&str, &str)>,
        bias: i64,
    ) -> Result<Self, String> {
        let site = match (region, local_zone_group, coordinates) {
            (Some(region), None, None) => Site::Region(region.to_owned()),
            (None, Some(group), None) => Site::LocalZoneGroup(group.to_owned()),
            (None, None, Some((latitude, longitude))) => {
                Site::Coordinates(hundredths(latitude, 90)?, hundredths(longitude, 180)?)
            }
            _ => return Err("GeoProximityLocation needs one of AWSRegion, LocalZoneGroup and Coordinates".into()),
        };
        let bias = i8::try_from(bias).ok().filter(|bias| (-99..=99).contains(bias));
        Ok(Self { site, bias: bias.ok_or("Bias must be -99 to 99")? })
    }
}

/// Degrees with up to two decimals as a whole number of hundredths.
fn hundredths(text: &str, limit: u32) -> Result<i32, String> {
    let wrong = || format!("\"{text}\" must be -{limit} to {limit} degrees with up to two decimals");
    let decimals = text.split_once('.').map_or("", |(_, decimals)| decimals);
    let degrees: f64 = text.parse().map_err(|_| wrong())?;
    if decimals.len() > 2 || text.contains(['e', 'E']) || degrees.is_nan() || degrees.abs() > f64::from(limit) {
        return Err(wrong());
    }
    Ok((degrees * 100.0).round() as i32)
}

impl Site {
    /// The point of `Coordinates`.
    pub fn position(&self) -> Option<Position> {
        let Self::Coordinates(latitude, longitude) = *self else {
            return None;
        };
        Position::new(f64::from(latitude) / 100.0, f64::from(longitude) / 100.0)
    }
}

impl fmt::Display for GeoProximityLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.site {
            Site::Region(name) | Site::LocalZoneGroup(name) => f.write_str(name)?,
            Site::Coordinates(latitude, longitude) => {
                write!(f, "{}/{}", f64::from(*latitude) / 100.0, f64::from(*longitude) / 100.0)?;
            }
        }
        if self.bias == 0 { Ok(()) } else { write!(f, " bias {:+}", self.bias) }
    }
}

/// Distance as it counts with a bias: `d·(1 − b/100)`, for both signs (Route 53 developer guide, "Geoproximity routing").
pub fn biased(kilometres: f64, bias: i8) -> f64 {
    kilometres * (1.0 - f64::from(bias) / 100.0)
}

/// Replaces `ranking` with the positions in `sites` by biased distance from `client`, nearest first; equals, and all of
/// them for a client of whom no position is known, stand in their own order.
pub fn rank(sites: &[(Position, i8)], client: Option<Position>, ranking: &mut Vec<u16>) {
    ranking.clear();
    ranking.extend(0..sites.len() as u16);
    let Some(client) = client else { return };
    let distance = |&site: &u16| {
        sites.get(usize::from(site)).map_or(f64::MAX, |(position, bias)| biased(client.distance_km(position), *bias))
    };
    ranking.sort_by_cached_key(|site| OrderedDistance(distance(site)));
}

/// A distance that sorts.
#[derive(PartialEq)]
struct OrderedDistance(f64);

impl Eq for OrderedDistance {}

impl PartialOrd for OrderedDistance {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OrderedDistance {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_counts_for_both_signs() {
        assert_eq!(biased(150.0, 50), 75.0);
        assert_eq!(biased(100.0, -50), 150.0);
        assert_eq!(biased(100.0, 0), 100.0);
        assert!((biased(100.0, 99) - 1.0).abs() < 1e-9 && (biased(100.0, -99) - 199.0).abs() < 1e-9);
    }

    #[test]
    fn bias_moves_the_border() {
        let at = |longitude| Position::new(0.0, longitude).unwrap();
        let order = |bias_a, bias_b| {
            let mut ranking = vec![7];
            rank(&[(at(1.5), bias_a), (at(-1.0), bias_b), (at(90.0), 0)], Some(at(0.0)), &mut ranking);
            ranking
        };
        assert_eq!(order(0, 0), [1, 0, 2]);
        assert_eq!(order(50, 0), [0, 1, 2]);
        assert_eq!(order(0, -60), [0, 1, 2]);
        assert_eq!(order(-99, 0), [1, 0, 2]);
        let mut ranking = vec![];
        rank(&[(at(1.5), 0), (at(-1.0), 0)], None, &mut ranking);
        assert_eq!(ranking, [0, 1]);
    }

    #[test]
    fn locations_are_checked() {
        let coordinates = |latitude, longitude| GeoProximityLocation::new(None, None, Some((latitude, longitude)), 0);
        assert_eq!(coordinates("49.22", "-74.01").unwrap().site, Site::Coordinates(4922, -7401));
        assert_eq!(coordinates("-0.5", "180").unwrap().site, Site::Coordinates(-50, 18000));
        for (latitude, longitude) in
            [("90.1", "0"), ("0", "-180.01"), ("1.234", "0"), ("x", "0"), ("nan", "0"), ("1e1", "0")]
        {
            assert!(coordinates(latitude, longitude).unwrap_err().contains("two decimals"), "{latitude} {longitude}");
        }
        assert!(GeoProximityLocation::new(Some("a"), Some("b"), None, 0).is_err());
        assert!(GeoProximityLocation::new(None, None, None, 0).is_err());
        assert!(GeoProximityLocation::new(Some("a"), None, None, 100).unwrap_err().contains("-99 to 99"));
        assert_eq!(GeoProximityLocation::new(Some("a"), None, None, -7).unwrap().to_string(), "a bias -7");
    }
}
