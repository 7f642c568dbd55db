"""The public embedding API over the Rust core; imports the standard library and `_core` alone.

`edgeplane.core.dns`: messages, zones, answers. `edgeplane.core.policy`: the selectors of the routing policies.
`edgeplane.core.prefix`: the longest-prefix table. `edgeplane.core.cache`: a cache of octets.
`edgeplane.core.sign`: signed URLs and cookies.
docs/embedding.md has an example of each.
"""
