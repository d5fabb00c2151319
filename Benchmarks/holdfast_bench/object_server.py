"""An S3 server on this machine, for repositories in buckets: rclone's, over a folder, the same process for all programs."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from .measure import Usage
from .tools.base import Bucket

_SERVERS = Path(__file__).resolve().parent.parent.parent / "Tests/ObjectServers"
_START_SECONDS = 60.0
_REGION = "us-east-1"

_Value = TypeVar("_Value")


@dataclass
class ObjectServer:
    """A server that runs."""

    url: str
    version: str
    #: Where its buckets lie: each is a folder.
    folder: Path
    #: Keys and region, by the names that AWS gave their variables.
    environment: dict[str, str]
    #: The process that answers, not its supervisor.
    process: int

    def bucket(self, name: str) -> Bucket:
        """A bucket that nobody has made yet: the programs make it as they make a folder."""
        # Names of buckets are names of hosts.
        name = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
        return Bucket(f"s3:{self.url}/{name}/repository", self.folder / name / "repository", self.environment)

    def processor(self) -> float:
        """The processor time that the server has used by now, in seconds."""
        # Behind the name, which may hold anything: proc(5), fields 14 and 15.
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def measured(self, work: Callable[[], Usage]) -> Usage:
        """What `work` used, with the server's processor time meanwhile."""
        before = self.processor()
        usage = work()
        return replace(usage, server=self.processor() - before)


@contextmanager
def serving(scratch: Path) -> Iterator[ObjectServer]:
    """Runs `rclone serve s3` with its defaults, started as the tests start it, in a folder that is empty at first."""
    rclone = find_rclone()
    place = scratch / "object-server"
    shutil.rmtree(place, ignore_errors=True)
    folder, ready, log = place / "buckets", place / "ready.json", place / "log"
    folder.mkdir(parents=True)
    identity, secret = "bench", secrets.token_hex(20)
    with log.open("wb") as output:
        # Port 0 is any free one.
        words = [sys.executable, str(_SERVERS / "serve_rclone.py"), rclone, folder, place, "0", ready, str(os.getpid())]
        supervisor = subprocess.Popen(
            words, env={**os.environ, "RCLONE_AUTH_KEY": f'"{identity},{secret}"'}, stdout=output, stderr=output
        )
    try:
        port = _wait(lambda: json.loads(ready.read_text())["port"] if ready.exists() else None, supervisor, log)
        keys = {
            "AWS_ACCESS_KEY_ID": identity,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_REGION": _REGION,
        }
        version = subprocess.run([rclone, "version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
        child = _wait(lambda: _only_child(supervisor.pid), supervisor, log)
        yield ObjectServer(f"http://127.0.0.1:{port}", version, folder, keys, child)
    finally:
        supervisor.send_signal(signal.SIGTERM)
        try:
            supervisor.wait(timeout=30)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()


def find_rclone() -> str:
    """The one that `scripts/setup --bench` installed beside this Python, or else the system's."""
    own = Path(sys.executable).with_name("rclone")
    found = str(own) if own.exists() else shutil.which("rclone")
    if found is None:
        raise SystemExit("error: there is no rclone to serve S3\nhint: Run 'scripts/setup --bench'.")
    return found


def _only_child(process: int) -> int | None:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return int(children[0]) if len(children) == 1 else None


def _wait(probe: Callable[[], _Value | None], process: subprocess.Popen[bytes], log: Path) -> _Value:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if (value := probe()) is not None:
            return value
        time.sleep(0.02)
    raise SystemExit(f"error: the S3 server does not start:\n{log.read_text(errors='replace')[-2_000:]}")
