"""What all handlers share: the registry, threads for blocking work, jobs that outlive their request, counters."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request

from .envelope import Accepted
from .errors import ServiceError, from_engine
from .faults import Faults
from .registry import Registry
from .restore import Restorer

log = logging.getLogger("qdrant_edge_server")


class Service:
    """One running server."""

    def __init__(self, registry: Registry, faults: Faults | None):
        self.registry = registry
        self.restorer = Restorer(registry)
        self.faults = faults
        self.creating: Counter[str] = Counter()
        self.recovering: Counter[str] = Counter()
        self.created: Counter[str] = Counter()
        self.partial_recoveries: set[tuple[str, int]] = set()
        self._pool = ThreadPoolExecutor(64, "work")
        self._jobs: set[asyncio.Task[Any]] = set()

    async def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Runs blocking work on a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    async def job(self, wait: bool, work: Callable[..., Any], *arguments: Any) -> Any:
        """Runs work that goes on when its client leaves; without waiting, a failure is only in the log."""
        task = asyncio.create_task(self.run(work, *arguments))
        self._jobs.add(task)
        task.add_done_callback(self._finished if not wait else self._jobs.discard)
        return await asyncio.shield(task) if wait else Accepted()

    def _finished(self, task: "asyncio.Task[Any]") -> None:
        self._jobs.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            error = failure if isinstance(failure, ServiceError) else from_engine(failure)
            log.error("a background job failed: %s", error.text)

    def close(self) -> None:
        """Waits for running work and closes everything."""
        self._pool.shutdown(wait=True)
        self.registry.close()


@contextmanager
def counted(counter: "Counter[str]", name: str) -> Iterator[None]:
    """Counts something as running."""
    counter[name] += 1
    try:
        yield
    finally:
        counter[name] -= 1


def service_of(request: Request) -> Service:
    """The server that a request came to."""
    return request.app.state.service


def flag(request: Request, name: str, default: bool) -> bool:
    """A boolean of the query string."""
    value = request.query_params.get(name)
    if value is None:
        return default
    if value not in ("true", "false"):
        raise ServiceError(400, f"Query deserialize error: {name}: provided string was not `true` or `false`")
    return value == "true"


def number(request: Request, name: str) -> int:
    """An unsigned number of the path."""
    try:
        value = int(request.path_params[name])
        if 0 <= value < 1 << 32:
            return value
    except ValueError:
        pass
    raise ServiceError(400, f"Path deserialize error: can not parse {request.path_params[name]!r} to a u32")
