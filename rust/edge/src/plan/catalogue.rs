//! Policies by id: the managed ones, which CloudFront publishes, and those of the source.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use edgeplane_base::{Fault, Faults};
use serde::Deserialize;

use super::document::policy::{CachePolicyConfig, OriginRequestPolicyConfig};
use super::document::response_headers::ResponseHeadersPolicyConfig;
use super::source::{EdgeSource, Resource, read};
use super::{headers, limits};
use crate::behaviour::ResponseHeaders;

/// Source: Amazon CloudFront developer guide, "Use managed cache policies", "Use managed origin request policies", "Use
/// managed response headers policies".
const MANAGED: &str = include_str!("managed.json");

static PUBLISHED: LazyLock<Managed> = LazyLock::new(|| serde_json::from_str(MANAGED).unwrap_or_default());

#[derive(Default, Deserialize)]
struct Managed {
    cache_policies: Vec<Resource>,
    origin_request_policies: Vec<Resource>,
    response_headers_policies: Vec<Resource>,
}

/// Everything that behaviours name by id.
pub(super) struct Catalogue {
    pub cache: HashMap<String, CachePolicyConfig>,
    pub origin_request: HashMap<String, OriginRequestPolicyConfig>,
    pub response_headers: HashMap<String, Arc<ResponseHeaders>>,
}

impl Catalogue {
    pub fn compile(source: &EdgeSource, faults: &mut Faults) -> Self {
        let most = source.settings.limit(&limits::NAMES);
        let cache = |resource: &Resource, place: &str, faults: &mut Faults| {
            let config: CachePolicyConfig = read(&resource.config, place, faults)?;
            check_cache_policy(&config, place, faults);
            let parameters = &config.parameters_in_cache_key_and_forwarded_to_origin;
            let lists = [
                &parameters.headers_config.headers,
                &parameters.cookies_config.cookies,
                &parameters.query_strings_config.query_strings,
            ];
            check_lists(lists, most, place, faults);
            Some(config)
        };
        let origin_request = |resource: &Resource, place: &str, faults: &mut Faults| {
            let config: OriginRequestPolicyConfig = read(&resource.config, place, faults)?;
            let generated = |name: &&String| !super::behaviours::is_generated(name);
            let headers = config.headers_config.headers.iter().filter(generated).cloned().collect();
            check_lists(
                [&headers, &config.cookies_config.cookies, &config.query_strings_config.query_strings],
                most,
                place,
                faults,
            );
            Some(config)
        };
        let response_headers = |resource: &Resource, place: &str, faults: &mut Faults| {
            let config: ResponseHeadersPolicyConfig = read(&resource.config, place, faults)?;
            Some(Arc::new(headers::compile(&config, place, faults)))
        };
        let managed = &*PUBLISHED;
        Self {
            cache: gather("CachePolicyConfig", &managed.cache_policies, &source.cache_policies, cache, faults),
            origin_request: gather(
                "OriginRequestPolicyConfig",
                &managed.origin_request_policies,
                &source.origin_request_policies,
                origin_request,
                faults,
            ),
            response_headers: gather(
                "ResponseHeadersPolicyConfig",
                &managed.response_headers_policies,
                &source.response_headers_policies,
                response_headers,
                faults,
            ),
        }
    }
}

fn gather<T>(
    noun: &str,
    managed: &[Resource],
    own: &[Resource],
    compile: impl Fn(&Resource, &str, &mut Faults) -> Option<T>,
    faults: &mut Faults,
) -> HashMap<String, T> {
    let mut policies = HashMap::new();
    for resource in managed.iter().chain(own) {
        let place = format!("{}.Properties.{noun}", resource.path);
        let Some(policy) = compile(resource, &place, faults) else {
            continue;
        };
        if policies.insert(resource.id.clone(), policy).is_some() {
            faults.push(Fault::at(&resource.path, format!("another policy has the id {:?}", resource.id)));
        }
    }
    policies
}

fn check_cache_policy(config: &CachePolicyConfig, place: &str, faults: &mut Faults) {
    let (least, default, most) = (config.min_ttl, config.default_ttl, config.max_ttl);
    if !(least <= default && default <= most) {
        let message = format!("must be MinTTL ≤ DefaultTTL ≤ MaxTTL, but is {least}, {default}, {most} s");
        faults.push(Fault::at(format!("{place}.DefaultTTL"), message));
    }
    let headers = &config.parameters_in_cache_key_and_forwarded_to_origin.headers_config.headers;
    for (n, name) in headers.iter().enumerate().filter(|(_, name)| !super::behaviours::is_for_keys(name)) {
        let at = format!("{place}.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.Headers[{n}]");
        faults.push(Fault::at(at, format!("{name} is for origin request policies alone, or cannot be in a key")));
    }
}

fn check_lists(lists: [&Vec<String>; 3], most: u64, place: &str, faults: &mut Faults) {
    for names in lists.into_iter().filter(|names| names.len() as u64 > most) {
        faults.push(Fault::at(place, format!("a list has {} names, but must have at most {most}", names.len())));
    }
}
