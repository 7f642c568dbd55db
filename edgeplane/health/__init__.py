"""Health checks: what is probed, how results become a state, and where the state goes.

```
control socket ─ checks ─► engine ──► prober ──► gate ──► probe/{http,tcp,icmp}
                             │  ▲                              │
                             │  └── judge (pure) ◄── Outcome ──┘
                             ├──► health table (one byte a check, read by the data plane)
                             └──► history (LMDB: state and transitions, for restarts)
```
"""
