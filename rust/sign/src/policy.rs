//! The custom policy: until when, from when, from where, which URLs (Amazon CloudFront developer guide, "Create a policy
//! statement for a signed URL that uses a custom policy").

use std::net::IpAddr;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{Denied, Network, Resource, Url};

/// Octets of the longest policy that is read: what a URL of 8,192 octets could carry, and no more.
pub const SIZE: usize = 6_144;

/// What a policy grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Unix seconds at which it ends.
    pub ends: u64,
    /// Unix seconds from which it holds.
    pub begins: Option<u64>,
    /// Where the client must be.
    pub network: Option<Network>,
    /// The URLs; none: all.
    pub resource: Option<Resource>,
}

impl Policy {
    /// Reads the JSON document. Whatever is not known, given twice, or missing makes it no policy.
    pub fn parse(document: &[u8]) -> Result<Self, Denied> {
        if document.len() > SIZE {
            return Err(Denied::MalformedPolicy);
        }
        let document: Document = serde_json::from_slice(document).map_err(|_| Denied::MalformedPolicy)?;
        let (Statements::One(statement) | Statements::List([statement])) = document.statement;
        let Condition { date_less_than, date_greater_than, ip_address } = statement.condition;
        let network = ip_address.map(|ip| Network::parse(&ip.address).ok_or(Denied::MalformedPolicy)).transpose()?;
        Ok(Self {
            ends: date_less_than.seconds,
            begins: date_greater_than.map(|date| date.seconds),
            network,
            resource: statement.resource.as_deref().map(Resource::parse),
        })
    }

    /// What a canned policy says beside its URL.
    pub const fn until(ends: u64) -> Self {
        Self { ends, begins: None, network: None, resource: None }
    }

    /// Whether it opens a URL to a client at a time in Unix seconds.
    pub fn allows(&self, url: &Url<'_>, now_s: u64, client: IpAddr) -> Result<(), Denied> {
        if now_s >= self.ends {
            return Err(Denied::Expired);
        }
        if self.begins.is_some_and(|begins| now_s < begins) {
            return Err(Denied::NotYetValid);
        }
        if self.network.is_some_and(|network| !network.contains(client)) {
            return Err(Denied::WrongAddress);
        }
        if self.resource.as_ref().is_some_and(|resource| !resource.matches(url)) {
            return Err(Denied::WrongResource);
        }
        Ok(())
    }
}

/// What a custom policy is written from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Custom<'c> {
    /// A URL with wildcards.
    pub resource: &'c str,
    /// Unix seconds.
    pub date_less_than: u64,
    /// Unix seconds.
    pub date_greater_than: Option<u64>,
    /// An address or a CIDR block.
    pub ip_address: Option<&'c str>,
}

