"""A tree of small text files, such as a large documentation site has."""

from pathlib import Path

import numpy as np

from .prose import Prose

_FILES_PER_FOLDER = 100
#: Of the logarithm of a file's size: half of the files are smaller than 5 KiB, one in a hundred is larger than 50 KiB.
_MEDIAN_BYTES = 5 << 10
_SPREAD = 1.0


def make(folder: Path, seed: int, count: int) -> None:
    """Fills `folder` with `count` files, a hundred in each folder."""
    random = np.random.Generator(np.random.PCG64([seed, 3]))
    prose = Prose(seed + 3)
    sizes = (random.lognormal(0, _SPREAD, count) * _MEDIAN_BYTES).astype(int) + 64
    for number, size in enumerate(sizes):
        place = folder / f"chapter-{number // _FILES_PER_FOLDER:03}"
        if number % _FILES_PER_FOLDER == 0:
            place.mkdir(parents=True)
        (place / f"page-{number % _FILES_PER_FOLDER:02}.mdx").write_bytes(prose.take(int(size)))
