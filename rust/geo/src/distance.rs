//! Points on the Earth and how far apart they are.

use std::str::FromStr;

/// Mean radius of the Earth in kilometres (IUGG R₁).
const EARTH_RADIUS_KM: f64 = 6_371.008_8;

/// A point in degrees: latitude −90 to 90, north positive; longitude −180 to 180, east positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    latitude: f64,
    longitude: f64,
}

impl Position {
    /// The point; `None` outside the ranges.
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let within = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        within.then_some(Self { latitude, longitude })
    }

    /// Degrees, north positive.
    pub fn latitude(&self) -> f64 {
        self.latitude
    }

    /// Degrees, east positive.
    pub fn longitude(&self) -> f64 {
        self.longitude
    }

    /// Great-circle distance in kilometres, by the haversine formula.
    pub fn distance_km(&self, other: &Position) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_latitude = ((b - a) / 2.0).sin();
        let half_longitude = ((other.longitude - self.longitude).to_radians() / 2.0).sin();
        let haversine = half_latitude.powi(2) + a.cos() * b.cos() * half_longitude.powi(2);
        2.0 * EARTH_RADIUS_KM * haversine.sqrt().min(1.0).asin()
    }

    /// From two numbers as text.
    pub(crate) fn parse(latitude: &str, longitude: &str) -> Result<Self, String> {
        let degrees = |text: &str| f64::from_str(text).map_err(|_| format!("\"{text}\" is not a number of degrees"));
        Self::new(degrees(latitude)?, degrees(longitude)?)
            .ok_or_else(|| format!("latitude {latitude} must be -90 to 90 and longitude {longitude} -180 to 180"))
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    #[test]
    fn known_distances() {
        let quarter = std::f64::consts::FRAC_PI_2 * super::EARTH_RADIUS_KM;
        for (a, b, km) in [
            (at(0.0, 0.0), at(0.0, 90.0), quarter),
            (at(90.0, 0.0), at(0.0, 123.0), quarter),
            (at(0.0, -179.5), at(0.0, 179.5), quarter / 90.0),
            (at(10.0, 20.0), at(-10.0, -160.0), 2.0 * quarter),
            (at(50.03, 8.57), at(40.64, -73.78), 6_185.0),
        ] {
            assert!((a.distance_km(&b) - km).abs() < 15.0, "{a:?} {b:?}: {}", a.distance_km(&b));
            assert_eq!(a.distance_km(&b), b.distance_km(&a));
        }
        assert_eq!(at(12.0, 34.0).distance_km(&at(12.0, 34.0)), 0.0);
    }

    #[test]
    fn degrees_out_of_range_are_refused() {
        assert!(Position::new(90.1, 0.0).is_none());
        assert!(Position::new(0.0, f64::NAN).is_none());
        assert!(Position::parse("91", "0").unwrap_err().contains("must be -90 to 90"));
        assert!(Position::parse("x", "0").unwrap_err().contains("not a number"));
    }
}
