"""The command line of the benchmarks: `scripts/bench --help`."""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import capture, comparison, inputs, measure, report
from .tools import Holdfast, Restic, Tool

_ROOT = Path(__file__).resolve().parent.parent.parent
#: Data of all inputs, a repository and a restored copy of the largest.
_SPACE_BYTES = 9 << 30


def main() -> int:
    """Runs what the arguments ask for. The status is 0 when every result was right, whatever the times."""
    options = _arguments()
    scratch = options.scratch or Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    scratch = scratch.resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(scratch).free
    if free < _SPACE_BYTES * max(options.scale, 0.01):
        raise SystemExit(
            f"error: {free / 1e9:.1f} GB are free in the scratch folder, {_SPACE_BYTES / 1e9:.0f} GB are needed"
        )
    try:
        return _run(options, scratch)
    finally:
        if options.scratch is None:
            shutil.rmtree(scratch, ignore_errors=True)


def _run(options: argparse.Namespace, scratch: Path) -> int:
    tools = _tools(options)
    versions = {tool.name: tool.version() for tool in tools}
    floor = measure.peak_floor(scratch / "floor.log")
    kinds = [inputs.KINDS[name] for name in options.inputs]
    sources = [inputs.prepare(kind, options.scale, scratch / "data") for kind in kinds]
    comparisons = []
    for source in sources:
        print(f"==> Comparing on the input '{source.kind.name}'", file=sys.stderr, flush=True)
        comparisons.append(comparison.compare(source, tools, options.rounds, scratch, options.keep))
    captured = None
    holdfast = next((tool for tool in tools if isinstance(tool, Holdfast)), None)
    if options.capture and holdfast is not None:
        points = inputs.scaled(inputs.KINDS["shard"], options.scale)
        captured = capture.run(holdfast, points, options.server, scratch, options.keep)
    loads = [
        usage.load
        for result in comparisons
        for samples in result.samples.values()
        for usages in samples.usages.values()
        for usage in usages
    ]
    head = report.machine(versions, options.rounds, loads or [os.getloadavg()[0]], floor)
    print(report.document(comparisons, tools, captured, head))
    if options.json is not None:
        options.json.write_text(json.dumps(report.raw(comparisons, captured, versions), indent=2) + "\n")
    faults = [fault for result in comparisons for fault in result.faults]
    faults += captured.faults if captured is not None else []
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


def _tools(options: argparse.Namespace) -> list[Tool]:
    """What to compare, the one that the ratios are about first."""
    tools: list[Tool] = []
    if options.only in (None, "holdfast"):
        if not options.holdfast.exists():
            raise SystemExit(f"error: there is no program '{options.holdfast}'\nhint: Run 'swift build -c release'.")
        tools.append(Holdfast(options.holdfast))
    if options.only in (None, "restic"):
        tools.append(Restic())
    return tools


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Runs Holdfast and restic in turn on the same data and prints a table of time, processor, memory "
        "and size. Ends with 1 when a result was wrong.",
    )
    parser.add_argument(
        "--holdfast",
        type=Path,
        default=_ROOT / ".build/release/holdfast",
        metavar="FILE",
        help="the program to measure",
    )
    parser.add_argument(
        "--scratch",
        type=Path,
        metavar="DIR",
        help="where data and repositories go; data stay there for the next run "
        "(default: a temporary folder, removed at the end)",
    )
    parser.add_argument(
        "--inputs",
        type=_names,
        default=list(inputs.KINDS),
        metavar="LIST",
        help=f"which inputs, separated by commas: {', '.join(inputs.KINDS)}, or 'none' (default: all)",
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often (default: 5)")
    parser.add_argument("--only", choices=("holdfast", "restic"), help="run one program only")
    parser.add_argument(
        "--no-capture", dest="capture", action="store_false", help="leave out the collection of a running server"
    )
    parser.add_argument(
        "--server",
        type=Path,
        default=_ROOT / "Embedded/qdrant-edge",
        metavar="DIR",
        help="the folder of the embedded Qdrant",
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, metavar="X", help="so much of the data, to try the benchmarks (default: 1)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement there")
    parser.add_argument(
        "--keep", action="store_true", help="leave repositories and restored files in the scratch folder"
    )
    return parser.parse_args()


def _names(text: str) -> Sequence[str]:
    names = [] if text == "none" else text.split(",")
    for name in names:
        if name not in inputs.KINDS:
            raise argparse.ArgumentTypeError(f"unknown input '{name}', known are: {', '.join(inputs.KINDS)}, none")
    return names


if __name__ == "__main__":
    sys.exit(main())
