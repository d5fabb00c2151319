"""Locks that are not bound to a thread: one for changes, and a gate for many readers or one owner."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ChangeLock:
    """A lock that knows whether somebody waits for it, so that a slow holder can make way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits."""
        return self._waiting > 0

    def acquire(self) -> None:
        """Waits for the lock and takes it."""
        with self._counting:
            self._waiting += 1
        try:
            self._lock.acquire()
        finally:
            with self._counting:
                self._waiting -= 1

    def try_acquire(self) -> bool:
        """Takes the lock if it is free, without anybody noticing."""
        return self._lock.acquire(blocking=False)

    def release(self) -> None:
        """Gives the lock back, from whatever thread."""
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *failure: object) -> None:
        self.release()


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
