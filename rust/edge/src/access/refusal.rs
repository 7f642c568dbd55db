//! Why a request is not answered, and what is said in its place.

use edgeplane_http::Response;
use edgeplane_sign::Denied;

/// The field in which the edge names why it answers by itself; the log's `x-edge-detailed-result-type` is read from it.
pub const REASON: &str = "x-edge-reason";

/// The first check that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The distribution is not enabled.
    Disabled,
    /// HTTP, and only HTTPS is served.
    NotHttps,
    /// HTTP, and HTTPS is served there.
    Redirect {
        /// 301, or 307 where the method must stay.
        status: u16,
        /// The same URL with `https`.
        location: String,
    },
    /// The client's country is not served.
    Country,
    /// The behaviour does not allow the method.
    Method,
    /// GET or HEAD with content.
    ContentWithGet,
    /// Origins may read the path as another one, and a signature is asked for there or here.
    AmbiguousPath,
    /// A signature is asked for.
    Signature(Denied),
}

impl Refusal {
    /// Its name, for log and reason header: `x-edge-detailed-result-type` where CloudFront has one for it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Disabled => "distribution-disabled",
            Self::NotHttps => "https-required",
            Self::Redirect { .. } => "redirect-to-https",
            Self::Country => "ClientGeoBlocked",
            Self::Method => "method-not-allowed",
            Self::ContentWithGet => "content-with-get",
            Self::AmbiguousPath => "ambiguous-path",
            Self::Signature(denied) => denied.name(),
        }
    }

    /// The status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Redirect { status, .. } => *status,
            _ => 403,
        }
    }

    /// Head and content of the answer; the content is XML with a code and a sentence, as CloudFront's.
    pub fn answer(&self) -> (Response, Vec<u8>) {
        let response = Response::new(self.status()).with(REASON, self.name());
        if let Self::Redirect { location, .. } = self {
            return (response.with("Location", location), Vec::new());
        }
        let (code, message) = self.code();
        let content = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        let response = response.with("Content-Type", "text/xml").with("Cache-Control", "no-store");
        (response, content.into_bytes())
    }

    const fn code(&self) -> (&'static str, &'static str) {
        match self {
            Self::Disabled => ("AccessDenied", "The distribution is disabled"),
            Self::NotHttps | Self::Redirect { .. } => ("AccessDenied", "This is served over HTTPS alone"),
            Self::Country => ("AccessDenied", "This is not served in your country"),
            Self::Method => ("AccessDenied", "This method is not allowed here"),
            Self::ContentWithGet => ("AccessDenied", "GET and HEAD have no content here"),
            Self::AmbiguousPath => ("AccessDenied", "The path can be read in two ways"),
            Self::Signature(denied) => denied.code(),
        }
    }
}
