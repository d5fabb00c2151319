"""A tree of small text files, such as a large documentation site has, and the same after a day of editing."""

import subprocess
from pathlib import Path

import numpy as np

from .prose import Prose

_FILES_PER_FOLDER = 100
#: Of the logarithm of a file's size: half of the files are smaller than 5 KiB, one in a hundred is larger than 50 KiB.
_MEDIAN_BYTES = 5 << 10
_SPREAD = 1.0
#: One file in so many is edited; a tenth as many are removed, and as many come in their place under other names.
_EDITED_SHARE = 100
_EDIT_BYTES = 400


def make(folder: Path, seed: int, count: int) -> None:
    """Fills `folder`/0 with `count` files, a hundred in each folder, and `folder`/1 with the next generation."""
    random = np.random.Generator(np.random.PCG64([seed, 3]))
    prose = Prose(seed + 3)
    for number, size in enumerate(_sizes(random, count)):
        path = _path(folder / "0", number)
        if number % _FILES_PER_FOLDER == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(prose.take(int(size)))
    subprocess.run(["cp", "--archive", folder / "0", folder / "1"], check=True)
    _edit(folder / "1", np.random.Generator(np.random.PCG64([seed, 5])), Prose(seed + 5), count)


def _edit(folder: Path, random: np.random.Generator, prose: Prose, count: int) -> None:
    edited = max(1, count // _EDITED_SHARE)
    replaced = edited // 10
    numbers = random.choice(count, min(count, edited + replaced), replace=False)
    for number in numbers[:edited]:
        path = _path(folder, int(number))
        text = path.read_bytes()
        # A paragraph in the middle is another one now, and not of the same length.
        start = int(random.integers(0, len(text)))
        end = start + int(random.integers(0, _EDIT_BYTES))
        path.write_bytes(text[:start] + prose.take(_EDIT_BYTES // 2) + text[end:])
    for number, size in zip(numbers[edited:], _sizes(random, replaced), strict=False):
        path = _path(folder, int(number))
        path.unlink()
        path.with_stem(f"{path.stem}-new").write_bytes(prose.take(int(size)))


def _sizes(random: np.random.Generator, count: int) -> np.ndarray:
    return (random.lognormal(0, _SPREAD, count) * _MEDIAN_BYTES).astype(int) + 64


def _path(folder: Path, number: int) -> Path:
    return folder / f"chapter-{number // _FILES_PER_FOLDER:03}" / f"page-{number % _FILES_PER_FOLDER:02}.mdx"
