"""One probe of one check: find the address, wait for a place, ask."""

from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version

from edgeplane.health.clock import Clock
from edgeplane.health.gate import Gate
from edgeplane.health.models import Check
from edgeplane.health.probe import http, icmp, tcp
from edgeplane.health.probe.outcome import Outcome, failure
from edgeplane.health.resolve import Resolver

Probe = Callable[[Check], Awaitable[tuple[Outcome, float]]]
"""A check → what was found, and the seconds it took without the wait for a place."""


class Prober:
    """Fulfils `Probe` with real sockets."""

    def __init__(self, clock: Clock, gate: Gate, resolver: Resolver) -> None:
        """All three are shared by all checks."""
        self._clock = clock
        self._gate = gate
        self._resolver = resolver

    async def __call__(self, check: Check) -> tuple[Outcome, float]:
        """Never raises for anything that a target or a resolver does."""
        began = self._clock.monotonic()
        try:
            address = check.config.IPAddress or await self._resolver.address(
                check.config.FullyQualifiedDomainName or ""
            )
        except OSError as error:
            return failure(
                "dns", f"DNS resolution failed: {str(error) or 'no answer in time'}"
            ), self._clock.monotonic() - began
        async with self._gate.enter(address):
            began = self._clock.monotonic()
            outcome = await _ask(check, address)
        return outcome, self._clock.monotonic() - began


async def _ask(check: Check, address: str) -> Outcome:
    if check.config.Type == "TCP":
        return await tcp.probe(address, check.config.port)
    if check.config.Type == "ICMP":
        return await icmp.probe(address)
    return await http.probe(check.config, address, user_agent(check.id))


def user_agent(check_id: str) -> str:
    """`edgeplane-health-check/VERSION (check ID)`; what does not belong in a header field becomes a question mark."""
    safe = "".join(character if "!" <= character <= "~" else "?" for character in check_id)
    return f"edgeplane-health-check/{_VERSION} (check {safe})"


def _version() -> str:
    try:
        return version("edgeplane")
    except PackageNotFoundError:  # run from a source tree
        return "0"


_VERSION = _version()
