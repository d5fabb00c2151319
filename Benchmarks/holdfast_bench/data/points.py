"""The points of the benchmark collection: vectors in topics, and text as payload."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .prose import Prose

DIMENSIONS = 384
_TOPICS = 2_000
_POINTS_PER_PAGE = 12
_TEXT_BYTES = (600, 2_400)


def batches(seed: int, count: int, size: int = 1_000) -> Iterator[tuple[range, np.ndarray, list[dict[str, Any]]]]:
    """Gives ids (from 1), float32 vectors of length 1 (one a row) and payloads, `size` points at a time.

    As with real embeddings, vectors of one topic lie close together, and their bytes hardly compress.
    """
    random = np.random.Generator(np.random.PCG64([seed, 1]))
    centres = _centres(random)
    prose = Prose(seed)
    for first in range(1, count + 1, size):
        ids = range(first, min(first + size, count + 1))
        yield ids, *_batch(ids, centres, random, prose)


def changes(
    seed: int, count: int, changed: int, size: int = 1_000
) -> Iterator[tuple[list[int], np.ndarray, list[dict[str, Any]]]]:
    """Gives other vectors and texts for `changed` of the points of ``batches``, picked at random, by ascending id."""
    centres = _centres(np.random.Generator(np.random.PCG64([seed, 1])))
    random = np.random.Generator(np.random.PCG64([seed, 4]))
    prose = Prose(seed + 4)
    chosen = sorted(random.choice(count, changed, replace=False) + 1)
    for first in range(0, changed, size):
        ids = [int(identifier) for identifier in chosen[first : first + size]]
        yield ids, *_batch(ids, centres, random, prose)


def _centres(random: np.random.Generator) -> np.ndarray:
    return random.standard_normal((_TOPICS, DIMENSIONS), dtype=np.float32)


def _batch(
    ids: Sequence[int], centres: np.ndarray, random: np.random.Generator, prose: Prose
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    topics = np.array([identifier // _POINTS_PER_PAGE % _TOPICS for identifier in ids])
    vectors = centres[topics] + 0.7 * random.standard_normal((len(ids), DIMENSIONS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths = random.integers(*_TEXT_BYTES, len(ids))
    return vectors, [_payload(i, prose.take(int(length))) for i, length in zip(ids, lengths, strict=True)]


def _payload(identifier: int, text: bytes) -> dict[str, Any]:
    page = identifier // _POINTS_PER_PAGE
    return {
        "source": f"chapter-{page // 40:03}/page-{page % 40:02}.mdx",
        "heading": text[:40].decode(),
        "chunk": identifier % _POINTS_PER_PAGE,
        "text": text.decode(),
    }
