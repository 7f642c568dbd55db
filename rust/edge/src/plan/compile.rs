//! The source, checked as a whole and compiled.

use std::collections::HashSet;
use std::sync::Arc;

use edgeplane_base::{Fault, Faults};
use edgeplane_geo::{Code, country};

use super::behaviours::{Surroundings, check_count};
use super::catalogue::Catalogue;
use super::distribution::{CustomError, Distribution, GeoRestriction, Target, pop_line, via_line};
use super::document::Counted;
use super::document::distribution::{
    CustomErrorResponse, DistributionConfig, HttpVersion, OriginGroup, RestrictionType, Restrictions,
};
use super::hosts::Hosts;
use super::keys::KeyGroups;
use super::origins::Origins;
use super::preferences::Preferences;
use super::settings::prefixes;
use super::source::{DistributionSource, EdgeSource, Ranges, read};
use super::{Behaviour, Places, Plan, limits};
use crate::behaviour::PathPattern;
use crate::origin::{Each, Group, MEMBERS, Settings};
use crate::semantics::rules::ERROR_MIN_TTL_S;

/// The plan, or everything that is wrong with the source; `unread` takes what is wrong with files that it names.
pub(super) fn compile(source: &EdgeSource, checks: &[String], unread: &mut Faults) -> Result<Plan, Faults> {
    let mut faults = Faults::default();
    source.settings.check(&mut faults);
    let places = places(source, unread);
    let mut compiler = Compiler {
        source,
        checks,
        catalogue: Catalogue::compile(source, &mut faults),
        groups: KeyGroups::compile(source, &mut faults, unread),
        origins: Origins::new(source, &mut faults),
        places_lack: places.is_none() && source.settings.geo_database.is_some(),
    };
    let distributions = source.distributions.iter().filter_map(|one| compiler.distribution(one, &mut faults));
    let numbered = |(number, distribution)| Arc::new(Distribution { number, ..distribution });
    let distributions: Vec<Arc<Distribution>> = distributions.enumerate().map(numbered).collect();
    unread.0.append(&mut compiler.origins.unread.0);
    let hosts = hosts(&distributions, &mut faults);
    let trusted_proxies = prefixes("edge.trusted_proxies", &source.settings.trusted_proxies, &mut faults);
    let proxy_protocol = prefixes("edge.proxy_protocol", &source.settings.proxy_protocol, &mut faults);
    let fingerprints = distributions.iter().flat_map(|one| &one.behaviours).any(|one| one.has_fingerprints());
    faults.into_result(Plan {
        serial: 0,
        settings: source.settings.clone(),
        distributions,
        places,
        trusted_proxies,
        proxy_protocol,
        requests_per_second: source.settings.limit(&limits::REQUESTS_PER_SECOND) as u32,
        fingerprints,
        hosts,
    })
}

fn places(source: &EdgeSource, unread: &mut Faults) -> Option<Places> {
    let loaded = Places::load(source.settings.geo_database.as_deref()?);
    loaded.map_err(|found| unread.0.extend(found.0)).ok()
}

/// All names, each of one distribution.
fn hosts(distributions: &[Arc<Distribution>], faults: &mut Faults) -> Hosts {
    let mut hosts = Hosts::default();
    for distribution in distributions {
        if let Some(other) = hosts.add(&distribution.domain_name, distribution) {
            let message = format!("{} has the same host name {}", other.path, distribution.domain_name);
            faults.push(Fault::at(&distribution.path, message));
        }
        for (n, alias) in distribution.aliases.iter().enumerate() {
            if let Some(other) = hosts.add(alias, distribution) {
                let place = format!("{}.Properties.DistributionConfig.Aliases[{n}]", distribution.path);
                faults.push(Fault::at(place, format!("{alias} is a name of {} already", other.path)));
            }
        }
    }
    hosts
}

struct Compiler<'s> {
    source: &'s EdgeSource,
    checks: &'s [String],
    catalogue: Catalogue,
    groups: KeyGroups,
    origins: Origins<'s>,
    places_lack: bool,
}

