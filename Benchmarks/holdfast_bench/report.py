"""The results as Markdown, and as JSON with every single measurement."""

import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from . import goals
from .capture import CaptureResult
from .comparison import Comparison, Samples
from .measure import Usage
from .million import MillionResult
from .tools import Task


@dataclass(frozen=True)
class _Measure:
    name: str
    title: str
    values: Callable[[Samples, Task], list[float]]
    written: Callable[[float], str]


def _seconds(value: float) -> str:
    return f"{value:.2f}"


def _megabytes(value: float) -> str:
    return f"{value / 1e6:,.0f}" if value >= 10e6 else f"{value / 1e6:.1f}"


def _of_usage(value: Callable[[Usage], float]) -> Callable[[Samples, Task], list[float]]:
    return lambda samples, task: [value(usage) for usage in samples.usages.get(task, [])]


_MEASURES = (
    _Measure("time", "time, s", _of_usage(lambda usage: usage.wall), _seconds),
    _Measure("processor", "processor, s", _of_usage(lambda usage: usage.cpu), _seconds),
    _Measure(
        "server",
        "server's processor, s",
        lambda samples, task: [usage.server for usage in samples.usages.get(task, []) if usage.server is not None],
        _seconds,
    ),
    _Measure("memory", "peak memory, MB", _of_usage(lambda usage: usage.peak), _megabytes),
    _Measure(
        "stored",
        "stored, MB",
        lambda samples, task: [float(count) for count in samples.stored.get(task, [])],
        _megabytes,
    ),
)


def machine(versions: Mapping[str, str], rounds: int, loads: Sequence[float], floor: int) -> str:
    """What was run, where and when."""
    lines = [f"- {date.today().isoformat()}, {rounds} rounds; every figure is the median (least–most)."]
    lines += [f"- {name}: `{version}`" for name, version in versions.items()]
    lines.append(
        f"- {os.cpu_count()} processors, {platform.system()} on {platform.machine()}; "
        f"load average when a program started: median {statistics.median(loads):.1f}, at most {max(loads):.1f}."
    )
    lines.append(f"- Peak memory below {floor / 1e6:.0f} MB cannot be told apart.")
    return "\n".join(lines)


def goal_table(verdicts: Sequence[goals.Verdict]) -> str:
    """All goals at a glance."""
    met = sum(verdict.met for verdict in verdicts)
    lines = [
        f"### Goals: {met} of {len(verdicts)} met",
        "",
        _row(["input", "task", "goal", "measured", ""]),
        _row(["---", "---", "---", "---:", "---"]),
    ]
    lines += [
        _row([verdict.input, verdict.task.value, verdict.goal, verdict.found, _verdict(verdict)])
        for verdict in verdicts
    ]
    return "\n".join(lines)


def table(result: Comparison, verdicts: Sequence[goals.Verdict]) -> str:
    """One input's table. The ratios are the first tool's figure by the other's."""
    names = list(result.samples)
    source = result.input
    columns = [f"{names[0]} / restic"] if "restic" in names[1:] else []
    has_others = names[0] == goals.OURS and any(name != "restic" for name in names[1:])
    columns += [f"{names[0]} / best other"] if has_others else []
    columns += ["goal"] if verdicts else []
    lines = [
        f"### {source.kind.title}{', in a bucket' if result.in_bucket else ''}: {source.count:,} {source.kind.unit}",
        "",
        f"{source.size.files:,} files, {source.size.bytes / 1e6:,.0f} MB "
        f"({source.size.allocated / 1e6:,.0f} MB without holes).",
        "",
        _row(["task", "measure", *names, *columns]),
        _row(["---", "---", *("---:" for _ in names), *("---" if name == "goal" else "---:" for name in columns)]),
    ]
    for task in Task:
        title = task.value
        for measure in _MEASURES:
            values = {name: measure.values(samples, task) for name, samples in result.samples.items()}
            if not any(values.values()):
                continue
            cells = [_spread(each, measure.written) for each in values.values()]
            if "restic" in names[1:]:
                cells.append(_ratio(values[names[0]], values["restic"]))
            if has_others:
                best = goals.best_other(result, task)
                cells.append("–" if best is None else _ratio(values[names[0]], values[best], best))
            if verdicts:
                mine = [each for each in verdicts if (each.task, each.measure) == (task, measure.name)]
                cells.append("; ".join(f"{each.goal}: {_verdict(each)}" for each in mine))
            lines.append(_row([title, measure.title, *cells]))
            title = ""
    return "\n".join(lines)


