//! `CacheBehavior` with the policies that it names → `Behaviour`.

use std::sync::Arc;

use edgeplane_base::{Fault, Faults, Limit};
use edgeplane_http::Method;
use edgeplane_http::fields::is_of_a_connection;
use edgeplane_sign::Verifier;

use super::catalogue::Catalogue;
use super::distribution::{Behaviour, Methods, Semantics, Target};
use super::document::behaviour::{DefaultCacheBehavior, Forward, ForwardedValues};
use super::document::policy::{CachePolicyConfig, HeaderBehavior, HeadersConfig, OriginRequestPolicyConfig};
use super::keys::KeyGroups;
use super::{Settings, limits};
use crate::behaviour::{
    Encodings, ForwardRules, Generated, HeaderRule, KeyHeader, KeyRules, PathPattern, ResponseHeaders, Selection,
};
use crate::semantics::{CloudFrontRules, Rfc9111Rules, Rules};

/// What behaviours of one distribution are compiled with.
pub(super) struct Surroundings<'s> {
    pub settings: &'s Settings,
    pub catalogue: &'s Catalogue,
    pub groups: &'s KeyGroups,
    pub semantics: Semantics,
    /// Ids of origins and origin groups.
    pub targets: Vec<(&'s str, Target)>,
    /// (status, seconds)
    pub error_min_ttl: Vec<(u16, u64)>,
}

/// What is cached under which key, for how long, and what the origin is asked.
struct Caching {
    key: KeyRules,
    forward: ForwardRules,
    /// Least, default, most seconds.
    ttl: [u64; 3],
}

impl Caching {
    /// An origin that sees a port may write it into what it answers.
    fn with_port(mut self) -> Self {
        if self.forward.hands_on_host() && !self.key.headers.contains(&KeyHeader::Host) {
            self.key.headers = self.key.headers.into_iter().chain([KeyHeader::Port]).collect();
        }
        self
    }
}

impl Surroundings<'_> {
    /// One behaviour; faults at `place`.
    pub fn compile(
        &self,
        pattern: PathPattern,
        config: &DefaultCacheBehavior,
        place: &str,
        faults: &mut Faults,
    ) -> Option<Behaviour> {
        let target = self.target(&config.target_origin_id, place, faults);
        let allowed_methods = methods(config.allowed_methods.as_ref(), &format!("{place}.AllowedMethods"), faults);
        let cached_methods = methods(config.cached_methods.as_ref(), &format!("{place}.CachedMethods"), faults);
        let trusted = self.trusted(config, place, faults);
        let response_headers = self.response_headers(config, place, faults);
        let caching = self.caching(config, trusted.is_some(), place, faults)?.with_port();
        Some(Behaviour {
            pattern,
            target: target?,
            allowed_methods,
            cached_methods,
            viewer_protocol_policy: config.viewer_protocol_policy,
            rules: self.rules(&caching, cached_methods),
            compress: config.compress == Some(true) && caching.forward.encodes,
            key: caching.key,
            forward: ForwardRules { surrogate: matches!(self.semantics, Semantics::Rfc9111), ..caching.forward },
            response_headers,
            trusted,
        })
    }

    fn target(&self, id: &str, place: &str, faults: &mut Faults) -> Option<Target> {
        let found = self.targets.iter().find(|(known, _)| *known == id).map(|(_, target)| *target);
        if found.is_none() {
            let message = format!("no origin or origin group here has the Id {id:?}");
            faults.push(Fault::at(format!("{place}.TargetOriginId"), message));
        }
        found
    }

    fn trusted(&self, config: &DefaultCacheBehavior, place: &str, faults: &mut Faults) -> Option<Verifier> {
        let place = format!("{place}.TrustedKeyGroups");
        check_count(&limits::KEY_GROUPS, config.trusted_key_groups.len(), self.settings, &place, faults);
        self.groups.verifier(&config.trusted_key_groups, &place, faults)
    }

    fn response_headers(
        &self,
        config: &DefaultCacheBehavior,
        place: &str,
        faults: &mut Faults,
    ) -> Option<Arc<ResponseHeaders>> {
        let id = config.response_headers_policy_id.as_ref()?;
        let found = self.catalogue.response_headers.get(id).cloned();
        known(found, "response headers policy", id, &format!("{place}.ResponseHeadersPolicyId"), faults)
    }

    fn caching(
        &self,
        config: &DefaultCacheBehavior,
        signed: bool,
        place: &str,
        faults: &mut Faults,
    ) -> Option<Caching> {
        let request = match &config.origin_request_policy_id {
            Some(id) => {
                let found = self.catalogue.origin_request.get(id);
                Some(known(found, "origin request policy", id, &format!("{place}.OriginRequestPolicyId"), faults)?)
            }
            None => None,
        };
        match (&config.cache_policy_id, &config.forwarded_values) {
            (Some(id), None) => {
                let found = self.catalogue.cache.get(id);
                let cache = known(found, "cache policy", id, &format!("{place}.CachePolicyId"), faults)?;
                Some(from_policies(cache, request, signed))
            }
            (None, Some(values)) => Some(from_forwarded_values(values, config, signed)),
            _ => {
                faults
                    .push(Fault::at(format!("{place}.CachePolicyId"), "give either CachePolicyId or ForwardedValues"));
                None
            }
        }
    }

    fn rules(&self, caching: &Caching, cached_methods: Methods) -> Rules {
        let [min_ttl_s, default_ttl_s, max_ttl_s] = caching.ttl;
        match self.semantics {
            Semantics::CloudFront => Rules::CloudFront(CloudFrontRules {
                min_ttl_s,
                default_ttl_s,
                max_ttl_s,
                error_min_ttl: self.error_min_ttl.clone(),
                caches_options: cached_methods.has(Method::Options),
                forwards_cookies: caching.forward.cookies != Selection::None,
                keys_cookies: caching.forward.cookies == caching.key.cookies && caching.key.cookies != Selection::None,
            }),
            Semantics::Rfc9111 => Rules::Rfc9111(Rfc9111Rules { default_ttl_s, max_ttl_s, ..Rfc9111Rules::default() }),
        }
    }
}

