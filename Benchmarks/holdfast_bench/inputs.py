"""What is backed up: made once for a scratch folder, and kept there for the next run."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import trees

SEED = 1

#: Goes up when the makers of data change, so that what an older version made is not taken for today's.
_RECIPE = 1


@dataclass(frozen=True)
class Kind:
    """A kind of input."""

    name: str
    title: str
    #: Points, bytes or files.
    count: int
    unit: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind("shard", "Shard tree", 200_000, "points × 384 dimensions"),
        Kind("stream", "Stream", 2 << 30, "bytes"),
        Kind("text", "Text files", 10_000, "files"),
    )
}


@dataclass(frozen=True)
class Input:
    """An input that lies on the disk."""

    kind: Kind
    count: int
    folder: Path
    size: trees.Size


def prepare(kind: Kind, scale: float, data: Path) -> Input:
    """Makes the input in `data` unless it is there, in a process of its own."""
    count = scaled(kind, scale)

    def make(folder: Path) -> None:
        print(f"==> Making the input '{kind.name}': {count:,} {kind.unit}", file=sys.stderr, flush=True)
        run_module("holdfast_bench.data", kind.name, str(folder), str(SEED), str(count))

    folder = prepared(data / f"{kind.name}-{count}", make)
    return Input(kind, count, folder, trees.size(folder))


def scaled(kind: Kind, scale: float) -> int:
    """So much of an input's points, bytes or files, at least one."""
    return max(1, round(kind.count * scale))


def prepared(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder, made now unless an earlier run made it completely and by the same recipe."""
    stamp = folder.with_name(f"{folder.name}.json")
    recipe = {"recipe": _RECIPE, "seed": SEED}
    if not (stamp.exists() and json.loads(stamp.read_text()) == recipe and folder.exists()):
        folder.parent.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        make(folder)
        stamp.write_text(json.dumps(recipe))
    return folder


def run_module(module: str, *arguments: str) -> None:
    """Runs another module of the benchmarks with this Python."""
    root = Path(__file__).resolve().parent.parent
    subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
