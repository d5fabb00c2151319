"""The programs that are compared, each in the same few words: which commands do which task."""

from collections.abc import Callable
from pathlib import Path

from .base import PASSWORD, Bucket, Place, Step, Task, Tool
from .borg import Borg
from .holdfast import Holdfast
from .pipes import GzipGPG, ZstdAge
from .restic import Restic, restic_check, restic_environment

#: All of them by the word that `--tools` takes, in the order of the table; each is made from the path of `holdfast`.
TOOLS: dict[str, Callable[[Path], Tool]] = {
    "holdfast": Holdfast,
    "restic": lambda _: Restic(),
    "borg": lambda _: Borg(),
    "zstd-age": lambda _: ZstdAge(),
    "gzip-gpg": lambda _: GzipGPG(),
}

__all__ = [
    "PASSWORD",
    "TOOLS",
    "Borg",
    "Bucket",
    "GzipGPG",
    "Holdfast",
    "Place",
    "Restic",
    "Step",
    "Task",
    "Tool",
    "ZstdAge",
    "restic_check",
    "restic_environment",
]