impl Compiler<'_> {
    fn distribution(&mut self, source: &DistributionSource, faults: &mut Faults) -> Option<Distribution> {
        let place = format!("{}.Properties.DistributionConfig", source.path);
        let config: DistributionConfig = read(&source.config, &place, faults)?;
        self.check_counts(&config, &place, faults);
        refuse_what_is_not_offered(&config, &place, faults);
        let preferences = Preferences::new(source, self.checks, &config, faults);
        let origins = self.origins(&source.id, &config, &preferences, &place, faults);
        let groups = groups(&config, &preferences, &place, faults);
        let behaviours = self.behaviours(source, &config, &place, faults)?;
        let domain = &self.source.settings.domain;
        let domain_name = if domain.is_empty() { source.id.clone() } else { format!("{}.{domain}", source.id) };
        let (domain_name, location) = (domain_name.to_ascii_lowercase(), self.source.settings.location.clone());
        Some(Distribution {
            number: 0,
            id: source.id.clone(),
            path: source.path.clone(),
            lines: [via_line(&domain_name, &location), pop_line(&location)].concat().into(),
            domain_name,
            location,
            tag_header: self.source.settings.tag_header.clone(),
            aliases: aliases(&config.aliases, &place, faults),
            enabled: config.enabled,
            semantics: source.semantics,
            slices: source.ranges == Ranges::Slices,
            http2: config.http_version != Some(HttpVersion::Http11),
            behaviours: behaviours.into_iter().map(Arc::new).collect(),
            origins,
            groups,
            default_root_object: default_root_object(&config, &place, faults),
            custom_errors: config.custom_error_responses.iter().map(custom_error).collect(),
            geo_restriction: self.geo_restriction(config.restrictions.as_ref(), &place, faults),
            log_cookies: config.logging.is_some_and(|logging| logging.include_cookies == Some(true)),
        })
    }

    fn check_counts(&self, config: &DistributionConfig, place: &str, faults: &mut Faults) {
        for (limit, property, count) in [
            (&limits::ALIASES, "Aliases", config.aliases.len()),
            (&limits::BEHAVIOURS, "CacheBehaviors", config.cache_behaviors.len()),
            (&limits::ORIGINS, "Origins", config.origins.len()),
            (&limits::ORIGIN_GROUPS, "OriginGroups", group_documents(config).len()),
        ] {
            check_count(limit, count, &self.source.settings, &format!("{place}.{property}"), faults);
        }
    }

    /// In the order of the configuration; one that is a fault leaves a gap, and then there is no plan.
    fn origins(
        &mut self,
        distribution: &str,
        config: &DistributionConfig,
        preferences: &Preferences<'_>,
        place: &str,
        faults: &mut Faults,
    ) -> Vec<Arc<Settings>> {
        let mut ids = HashSet::new();
        let mut compiled = Vec::new();
        for (n, origin) in config.origins.iter().enumerate() {
            let place = format!("{place}.Origins[{n}]");
            if !ids.insert(&origin.id) {
                faults.push(Fault::at(format!("{place}.Id"), format!("{:?} is there twice", origin.id)));
            }
            let Some(mut settings) = self.origins.compile(origin, &place, faults) else { continue };
            settings.distribution = distribution.to_owned();
            preferences.add_to(&mut settings);
            compiled.push(Arc::new(settings));
        }
        compiled
    }

    fn geo_restriction(&self, found: Option<&Restrictions>, place: &str, faults: &mut Faults) -> GeoRestriction {
        match geo_restriction(found, place, faults) {
            restriction if self.places_lack && !restriction.is_none() => GeoRestriction::Nobody,
            restriction => restriction,
        }
    }

    fn behaviours(
        &self,
        source: &DistributionSource,
        config: &DistributionConfig,
        place: &str,
        faults: &mut Faults,
    ) -> Option<Vec<Behaviour>> {
        let surroundings = Surroundings {
            settings: &self.source.settings,
            catalogue: &self.catalogue,
            groups: &self.groups,
            semantics: source.semantics,
            targets: targets(config),
            error_min_ttl: config.custom_error_responses.iter().map(error_min_ttl).collect(),
        };
        let mut behaviours = Vec::new();
        let mut patterns = HashSet::new();
        for (n, behaviour) in config.cache_behaviors.iter().enumerate() {
            let place = format!("{place}.CacheBehaviors[{n}]");
            let (text, rest) = behaviour.clone().split();
            if !patterns.insert(text.trim_start_matches('/').to_owned()) {
                faults.push(Fault::at(format!("{place}.PathPattern"), format!("{text:?} is there twice")));
            }
            match PathPattern::parse(&text) {
                Ok(pattern) => behaviours.extend(surroundings.compile(pattern, &rest, &place, faults)),
                Err(message) => faults.push(Fault::at(format!("{place}.PathPattern"), message)),
            }
        }
        let place = format!("{place}.DefaultCacheBehavior");
        let default =
            surroundings.compile(PathPattern::everything(), &config.default_cache_behavior, &place, faults)?;
        behaviours.push(default);
        Some(behaviours)
    }
}

fn group_documents(config: &DistributionConfig) -> &[OriginGroup] {
    config.origin_groups.as_ref().map_or(&[], |Counted { items, .. }| items)
}

fn targets(config: &DistributionConfig) -> Vec<(&str, Target)> {
    let origins = config.origins.iter().enumerate().map(|(n, origin)| (origin.id.as_str(), Target::Origin(n)));
    let groups = group_documents(config).iter().enumerate().map(|(n, group)| (group.id.as_str(), Target::Group(n)));
    origins.chain(groups).collect()
}

