"""Faults on demand, for tests: `PUT /_faults` says which requests go wrong, and how.

Nothing of this exists unless the program was started with `--enable-faults`.
"""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .envelope import dump_json, parse_json
from .errors import ConnectionCut, ServiceError, bad_body
from .restore import Sabotage
from .unpack import Limit

KINDS = ("delay", "refuse", "status", "cut_after", "fail_restore", "fake_success", "disk_full")
_SCOPE_KEY = "qdrant_edge.faults"


@dataclass
class Fault:
    """One rule. `times` counts down; at none it stays until it is deleted."""

    route: str
    kind: str
    seconds: float = 1.0
    status: int | None = None
    bytes: int = 0
    times: int | None = None
    stage: str = "unpack"
    retry_after: int | None = None
    pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.pattern = re.compile(self.route)

    def json(self) -> dict[str, Any]:
        """The rule as it was given, with what is left of `times`."""
        shown = {name: getattr(self, name) for name in _FIELDS}
        return {name: value for name, value in shown.items() if value is not None}


_FIELDS = {
    "route": str,
    "kind": str,
    "seconds": (int, float),
    "status": int,
    "bytes": int,
    "times": int,
    "stage": str,
    "retry_after": int,
}


class Faults:
    """The rules in force, in the order they were given."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def add(self, value: Any) -> None:
        """Adds a rule, or each rule of a list."""
        made = []
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, dict) or "route" not in item or item.get("kind") not in KINDS:
                raise bad_body(f"a fault needs `route` and a `kind` of {', '.join(KINDS)}")
            for name, given in item.items():
                if name not in _FIELDS or not isinstance(given, _FIELDS[name]) or isinstance(given, bool):
                    raise bad_body(f"a fault has no field `{name}` with that value")
            try:
                made.append(Fault(**item))
            except re.error as failure:
                raise bad_body(f"route: {failure}") from None
        self.rules += made

    def matching(self, request: str) -> list[Fault]:
        """The rules for a request (`METHOD /path`), each counted as used."""
        found = [rule for rule in self.rules if rule.pattern.search(request)]
        for rule in found:
            if rule.times is not None:
                rule.times -= 1
        self.rules = [rule for rule in self.rules if rule.times is None or rule.times > 0]
        return found


def sabotage_of(scope: Scope) -> Sabotage:
    """What the rules say about a restore in this request."""
    sabotage = Sabotage()
    for rule in scope.get(_SCOPE_KEY, ()):
        if rule.kind == "fake_success":
            sabotage.pretend = True
        elif rule.kind == "fail_restore":
            sabotage.fail_at = rule.stage
        elif rule.kind == "disk_full":
            sabotage.limit = Limit(rule.bytes, rule.status or 507)
    return sabotage


def full_disk_of(scope: Scope) -> tuple[int | None, int]:
    """After how many bytes a snapshot in the making meets a full disk, and the status to answer then."""
    for rule in scope.get(_SCOPE_KEY, ()):
        if rule.kind == "disk_full":
            return rule.bytes, rule.status or 507
    return None, 507


class FaultMiddleware:
    """Applies the rules that concern the connection, and hands the others to the handlers."""

    def __init__(self, app: ASGIApp, faults: Faults):
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"] == "/_faults":
            await self._configure(scope, receive, send)
            return
        rules = self.faults.matching(f"{scope['method']} {scope['path']}")
        scope[_SCOPE_KEY] = rules
        try:
            for rule in rules:
                if rule.kind == "delay":
                    await asyncio.sleep(rule.seconds)
                elif rule.kind == "refuse":
                    _close(send)
                    return
                elif rule.kind == "status":
                    await _answer(send, rule)
                    return
                elif rule.kind == "cut_after":
                    if _has_upload(scope):
                        receive = _cut_upload(receive, send, rule.bytes)
                    else:
                        send = _cut_download(send, rule.bytes)
            await self.app(scope, receive, send)
        except ConnectionCut:
            return

    async def _configure(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "DELETE":
                self.faults.rules = []
            elif scope["method"] in ("PUT", "POST"):
                body, more = b"", True
                while more:
                    message = await receive()
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                self.faults.add(parse_json(body))
            status, value = 200, {"result": [rule.json() for rule in self.faults.rules], "status": "ok", "time": 0.0}
        except ServiceError as error:
            status, value = error.status, {"status": {"error": error.text}, "time": 0.0}
        await _respond(send, status, value, [])


def _has_upload(scope: Scope) -> bool:
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return kind.startswith(b"multipart/")


def _close(send: Send) -> None:
    """Closes the connection without an answer: through uvicorn's own send, which knows its transport."""
    transport = send.__self__.transport
    transport.abort() if not transport.is_closing() else None


def _cut_download(send: Send, limit: int) -> Send:
    left = limit

    async def cutting(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            if len(body) > left:
                await send({"type": "http.response.body", "body": body[:left], "more_body": True})
                await asyncio.sleep(0.05)  # what was sent should arrive before the connection goes
                send.__self__.transport.close()
                raise ConnectionCut
            left -= len(body)
        await send(message)

    return cutting


def _cut_upload(receive: Receive, send: Send, limit: int) -> Receive:
    left = limit

    async def cutting() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            _close(send)
            raise ConnectionCut
        return message

    return cutting


async def _answer(send: Send, rule: Fault) -> None:
    status = rule.status or 500
    headers = [(b"retry-after", str(rule.retry_after).encode())] if rule.retry_after is not None else []
    await _respond(send, status, {"status": {"error": f"a fault was asked for: {status}"}, "time": 0.0}, headers)


async def _respond(send: Send, status: int, value: Any, headers: list[tuple[bytes, bytes]]) -> None:
    body = dump_json(value)
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
