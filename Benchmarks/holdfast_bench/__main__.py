"""The command line of the benchmarks: `scripts/bench --help`."""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from . import capture, comparison, inputs, measure, million, object_server, report
from .tools import TOOLS, Holdfast, Task, Tool

_ROOT = Path(__file__).resolve().parent.parent.parent
#: Data of all inputs, a repository and a restored copy of the largest.
_SPACE_BYTES = 12 << 30

_TASKS = {task.word: task for task in Task}
#: What a backup in a bucket is about, unless others are asked for.
_BUCKET_TASKS = (Task.FIRST, Task.UNCHANGED, Task.VERIFY, Task.RESTORE)


def main() -> int:
    """Runs what the arguments ask for. The status is 0 when every result was right, whatever the times."""
    options = _arguments()
    scratch = options.scratch or Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    scratch = scratch.resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(scratch).free
    if free < _SPACE_BYTES * max(options.scale, 0.01):
        raise SystemExit(
            f"error: {free / 1e9:.1f} GB are free in the scratch folder, {_SPACE_BYTES / 1e9:.0f} GB are needed\n"
            "hint: Name another folder with --scratch."
        )
    try:
        return _run(options, scratch)
    finally:
        if options.scratch is None:
            shutil.rmtree(scratch, ignore_errors=True)


def _run(options: argparse.Namespace, scratch: Path) -> int:
    tools = [_make(name, options) for name in TOOLS if options.tools is None or name in options.tools]
    in_bucket = options.store == "s3"
    if in_bucket and options.tools is not None and (unable := [tool.name for tool in tools if not tool.knows_buckets]):
        raise SystemExit(f"error: not in a bucket: {', '.join(unable)}\nhint: Leave them out of --tools.")
    if in_bucket:
        tools = [tool for tool in tools if tool.knows_buckets]
    versions = {tool.name: tool.version() for tool in tools}
    with object_server.serving(scratch) if in_bucket else nullcontext() as server:
        if server is not None:
            versions["server"] = server.version
        return _measure(options, scratch, tools, versions, server)


def _measure(
    options: argparse.Namespace,
    scratch: Path,
    tools: Sequence[Tool],
    versions: Mapping[str, str],
    server: object_server.ObjectServer | None,
) -> int:
    floor = measure.peak_floor(scratch / "floor.log")
    kinds = [kind for name, kind in inputs.KINDS.items() if name in options.inputs]
    chosen = [task.word for task in (_BUCKET_TASKS if server else Task)] if options.tasks is None else options.tasks
    tasks = {_TASKS[name] for name in chosen}
    comparisons = []
    for kind in kinds:
        source = inputs.prepare(kind, options.scale, scratch / "data")
        print(f"==> Comparing on the input '{kind.name}'", file=sys.stderr, flush=True)
        comparisons.append(comparison.compare(source, tools, tasks, options.rounds, scratch, options.keep, server))
    captured, many = (None, None) if server else _scenarios(options, tools, scratch)

    usages = [
        usage
        for result in comparisons
        for samples in result.samples.values()
        for of_task in samples.usages.values()
        for usage in of_task
    ]
    usages += [usage for result in (captured, many) if result is not None for usage in result.usages.values()]
    loads = [usage.load for usage in usages] or [os.getloadavg()[0]]
    print(report.document(comparisons, captured, many, report.machine(versions, options.rounds, loads, floor)))
    if options.json is not None:
        options.json.write_text(json.dumps(report.raw(comparisons, captured, many, versions), indent=2) + "\n")
    faults = [fault for result in (*comparisons, captured, many) if result is not None for fault in result.faults]
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


def _scenarios(
    options: argparse.Namespace, tools: Sequence[Tool], scratch: Path
) -> tuple[capture.CaptureResult | None, million.MillionResult | None]:
    """What is measured of Holdfast alone."""
    holdfast = next((tool for tool in tools if isinstance(tool, Holdfast)), None)
    if holdfast is None:
        return None, None
    captured, many = None, None
    if options.capture:
        points = inputs.scaled(inputs.KINDS["shard"], options.scale)
        captured = capture.run(holdfast, points, options.server, scratch, options.keep)
    if options.million:
        _must_exist(options.generator, "swift build -c release --product StageBenchmarks")
        blobs = max(1_000, round(million.BLOBS * options.scale))
        many = million.run(holdfast, options.generator.resolve(), blobs, scratch, options.keep)
    return captured, many


def _make(name: str, options: argparse.Namespace) -> Tool:
    if name == "holdfast":
        _must_exist(options.holdfast, "swift build -c release --product holdfast")
    return TOOLS[name](options.holdfast)


def _must_exist(program: Path, remedy: str) -> None:
    if not program.exists():
        raise SystemExit(f"error: there is no program '{program}'\nhint: Run '{remedy}'.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Runs Holdfast, restic, borg and two pipes in turn on the same data and prints a table of time, "
        "processor, memory and size, with ratios and goals. Ends with 1 when a result was wrong; times do not decide.",
        epilog="scripts/bench --stages [NAME…] measures each stage of Holdfast by itself instead: see "
        "scripts/bench --stages --help.",
    )
    parser.add_argument(
        "--store",
        choices=("local", "s3"),
        default="local",
        help="where the programs store: in folders, or in buckets of an S3 server on this machine (rclone's), for Holdfast and "
        "restic; then without the scenarios of Holdfast alone, and by default with the tasks first, unchanged, verify and restore",
    )
    _add_choices(parser, "--inputs", list(inputs.KINDS), "which inputs", default=list(inputs.KINDS))
    _add_choices(parser, "--tools", list(TOOLS), "which programs")
    _add_choices(parser, "--tasks", list(_TASKS), "which tasks; those that they need are done, too")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often (default: 5)")
    parser.add_argument(
        "--scale", type=float, default=1.0, metavar="X", help="so much of the data, to try the benchmarks (default: 1)"
    )
    parser.add_argument(
        "--no-capture", dest="capture", action="store_false", help="leave out the collection of a running server"
    )
    parser.add_argument(
        "--million", action="store_true", help="and a repository of a million blobs: opening it, pruning it"
    )
    parser.add_argument(
        "--scratch",
        type=Path,
        metavar="DIR",
        help="where data and repositories go; data stay there for the next run "
        "(default: a temporary folder, removed at the end)",
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave repositories and restored files in the scratch folder"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement there")
    for name, default, words in (
        ("--holdfast", ".build/release/holdfast", "the program to measure"),
        ("--generator", ".build/release/StageBenchmarks", "the program that makes the million blobs"),
    ):
        parser.add_argument(name, type=Path, default=_ROOT / default, metavar="FILE", help=words)
    parser.add_argument(
        "--server",
        type=Path,
        default=_ROOT / "Embedded/qdrant-edge",
        metavar="DIR",
        help="the folder of the embedded Qdrant",
    )
    return parser.parse_args()


def _add_choices(
    parser: argparse.ArgumentParser,
    option: str,
    known: Sequence[str],
    words: str,
    default: Sequence[str] | None = None,
) -> None:
    def names(text: str) -> Sequence[str]:
        chosen = [] if text == "none" else text.split(",")
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(f"'{name}' is unknown, known are: {', '.join(known)}, none")
        return chosen

    parser.add_argument(
        option,
        type=names,
        default=default,
        metavar="LIST",
        help=f"{words}, separated by commas: {', '.join(known)}, or 'none' (default: all)",
    )


if __name__ == "__main__":
    sys.exit(main())
