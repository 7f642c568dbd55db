//! What can go wrong when the service starts or changes; answering itself never fails.

use std::{fmt, io};

use edgeplane_base::Faults;

/// Why a service did not start.
#[derive(Debug)]
pub enum Error {
    /// Something written by the operator is wrong: the operator mends it.
    Settings(Faults),
    /// The system refused something; `doing` says what was tried. Trying again may help.
    System {
        /// What was tried, such as `start thread dns-udp-0`.
        doing: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Wraps the system's refusal with what was tried.
    pub fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        |source| Self::System { doing, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(faults) => faults.fmt(f),
            Self::System { doing, source } => write!(f, "cannot {doing}: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Settings(faults) => Some(faults),
            Self::System { source, .. } => Some(source),
        }
    }
}

impl From<Faults> for Error {
    fn from(faults: Faults) -> Self {
        Self::Settings(faults)
    }
}
