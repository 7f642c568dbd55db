"""One JSON document a line: the language of the control socket, and between the supervisor and its children.

request   {"id": 1, "do": "status", …}
reply     {"id": 1, "ok": …}   or   {"id": 1, "faults": [{"place": str, "line": int, "message": str}, …]}
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from edgeplane.errors import EdgeplaneError, Fault, FaultsError
from edgeplane.node import limits

log = logging.getLogger(__name__)

Handler = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""(what to do, its arguments) → a JSON value; raises FaultsError to refuse."""


class Refused(FaultsError):
    """The other side understood and said no; `.faults` say why."""

    @classmethod
    def because(cls, message: str, place: str = "edgeplane") -> Refused:
        """A refusal with one fault."""
        return cls([Fault(place, 0, message)])


class Gone(EdgeplaneError):
    """The other side ended or fell silent before it answered."""


@dataclass(frozen=True)
class Request:
    """One line that asks for something."""

    id: Any
    do: str
    args: dict[str, Any] = field(default_factory=dict)


def encode(document: object) -> bytes:
    """A document as one line. Half a surrogate pair, which UTF-8 cannot hold, is escaped as JSON does it."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, default=str)
    return text.encode(errors="backslashreplace") + b"\n"


def decode(line: bytes) -> Request:
    """A line as a request; raises Refused for anything else."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        raise Refused.because("the line is not JSON", "request") from None
    if not isinstance(document, dict) or not isinstance(document.get("do"), str):
        raise Refused.because('a request is one JSON object a line, with "do" as text', "request")
    args = {key: value for key, value in document.items() if key not in ("id", "do")}
    return Request(document.get("id"), document["do"], args)


async def answer(line: bytes, handler: Handler) -> bytes:
    """The reply to one line, whatever the line holds."""
    id_ = None
    try:
        request = decode(line)
        id_ = request.id
        return encode({"id": id_, "ok": await handler(request.do, request.args)})
    except FaultsError as no:
        return refusal(id_, no.faults)
    except EdgeplaneError as error:
        return refusal(id_, [Fault("edgeplane", 0, str(error))])
    except Exception as error:
        log.exception("a request could not be answered")
        return refusal(id_, [Fault("edgeplane", 0, f"{type(error).__name__}: {error}; the log has more")])


def refusal(id_: object, faults: Iterable[Fault]) -> bytes:
    """A reply that says no."""
    return encode({"id": id_, "faults": [fault.document() for fault in faults]})


async def serve_channel(sock: socket.socket, handler: Handler) -> None:
    """A child's side: answers each line as soon as its answer is known, until the other side goes away."""
    reader, writer = await asyncio.open_connection(sock=sock, limit=limits.REPLY_OCTETS)
    pending: set[asyncio.Task[None]] = set()

    async def one(line: bytes) -> None:
        writer.write(await answer(line, handler))
        await writer.drain()

    while line := await reader.readline():
        task = asyncio.ensure_future(one(line))
        pending.add(task)
        task.add_done_callback(pending.discard)
    for task in pending:
        task.cancel()


class Channel:
    """The supervisor's side: many questions may be open at a time; replies find theirs by id."""

    def __init__(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.name = name
        self._reader, self._writer = reader, writer
        self._last_id = 0
        self._open: dict[int, asyncio.Future[Any]] = {}
        self._listening = asyncio.ensure_future(self._listen())

    @classmethod
    async def over(cls, name: str, sock: socket.socket) -> Channel:
        """A channel over one end of a socket pair."""
        reader, writer = await asyncio.open_connection(sock=sock, limit=limits.REPLY_OCTETS)
        return cls(name, reader, writer)

    async def call(self, do: str, *, within: float = limits.CALL_S, **args: Any) -> Any:
        """The reply's "ok"; raises Refused with its faults, Gone when there is no reply within that many seconds."""
        if self._listening.done():
            raise Gone(f"the {self.name} is not running")
        self._last_id += 1
        id_, reply = self._last_id, asyncio.get_running_loop().create_future()
        self._open[id_] = reply
        try:
            self._writer.write(encode({"id": id_, "do": do, **args}))
            return await asyncio.wait_for(reply, within)
        except TimeoutError:
            raise Gone(f"the {self.name} did not answer {do!r} within {within:.3g} s") from None
        finally:
            self._open.pop(id_, None)

    def close(self) -> None:
        """Ends the conversation; the child takes that as the order to end."""
        self._writer.close()

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                self._settle(json.loads(line))
        except (OSError, ValueError):
            pass
        for reply in self._open.values():
            if not reply.done():
                reply.set_exception(Gone(f"the {self.name} ended"))
        self._writer.close()

    def _settle(self, document: dict[str, Any]) -> None:
        reply = self._open.get(document.get("id", 0))
        if reply is None or reply.done():
            return
        if "faults" in document:
            reply.set_exception(Refused(map(Fault.from_document, document["faults"])))
        else:
            reply.set_result(document.get("ok"))
