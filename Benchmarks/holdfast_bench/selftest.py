"""`python -m holdfast_bench.selftest HOLDFAST GENERATOR`: tests the benchmarks on a hundredth of the data.

What the figures are does not matter here, but all of them have to be there, and what goes wrong has to be noticed.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .inputs import KINDS
from .tools import TOOLS, Task

_SCALE = ("--scale", "0.01", "--rounds", "1")


def main() -> int:
    """Runs all tests. The status is 0 when every one passed."""
    holdfast, generator = (Path(argument).resolve() for argument in sys.argv[1:])
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-test-") as name:
        scratch = Path(name)
        failures += _everything_is_measured(holdfast, generator, scratch)
        failures += _buckets_are_measured(holdfast, scratch)
        failures += _wrong_restores_are_noticed(holdfast, scratch)
        failures += _failing_programs_are_noticed(scratch)
        failures += _bad_arguments_are_refused(scratch)
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    print("the benchmarks work" if not failures else f"{len(failures)} failures")
    return 1 if failures else 0


def _everything_is_measured(holdfast: Path, generator: Path, scratch: Path) -> list[str]:
    figures = scratch / "figures.json"
    run = _bench(
        scratch, "--holdfast", holdfast, "--generator", generator, "--million", "--json", figures, *_SCALE
    )
    if run.returncode != 0:
        return [f"a whole run ended with status {run.returncode}:\n{run.stderr[-4_000:]}"]
    raw = json.loads(figures.read_text())
    failures = [f"there are no figures of {name}" for name in KINDS if name not in raw["inputs"]]
    for name, result in raw["inputs"].items():
        failures += _missing_figures(name, result)
        if not result["goals"]:
            failures.append(f"{name}: no goal was judged")
    if raw["capture"] is None or len(raw["capture"]["usages"]) != 2:
        failures.append("the capture was not measured")
    if raw["million"] is None or len(raw["million"]["goals"]) != 2:
        failures.append("the repository of many blobs was not measured")
    for title in ("### Goals:", "### Shard tree:", "### Stream:", "### Text files:", "### Collection of", "data blobs in"):
        if title not in run.stdout:
            failures.append(f"the report has no '{title}'")
    return failures


def _buckets_are_measured(holdfast: Path, scratch: Path) -> list[str]:
    figures = scratch / "bucket-figures.json"
    run = _bench(scratch, "--store", "s3", "--holdfast", holdfast, "--json", figures, *_SCALE)
    if run.returncode != 0:
        return [f"a run in buckets ended with status {run.returncode}:\n{run.stderr[-4_000:]}"]
    raw = json.loads(figures.read_text())
    failures = [f"in buckets: there are no figures of {name}" for name in KINDS if name not in raw["inputs"]]
    for name, result in raw["inputs"].items():
        failures += _missing_figures(name, result, (Task.FIRST, Task.UNCHANGED, Task.VERIFY, Task.RESTORE))
        if len(result["goals"]) != 6:
            failures.append(f"in buckets, {name}: {len(result['goals'])} goals were judged instead of 6")
        for tool, found in result["tools"].items():
            busy = sum(usage["server"] or 0 for usages in found["tasks"].values() for usage in usages)
            if busy <= 0:
                failures.append(f"in buckets, {name}, {tool}: the server did nothing")
    for title in ("### Goals:", "in a bucket:", "server's processor"):
        if title not in run.stdout:
            failures.append(f"the report of buckets has no '{title}'")
    return failures


def _missing_figures(name: str, result: dict[str, Any], tasks: Collection[Task] | None = None) -> list[str]:
    """What is missing of an input's figures: of everything, or of `tasks` in buckets."""
    failures = []
    generations = KINDS[name].generations
    for make in TOOLS.values():
        tool = make(Path("holdfast"))
        if tasks is not None and not tool.knows_buckets:
            continue
        found = result["tools"].get(tool.name)
        if found is None:
            failures.append(f"{name}: there are no figures of {tool.name}")
            continue
        for task in tool.tasks if tasks is None else tasks:
            if (task.generation or 0) >= generations or (task is Task.PRUNE and generations == 1):
                continue
            usages = found["tasks"].get(task.value, [])
            if len(usages) != 1 or usages[0]["wall"] <= 0 or usages[0]["peak"] <= 0:
                failures.append(f"{name}, {tool.name}: '{task.value}' was measured as {usages}")
            if task.changes_repository and not all(found["stored"].get(task.value, [0])):
                failures.append(f"{name}, {tool.name}: nothing is stored after '{task.value}'")
    return failures


def _wrong_restores_are_noticed(holdfast: Path, scratch: Path) -> list[str]:
    """A program that restores everything but one byte."""
    liar = scratch / "liar"
    liar.write_text(
        f"""#!/usr/bin/env bash
{holdfast} "$@" || exit
if [ "$1" = restore ]; then
    file=$(find "$3" -type f | sort | head -n 1)
    printf x | dd of="$file" bs=1 conv=notrunc status=none
fi
"""
    )
    liar.chmod(0o755)
    run = _bench(
        scratch,
        *("--holdfast", liar, "--tools", "holdfast", "--inputs", "text", "--tasks", "restore", "--no-capture"),
        *_SCALE,
    )
    if run.returncode != 1 or "differs: chapter-000/page-00.mdx" not in run.stderr:
        return [f"a wrong restore was not noticed: status {run.returncode}\n{run.stderr[-2_000:]}"]
    return []


def _failing_programs_are_noticed(scratch: Path) -> list[str]:
    failing = scratch / "failing"
    failing.write_text('#!/usr/bin/env bash\n[ "$1" = --version ] && echo "failing 1" && exit\nexit 7\n')
    failing.chmod(0o755)
    run = _bench(
        scratch,
        *("--holdfast", failing, "--tools", "holdfast", "--inputs", "text", "--tasks", "first", "--no-capture"),
        *_SCALE,
    )
    if run.returncode != 1 or "ended with status 7" not in run.stderr:
        return [f"a program that fails was not noticed: status {run.returncode}\n{run.stderr[-2_000:]}"]
    return []


def _bad_arguments_are_refused(scratch: Path) -> list[str]:
    failures = []
    for arguments in (("--tools", "tape"), ("--inputs", "shards"), ("--tasks", "pray")):
        run = _bench(scratch, *arguments)
        if run.returncode != 2 or "is unknown" not in run.stderr:
            failures.append(f"{' '.join(arguments)} was not refused: status {run.returncode}")
    run = _bench(scratch, "--store", "s3", "--tools", "borg")
    if run.returncode != 1 or "not in a bucket" not in run.stderr:
        failures.append(f"a program that knows no buckets was not refused: status {run.returncode}")
    run = _bench(scratch, "--holdfast", scratch / "nowhere")
    if run.returncode != 1 or "there is no program" not in run.stderr:
        failures.append(f"a program that is not there was not noticed: status {run.returncode}")
    return failures


def _bench(scratch: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "holdfast_bench", "--scratch", scratch, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main())
