"""Small file work: atomic JSON, the data ranges of sparse files, deleting out of the way."""

import errno
import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

COPY_BYTES = 1 << 20


def read_json(path: Path) -> Any:
    """Reads one JSON file."""
    with open(path, "rb") as file:
        return json.load(file)


def write_text(path: Path, text: str) -> None:
    """Writes a file whole or not at all: temporary name, sync, rename, directory sync."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Writes one JSON file whole or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def sync_folder(path: Path) -> None:
    """Makes a rename inside the folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def data_ranges(descriptor: int, size: int) -> list[tuple[int, int]]:
    """The (offset, length) pairs of a file that hold data, in order; holes lie between them."""
    ranges: list[tuple[int, int]] = []
    position = 0
    while position < size:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
        except OSError as failure:
            if failure.errno == errno.ENXIO:
                break
            return [(0, size)]
        end = min(os.lseek(descriptor, start, os.SEEK_HOLE), size)
        if start >= size:
            break
        ranges.append((start, end - start))
        position = end
    return ranges


def copy_sparse(source: Path, target: Path) -> None:
    """Copies one file and leaves its holes out."""
    with open(source, "rb") as reader, open(target, "wb") as writer:
        size = os.fstat(reader.fileno()).st_size
        for start, length in data_ranges(reader.fileno(), size):
            reader.seek(start)
            writer.seek(start)
            left = length
            while left:
                block = reader.read(min(left, COPY_BYTES))
                if not block:
                    break
                writer.write(block)
                left -= len(block)
        writer.truncate(size)


def copy_tree_sparse(source: Path, target: Path) -> None:
    """Copies a folder of plain files and folders without inflating sparse files."""
    shutil.copytree(source, target, copy_function=lambda a, b: copy_sparse(Path(a), Path(b)))


def discard(path: Path, trash: Path) -> None:
    """Removes a file or folder: out of its place at once, its content after that."""
    if not path.exists():
        return
    trash.mkdir(parents=True, exist_ok=True)
    moved = trash / f"trash-{uuid.uuid4().hex}"
    os.rename(path, moved)
    if moved.is_dir():
        shutil.rmtree(moved, ignore_errors=True)
    else:
        moved.unlink(missing_ok=True)
