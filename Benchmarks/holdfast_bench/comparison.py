"""Runs the tools on one input in turn, round after round, and checks what they restore."""

import os
import shutil
import sys
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from . import measure, trees
from .inputs import Input
from .object_server import ObjectServer
from .tools import Holdfast, Place, Task, Tool, restic_check, restic_environment

#: So much may stay on the disk until an input is done, if it is a quarter of what is free at most.
_LEFTOVER_BYTES = 16 << 30

_Content = dict[str, tuple[object, ...]]


@dataclass
class Samples:
    """What was measured of one tool on one input, a round after the other."""

    usages: dict[Task, list[measure.Usage]] = field(default_factory=dict)
    #: Bytes in the repository after each task that changes it.
    stored: dict[Task, list[int]] = field(default_factory=dict)
    #: Bytes that a restored tree takes on the disk.
    allocated: list[int] = field(default_factory=list)


@dataclass
class Comparison:
    """All results on one input."""

    input: Input
    samples: dict[str, Samples]
    #: Whether the repositories lay in buckets of an S3 server.
    in_bucket: bool = False
    #: What was wrong with results; empty when everything was right.
    faults: list[str] = field(default_factory=list)


def compare(
    source: Input,
    tools: Sequence[Tool],
    tasks: Set[Task],
    rounds: int,
    scratch: Path,
    keep: bool,
    server: ObjectServer | None = None,
) -> Comparison:
    """Runs every tool `rounds` times: A, B, A, B, …, each time with a new repository: in a bucket of `server`, if there is one."""
    result = Comparison(source, {tool.name: Samples() for tool in tools}, in_bucket=server is not None)
    runner = _Runner(source, _feasible(tasks, source), scratch, keep, rounds * len(tools), server)
    for number in range(1, rounds + 1):
        for tool in tools:
            name = f"{source.kind.name}-{tool.name.replace(', ', '-')}-{number}"
            faults = runner.round(tool, name, result.samples[tool.name], thorough=number == 1)
            result.faults += [f"{source.kind.name}, {tool.name}, round {number}: {fault}" for fault in faults]
    if not keep:
        shutil.rmtree(runner.work, ignore_errors=True)
    return result


def _feasible(tasks: Set[Task], source: Input) -> list[Task]:
    """The tasks in their order, with those that they need, without those for which the input has no generation."""
    wanted = set(tasks).union(*(task.needs for task in tasks))
    if source.kind.generations < 2:
        wanted.discard(Task.PRUNE)
    return [task for task in Task if task in wanted and (task.generation or 0) < source.kind.generations]


class _Runner:
    """Runs one round at a time."""

    def __init__(
        self,
        source: Input,
        tasks: Sequence[Task],
        scratch: Path,
        keep: bool,
        repetitions: int,
        server: ObjectServer | None,
    ):
        self._source = source
        self._server = server
        self._tasks = tasks
        self.work = scratch / "work"
        self._live = self.work / "source"
        shutil.rmtree(self.work, ignore_errors=True)
        # ext4 avoids inodes that were in use minutes ago: after ten thousand files are removed, making new ones takes
        # several times as long. So where there is room, nothing is removed before the last round.
        room = min(_LEFTOVER_BYTES, shutil.disk_usage(scratch).free // 4)
        self._removes = not keep and source.size.allocated * 4 * repetitions > room
        self._expected: dict[int, _Content] = {}

    def round(self, tool: Tool, name: str, samples: Samples, thorough: bool) -> list[str]:
        """One tool, all tasks, with a new repository. In a thorough round the last restore point is restored and compared
        again when everything else is done, and `restic` reads all of Holdfast's repository."""
        place = Place(self.work / name, self._live)
        if self._server is not None:
            place.bucket = self._server.bucket(name)
        place.work.mkdir(parents=True)
        faults: list[str] = []
        try:
            self._measure(tool, place, samples, faults)
            if thorough:
                self._prove(tool, place, faults)
        except measure.ProgramFailed as failure:
            faults.append(str(failure))
        finally:
            tool.finish(place)
            if self._removes:
                shutil.rmtree(place.work, ignore_errors=True)
                shutil.rmtree(place.repository, ignore_errors=True)
        return faults

    def _measure(self, tool: Tool, place: Place, samples: Samples, faults: list[str]) -> None:
        for step in tool.prepare(place):
            measure.run(step.command, tool.environment(place), place.work / "log", step.folder)
        for task in self._tasks:
            twin = tool.same_as(task)
            if twin is not None:
                if twin in samples.usages:
                    samples.usages.setdefault(task, []).append(samples.usages[twin][-1])
                continue
            if task not in tool.tasks:
                continue
            usage = self._do(tool, task, place)
            samples.usages.setdefault(task, []).append(usage)
            print(
                f"    {place.work.name}: {task.value}: {usage.wall:.2f} s, processor {usage.cpu:.2f} s, "
                f"{usage.peak / 1e6:.0f} MB",
                file=sys.stderr,
                flush=True,
            )
            if task.changes_repository:
                samples.stored.setdefault(task, []).append(trees.size(place.repository).bytes)
            if task is Task.PRUNE and (kept := tool.kept(place)) != 1:
                faults.append(f"{kept} backups are left after dropping all but one")
            if task.writes_target:
                restored = tool.restored(place)
                if task is Task.RESTORE:
                    samples.allocated.append(trees.size(restored).allocated)
                faults += self._compare(place, task, restored)

    def _do(self, tool: Tool, task: Task, place: Place) -> measure.Usage:
        number = task.generation
        if number is None:
            return self._run(tool, task, place, place.repository)
        with self._source.placed(number, place.source):
            usage = self._run(tool, task, place, place.source)
        place.backups.append(task)
        return usage

    def _run(self, tool: Tool, task: Task, place: Place, read: Path) -> measure.Usage:
        steps = tool.steps(task, place)
        environment = tool.environment(place)
        # Whatever was written before is on the disk before the clock starts, and what is read is in memory.
        os.sync()
        trees.warm(read)

        def work() -> measure.Usage:
            return measure.total(
                [measure.run(step.command, environment, place.work / "log", step.folder) for step in steps]
            )

        return work() if self._server is None else self._server.measured(work)

    def _prove(self, tool: Tool, place: Place, faults: list[str]) -> None:
        """What is left after all generations and a prune is whole."""
        if len(place.backups) > 1 and place.backups[-1].generation:
            self._run(tool, Task.RESTORE, place, place.repository)
            faults += self._compare(place, Task.RESTORE, tool.restored(place))
        if isinstance(tool, Holdfast):
            measure.run(restic_check(place.repository), restic_environment(), place.work / "log")

    def _compare(self, place: Place, task: Task, restored: Path) -> list[str]:
        lines = trees.differences(self._content(place.backups[-1].generation or 0), trees.content(restored))
        if self._removes:
            shutil.rmtree(place.target)
        else:
            place.target.rename(place.work / f"{task.name}-{place.backups[-1].name}")
        return lines[:5] + ([f"and {len(lines) - 5} more differences"] if len(lines) > 5 else [])

    def _content(self, generation: int) -> _Content:
        if generation not in self._expected:
            self._expected[generation] = trees.content(self._source.generation(generation))
        return self._expected[generation]
