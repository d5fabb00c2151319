"""Text that compresses like text: words of an invented language, the frequent ones far more frequent."""

import numpy as np

_ONSETS = "b br c ch d f g gr h k l m n p pr r s st t tr v".split()
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "io")
_CODAS = ("", "", "", "l", "n", "r", "s", "t", "nd", "ck")
_VOCABULARY = 20_000
#: One word in so many ends a sentence, one in so many a paragraph.
_SENTENCE = 14
_PARAGRAPH = 110


class Prose:
    """An endless text. The same seed gives the same text, whatever the sizes of the pieces that are asked for."""

    _BATCH = 1 << 20

    def __init__(self, seed: int):
        self._random = np.random.Generator(np.random.PCG64(seed))
        words = _vocabulary(self._random)
        # Every word in three forms: inside a sentence, at its end, at the end of a paragraph.
        forms = [f"{word}{end}".encode() for end in (" ", ". ", ".\n\n") for word in words]
        self._lengths = np.array([len(form) for form in forms], dtype=np.int64)
        self._starts = np.concatenate(([0], np.cumsum(self._lengths)[:-1]))
        self._letters = np.frombuffer(b"".join(forms), dtype=np.uint8)
        # Zipf's law: the n-th word is used 1/n times as often as the first.
        shares = 1.0 / np.arange(1, _VOCABULARY + 1)
        self._cumulated = np.cumsum(shares / shares.sum())
        self._rest = b""

    def take(self, count: int) -> bytes:
        """The next `count` bytes. They begin and end anywhere, also within a word."""
        pieces = [self._rest]
        size = len(self._rest)
        while size < count:
            pieces.append(self._batch())
            size += len(pieces[-1])
        text = b"".join(pieces)
        self._rest = text[count:]
        return text[:count]

    def _batch(self) -> bytes:
        words = np.searchsorted(self._cumulated, self._random.random(self._BATCH)).clip(max=_VOCABULARY - 1)
        ends = self._random.integers(0, _PARAGRAPH, self._BATCH)
        form = np.where(ends == 0, 2, np.where(ends % _SENTENCE == 1, 1, 0))
        chosen = words + form * _VOCABULARY
        lengths = self._lengths[chosen]
        # Where each letter of the result lies among the letters of all forms.
        first = np.repeat(self._starts[chosen] - (np.cumsum(lengths) - lengths), lengths)
        return self._letters[first + np.arange(first.size)].tobytes()


def _vocabulary(random: np.random.Generator) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < _VOCABULARY:
        # Short words first: they become the frequent ones.
        syllables = 1 + min(3, len(words) // 600) if len(words) < 1800 else int(random.integers(2, 5))
        words[
            "".join(
                _ONSETS[random.integers(len(_ONSETS))]
                + _VOWELS[random.integers(len(_VOWELS))]
                + _CODAS[random.integers(len(_CODAS))]
                for _ in range(syllables)
            )
        ] = None
    return list(words)
