//! Authoritative DNS: zones, answers, routing, UDP and TCP service.
