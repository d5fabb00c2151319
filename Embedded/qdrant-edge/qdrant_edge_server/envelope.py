"""The envelope around every answer, and JSON that keeps 64-bit integers and 32-bit floats exact."""

import asyncio
import json
import logging
import time
from array import array
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from .errors import ConnectionCut, ServiceError, bad_body, from_engine

log = logging.getLogger("qdrant_edge_server")

#: Bodies of JSON requests may not be longer, as `service.max_request_size_mb` of a real server.
MAX_JSON_BYTES = 32 * 1024 * 1024


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def parse_json(body: bytes) -> Any:
    """Reads strict JSON: `NaN` and `Infinity` are refused, integers stay integers."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as failure:
        raise bad_body(str(failure)) from None


async def json_body(request: Request, optional: bool = False) -> Any:
    """The request's JSON object, `{}` for an empty body that may be left out."""
    body = await request.body()
    if len(body) > MAX_JSON_BYTES:
        raise ServiceError(413, f"Payload error: JSON payload has exceeded limit ({MAX_JSON_BYTES} bytes).")
    if optional and not body.strip():
        return {}
    value = parse_json(body)
    if not isinstance(value, dict):
        raise bad_body("expected an object")
    return value


def short_floats(values: list[float]) -> list[float]:
    """The shortest decimals that still name the same 32-bit floats, as a Rust server prints them."""
    exact = array("f", values)
    shortest = [float(f"{value:.7g}") for value in values]
    kept = array("f", shortest)
    if kept == exact:
        return shortest
    for position, value in enumerate(values):
        if kept[position] != exact[position] or value != value:
            longer = float(f"{value:.8g}")
            shortest[position] = longer if array("f", [longer])[0] == exact[position] else float(f"{value:.9g}")
    return shortest


def dump_json(value: Any) -> bytes:
    """Compact JSON; a float that JSON cannot carry becomes `null`, as serde_json writes it."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_without_nan(value), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return value


class Accepted:
    """A result for `wait=false`: the work goes on after the answer."""


def success(result: Any, started: float) -> Response:
    """200 with `result`, or 202 without one for work that goes on."""
    elapsed = time.perf_counter() - started
    if isinstance(result, Accepted):
        return Response(dump_json({"status": "accepted", "time": elapsed}), 202, media_type="application/json")
    body = dump_json({"result": result, "status": "ok", "time": elapsed})
    return Response(body, media_type="application/json")


def failure(error: ServiceError, started: float) -> Response:
    """The error envelope, or the bare status where the API has no body."""
    if error.status == 304:
        return Response(status_code=304)
    elapsed = time.perf_counter() - started
    status: Any = error.text if error.text == "already_in_progress" else {"error": error.text}
    body = dump_json({"status": status, "time": elapsed})
    return Response(body, error.status, headers=error.headers, media_type="application/json")


def endpoint(handler: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """Wraps a handler that returns a result: a `Response` passes, all else goes into the envelope."""

    async def wrapped(request: Request) -> Response:
        started = time.perf_counter()
        try:
            result = await handler(request)
            return result if isinstance(result, Response) else success(result, started)
        except ServiceError as error:
            return failure(error, started)
        except ClientDisconnect:
            return Response(status_code=400)
        except (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError, ConnectionCut):
            raise
        except BaseException as unexpected:  # a panic of the engine is not an `Exception`
            log.exception("%s %s failed", request.method, request.url.path)
            return failure(from_engine(unexpected), started)

    return wrapped
