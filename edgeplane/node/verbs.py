"""What the control socket can be asked (docs/control-socket.md), one method a verb."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeplane import __version__
from edgeplane.edge import types as edge
from edgeplane.errors import EdgeplaneError, nearest
from edgeplane.health.table import heartbeat_age
from edgeplane.node.child import Child
from edgeplane.node.host import resident_octets
from edgeplane.node.lines import Refused
from edgeplane.node.plans import edge_resources, health_documents
from edgeplane.observe import metrics

if TYPE_CHECKING:
    from edgeplane.node.supervisor import Supervisor

_EDGE = ("edge", "edge_distributions", "edge_workers")
"""Of what the front counts, the parts that are the edge's."""
EDGE = ("distributions", "distribution", "invalidate", "cache_stats", "cache_inspect", "explain_url")
"""Questions to the running edge, which the front passes on; arguments and replies are the core's."""

_METRICS_S = 2.0
"""Prometheus must get its page even while a child starts."""

EDGE_S = 60.0
"""An invalidation waits for every worker, and the disk."""

EDGE_TYPES = {
    "distributions": edge.DISTRIBUTION,
    "cache_policies": edge.CACHE_POLICY,
    "origin_request_policies": edge.ORIGIN_REQUEST_POLICY,
    "response_headers_policies": edge.RESPONSE_HEADERS_POLICY,
    "public_keys": edge.PUBLIC_KEY,
    "key_groups": edge.KEY_GROUP,
    "signing_keys": edge.SIGNING_KEY,
    "origin_access_controls": edge.ORIGIN_ACCESS_CONTROL,
}
"""Lists of a plan → types of templates."""


