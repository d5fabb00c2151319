"""The program: `python -m qdrant_edge_server --storage DIR`."""

import argparse
import asyncio
import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from .app import make_app
from .faults import Faults
from .files import write_text
from .maintenance import Maintenance
from .registry import Registry, StorageInUse
from .service import Service

log = logging.getLogger("qdrant_edge_server")


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(
        prog="qdrant_edge_server", description="Qdrant's storage engine behind Qdrant's REST API, for one machine."
    )
    parser.add_argument("--storage", type=Path, required=True, help="folder for collections and snapshots")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=6333, help="port to listen on, 0 for a free one (default 6333)")
    parser.add_argument("--port-file", type=Path, help="file that gets the port as soon as requests are answered")
    parser.add_argument("--api-key", help="key with all rights; better given in QDRANT__SERVICE__API_KEY")
    parser.add_argument("--read-only-api-key", help="key that may only read; or QDRANT__SERVICE__READ_ONLY_API_KEY")
    parser.add_argument("--allow-remote", action="store_true", help="allow an address that other machines can reach")
    parser.add_argument("--enable-faults", action="store_true", help="for tests: answer /_faults")
    parser.add_argument("--parent-pid", type=int, help="stop when this process is gone")
    parser.add_argument("--log-level", default="warning", choices=["debug", "info", "warning", "error"])
    parsed = parser.parse_args(arguments)
    parsed.api_key = parsed.api_key or os.environ.get("QDRANT__SERVICE__API_KEY")
    parsed.read_only_api_key = parsed.read_only_api_key or os.environ.get("QDRANT__SERVICE__READ_ONLY_API_KEY")
    if not parsed.allow_remote and not _is_loopback(parsed.host):
        parser.error(f"{parsed.host} is not a loopback address; add --allow-remote if other machines shall reach it")
    return parsed


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's algorithm off; without it every answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _is_alive(pid: int) -> bool:
    """Whether a process is there and not only waiting to be collected."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in ("Z", "X")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    try:
        os.kill(pid, 0)
        return True
    except OSError as failure:
        return isinstance(failure, PermissionError)


async def _watch_parent(pid: int, server: uvicorn.Server) -> None:
    while _is_alive(pid):
        await asyncio.sleep(1)
    log.warning("the parent process is gone, stopping")
    server.should_exit = True


class _Server(uvicorn.Server):
    """Tells the port when requests are answered."""

    def __init__(self, config: uvicorn.Config, host: str, port: int, port_file: Path | None):
        super().__init__(config)
        self._address = (host, port)
        self._port_file = port_file

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends in order; uvicorn's own way raises the signal again before the storage is closed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to answer, then says so."""
        await super().startup(sockets=sockets)
        host, port = self._address
        if self._port_file is not None:
            write_text(self._port_file.resolve(), f"{port}\n")
        shown = f"[{host}]" if ":" in host else host
        print(f"embedded qdrant-edge 0.8.0 answers on http://{shown}:{port}", flush=True)


async def serve(options: argparse.Namespace) -> None:
    """Opens the storage, answers requests until told to stop, closes the storage."""
    options.storage.mkdir(parents=True, exist_ok=True)
    registry = Registry(options.storage)
    registry.open()
    faults = Faults() if options.enable_faults else None
    service = Service(registry, faults)
    maintenance = Maintenance(registry)
    listener = _listen(options.host, options.port)
    config = uvicorn.Config(
        make_app(service, faults, options.api_key, options.read_only_api_key),
        log_level="warning",
        access_log=False,
        lifespan="off",
        http="h11",
        ws="none",
        loop="asyncio",
        backlog=512,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    server = _Server(config, options.host, listener.getsockname()[1], options.port_file)
    watch = asyncio.create_task(_watch_parent(options.parent_pid, server)) if options.parent_pid else None
    maintenance.start()
    try:
        await server.serve(sockets=[listener])
    finally:
        if watch is not None:
            watch.cancel()
        maintenance.stop()
        service.close()


def main() -> None:
    """Runs the program until a signal or its parent's end."""
    options = parse_arguments(sys.argv[1:])
    logging.basicConfig(level=options.log_level.upper(), format="%(levelname)s %(message)s", stream=sys.stderr)
    os.environ.setdefault("RUST_BACKTRACE", "0")
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        asyncio.run(serve(options))
    except StorageInUse as failure:
        sys.exit(f"qdrant_edge_server: {failure}")


if __name__ == "__main__":
    main()
