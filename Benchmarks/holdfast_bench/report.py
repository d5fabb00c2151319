"""The results as Markdown, and as JSON with every single measurement."""

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from .capture import CaptureResult
from .comparison import Comparison, Samples
from .measure import Usage
from .tools import Task, Tool


@dataclass(frozen=True)
class _Measure:
    title: str
    value: Callable[[Usage], float]
    written: Callable[[float], str]


def _seconds(value: float) -> str:
    return f"{value:.2f}"


def _megabytes(value: float) -> str:
    return f"{value / 1e6:,.0f}" if value >= 10e6 else f"{value / 1e6:.1f}"


_MEASURES = (
    _Measure("time, s", lambda usage: usage.wall, _seconds),
    _Measure("processor, s", lambda usage: usage.cpu, _seconds),
    _Measure("peak memory, MB", lambda usage: usage.peak, _megabytes),
)


def machine(versions: dict[str, str], rounds: int, loads: Sequence[float], floor: int) -> str:
    """What was run, where and when."""
    lines = [f"- {date.today().isoformat()}, {rounds} rounds; every figure is the median (least–most)."]
    lines += [f"- {name}: `{version}`" for name, version in versions.items()]
    lines.append(
        f"- {os.cpu_count()} processors, {platform.system()} on {platform.machine()}; "
        f"load average when a program started: median {statistics.median(loads):.1f}, at most {max(loads):.1f}."
    )
    lines.append(f"- Peak memory below {floor / 1e6:.0f} MB cannot be told apart.")
    return "\n".join(lines)


def table(result: Comparison, tools: Sequence[Tool]) -> str:
    """One input's table. The ratio is the first tool's figure by the other's."""
    names = [tool.name for tool in tools]
    others = names[1:]
    source = result.input
    lines = [
        f"### {source.kind.title}: {source.count:,} {source.kind.unit}",
        "",
        f"{source.size.files:,} files, {source.size.bytes / 1e6:,.0f} MB "
        f"({source.size.allocated / 1e6:,.0f} MB without holes).",
        "",
        _row(["task", "measure", *names, *(f"{names[0]} / {other}" for other in others)]),
        _row(["---", "---", *("---:" for _ in names + others)]),
    ]
    for task in Task:
        samples = {name: result.samples[name].usages.get(task, []) for name in names}
        for measure in _MEASURES:
            values = {name: [measure.value(usage) for usage in samples[name]] for name in names}
            lines.append(_line(task.value if measure is _MEASURES[0] else "", measure.title, values, measure.written))
        if task is Task.FIRST:
            stored = {name: [float(count) for count in result.samples[name].stored] for name in names}
            lines.append(_line("", "stored, MB", stored, _megabytes))
    return "\n".join(lines)


def _line(task: str, title: str, values: dict[str, list[float]], written: Callable[[float], str]) -> str:
    first, *others = values.values()
    cells = [_spread(each, written) for each in values.values()]
    return _row([task, title, *cells, *(_ratio(first, other) for other in others)])


def _spread(values: list[float], written: Callable[[float], str]) -> str:
    if not values:
        return "–"
    middle, least, most = (written(value) for value in (statistics.median(values), min(values), max(values)))
    return middle if least == most else f"{middle} ({least}–{most})"


def _ratio(ours: list[float], theirs: list[float]) -> str:
    """The median of the ratios of each round: what else the machine does then hits both sides alike."""
    pairs = [mine / other for mine, other in zip(ours, theirs, strict=False) if other > 0]
    return f"**{statistics.median(pairs):.2f}**" if pairs else "–"


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


def document(comparisons: Sequence[Comparison], tools: Sequence[Tool], capture: CaptureResult | None, head: str) -> str:
    """The whole report."""
    parts = [head, *(table(comparison, tools) for comparison in comparisons)]
    if capture is not None:
        parts.append(capture_table(capture))
    return "\n\n".join(parts)


def raw(comparisons: Sequence[Comparison], capture: CaptureResult | None, versions: dict[str, str]) -> dict[str, Any]:
    """Every measurement, for programs."""
    return {
        "date": date.today().isoformat(),
        "versions": versions,
        "processors": os.cpu_count(),
        "inputs": {
            comparison.input.kind.name: {
                "count": comparison.input.count,
                "size": asdict(comparison.input.size),
                "tools": {name: _raw(samples) for name, samples in comparison.samples.items()},
                "faults": comparison.faults,
            }
            for comparison in comparisons
        },
        "capture": None if capture is None else asdict(capture),
    }


def _raw(samples: Samples) -> dict[str, Any]:
    tasks = {task.value: [asdict(usage) for usage in usages] for task, usages in samples.usages.items()}
    return {"stored": samples.stored, "tasks": tasks}
