"""What is backed up: made once for a scratch folder, and kept there for the next run."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import trees

SEED = 1

#: Goes up when the makers of data change, so that what an older version made is not taken for today's.
_RECIPE = 3


@dataclass(frozen=True)
class Kind:
    """A kind of input."""

    name: str
    title: str
    #: Points, bytes or files.
    count: int
    unit: str
    #: How many states of it there are, one after the other.
    generations: int


KINDS = {
    kind.name: kind
    for kind in (
        Kind("shard", "Shard tree", 200_000, "points × 384 dimensions", 3),
        Kind("stream", "Stream", 2 << 30, "bytes", 1),
        Kind("text", "Text files", 10_000, "files", 2),
    )
}


@dataclass(frozen=True)
class Input:
    """An input that lies on the disk: a folder `0`, `1`, … for each generation."""

    kind: Kind
    count: int
    folder: Path
    #: How large the first generation is.
    size: trees.Size

    def generation(self, number: int) -> Path:
        """The folder of one generation."""
        return self.folder / str(number)

    @contextmanager
    def placed(self, number: int, source: Path) -> Iterator[None]:
        """Has one generation at the path `source` for a while: moved, so that its files stay what they are."""
        source.parent.mkdir(parents=True, exist_ok=True)
        self.generation(number).rename(source)
        try:
            yield
        finally:
            source.rename(self.generation(number))


def prepare(kind: Kind, scale: float, data: Path) -> Input:
    """Makes the input in `data` unless it is there, in a process of its own."""
    count = scaled(kind, scale)

    def make(folder: Path) -> None:
        print(f"==> Making the input '{kind.name}': {count:,} {kind.unit}", file=sys.stderr, flush=True)
        run_module("holdfast_bench.data", kind.name, str(folder), str(SEED), str(count))
        for number in range(1, kind.generations):
            trees.link_untouched(folder / str(number - 1), folder / str(number))

    parts = tuple(str(number) for number in range(kind.generations))
    folder = prepared(data / f"{kind.name}-{count}", make, parts)
    return Input(kind, count, folder, trees.size(folder / "0"))


def scaled(kind: Kind, scale: float) -> int:
    """So much of an input's points, bytes or files, at least one."""
    return max(1, round(kind.count * scale))


def prepared(folder: Path, make: Callable[[Path], None], parts: tuple[str, ...] = ()) -> Path:
    """The folder, made now unless an earlier run made it completely and by the same recipe and no part is missing."""
    stamp = folder.with_name(f"{folder.name}.json")
    recipe = {"recipe": _RECIPE, "seed": SEED}
    complete = folder.exists() and all((folder / part).exists() for part in parts)
    if not (stamp.exists() and json.loads(stamp.read_text()) == recipe and complete):
        folder.parent.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        make(folder)
        for part in parts:
            if not any((folder / part).iterdir()):
                raise SystemExit(f"error: {folder / part} is empty")
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
