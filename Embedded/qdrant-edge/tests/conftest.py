"""A running server for the tests, and a plain HTTP client for it."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

PROJECT = Path(__file__).parents[1]


class Server:
    """The program as a process of its own, as a user starts it."""

    def __init__(self, storage: Path, *arguments: str):
        self.storage = storage
        self._arguments = arguments
        self._port_file = storage.with_name(f"{storage.name}.port")
        self._log = storage.with_name(f"{storage.name}.log")
        self.start()

    def start(self) -> None:
        """Starts the process and waits until it answers."""
        self._port_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "qdrant_edge_server", "--storage", str(self.storage), "--port", "0"]
        command += ["--port-file", str(self._port_file), "--parent-pid", str(os.getpid()), "--log-level", "info"]
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen([*command, *self._arguments], cwd=PROJECT, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self._port_file.exists():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        self.port = int(self._port_file.read_text())
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url, timeout=60, headers={"Accept-Encoding": "identity"})

    def log(self) -> str:
        """What the process printed so far."""
        return self._log.read_text()

    def stop(self) -> None:
        """Asks the process to end, and waits."""
        self.http.close()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.log()

    def kill(self) -> None:
        """Ends the process without a chance to do anything."""
        self.http.close()
        self.process.kill()
        self.process.wait(30)

    def call(self, method: str, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        """One call; asserts the status and gives the result, or the whole answer when it has none."""
        response = self.http.request(method, path, json=body, **options)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text[:500]}"
        if not response.headers.get("content-type", "").startswith("application/json"):
            return response
        answer = response.json()
        assert "time" in answer
        return answer["result"] if status == 200 else answer

    def error(self, method: str, path: str, body: Any, status: int, **options: Any) -> str:
        """One call that fails; gives the text of the error."""
        text = self.call(method, path, body, status, **options)["status"]["error"]
        assert isinstance(text, str)
        return text

    def scroll(self, collection: str, **options: Any) -> list[dict[str, Any]]:
        """All points of a collection with payloads and vectors, in id order."""
        found, offset = [], None
        while True:
            body = {"limit": 250, "with_vector": True, "offset": offset, **options}
            page = self.call("POST", f"/collections/{collection}/points/scroll", body)
            found += page["points"]
            offset = page["next_page_offset"]
            if offset is None:
                return found

    def count(self, collection: str) -> int:
        """The exact number of points."""
        return self.call("POST", f"/collections/{collection}/points/count", {"exact": True})["count"]

    def download(self, path: str) -> bytes:
        """The bytes of an archive."""
        response = self.http.get(path)
        assert response.status_code == 200, response.text
        return response.content

    def upload(self, path: str, archive: bytes, status: int = 200, name: str = "upload.snapshot") -> Any:
        """Sends an archive as the part `snapshot` of a multipart body."""
        return self.call("POST", path, None, status, files={"snapshot": (name, archive)})

    def collection(self, name: str, body: dict[str, Any] | None = None, points: int = 0) -> str:
        """Makes a collection anew, with numbered points of two dimensions unless the body says otherwise."""
        self.call("DELETE", f"/collections/{name}")
        self.call("PUT", f"/collections/{name}", body or {"vectors": {"size": 2, "distance": "Dot"}})
        if points:
            made = [{"id": n, "vector": [n, 1], "payload": {"n": n}} for n in range(points)]
            self.call("PUT", f"/collections/{name}/points?wait=true", {"points": made})
        return name

    def bulk(self, name: str, points: int = 6000) -> list[dict[str, Any]]:
        """A collection whose archive is far longer than what a connection buffers; gives its points."""
        dice = random.Random(points)
        self.collection(name, {"vectors": {"size": 400, "distance": "Dot"}})
        made = [{"id": n, "vector": dice.choices(range(100), k=400), "payload": {"n": n}} for n in range(points)]
        for n in range(0, points, 1500):
            self.call("PUT", f"/collections/{name}/points?wait=true", {"points": made[n : n + 1500]})
        return made


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that do not stop it."""
    running = Server(tmp_path_factory.mktemp("server") / "storage", "--enable-faults")
    yield running
    running.kill()  # closing all those collections in order would take longer than any test


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Any]:
    """Starts servers for one test and ends what is left of them."""
    started: list[Server] = []

    def start(*arguments: str) -> Server:
        started.append(Server(tmp_path / f"storage-{len(started)}", *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()


@pytest.fixture(autouse=True)
def no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test leaves a fault behind."""
    yield
    if "server" in request.fixturenames:
        request.getfixturevalue("server").http.delete("/_faults")