/// A list that may be too long.
pub(super) fn check_count(limit: &Limit, count: usize, settings: &Settings, place: &str, faults: &mut Faults) {
    let most = settings.limit(limit);
    if count as u64 > most {
        let message = format!("has {count}, but must have at most {most} {}", limit.unit);
        faults.push(Fault::at(place, message));
    }
}

fn known<T>(found: Option<T>, noun: &str, id: &str, place: &str, faults: &mut Faults) -> Option<T> {
    if found.is_none() {
        faults.push(Fault::at(place, format!("there is no {noun} {id:?}")));
    }
    found
}

/// GET and HEAD where nothing is said.
fn methods(names: Option<&Vec<String>>, place: &str, faults: &mut Faults) -> Methods {
    let Some(names) = names else {
        return [Method::Get, Method::Head].into_iter().collect();
    };
    let method = |name: &String| {
        let method = Method::from_token(name.as_bytes()).filter(|method| !method.is_extension());
        if method.is_none() {
            faults.push(Fault::at(place, format!("{name:?} is no method that is served")));
        }
        method
    };
    names.iter().filter_map(method).collect()
}

fn from_policies(cache: &CachePolicyConfig, request: Option<&OriginRequestPolicyConfig>, signed: bool) -> Caching {
    let parameters = &cache.parameters_in_cache_key_and_forwarded_to_origin;
    let (gzip, brotli) = (parameters.enable_accept_encoding_gzip, parameters.enable_accept_encoding_brotli);
    let key = KeyRules {
        headers: key_headers(&parameters.headers_config.headers),
        cookies: parameters.cookies_config.selection(),
        query: parameters.query_strings_config.selection(),
        encodings: Encodings::new(gzip, brotli),
        signed,
    };
    let more = |of: fn(&OriginRequestPolicyConfig) -> Selection| request.map(of).unwrap_or_default();
    let more_headers = request.map(|request| &request.headers_config);
    let names =
        parameters.headers_config.headers.iter().chain(more_headers.into_iter().flat_map(|config| &config.headers));
    let forward = ForwardRules {
        headers: more_headers.map(header_rule).unwrap_or_default(),
        keyed: plain_names(&parameters.headers_config.headers),
        generated: generated(names),
        cookies: key.cookies.union(&more(|request| request.cookies_config.selection())),
        query: key.query.union(&more(|request| request.query_strings_config.selection())),
        encodes: gzip || brotli,
        signed,
        surrogate: false,
    };
    Caching { key, forward, ttl: [cache.min_ttl, cache.default_ttl, cache.max_ttl] }
}