fn groups(config: &DistributionConfig, preferences: &Preferences<'_>, place: &str, faults: &mut Faults) -> Vec<Group> {
    let mut ids: HashSet<&String> = config.origins.iter().map(|origin| &origin.id).collect();
    let mut compiled = Vec::new();
    for (n, group) in group_documents(config).iter().enumerate() {
        let place = format!("{place}.OriginGroups.Items[{n}]");
        if !ids.insert(&group.id) {
            faults.push(Fault::at(format!("{place}.Id"), format!("{:?} is there twice", group.id)));
        }
        let members = members(group, config, &place, faults);
        let status_codes = group.failover_criteria.status_codes.items.clone();
        const CODES: [u16; 8] = [400, 403, 404, 416, 500, 502, 503, 504];
        if let Some(code) = status_codes.iter().find(|code| !CODES.contains(code)) {
            let message = format!("{code} is none of {CODES:?}");
            faults.push(Fault::at(format!("{place}.FailoverCriteria.StatusCodes"), message));
        }
        let choice = preferences.choice(group, faults);
        compiled.extend(members.map(|members| Group { id: group.id.clone(), members, status_codes, choice }));
    }
    compiled
}

/// None where there is a fault.
fn members(group: &OriginGroup, config: &DistributionConfig, place: &str, faults: &mut Faults) -> Option<Each<usize>> {
    let mut members = Vec::new();
    for (n, member) in group.members.items.iter().enumerate() {
        let place = format!("{place}.Members.Items[{n}].OriginId");
        match config.origins.iter().position(|origin| origin.id == member.origin_id) {
            Some(index) if members.contains(&index) => faults.push(Fault::at(place, "is the first origin again")),
            Some(index) => members.push(index),
            None => faults.push(Fault::at(place, format!("no origin here has the Id {:?}", member.origin_id))),
        }
    }
    if group.members.items.len() != MEMBERS {
        let message = format!("has {} origins, but must have {MEMBERS}", group.members.items.len());
        faults.push(Fault::at(format!("{place}.Members"), message));
    }
    members.try_into().ok()
}

/// Nobody is to believe in a firewall that is not there.
fn refuse_what_is_not_offered(config: &DistributionConfig, place: &str, faults: &mut Faults) {
    if config.web_acl_id.as_ref().is_some_and(|id| !id.is_empty()) {
        faults.push(Fault::at(format!("{place}.WebACLId"), "is not offered yet; leave it out"));
    }
    if config.staging == Some(true) {
        faults.push(Fault::at(format!("{place}.Staging"), "is not offered; leave it out"));
    }
}

fn aliases(names: &[String], place: &str, faults: &mut Faults) -> Vec<String> {
    let names: Vec<String> = names.iter().map(|name| name.trim_end_matches('.').to_ascii_lowercase()).collect();
    for (n, name) in names.iter().enumerate() {
        let rest = name.strip_prefix("*.").unwrap_or(name);
        let fits = |label: &str| {
            let octets = label.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'));
            octets && (1..=63).contains(&label.len())
        };
        if rest.len() > 253 || !rest.split('.').all(fits) {
            let message = format!("{name:?} is no host name, with at most one star in place of the first label");
            faults.push(Fault::at(format!("{place}.Aliases[{n}]"), message));
        }
    }
    names
}

fn default_root_object(config: &DistributionConfig, place: &str, faults: &mut Faults) -> Option<String> {
    let name = config.default_root_object.as_ref().filter(|name| !name.is_empty())?;
    if name.starts_with('/') || !name.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'?') {
        let message = format!("{name:?} must be a path without the slash before it, such as index.html");
        faults.push(Fault::at(format!("{place}.DefaultRootObject"), message));
    }
    Some(format!("/{name}"))
}

fn custom_error(response: &CustomErrorResponse) -> CustomError {
    let page = response.response_page_path.clone().filter(|path| !path.is_empty());
    let status = response.response_code.unwrap_or(response.error_code);
    CustomError { status: response.error_code, page: page.map(|path| (path, status)) }
}

fn error_min_ttl(response: &CustomErrorResponse) -> (u16, u64) {
    (response.error_code, response.error_caching_min_ttl.unwrap_or(ERROR_MIN_TTL_S))
}

fn geo_restriction(restrictions: Option<&Restrictions>, place: &str, faults: &mut Faults) -> GeoRestriction {
    let Some(Restrictions { geo_restriction }) = restrictions else {
        return GeoRestriction::None;
    };
    let mut countries = Vec::new();
    for (n, text) in geo_restriction.locations.iter().enumerate() {
        match text.parse::<Code>().map(Some).and_then(country::check_country) {
            Ok(code) => countries.extend(code),
            Err(message) => {
                faults.push(Fault::at(format!("{place}.Restrictions.GeoRestriction.Locations[{n}]"), message));
            }
        }
    }
    match geo_restriction.restriction_type {
        RestrictionType::None => GeoRestriction::None,
        RestrictionType::Blacklist => GeoRestriction::Block(countries),
        RestrictionType::Whitelist => GeoRestriction::Allow(countries),
    }
}
