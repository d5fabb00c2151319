"""What Holdfast wants to reach, as ratios in one run on the same data, and whether it does."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .comparison import Comparison, Samples
from .tools import Task

OURS = "Holdfast"
_RESTIC = "restic"
_BORG = "borg"
_MEMORY = 150e6
#: In a bucket: less than 300 MB.
_BUCKET_MEMORY = 299e6
#: So much of the source may be read although nothing has changed: it covers what the program itself loads.
_UNREAD_SHARE = 0.1
#: Restored files may take so much more room on the disk than those of the source: block lists and folders differ.
_HOLES_SHARE = 1.02


@dataclass(frozen=True)
class Verdict:
    """One goal, and what came out."""

    input: str
    task: Task
    #: Which line of the table it belongs to.
    measure: str
    #: What was to be reached, in words and figures.
    goal: str
    #: What was, in the same unit.
    found: str
    met: bool


@dataclass(frozen=True)
class _Goal:
    """Times faster than others, at least; `None` where nothing is asked for."""

    task: Task
    inputs: tuple[str, ...]
    than_restic: float | None = None
    than_best: float | None = None
    #: Of the others, only this one counts.
    only: str | None = None
    stored: bool = False
    #: Bytes, at most.
    memory: float | None = None
    unread: bool = False
    holes: bool = False


_ALL = ("shard", "stream", "text")
_GOALS = (
    _Goal(Task.FIRST, ("shard",), 3, 1.5, stored=True),
    _Goal(Task.FIRST, ("stream",), 3, 1, memory=_MEMORY),
    _Goal(Task.FIRST, ("text",), 3, 3, only=_BORG),
    _Goal(Task.UNCHANGED, ("shard",), 3, 1, unread=True),
    _Goal(Task.CHANGED, ("shard",), 3, 1.5, stored=True),
    _Goal(Task.RESTORE, ("shard",), 2, 1, memory=_MEMORY, holes=True),
    _Goal(Task.VERIFY, _ALL, 3, 3, only=_BORG, memory=_MEMORY),
    _Goal(Task.PRUNE, ("shard",), 2, memory=_MEMORY),
)
_BUCKET_GOALS = (
    _Goal(Task.FIRST, _ALL, 2, memory=_BUCKET_MEMORY),
    _Goal(Task.UNCHANGED, _ALL, memory=_BUCKET_MEMORY),
    _Goal(Task.VERIFY, _ALL, memory=_BUCKET_MEMORY),
    _Goal(Task.RESTORE, _ALL, 2, memory=_BUCKET_MEMORY),
)


def verdicts(result: Comparison) -> list[Verdict]:
    """All goals for which this comparison has the figures."""
    ours = result.samples.get(OURS)
    if ours is None:
        return []
    found: list[Verdict] = []
    for goal in _BUCKET_GOALS if result.in_bucket else _GOALS:
        if result.input.kind.name in goal.inputs and goal.task in ours.usages:
            found += _judge(goal, result, ours)
    return found


def _judge(goal: _Goal, result: Comparison, ours: Samples) -> list[Verdict]:
    found: list[Verdict] = []

    def add(measure: str, words: str, value: float, limit: float, written: Callable[[float], str]) -> None:
        # Judged as it is written: a figure that reads 0.33 is not more than one that reads 0.33.
        met = float(written(value).replace(",", "")) <= float(written(limit).replace(",", ""))
        name = result.input.kind.name
        found.append(Verdict(name, goal.task, measure, f"{words} ≤ {written(limit)}", written(value), met))

    restic = result.samples.get(_RESTIC)
    if goal.than_restic and restic is not None and (value := ratio(ours, restic, goal.task)) is not None:
        add("time", "time / restic", value, 1 / goal.than_restic, "{:.2f}".format)
    best = best_other(result, goal.task, goal.only)
    if goal.than_best is not None and best is not None:
        value = ratio(ours, result.samples[best], goal.task)
        if value is not None:
            add("time", f"time / {best}", value, 1 / goal.than_best, "{:.2f}".format)
    if goal.stored and restic is not None and ours.stored.get(goal.task) and restic.stored.get(goal.task):
        mine, theirs = (statistics.median(samples.stored[goal.task]) for samples in (ours, restic))
        add("stored", "stored / restic", mine / theirs, 1, "{:.3f}".format)
    if goal.memory is not None:
        peak = statistics.median(usage.peak for usage in ours.usages[goal.task])
        add("memory", "peak MB", peak / 1e6, goal.memory / 1e6, "{:.0f}".format)
    reads = [usage.read for usage in ours.usages[goal.task] if usage.read is not None]
    if goal.unread and reads:
        add("time", "MB read", max(reads) / 1e6, _UNREAD_SHARE * result.input.size.bytes / 1e6, "{:.1f}".format)
    if goal.holes and ours.allocated:
        limit = _HOLES_SHARE * result.input.size.allocated
        add("memory", "MB on the disk", max(ours.allocated) / 1e6, limit / 1e6, "{:.0f}".format)
    return found


def ratio(ours: Samples, theirs: Samples, task: Task) -> float | None:
    """The median of the ratios of each round's times: what else the machine does then hits both sides alike."""
    return median_ratio(
        [usage.wall for usage in ours.usages.get(task, [])], [usage.wall for usage in theirs.usages.get(task, [])]
    )


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """The median of what each of ours is of the one of theirs in the same round."""
    pairs = [mine / other for mine, other in zip(ours, theirs, strict=False) if other > 0]
    return statistics.median(pairs) if pairs else None


def best_other(result: Comparison, task: Task, only: str | None = None) -> str | None:
    """The fastest of the tools at a task that are neither ours nor restic."""
    times = {
        name: statistics.median(usage.wall for usage in samples.usages[task])
        for name, samples in result.samples.items()
        if name not in (OURS, _RESTIC) and samples.usages.get(task) and only in (None, name)
    }
    return min(times, key=lambda name: times[name]) if times else None
