//! `ResponseHeadersPolicyConfig` → what answers get and lose.

use edgeplane_base::{Fault, Faults};

use super::document::Counted;
use super::document::response_headers::{
    CorsConfig, ResponseHeadersPolicyConfig, SecurityHeadersConfig, XssProtection,
};
use crate::behaviour::ResponseHeaders;
use crate::behaviour::response_headers::{Cors, OriginPattern, SetHeader};

/// Fields that frame a message or belong to a connection; a policy has no say about them.
const UNTOUCHABLE: [&str; 8] = [
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "keep-alive",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn compile(config: &ResponseHeadersPolicyConfig, place: &str, faults: &mut Faults) -> ResponseHeaders {
    let custom = config.custom_headers_config.iter().flat_map(|custom| &custom.items);
    let custom = custom.map(|header| set(&header.header, header.value.clone(), header.r#override));
    let set: Vec<SetHeader> = config.security_headers_config.iter().flat_map(security).chain(custom).collect();
    let remove = config.remove_headers_config.iter().flat_map(|remove| &remove.items);
    let remove: Vec<String> = remove.map(|header| header.header.to_ascii_lowercase()).collect();
    let names = set.iter().map(|header| &header.name).chain(&remove);
    for name in names.filter(|name| UNTOUCHABLE.iter().any(|other| other.eq_ignore_ascii_case(name))) {
        faults.push(Fault::at(place, format!("{name} cannot be set or removed by a policy")));
    }
    let timing = config.server_timing_headers_config.as_ref().filter(|timing| timing.enabled);
    let policy = ResponseHeaders {
        remove: remove.into(),
        cors: config.cors_config.as_ref().map(cors),
        set: set.into(),
        server_timing: timing.map(|timing| timing.sampling_rate.unwrap_or(0.0) / 100.0),
        is_fixed: false,
    };
    policy.compiled()
}

fn set(name: &str, value: String, override_origin: bool) -> SetHeader {
    SetHeader { name: name.into(), value, override_origin }
}

fn cors(config: &CorsConfig) -> Cors {
    let joined = |list: &Option<Counted<String>>| list.as_ref().map(|list| list.items.join(", ")).unwrap_or_default();
    let methods = joined(&config.access_control_allow_methods);
    Cors {
        origins: config.access_control_allow_origins.items.iter().map(|origin| OriginPattern::new(origin)).collect(),
        credentials: config.access_control_allow_credentials,
        methods: if methods == "ALL" { "GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE".into() } else { methods },
        headers: joined(&config.access_control_allow_headers),
        expose: joined(&config.access_control_expose_headers),
        max_age_s: config.access_control_max_age_sec,
        override_origin: config.origin_override,
    }
}

fn security(config: &SecurityHeadersConfig) -> Vec<SetHeader> {
    let transport = config.strict_transport_security.as_ref().map(|transport| {
        let include = if transport.include_subdomains == Some(true) { "; includeSubDomains" } else { "" };
        let preload = if transport.preload == Some(true) { "; preload" } else { "" };
        let value = format!("max-age={}{include}{preload}", transport.access_control_max_age_sec);
        set("Strict-Transport-Security", value, transport.r#override)
    });
    let content = config.content_security_policy.as_ref();
    let all = [
        content.map(|csp| set("Content-Security-Policy", csp.content_security_policy.clone(), csp.r#override)),
        config
            .content_type_options
            .as_ref()
            .map(|sniff| set("X-Content-Type-Options", "nosniff".into(), sniff.r#override)),
        config.frame_options.as_ref().map(|frame| set("X-Frame-Options", frame.frame_option.clone(), frame.r#override)),
        config.referrer_policy.as_ref().map(|one| set("Referrer-Policy", one.referrer_policy.clone(), one.r#override)),
        transport,
        config.xss_protection.as_ref().map(|xss| set("X-XSS-Protection", xss_value(xss), xss.r#override)),
    ];
    all.into_iter().flatten().collect()
}

fn xss_value(xss: &XssProtection) -> String {
    match (xss.protection, xss.mode_block == Some(true), &xss.report_uri) {
        (false, ..) => "0".into(),
        (true, true, _) => "1; mode=block".into(),
        (true, false, Some(uri)) => format!("1; report={uri}"),
        (true, false, None) => "1".into(),
    }
}
