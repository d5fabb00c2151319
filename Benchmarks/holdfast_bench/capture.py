"""The scenario of the product: a collection is backed up from a running server, destroyed, and restored."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from . import measure, trees
from .inputs import SEED, prepared, run_module
from .qdrant import Qdrant, embedded
from .tools import Holdfast, Place, restic_check, restic_environment

_COLLECTION = "bench"
_SAMPLE = 1_000

#: The promise: whatever the size of a collection, Holdfast itself needs no more.
PEAK_LIMIT_BYTES = 250_000_000


@dataclass
class CaptureResult:
    """What was measured, and what was wrong."""

    points: int
    limit: int = PEAK_LIMIT_BYTES
    usages: dict[str, measure.Usage] = field(default_factory=dict)
    stored: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def keeps_limit(self) -> bool:
        """Whether every command stayed below the limit."""
        return all(usage.peak < self.limit for usage in self.usages.values())


def prepare(points: int, server: Path, data: Path) -> Path:
    """The storage folder of a server that holds the collection, filled through REST unless it is there."""

    def make(folder: Path) -> None:
        print(f"==> Loading {points:,} points into the embedded Qdrant", file=sys.stderr, flush=True)
        log = folder.with_name("server.log")
        with embedded(server, folder, log) as qdrant:
            run_module("holdfast_bench.load", qdrant.url, _COLLECTION, str(SEED), str(points))
        log.unlink()

    return prepared(data / f"server-{points}", make)


def run(holdfast: Holdfast, points: int, server: Path, scratch: Path, keep: bool) -> CaptureResult:
    """Runs the scenario once."""
    storage = prepare(points, server, scratch / "data")
    work = scratch / "work" / "capture"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    subprocess.run(["cp", "--archive", "--sparse=always", storage, work / "storage"], check=True)
    print("==> Capturing from the embedded Qdrant, and restoring into it", file=sys.stderr, flush=True)
    result = CaptureResult(points)
    try:
        with embedded(server, work / "storage", work / "server.log") as qdrant:
            _scenario(holdfast, qdrant, work, result)
    except measure.ProgramFailed as failure:
        result.faults.append(f"capture: {failure}")
    finally:
        if not keep:
            shutil.rmtree(work, ignore_errors=True)
    if not result.keeps_limit:
        result.faults.append(f"capture: peak memory of {PEAK_LIMIT_BYTES / 1e6:.0f} MB or more")
    return result


def _scenario(holdfast: Holdfast, qdrant: Qdrant, work: Path, result: CaptureResult) -> None:
    step = max(1, result.points // _SAMPLE)
    sample = range(1, result.points + 1, step)
    before = (qdrant.count(_COLLECTION), qdrant.digest(_COLLECTION, sample))
    if before[0] != result.points:
        result.faults.append(f"capture: the server holds {before[0]} points instead of {result.points}")

    place, log = Place(work, work / "storage"), work / "log"
    collections = [{"name": _COLLECTION, "method": "stream"}]
    holdfast.configure(place, {"qdrant": {"url": qdrant.url, "collections": collections}})
    options = holdfast.options(place)
    environment = holdfast.environment(place)
    measure.run([holdfast.binary, "init", *options], environment, log)
    _measured(result, "backup", [holdfast.binary, "backup", *options], environment, log)
    result.stored = trees.size(place.repository).bytes
    qdrant.call("DELETE", f"/collections/{_COLLECTION}")
    _measured(result, "restore, verified", [holdfast.binary, "restore", *options], environment, log)
    verdict = json.loads(log.read_text())["verdict"]
    if verdict != "verified":
        result.faults.append(f"capture: the restore's own verdict is '{verdict}'")
    after = (qdrant.count(_COLLECTION), qdrant.digest(_COLLECTION, sample))
    if before != after:
        result.faults.append(f"capture: the restored collection differs: {before} became {after}")
    measure.run(restic_check(place.repository), restic_environment(), log)


def _measured(
    result: CaptureResult, name: str, command: list[str], environment: dict[str, str], log: Path
) -> None:
    os.sync()
    usage = measure.run(command, environment, log)
    result.usages[name] = usage
    print(f"    capture: {name}: {usage.wall:.2f} s, {usage.peak / 1e6:.0f} MB", file=sys.stderr, flush=True)
