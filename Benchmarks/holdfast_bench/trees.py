"""Trees of files: their size, their content as one value to compare, their way into the page cache."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class Size:
    """How large a tree is."""

    files: int
    #: As the files' sizes say, holes included.
    bytes: int
    #: What is allocated on the disk.
    allocated: int


def entries(folder: Path) -> list[Path]:
    """Everything below `folder`, sorted."""
    return sorted(Path(place, name) for place, folders, files in os.walk(folder) for name in folders + files)


def size(folder: Path) -> Size:
    """The size of all regular files below `folder`."""
    states = [path.lstat() for path in entries(folder)]
    files = [state for state in states if stat.S_ISREG(state.st_mode)]
    return Size(len(files), sum(state.st_size for state in files), sum(state.st_blocks * 512 for state in files))


def warm(folder: Path) -> None:
    """Reads every file below `folder`, so that all programs find the same files in the page cache."""
    buffer = bytearray(_BUFFER_BYTES)
    for path in entries(folder):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb", buffering=0) as file:
                while file.readinto(buffer):
                    pass


def content(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything below `folder` by its relative path: kind and mode, time of modification, size and SHA-256."""
    result: dict[str, tuple[object, ...]] = {}
    for path in entries(folder):
        state = path.lstat()
        value: tuple[object, ...] = (oct(state.st_mode), state.st_mtime_ns)
        if stat.S_ISREG(state.st_mode):
            value += (state.st_size, _sha256(path))
        elif stat.S_ISLNK(state.st_mode):
            value += (os.readlink(path),)
        result[str(path.relative_to(folder))] = value
    return result


def link_untouched(previous: Path, current: Path) -> None:
    """Makes one file of what is the same in two generations: same path, content and time of modification.

    A program that looks at inodes and times of change then finds these files as untouched as they are in a folder that is
    in use, where the next generation takes the place of the last one.
    """
    for path in entries(current):
        earlier = previous / path.relative_to(current)
        if not path.is_file() or path.is_symlink() or not earlier.is_file():
            continue
        new, old = path.stat(), earlier.stat()
        if (new.st_size, new.st_mtime_ns, new.st_mode) == (old.st_size, old.st_mtime_ns, old.st_mode):
            if _sha256(path) == _sha256(earlier):
                state = path.parent.stat()
                path.unlink()
                os.link(earlier, path)
                os.utime(path.parent, ns=(state.st_atime_ns, state.st_mtime_ns))


def _sha256(path: Path) -> str:
    result = hashlib.sha256()
    buffer = bytearray(_BUFFER_BYTES)
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            result.update(memoryview(buffer)[:count])
    return result.hexdigest()


def differences(expected: dict[str, tuple[object, ...]], found: dict[str, tuple[object, ...]]) -> list[str]:
    """What differs between two results of `content`, one line for each path."""
    lines = [f"missing: {path}" for path in expected if path not in found]
    lines += [f"not in the source: {path}" for path in found if path not in expected]
    lines += [
        f"differs: {path}: {expected[path]} became {found[path]}"
        for path in expected
        if path in found and expected[path] != found[path]
    ]
    return lines
