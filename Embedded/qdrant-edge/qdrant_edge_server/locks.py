"""A gate for many readers or one owner, which threads may pass on to each other."""

import threading
from contextlib import contextmanager
from typing import Iterator


class Gate:
    """Readers enter together; an owner enters alone and waits until they have left.

    Nothing is bound to a thread: a streamed snapshot takes the gate in one and leaves it in another.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers = 0
        self._owned = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Holds the gate open for this reader."""
        with self._changed:
            self._changed.wait_for(lambda: not self._owned)
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Holds the gate alone; new readers wait as soon as the owner asks."""
        with self._changed:
            self._changed.wait_for(lambda: not self._owned)
            self._owned = True
            self._changed.wait_for(lambda: self._readers == 0)
        try:
            yield
        finally:
            with self._changed:
                self._owned = False
                self._changed.notify_all()
