"""All collections and aliases of one storage folder."""

import fcntl
import logging
import os
import secrets
import shutil
import threading
import uuid
from pathlib import Path
from typing import Any

from .collection import Collection
from .errors import already_exists, bad_body, collection_missing, invalid, not_found
from .files import discard, read_json, sync_folder, write_json

log = logging.getLogger("qdrant_edge_server")

_FORBIDDEN = set('<>:"/\\|?*\0')


class StorageInUse(Exception):
    """Another process has the storage folder."""


class Registry:
    """The storage folder, laid out as a real server's: `collections/{c}/`, `aliases/data.json`, `snapshots/`."""

    def __init__(self, root: Path):
        self.root = root.resolve()
        self.collections_folder = self.root / "collections"
        self.snapshots_folder = self.root / "snapshots"
        self.temporary = self.root / "tmp"
        self.snapshots_temporary = self.snapshots_folder / "tmp"
        self._aliases_file = self.root / "aliases" / "data.json"
        self._changing = threading.RLock()
        self._collections: dict[str, Collection] = {}
        self._aliases: dict[str, str] = {}
        self.peer = 0

    def open(self) -> None:
        """Cleans up what a crash left, and opens every collection.

        Raises `StorageInUse` when another process has the folder; the lock goes with the process that holds it.
        """
        self._lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise StorageInUse(f"the folder {self.root} is used by another process") from None
        for folder in (self.temporary, self.snapshots_temporary):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        self.collections_folder.mkdir(exist_ok=True)
        self._aliases_file.parent.mkdir(exist_ok=True)
        self.peer = self._peer_id()
        if self._aliases_file.exists():
            self._aliases = read_json(self._aliases_file)
        for folder in sorted(self.collections_folder.iterdir()):
            if (folder / "config.json").exists():
                self._collections[folder.name] = self._opened(folder.name)

    def close(self) -> None:
        """Flushes and closes every collection."""
        with self._changing:
            for collection in self._collections.values():
                with collection.writing:
                    collection.flush()
                    collection.close()
            self._collections = {}
        os.close(self._lock)

    def _peer_id(self) -> int:
        file = self.root / "raft_state.json"
        if not file.exists():
            write_json(file, {"this_peer_id": secrets.randbits(63) | 1 << 60})
        return read_json(file)["this_peer_id"]

    def _opened(self, name: str) -> Collection:
        collection = Collection(name, self.collections_folder / name, self.temporary, self.peer)
        collection.open()
        return collection

    # Collections

    def names(self) -> list[str]:
        """The collections' names, sorted."""
        return sorted(self._collections)

    def all(self) -> list[Collection]:
        """All open collections."""
        return list(self._collections.values())

    def exists(self, name: str) -> bool:
        """Whether the name is a collection or an alias of one."""
        return name in self._collections or self._aliases.get(name) in self._collections

    def get(self, name: str) -> Collection:
        """A collection by its own name, or 404."""
        if name not in self._collections:
            raise collection_missing(name)
        return self._collections[name]

    def resolve(self, name: str) -> Collection:
        """A collection by its name or an alias, or 404."""
        return self.get(self._aliases.get(name, name))

    def create(
        self,
        name: str,
        config: dict[str, Any],
        schema: dict[str, Any] | None = None,
        prepared: Path | None = None,
    ) -> Collection:
        """Makes a collection, complete or not at all; with the shards of an unpacked snapshot, or empty."""
        _check_name(name)
        with self._changing:
            if name in self._collections:
                raise already_exists(f"Collection `{name}` already exists!")
            if name in self._aliases:
                raise already_exists(f"Can't create collection with name {name}. Alias with the same name already exists")
            building = self.temporary / f"new-{uuid.uuid4().hex}"
            try:
                Collection.create(building, self.peer, config, schema, prepared)
                os.rename(building, self.collections_folder / name)
            finally:
                discard(building, self.temporary)
            sync_folder(self.collections_folder)
            collection = self._collections[name] = self._opened(name)
            return collection

    def delete(self, name: str) -> bool:
        """Removes a collection and its aliases; its snapshots stay."""
        collection = self._collections.get(self._aliases.get(name, name))
        if collection is None:
            return False
        # First the collection, which a snapshot may hold for long, then the registry, which all others need.
        with collection.writing, self._changing:
            if collection.deleted:
                return False
            collection.close()
            del self._collections[collection.name]
            left = {alias: target for alias, target in self._aliases.items() if target != collection.name}
            self._store_aliases(left)
            discard(collection.folder, self.temporary)
        return True

    # Aliases

    def aliases(self, collection: str | None = None) -> list[dict[str, str]]:
        """Alias descriptions, of one collection or of all."""
        return [
            {"alias_name": alias, "collection_name": target}
            for alias, target in sorted(self._aliases.items())
            if collection in (None, target)
        ]

    def change_aliases(self, actions: list[Any]) -> None:
        """Applies all actions, or none when one of them cannot be applied."""
        with self._changing:
            aliases = dict(self._aliases)
            for action in actions:
                self._apply(action, aliases)
            self._store_aliases(aliases)

    def _apply(self, action: Any, aliases: dict[str, str]) -> None:
        if not isinstance(action, dict) or len(action) != 1:
            raise bad_body("actions: expected objects with one of create_alias, delete_alias, rename_alias")
        kind, values = next(iter(action.items()))
        try:
            if kind == "create_alias":
                target, alias = values["collection_name"], values["alias_name"]
                if target not in self._collections:
                    raise collection_missing(target)
                if alias in self._collections:
                    raise already_exists(f"Collection `{alias}` already exists!")
                aliases[alias] = target
            elif kind == "delete_alias":
                # As on a real server, an alias that does not exist is no error.
                aliases.pop(values["alias_name"], None)
            elif kind == "rename_alias":
                old, new = values["old_alias_name"], values["new_alias_name"]
                if old not in aliases:
                    raise not_found(f"Alias {old} does not exists!")
                if new in self._collections:
                    raise already_exists(f"Collection `{new}` already exists!")
                aliases[new] = aliases.pop(old)
            else:
                raise bad_body(f"actions: unknown variant `{kind}`")
        except (KeyError, TypeError) as failure:
            raise bad_body(f"actions: missing field {failure}") from None

    def _store_aliases(self, aliases: dict[str, str]) -> None:
        if aliases != self._aliases:
            write_json(self._aliases_file, aliases)
            self._aliases = aliases


def _check_name(name: str) -> None:
    if not 1 <= len(name.encode()) <= 255:
        raise invalid("path parameters", "name: value length must be from 1 to 255")
    if name in (".", "..") or any(character in _FORBIDDEN or character < " " for character in name):
        raise invalid("path parameters", f"name: value `{name}` contains a character that is not allowed")
