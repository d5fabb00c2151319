"""What the benchmarks ask of a Qdrant server, and the embedded one to ask."""

import hashlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_START_SECONDS = 60.0
_ANSWER_SECONDS = 1_800.0
_INDEX_SECONDS = 3_600.0
_STOP_SECONDS = 60.0


class Qdrant:
    """A server's REST API, one connection at a time."""

    def __init__(self, url: str):
        self.url = url
        self._address = urlsplit(url).netloc
        self._connection: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Sends a request and gives the `result` of the answer. Any status but 200 ends the program."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._address, timeout=_ANSWER_SECONDS)
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(
                f"{method} {path} was answered with {answer.status}: {text[:500].decode(errors='replace')}"
            )
        return json.loads(text)["result"]

    def wait_until_indexed(self, collection: str) -> None:
        """Waits until the optimiser has built an index and has nothing left to do."""
        deadline = time.monotonic() + _INDEX_SECONDS
        while True:
            info = self.call("GET", f"/collections/{collection}")
            if info["status"] == "green" and info["indexed_vectors_count"] > 0:
                return
            if time.monotonic() > deadline:
                raise SystemExit(f"collection '{collection}' is still {info['status']}")
            time.sleep(1)

    def count(self, collection: str) -> int:
        """The exact number of points."""
        return int(self.call("POST", f"/collections/{collection}/points/count", {"exact": True})["count"])

    def digest(self, collection: str, ids: range) -> str:
        """A value that is the same for two collections exactly when these points are, vectors and payloads included."""
        result = hashlib.sha256()
        for first in range(0, len(ids), 100):
            chosen = list(ids[first : first + 100])
            body = {"ids": chosen, "with_vector": True, "with_payload": True}
            points = self.call("POST", f"/collections/{collection}/points", body)
            points.sort(key=lambda point: point["id"])
            if [point["id"] for point in points] != chosen:
                raise SystemExit(f"collection '{collection}' lacks some of the points {chosen[0]} to {chosen[-1]}")
            for point in points:
                kept = {key: point[key] for key in ("id", "vector", "payload")}
                result.update(json.dumps(kept, sort_keys=True).encode())
        return result.hexdigest()


@contextmanager
def embedded(source: Path, storage: Path, log: Path) -> Iterator[Qdrant]:
    """Runs the embedded Qdrant on a free port of the loopback interface.

    `source` is the folder of the package `qdrant_edge_server`.
    """
    port_file = log.with_suffix(".port")
    port_file.unlink(missing_ok=True)
    command = [
        *(sys.executable, "-m", "qdrant_edge_server", "--storage", str(storage), "--host", "127.0.0.1"),
        *("--port", "0", "--port-file", str(port_file), "--parent-pid", str(os.getpid())),
    ]
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield Qdrant(f"http://127.0.0.1:{_port(process, port_file, log)}")
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        port_file.unlink(missing_ok=True)


def _port(process: subprocess.Popen[bytes], file: Path, log: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if file.exists() and (text := file.read_text().strip()):
            return int(text)
        time.sleep(0.05)
    raise SystemExit(f"the embedded Qdrant did not start:\n{log.read_text(errors='replace')[-2_000:]}")