/// The older form. `*` among the headers forwards all and keeps nothing; with `QueryStringCacheKeys` the origin still gets
/// the whole query. gzip alone is known.
fn from_forwarded_values(values: &ForwardedValues, config: &DefaultCacheBehavior, signed: bool) -> Caching {
    let all = values.headers.iter().any(|name| name == "*");
    let headers: &[String] = if all { &[] } else { &values.headers };
    let gzip = config.compress == Some(true);
    let query = if values.query_string { Selection::All } else { Selection::None };
    let keys = &values.query_string_cache_keys;
    let cookies = match values.cookies.forward {
        Forward::None => Selection::None,
        Forward::Whitelist => Selection::Listed(values.cookies.whitelisted_names.clone().into()),
        Forward::All => Selection::All,
    };
    let keyed_query =
        if values.query_string && !keys.is_empty() { Selection::Listed(keys.clone().into()) } else { query.clone() };
    let key = KeyRules {
        headers: key_headers(headers),
        cookies: cookies.clone(),
        query: keyed_query,
        encodings: Encodings::new(gzip, false),
        signed,
    };
    let keyed = plain_names(headers);
    let headers_rule = if all { HeaderRule::All } else { HeaderRule::Older(keyed.clone()) };
    let forward = ForwardRules {
        headers: headers_rule,
        keyed,
        generated: generated(headers),
        cookies,
        query,
        encodes: gzip,
        signed,
        surrogate: false,
    };
    let ttl = [config.min_ttl.unwrap_or(0), config.default_ttl.unwrap_or(86_400), config.max_ttl.unwrap_or(31_536_000)];
    Caching { key, forward, ttl: if all { [0; 3] } else { ttl } }
}

/// Header fields of a key in one order, whatever order they were listed in.
fn key_headers(names: &[String]) -> Box<[KeyHeader]> {
    let mut names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    let header = |name: String| match Generated::from_name(&name) {
        Some(header) => KeyHeader::Generated(header),
        None if name == "host" => KeyHeader::Host,
        None => KeyHeader::Sent(name),
    };
    names.into_iter().map(header).collect()
}

/// Names of fields that viewers send, in lower case.
fn plain_names(names: &[String]) -> Box<[String]> {
    names.iter().filter(|name| !is_generated(name)).map(|name| name.to_ascii_lowercase()).collect()
}

fn generated<'n>(names: impl IntoIterator<Item = &'n String>) -> Box<[Generated]> {
    let mut headers = Vec::new();
    for header in names.into_iter().filter_map(|name| Generated::from_name(name)) {
        if !headers.contains(&header) {
            headers.push(header);
        }
    }
    headers.into()
}

fn header_rule(config: &HeadersConfig) -> HeaderRule {
    match config.header_behavior {
        HeaderBehavior::None | HeaderBehavior::Whitelist => HeaderRule::Listed(plain_names(&config.headers)),
        HeaderBehavior::AllViewer | HeaderBehavior::AllViewerAndWhitelistCloudFront => HeaderRule::All,
        HeaderBehavior::AllExcept => HeaderRule::AllExcept(plain_names(&config.headers)),
    }
}

/// Whether the edge makes the field.
pub(super) fn is_generated(name: &str) -> bool {
    Generated::from_name(name).is_some()
}

/// Whether a cache policy may name the field: it neither belongs to the connection nor is as good as a key of one viewer.
pub(super) fn is_for_keys(name: &str) -> bool {
    const NEVER: [&str; 7] =
        ["content-length", "cookie", "expect", "proxy-authenticate", "proxy-authorization", "via", "x-forwarded-for"];
    let known = Generated::from_name(name).is_none_or(Generated::is_for_keys);
    known && !is_of_a_connection(name.as_bytes()) && !NEVER.iter().any(|never| never.eq_ignore_ascii_case(name))
}
