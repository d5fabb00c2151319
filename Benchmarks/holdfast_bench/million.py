"""A repository of a million blobs: how long it takes to open, and how much memory pruning it takes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import measure, trees
from .inputs import prepared
from .tools import PASSWORD, Holdfast, Place, restic_environment

BLOBS = 1_000_000
_SNAPSHOTS = 10
#: So many of the snapshots are dropped before pruning: each pack then holds blobs that are needed and blobs that are not.
_DROPPED = 4
#: What a repository has to hold at least: opening it is what every opening costs, the derivation of the key above all.
_FEW_BLOBS = 10

#: How often a repository is opened once it was opened before.
_REPETITIONS = 5

_OPENING_SECONDS = 1.0
_PRUNE_BYTES = 300e6

FIRST_OPENING = "first opening"
SECOND_OPENING = "second opening"
SMALL_OPENING = "opening one of ten blobs"
PRUNE = f"prune after dropping {_DROPPED} snapshots"
RESTIC_PRUNE = f"{PRUNE}, restic"


@dataclass(frozen=True)
class Goal:
    """What one of the figures is to be."""

    words: str
    found: str
    met: bool


@dataclass
class MillionResult:
    """What was measured, and what was wrong."""

    blobs: int
    snapshots: int = _SNAPSHOTS
    usages: dict[str, measure.Usage] = field(default_factory=dict)
    goals: dict[str, Goal] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def run(holdfast: Holdfast, generator: Path, blobs: int, scratch: Path, keep: bool) -> MillionResult:
    """Makes the repository unless an earlier run did, and measures: openings after the first several times, the rest once."""
    result = MillionResult(blobs)
    many = _prepare(generator, blobs, scratch / "data")
    few = _prepare(generator, _FEW_BLOBS, scratch / "data")
    work = scratch / "work" / "million"
    shutil.rmtree(work, ignore_errors=True)
    try:
        _openings(holdfast, many, few, work, result)
        _prune(holdfast, many, work, result)
    except measure.ProgramFailed as failure:
        result.faults.append(f"million: {failure}")
    finally:
        if not keep:
            shutil.rmtree(work, ignore_errors=True)
    return result


def _prepare(generator: Path, blobs: int, data: Path) -> Path:
    def make(folder: Path) -> None:
        print(f"==> Making a repository of {blobs:,} blobs", file=sys.stderr, flush=True)
        subprocess.run(
            [generator, "fill", "--blobs", str(blobs), "--snapshots", str(_SNAPSHOTS), folder],
            env={**os.environ, "HOLDFAST_BENCH_PASSWORD": PASSWORD},
            stdout=subprocess.DEVNULL,
            check=True,
        )

    return prepared(data / f"repository-{blobs}", make)


def _openings(holdfast: Holdfast, many: Path, few: Path, work: Path, result: MillionResult) -> None:
    print("==> Opening", file=sys.stderr, flush=True)
    large, small = _place(holdfast, many, work / "many"), _place(holdfast, few, work / "few")
    command = [holdfast.binary, "points", "--all", *holdfast.options(large)]
    _measured(result, FIRST_OPENING, command, holdfast, large)
    _measured(result, SECOND_OPENING, command, holdfast, large, _REPETITIONS)
    command = [holdfast.binary, "points", "--all", *holdfast.options(small)]
    _measured(result, SMALL_OPENING, command, holdfast, small, _REPETITIONS)
    second, least = result.usages[SECOND_OPENING].wall, result.usages[SMALL_OPENING].wall
    result.goals[SECOND_OPENING] = Goal(
        f"≤ {_OPENING_SECONDS:.0f} s", f"{second:.2f} s", second <= _OPENING_SECONDS
    )
    result.remarks.append(
        f"An opening is `holdfast points`. What every one costs (the program's start, deriving the key) is {least:.2f} s, "
        f"so that the index takes {max(0.0, second - least):.2f} s of the second opening."
    )


def _prune(holdfast: Holdfast, many: Path, work: Path, result: MillionResult) -> None:
    print("==> Pruning", file=sys.stderr, flush=True)
    copies = {name: work / name / "copy" for name in ("holdfast", "restic")}
    for copy in copies.values():
        copy.parent.mkdir(parents=True)
        subprocess.run(["cp", "--archive", "--reflink=auto", many, copy], check=True)
        # Nothing but the files of the snapshots goes: these repositories hold no restore points for holdfast to forget.
        _restic(copy, "forget", *_oldest(copy))
    place = _place(holdfast, copies["holdfast"], work / "holdfast")
    before = trees.size(place.repository).bytes
    command = [holdfast.binary, "prune", "--grace", "0", *holdfast.options(place)]
    _measured(result, PRUNE, command, holdfast, place)
    after = trees.size(place.repository).bytes
    peak = result.usages[PRUNE].peak
    result.goals[PRUNE] = Goal(f"peak < {_PRUNE_BYTES / 1e6:.0f} MB", f"{peak / 1e6:.0f} MB", peak < _PRUNE_BYTES)
    result.remarks.append(f"Pruning made {before / 1e6:,.0f} MB into {after / 1e6:,.0f} MB.")
    log = work / "log"
    measure.run(["restic", "--no-cache", "--repo", str(place.repository), "check"], restic_environment(), log)
    if after >= before:
        result.faults.append(f"million: after pruning there are {after} bytes, and there were {before}")
    os.sync()
    command = ["restic", "--no-cache", "--quiet", "--repo", str(copies["restic"]), "prune"]
    result.usages[RESTIC_PRUNE] = measure.run(command, restic_environment(), log)


def _place(holdfast: Holdfast, repository: Path, work: Path) -> Place:
    """A folder with a configuration for a repository that lies elsewhere."""
    work.mkdir(parents=True, exist_ok=True)
    place = Place(work, work, location=repository)
    (work / "documents").mkdir(exist_ok=True)
    holdfast.configure(place, {"documents": [{"path": str(work / "documents"), "name": "documents"}]})
    return place


def _measured(
    result: MillionResult, name: str, command: Sequence[str], holdfast: Holdfast, place: Place, repetitions: int = 1
) -> None:
    """Runs a command so many times and keeps the one with the median time."""
    os.sync()
    trees.warm(place.repository)
    environment, log = holdfast.environment(place), place.work / "log"
    usages = [measure.run(command, environment, log) for _ in range(repetitions)]
    usage = sorted(usages, key=lambda each: each.wall)[repetitions // 2]
    result.usages[name] = usage
    print(f"    million: {name}: {usage.wall:.2f} s, {usage.peak / 1e6:.0f} MB", file=sys.stderr, flush=True)


def _oldest(repository: Path) -> list[str]:
    lines = _restic(repository, "snapshots", "--compact").splitlines()
    # Oldest first; a snapshot's line begins with the eight digits of its short id.
    ids = [line.split()[0] for line in lines if line[:8].strip() and set(line[:8]) <= set("0123456789abcdef")]
    if len(ids) != _SNAPSHOTS:
        raise SystemExit(f"the repository {repository} has {len(ids)} snapshots instead of {_SNAPSHOTS}")
    return ids[:_DROPPED]


def _restic(repository: Path, *words: str) -> str:
    command = ["restic", "--no-cache", "--repo", str(repository), *words]
    return subprocess.run(command, env=restic_environment(), capture_output=True, text=True, check=True).stdout
