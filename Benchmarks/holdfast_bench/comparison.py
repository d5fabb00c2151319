"""Runs the tools on one input in turn, round after round, and checks what they restore."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import measure, trees
from .inputs import Input
from .tools import Holdfast, Place, Task, Tool, restic_check, restic_environment

#: So much may stay on the disk until an input is done.
_LEFTOVER_BYTES = 5 << 30


@dataclass
class Samples:
    """What was measured of one tool on one input, a round after the other."""

    usages: dict[Task, list[measure.Usage]] = field(default_factory=dict)
    #: Bytes in the repository after the first backup.
    stored: list[int] = field(default_factory=list)


@dataclass
class Comparison:
    """All results on one input."""

    input: Input
    samples: dict[str, Samples]
    #: What was wrong with results; empty when everything was right.
    faults: list[str] = field(default_factory=list)


def compare(source: Input, tools: Sequence[Tool], rounds: int, scratch: Path, keep: bool) -> Comparison:
    """Runs every tool `rounds` times: A, B, A, B, …, each time with a new repository."""
    result = Comparison(source, {tool.name: Samples() for tool in tools})
    expected = trees.content(source.folder)
    work = scratch / "work"
    shutil.rmtree(work, ignore_errors=True)
    # ext4 avoids inodes that were in use minutes ago: after ten thousand files are removed, making new ones takes
    # several times as long. So where there is room, nothing is removed before the last round.
    removes = source.size.allocated * 4 * len(tools) * rounds > _LEFTOVER_BYTES
    for number in range(1, rounds + 1):
        for tool in tools:
            place = Place(work / f"{source.kind.name}-{tool.name}-{number}", source.folder)
            place.work.mkdir(parents=True)
            try:
                faults = _round(tool, place, result.samples[tool.name], expected, number == 1, removes and not keep)
            except measure.ProgramFailed as failure:
                faults = [str(failure)]
            if removes and not keep:
                shutil.rmtree(place.work, ignore_errors=True)
            result.faults += [f"{source.kind.name}, {tool.name}, round {number}: {fault}" for fault in faults]
    if not keep:
        shutil.rmtree(work, ignore_errors=True)
    return result


def _round(
    tool: Tool, place: Place, samples: Samples, expected: dict[str, tuple[object, ...]], check: bool, removes: bool
) -> list[str]:
    faults: list[str] = []
    log = place.work / "log"
    environment = tool.environment(place)
    measure.run(tool.preparation(place), environment, log)
    for task in Task:
        if tool.same_as(task) is not None:
            continue
        # Whatever was written before is on the disk before the clock starts, and what is read is in memory.
        os.sync()
        trees.warm(place.source if task.reads_source else place.repository)
        usage = measure.run(tool.command(task, place), environment, log)
        samples.usages.setdefault(task, []).append(usage)
        print(
            f"    {place.work.name}: {task.value}: {usage.wall:.2f} s, processor {usage.cpu:.2f} s, "
            f"{usage.peak / 1e6:.0f} MB",
            file=sys.stderr,
            flush=True,
        )
        if task is Task.FIRST:
            samples.stored.append(trees.size(place.repository).bytes)
        if task.writes_target:
            faults += _differences(expected, tool.restored(place))
            if removes:
                shutil.rmtree(place.target)
            else:
                place.target.rename(place.work / task.name)
    for task in Task:
        twin = tool.same_as(task)
        if twin is not None:
            samples.usages.setdefault(task, []).append(samples.usages[twin][-1])
    if check and isinstance(tool, Holdfast):
        measure.run(restic_check(place.repository), restic_environment(), log)
    return faults


def _differences(expected: dict[str, tuple[object, ...]], restored: Path) -> list[str]:
    lines = trees.differences(expected, trees.content(restored))
    return lines[:5] + ([f"and {len(lines) - 5} more differences"] if len(lines) > 5 else [])
