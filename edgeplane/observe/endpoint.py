"""The HTTP side of [observe] listen: /metrics, /healthz, /readyz."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from edgeplane.errors import EdgeplaneError

Readiness = Callable[[], tuple[str, Sequence[str]]]
"""("starting" | "ready" | "degraded" | "stopping", why)."""


class ListenError(EdgeplaneError):
    """[observe] listen cannot be had."""

    exit_code = 2


class Endpoint:
    """Serves until closed. `metrics` makes the page anew for each request."""

    def __init__(self, metrics: Callable[[], Awaitable[str]], readiness: Readiness) -> None:
        self._metrics, self._readiness = metrics, readiness
        app = web.Application()
        app.router.add_get("/metrics", self._serve_metrics)
        app.router.add_get("/healthz", self._serve_healthz)
        app.router.add_get("/readyz", self._serve_readyz)
        self._runner = web.AppRunner(app, access_log=None)
        self.port = 0

    async def open(self, host: str, port: int) -> None:
        """Listens. Raises ListenError."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self._runner.cleanup()
            reason = "is taken" if error.errno == errno.EADDRINUSE else str(error.strerror)
            raise ListenError(f"{host}:{port} (metrics) {reason}; set another [observe] listen") from error
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Gives the address back."""
        await self._runner.cleanup()

    async def _serve_metrics(self, _: web.Request) -> web.Response:
        page = await self._metrics()
        return web.Response(text=page, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def _serve_healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _serve_readyz(self, _: web.Request) -> web.Response:
        # A degraded node answers every query from its last good plan: taking it out of service would be the harm.
        state, why = self._readiness()
        body = "".join(f"{line}\n" for line in [state, *why])
        return web.Response(text=body, status=200 if state in ("ready", "degraded") else 503)
