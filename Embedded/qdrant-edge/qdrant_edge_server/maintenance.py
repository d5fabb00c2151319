"""Work between requests: flushing, emptying the journal, optimising."""

import logging
import threading
import time

from .collection import Collection
from .errors import from_engine
from .registry import Registry

log = logging.getLogger("qdrant_edge_server")

_PAUSE_SECONDS = 0.5
_QUIET_SECONDS = 1.0


class Maintenance:
    """One thread that looks at every collection that was changed and is now quiet."""

    def __init__(self, registry: Registry):
        self._registry = registry
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="maintenance", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the work in hand."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_PAUSE_SECONDS):
            for collection in self._registry.all():
                if self._stopped.is_set():
                    return
                if time.monotonic() - collection.last_update < _QUIET_SECONDS:
                    continue
                if collection.journal.size or collection.unoptimized:
                    self._care_for(collection)

    def _care_for(self, collection: Collection) -> None:
        # A snapshot in the making may hold the collection for long; the next round is soon enough then.
        if not collection.writing.acquire(blocking=False):
            return
        try:
            if not collection.deleted:
                collection.flush()
                collection.optimize()
        except BaseException as failure:
            log.error("`%s` could not be optimised: %s", collection.name, from_engine(failure).text)
            collection.unoptimized = False
        finally:
            collection.writing.release()