def _verdict(verdict: goals.Verdict) -> str:
    return "met" if verdict.met else "**not met**"


def _spread(values: Sequence[float], written: Callable[[float], str]) -> str:
    if not values:
        return "–"
    middle, least, most = (written(value) for value in (statistics.median(values), min(values), max(values)))
    return middle if least == most else f"{middle} ({least}–{most})"


def _ratio(ours: Sequence[float], theirs: Sequence[float], name: str | None = None) -> str:
    value = goals.median_ratio(ours, theirs)
    if value is None:
        return "–"
    return f"**{value:.2f}**" + ("" if name is None else f" ({name})")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def capture_table(result: CaptureResult) -> str:
    """The table of the capture scenario."""
    lines = [
        f"### Collection of {result.points:,} points, captured from the embedded Qdrant and restored into it",
        "",
        _row(["task", "time, s", "processor, s", "peak memory, MB"]),
        _row(["---", "---:", "---:", "---:"]),
    ]
    for name, usage in result.usages.items():
        lines.append(_row([name, _seconds(usage.wall), _seconds(usage.cpu), _megabytes(usage.peak)]))
    lines += [
        "",
        f"Stored: {_megabytes(result.stored)} MB. Peak memory of Holdfast itself, limit "
        f"{_megabytes(result.limit)} MB: {'kept' if result.keeps_limit else 'EXCEEDED'}.",
    ]
    return "\n".join(lines)


def million_table(result: MillionResult) -> str:
    """The table of the repository of many blobs."""
    lines = [
        f"### A repository of {result.blobs:,} data blobs in {result.snapshots} snapshots",
        "",
        _row(["task", "time, s", "processor, s", "peak memory, MB", "goal"]),
        _row(["---", "---:", "---:", "---:", "---"]),
    ]
    for name, usage in result.usages.items():
        goal = result.goals.get(name)
        words = "" if goal is None else f"{goal.words}: {goal.found}, {'met' if goal.met else '**not met**'}"
        lines.append(_row([name, _seconds(usage.wall), _seconds(usage.cpu), _megabytes(usage.peak), words]))
    lines += ["", *result.remarks]
    return "\n".join(lines)


def document(
    comparisons: Sequence[Comparison],
    capture: CaptureResult | None,
    million: MillionResult | None,
    head: str,
) -> str:
    """The whole report."""
    judged = [(comparison, goals.verdicts(comparison)) for comparison in comparisons]
    every = [verdict for _, verdicts in judged for verdict in verdicts]
    parts = [head]
    if every:
        parts.append(goal_table(every))
    parts += [table(comparison, verdicts) for comparison, verdicts in judged]
    if capture is not None:
        parts.append(capture_table(capture))
    if million is not None:
        parts.append(million_table(million))
    return "\n\n".join(parts)


def raw(
    comparisons: Sequence[Comparison],
    capture: CaptureResult | None,
    million: MillionResult | None,
    versions: Mapping[str, str],
) -> dict[str, Any]:
    """Every measurement, for programs."""
    return {
        "date": date.today().isoformat(),
        "versions": dict(versions),
        "processors": os.cpu_count(),
        "inputs": {
            comparison.input.kind.name: {
                "count": comparison.input.count,
                "size": asdict(comparison.input.size),
                "tools": {name: _raw(samples) for name, samples in comparison.samples.items()},
                "goals": [{**asdict(each), "task": each.task.value} for each in goals.verdicts(comparison)],
                "in_bucket": comparison.in_bucket,
                "faults": comparison.faults,
            }
            for comparison in comparisons
        },
        "capture": None if capture is None else asdict(capture),
        "million": None if million is None else asdict(million),
    }


def _raw(samples: Samples) -> dict[str, Any]:
    return {
        "stored": {task.value: counts for task, counts in samples.stored.items()},
        "allocated": samples.allocated,
        "tasks": {task.value: [asdict(usage) for usage in usages] for task, usages in samples.usages.items()},
    }