impl Custom<'_> {
    /// The document without white space, members in the order in which botocore writes them.
    pub fn document(&self) -> String {
        let resource = Value::from(self.resource);
        let begins = self.date_greater_than.map(|date| format!(r#","DateGreaterThan":{{"AWS:EpochTime":{date}}}"#));
        let network = self.ip_address.map(|ip| format!(r#","IpAddress":{{"AWS:SourceIp":{}}}"#, Value::from(ip)));
        format!(
            r#"{{"Statement":[{{"Resource":{resource},"Condition":{{"DateLessThan":{{"AWS:EpochTime":{}}}{}{}}}}}]}}"#,
            self.date_less_than,
            network.unwrap_or_default(),
            begins.unwrap_or_default(),
        )
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    statement: Statements,
}

/// The guide has shown both forms.
#[derive(Deserialize)]
#[serde(untagged)]
enum Statements {
    One(Statement),
    List([Statement; 1]),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(default, deserialize_with = "present")]
    resource: Option<String>,
    condition: Condition,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Condition {
    date_less_than: EpochTime,
    #[serde(default, deserialize_with = "present")]
    date_greater_than: Option<EpochTime>,
    #[serde(default, deserialize_with = "present")]
    ip_address: Option<SourceIp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EpochTime {
    #[serde(rename = "AWS:EpochTime")]
    seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceIp {
    #[serde(rename = "AWS:SourceIp")]
    address: String,
}

/// A member that is there is not `null`: no condition is lost by a signer's slip.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: Url<'_> = Url { scheme: "https", authority: "d.example.net", path: "/a/b", query: None };

    #[test]
    fn what_is_written_is_read() {
        let custom = Custom {
            resource: "https://d.example.net/a/*",
            date_less_than: 200,
            date_greater_than: Some(100),
            ip_address: Some("192.0.2.0/24"),
        };
        let expected = concat!(
            r#"{"Statement":[{"Resource":"https://d.example.net/a/*","Condition":{"DateLessThan":{"AWS:EpochTime":200},"#,
            r#""IpAddress":{"AWS:SourceIp":"192.0.2.0/24"},"DateGreaterThan":{"AWS:EpochTime":100}}}]}"#
        );
        assert_eq!(custom.document(), expected);
        let policy = Policy::parse(expected.as_bytes()).unwrap();
        let client = "192.0.2.9".parse().unwrap();
        for (now, allowed) in
            [(99, Err(Denied::NotYetValid)), (100, Ok(())), (199, Ok(())), (200, Err(Denied::Expired))]
        {
            assert_eq!(policy.allows(&URL, now, client), allowed, "{now}");
        }
        assert_eq!(policy.allows(&URL, 100, "192.0.3.9".parse().unwrap()), Err(Denied::WrongAddress));
        assert_eq!(policy.allows(&Url { path: "/b", ..URL }, 100, client), Err(Denied::WrongResource));
    }

    #[test]
    fn one_statement_is_one_in_a_list_or_alone() {
        let alone = br#"{"Statement": {"Condition": {"DateLessThan": {"AWS:EpochTime": 5}}}}"#;
        assert_eq!(Policy::parse(alone), Ok(Policy::until(5)));
    }

    #[test]
    fn what_is_not_exactly_a_policy_is_none() {
        let dated = r#""Condition":{"DateLessThan":{"AWS:EpochTime":5}}"#;
        let one = format!("{{{dated}}}");
        let documents = [
            String::new(),
            "[]".into(),
            r#"{"Statement":[]}"#.into(),
            format!(r#"{{"Statement":[{one},{one}]}}"#),
            format!(r#"{{"Statement":[{one}],"Version":"2012-10-17"}}"#),
            format!(r#"{{"Statement":[{{{dated},"Effect":"Allow"}}]}}"#),
            format!(r#"{{"Statement":[{{"Resource":null,{dated}}}]}}"#),
            format!(r#"{{"Statement":[{{"Resource":"a","Resource":"b",{dated}}}]}}"#),
            format!(r#"{{"Statement":[{{"Resource":["a"],{dated}}}]}}"#),
            r#"{"Statement":[{"Resource":"*"}]}"#.into(),
            r#"{"Statement":[{"Condition":{}}]}"#.into(),
            r#"{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":"5"}}}]}"#.into(),
            r#"{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":-5}}}]}"#.into(),
            r#"{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":5.5}}}]}"#.into(),
            r#"{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":5},"IpAddress":null}}]}"#.into(),
            r#"{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":5},"IpAddress":{"AWS:SourceIp":"all"}}}]}"#.into(),
            r#"{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":5},"IpAddress":{"AWS:SourceIp":["10.0.0.1"]}}}]}"#
                .into(),
            format!(r#"{{"Statement":[{one}]}} x"#),
            format!(r#"{{"Statement":[{{"Resource":"{}",{dated}}}]}}"#, "a".repeat(SIZE)),
        ];
        for document in documents {
            assert_eq!(Policy::parse(document.as_bytes()), Err(Denied::MalformedPolicy), "{document:.120}");
        }
    }
}
