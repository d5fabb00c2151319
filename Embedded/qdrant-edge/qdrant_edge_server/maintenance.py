"""Work between requests: flushing, emptying the journal, optimising."""

import logging
import threading
import time
from collections.abc import Callable

from .collection import Collection
from .errors import from_engine
from .optimizer import optimize_large, optimize_small, stopping
from .registry import Registry
from .shard import Shard

log = logging.getLogger("qdrant_edge_server")

_PAUSE_SECONDS = 0.5
_QUIET_SECONDS = 1.0
#: How long a collection must be quiet after its updates made optimising a large shard useless, again and again.
_LONGEST_QUIET_SECONDS = 30.0


class Maintenance:
    """One thread that looks at every collection that was changed and is now quiet, and one for each large shard."""

    def __init__(self, registry: Registry):
        self._registry = registry
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="maintenance", daemon=True)
        self._large: list[threading.Thread] = []
        self._patience: dict[int, float] = {}

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the work in hand, of which long optimising is given up."""
        self._stopped.set()
        stopping.set()
        self._thread.join()
        for thread in self._large:
            thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_PAUSE_SECONDS):
            for collection in self._registry.all():
                if self._stopped.is_set():
                    return
                quiet = time.monotonic() - collection.last_update
                if collection.journal.size and quiet >= _QUIET_SECONDS:
                    self._try(collection, self._tidy)
                patience = self._patience.get(id(collection), _QUIET_SECONDS)
                if collection.unoptimized and not collection.optimizing and quiet >= patience:
                    self._try(collection, self._optimize)

    def _tidy(self, collection: Collection) -> None:
        collection.flush()
        collection.shorten_logs()

    def _try(self, collection: Collection, work: Callable[[Collection], None]) -> None:
        # A snapshot in the making may hold the collection for long; the next round is soon enough then.
        if not collection.writing.try_acquire():
            return
        try:
            if not collection.deleted:
                work(collection)
        except BaseException as failure:
            _report(collection, failure)
        finally:
            collection.writing.release()

    def _optimize(self, collection: Collection) -> None:
        collection.unoptimized, collection.optimizing = False, True
        large = []
        try:
            large = optimize_small(collection)
        finally:
            collection.optimizing = bool(large)
        if large:
            self._large = [thread for thread in self._large if thread.is_alive()]
            self._large.append(threading.Thread(target=self._optimize_large, args=(collection, large), daemon=True))
            self._large[-1].start()

    def _optimize_large(self, collection: Collection, shards: list[Shard]) -> None:
        try:
            done = [optimize_large(collection, shard) for shard in shards]
            patience = self._patience.pop(id(collection), _QUIET_SECONDS)
            collection.unoptimized = not all(done)
            if collection.unoptimized:
                self._patience[id(collection)] = min(2 * patience, _LONGEST_QUIET_SECONDS)
        except BaseException as failure:
            if not collection.deleted:
                _report(collection, failure)
        finally:
            collection.optimizing = False


def _report(collection: Collection, failure: BaseException) -> None:
    log.error("`%s` could not be optimised: %s", collection.name, from_engine(failure).text)
    collection.unoptimized = False