class Verbs:
    """The handler of the control socket, over one supervisor."""

    def __init__(self, node: Supervisor) -> None:
        self._node = node
        self._verbs: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
            "status": self._status,
            "reload": self._reload,
            "health": self._health,
            "explain": self._explain,
            "apply": self._apply,
            "diff": self._diff,
            "resources": self._resources,
            "stats": self._stats,
            "plan": self._plan,
            **{do: partial(self._edge, do) for do in EDGE},
        }

    async def handle(self, do: str, args: dict[str, Any]) -> Any:
        """(verb, arguments) → reply; Refused for what cannot be done."""
        verb = self._verbs.get(do)
        if verb is None:
            raise Refused.because(f"unknown: {do!r}; known: {', '.join(self._verbs)}", "do")
        # A client that goes away must not break off a change half-way.
        return await asyncio.shield(verb(args))

    def status(self) -> dict[str, Any]:
        """The node in one document."""
        node, state = self._node, self._node.state
        return {
            "version": __version__,
            "state": state.word,
            "why": [fault.document() for fault in state.why],
            "generation": state.generation,
            "source": state.envelope.get("source", ""),
            "applied": state.applied,
            "uptime": time.time() - state.started,
            "listen": [str(address) for address in node.listeners.addresses()],
            **{scheme: list(map(str, at)) for scheme, at in node.listeners.web_addresses().items()},
            "observe": str(node.settings.observe.listen),
            "zones": len(state.zones()),
            "records": sum(zone.get("records", 0) for zone in state.zones()),
            "checks": len(health_documents(state.envelope)),
            "distributions": len(state.distributions()),
            "heartbeat_age": heartbeat_age(node.health_fd, time.monotonic()),
            "reloads": dict(state.reloads),
            "processes": list(self._processes()),
        }

    async def metrics(self) -> str:
        """The page of /metrics. A part that does not answer is missing from it, and only that part."""
        found = list(metrics.of_node(self.status()))
        front, checker = await asyncio.gather(_stats(self._node.front), _stats(self._node.checker))
        web: dict[str, Any] = {key: front.pop(key) for key in _EDGE if key in front}
        found += [*metrics.of_dns(front, _counters_help()), *metrics.of_edge(web, _counters_help())]
        found += metrics.of_checker(checker) if checker else ()
        return await asyncio.to_thread(metrics.render, found)

    def _processes(self) -> Iterator[dict[str, Any]]:
        yield {"name": "supervisor", "pid": os.getpid(), "restarts": 0, "rss": resident_octets(os.getpid())}
        for child in (self._node.front, self._node.checker):
            rss = resident_octets(child.pid)
            yield {"name": child.name, "pid": child.pid, "restarts": child.restarts, "rss": rss}

    async def _status(self, _: dict[str, Any]) -> dict[str, Any]:
        return self.status()

    async def _reload(self, _: dict[str, Any]) -> dict[str, Any]:
        return await self._node.reload()

    async def _health(self, args: dict[str, Any]) -> Any:
        return await self._node.checker.call("health", transitions=args.get("transitions", 10))

    async def _explain(self, args: dict[str, Any]) -> Any:
        return await self._node.front.call("explain", request=args)

    async def _edge(self, do: str, args: dict[str, Any]) -> Any:
        if not self._node.listeners.web_addresses():
            raise Refused.because("this node has no addresses for HTTP; set edge.http or edge.https and start it anew")
        if "distribution" in args:
            args = {**args, "distribution": self._distribution_id(args["distribution"])}
        return await self._node.front.call("edge", request={**args, "do": do}, within=EDGE_S)

    def _distribution_id(self, named: object) -> str:
        """The id of a distribution that is named by its id, its host name or an alias."""
        found = self._node.state.distributions()
        wanted = str(named).lower().removesuffix(".")
        for each in found:
            if wanted in (each["id"].lower(), each["name"], *each["aliases"]):
                return str(each["id"])
        known = [name for each in found for name in (each["id"], each["name"], *each["aliases"])]
        raise Refused.because(f"{named!r} is no distribution{nearest(str(named), known)}", "distribution")

    async def _apply(self, args: dict[str, Any]) -> dict[str, Any]:
        return await self._node.apply(_path(args), force=args.get("force") is True)

    async def _diff(self, _: dict[str, Any]) -> dict[str, Any]:
        return await self._node.diff()

    async def _stats(self, _: dict[str, Any]) -> dict[str, Any]:
        front, checker = await asyncio.gather(self._node.front.call("stats"), self._node.checker.call("stats"))
        return {"front": front, "checker": checker}

    async def _plan(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"path": str(self._node.store.current), "generation": self._node.state.generation}

    async def _resources(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        state = self._node.state
        ids = {zone["name"]: zone.get("id", "") for zone in state.envelope.get("dns", {}).get("zones", [])}
        zones = [
            {"type": "AWS::Route53::HostedZone", "id": ids.get(zone["name"], ""), **zone} for zone in state.zones()
        ]
        return zones + await self._check_resources() + self._edge_resources()

    def _edge_resources(self) -> list[dict[str, Any]]:
        names = {each["id"]: each for each in self._node.state.distributions()}
        return [
            {
                "type": EDGE_TYPES.get(each["kind"], each["kind"]),
                "id": each["id"],
                "name": each["path"],
                **names.get(each["id"], {}),
            }
            for each in edge_resources(self._node.state.envelope)
        ]

    async def _check_resources(self) -> list[dict[str, Any]]:
        states: dict[str, str] = {}
        try:
            stats = await self._node.checker.call("stats")
            states = {check["id"]: check["state"] for check in stats["checks"]}
        except EdgeplaneError:
            pass  # the list is right without the states
        return [
            {
                "type": "AWS::Route53::HealthCheck",
                "id": check["id"],
                "name": check["path"],
                "state": states.get(check["id"], "unknown"),
            }
            for check in health_documents(self._node.state.envelope)
        ]


async def _stats(child: Child) -> dict[str, Any]:
    try:
        counted: dict[str, Any] = await child.call("stats", within=_METRICS_S)
    except EdgeplaneError:
        return {}
    return counted


@cache
def _counters_help() -> dict[str, str]:
    from edgeplane import _core

    return _core.metrics_help()


def _path(args: dict[str, Any]) -> Path:
    path = args.get("path")
    if not isinstance(path, str) or not path.startswith("/"):
        raise Refused.because('"path" must be an absolute path', "request")
    return Path(path)
