"""One large file of which half cannot be compressed and the rest can, in different ways."""

from pathlib import Path

import numpy as np

from .prose import Prose

_MEBIBYTE = 1 << 20
#: Of 64 sections, so many are of each kind.
_KINDS = ("noise",) * 32 + ("prose",) * 16 + ("repeated",) * 8 + ("zeros",) * 8


def make(folder: Path, seed: int, size: int) -> None:
    """Writes `folder`/0/stream.bin of `size` bytes: sections of noise (half of all bytes), of text (a quarter), of one
    text again and again (an eighth) and of zeros (an eighth), in random order."""
    folder = folder / "0"
    folder.mkdir(parents=True)
    random = np.random.Generator(np.random.PCG64([seed, 2]))
    prose = Prose(seed + 2)
    repeated = prose.take(3 * _MEBIBYTE)
    # So many sections that each holds a few chunks, and none begins where a fixed block would.
    rounds = max(1, size // (512 * _MEBIBYTE))
    section = size // (rounds * len(_KINDS))
    with open(folder / "stream.bin", "wb") as file:
        for _ in range(rounds):
            for index in random.permutation(len(_KINDS)):
                match _KINDS[index]:
                    case "noise":
                        file.write(random.bytes(section))
                    case "prose":
                        file.write(prose.take(section))
                    case "repeated":
                        file.write((repeated * (section // len(repeated) + 1))[:section])
                    case "zeros":
                        file.write(bytes(section))
        file.write(random.bytes(size - file.tell()))
